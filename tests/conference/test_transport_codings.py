"""What a reply was packed into: a little packed data takes neither our memory nor our time."""

import gzip
import time
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from conference.errors import OutcomeUnknown
from conference.providers.base import MOST_BODY, Reply
from tests.conference.http_peer import answers, ask, playing

BODY = b'{"id": "a"}'
ZEROS = bytes(64 << 20)
EMPTY = gzip.compress(b"")
BOUND = 4.0
"""Seconds: a fifth of what urllib3's own decoder takes for the same."""


def reply(body: bytes, coding: str) -> Reply:
    with playing(answers(body, "200 OK", f"Content-Encoding: {coding}")) as peer:
        return ask(peer)


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP"])
def test_a_packed_reply_is_unpacked_though_none_was_asked_for(coding: str) -> None:
    assert reply(gzip.compress(BODY), coding).body == BODY


@pytest.mark.parametrize("coding", ["gzip", "identity", "utf-8", ""])
def test_an_empty_reply_is_empty_whatever_it_is_said_to_be(coding: str) -> None:
    assert reply(b"", coding).body == b""


@pytest.mark.parametrize("coding", ["identity", "utf-8", "none", ""])
def test_what_is_no_packing_changes_nothing(coding: str) -> None:
    assert reply(BODY, coding).body == BODY


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip, gzip": lambda data: gzip.compress(gzip.compress(data)),
    "deflate": zlib.compress,
    "gzip, deflate": lambda data: zlib.compress(gzip.compress(data)),
}


@pytest.mark.parametrize("coding", PACKED)
def test_what_is_packed_in_another_way_stays_as_it_came(coding: str) -> None:
    packed = PACKED[coding](ZEROS)
    began = time.monotonic()

    assert reply(packed, coding).body == packed
    assert time.monotonic() - began < BOUND


BROKEN = {
    "half": gzip.compress(BODY)[:-9],
    "without its end": gzip.compress(BODY)[:-1],
    "a wrong checksum": gzip.compress(BODY)[:-8] + bytes(8),
    "two": gzip.compress(BODY) * 2,
    "and more": gzip.compress(BODY) + b"more",
    "none": BODY,
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_a_packed_reply_that_is_not_whole_leaves_the_outcome_unknown(body: bytes) -> None:
    with pytest.raises(OutcomeUnknown) as failure:
        reply(body, "gzip")
    assert failure.value.reason == "reply-cut"


def test_a_reply_of_very_many_pieces_does_not_outlast_the_deadline() -> None:
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        reply(EMPTY * (MOST_BODY // len(EMPTY)), "gzip")

    assert time.monotonic() - began < BOUND


def test_a_bomb_takes_no_more_memory_than_a_reply_may_have() -> None:
    bomb = gzip.compress(ZEROS)
    reply(gzip.compress(BODY), "gzip")
    tracemalloc.start()
    try:
        with pytest.raises(OutcomeUnknown) as failure:
            reply(bomb, "gzip")
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert failure.value.reason == "reply-too-large"
    assert most < 8 * MOST_BODY

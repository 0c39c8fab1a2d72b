"""BigBlueButton: whatever a server says, an address of its own comes of it or a failure, and no bomb goes off."""

import io
import time
import tracemalloc
from contextlib import suppress
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conference.errors import ConferenceFailure, OutcomeUnknown, Temporary
from conference.http import HttpCall
from conference.providers import bigbluebutton as provider
from conference.providers.base import Known, Reply
from tests.conference.providers.conftest import MakeCall
from tests.contracts.providers.bbb import SECRET, failure, success
from tests.contracts.providers.events import EVENT
from tests.contracts.providers.harness import host_of
from tests.contracts.providers.wire import Answer, Wire

MADE = b"<response><returncode>SUCCESS</returncode><createTime>7</createTime></response>"
SEVEN = "\uff17"
"""A digit to Python, and none to a server."""
NAMES = ["returncode", "messageKey", "message", "createTime", "meetingID", "x"]
TEXTS = st.one_of(
    st.sampled_from(["SUCCESS", "FAILED", "checksumError", "7", "-7", "7e9", SEVEN, "7" * 40, "", " "]),
    st.text(max_size=40),
)


def call(wire: Wire, make_call: MakeCall, answer: Answer) -> HttpCall:
    wire.system = lambda asked: answer
    return make_call("bigbluebutton", {"url": wire.url, "secret": SECRET})


def entering(made: HttpCall) -> str:
    return provider.join(Known("meeting", "meeting"), host_of(EVENT), made)


def test_a_reply_is_read_whatever_else_it_has(wire: Wire, make_call: MakeCall) -> None:
    body = b"<?xml version='1.0' encoding='UTF-8'?>\n<!-- x -->" + MADE.replace(b"</createTime>", b" </createTime><a/>")

    assert "createTime=7&" in entering(call(wire, make_call, Answer(200, body)))


BOMB = "".join(f'<!ENTITY a{n} "{(f"&a{n - 1};" if n else "ha") * 10}">' for n in range(10))
"""Ten times ten entities: the last one stands for twenty billion letters."""
LONG = '<!ENTITY a "' + "7" * 9000 + '">'
ODD = {
    "a billion laughs": f"<!DOCTYPE r [{BOMB}]>".encode() + MADE.replace(b"7", b"7&a9;"),
    "one long entity many times": f"<!DOCTYPE r [{LONG}]>".encode() + MADE.replace(b"7", b"&a;" * 9000),
    "a file of ours": b'<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/hostname">]>' + MADE.replace(b"7", b"&f;"),
    "another host": b'<!DOCTYPE r SYSTEM "http://169.254.169.254/x.dtd">' + MADE,
    "a plain document type": b"<!DOCTYPE response>" + MADE,
    "another root": MADE.replace(b"response", b"html"),
    "a root in a namespace": MADE.replace(b"<response>", b"<response xmlns='urn:x'>"),
    "no returncode": MADE.replace(b"returncode", b"code"),
    "another returncode": MADE.replace(b"SUCCESS", b"MAYBE"),
    "no createTime": MADE.replace(b"createTime", b"time"),
    "a createTime that is none": MADE.replace(b"7", b"7&amp;role=MODERATOR"),
    "a createTime in other digits": MADE.replace(b"7", SEVEN.encode()),
    "a long createTime": MADE.replace(b"7", b"7" * 20),
    "two documents": MADE + MADE,
    "half": MADE[:-9],
    "an encoding that there is not": b"<?xml version='1.0' encoding='x-none'?>" + MADE,
    "an encoding that XML readers do not take": b"<?xml version='1.0' encoding='utf-7'?>" + MADE,
    "UTF-16 that is none": b"\xff\xfe" + MADE,
    "many levels": b"<response>" * 5000,
    "JSON": b'{"response": {"returncode": "SUCCESS", "createTime": 7}}',
}  # fmt: skip


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_a_reply_that_is_not_one_is_malformed(body: bytes, wire: Wire, make_call: MakeCall) -> None:
    with pytest.raises(OutcomeUnknown) as refused:
        entering(call(wire, make_call, Answer(200, body)))
    assert refused.value.reason == "malformed-reply"


@pytest.mark.parametrize("kind", ["a billion laughs", "one long entity many times", "many levels"])
def test_a_bomb_costs_neither_time_nor_memory(kind: str) -> None:
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(OutcomeUnknown):
        provider._read(Reply(200, {}, ODD[kind]))
    assert time.process_time() - began < 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.parametrize("most", [provider.MOST_REPLY])
def test_a_reply_that_is_too_long_is_not_read_to_its_end(most: int, wire: Wire, make_call: MakeCall) -> None:
    body = MADE.replace(b"</response>", b"<x>" + b"x" * most + b"</x></response>")

    with pytest.raises(OutcomeUnknown) as refused:
        entering(call(wire, make_call, Answer(200, body)))
    assert refused.value.reason == "reply-too-large"


def test_a_page_of_a_proxy_is_a_failure_by_its_status(wire: Wire, make_call: MakeCall) -> None:
    with pytest.raises(Temporary) as refused:
        entering(call(wire, make_call, Answer(502, b"<html><body>Bad gateway")))
    assert refused.value.reason == "bigbluebutton-502"


@pytest.mark.parametrize("key", ["duplicateWarning", "checksumError"])
def test_a_success_is_one_whatever_its_key(key: str, wire: Wire, make_call: MakeCall) -> None:
    answer = success({"createTime": "7", "messageKey": key})

    assert "createTime=7&" in entering(call(wire, make_call, answer))


def test_a_meeting_that_was_ended_and_is_not_forgotten_lets_nobody_in(wire: Wire, make_call: MakeCall) -> None:
    with pytest.raises(Temporary) as refused:
        entering(call(wire, make_call, success({"createTime": "7", "hasBeenForciblyEnded": "true"})))
    assert refused.value.reason == "bigbluebutton-meetingForciblyEnded"


def test_a_failure_is_one_without_a_key_too(wire: Wire, make_call: MakeCall) -> None:
    for answer in (failure(""), Answer(200, b"<response><returncode>FAILED</returncode></response>")):
        with pytest.raises(OutcomeUnknown) as refused:
            entering(call(wire, make_call, answer))
        assert refused.value.reason == "bigbluebutton-200"


@given(body=st.one_of(st.binary(), st.text(max_size=40).map(lambda text: MADE.replace(b"7", text.encode()))))
def test_any_bytes_are_read_or_malformed(body: bytes) -> None:
    with suppress(OutcomeUnknown):
        assert provider._read(Reply(200, {}, body))["returncode"] in ("SUCCESS", "FAILED")


@st.composite
def replies(draw: st.DrawFn) -> bytes:
    """XML that looks like a reply, with anything in it."""
    root = ElementTree.Element(draw(st.sampled_from(["response", "response", "response", "html"])))
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=8)):
        element = ElementTree.SubElement(root, name)
        element.text = draw(TEXTS)
        for inner in draw(st.lists(st.sampled_from(NAMES), max_size=2)):
            ElementTree.SubElement(element, inner).text = draw(TEXTS)
    written = io.BytesIO()
    ElementTree.ElementTree(root).write(written, encoding=draw(st.sampled_from(["utf-8", "us-ascii", "utf-16"])))
    return written.getvalue()


def test_any_reply_gives_an_address_of_the_server_or_a_failure(wire: Wire, make_call: MakeCall) -> None:
    @given(body=replies())
    @settings(deadline=None)
    def whatever(body: bytes) -> None:
        try:
            url = entering(call(wire, make_call, Answer(200, body)))
        except ConferenceFailure:
            return
        parts = urlsplit(url)
        assert (f"{parts.scheme}://{parts.netloc}", parts.path) == (wire.url, "/bigbluebutton/api/join")
        assert url.count("role=") == url.count("createTime=") == url.count("checksum=") == 1
        assert url.isascii()

    whatever()

"""Every value is text, not empty, of bounded size, and shown nowhere."""

import traceback

import pytest

from conference.errors import SecretUnavailable
from conference.secrets.source import Payload, text_of

CANARY = "canary-5fbb0c1e"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"value", "value"),
        (b"value\n", "value"),
        (b"value\r\n", "value"),
        (b"one\ntwo\n", "one\ntwo"),
        (b"value\n\n", "value\n"),
        (b" value ", " value "),
        ("žluťoučký".encode(), "žluťoučký"),
        (b"a" * 65_536, "a" * 65_536),
    ],
)
def test_a_payload_is_its_text_without_one_newline_at_the_end(data: bytes, text: str) -> None:
    assert text_of("key", Payload(data)) == text


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\t"])
def test_f32_an_empty_secret_is_unavailable(data: bytes) -> None:
    with pytest.raises(SecretUnavailable) as refused:
        text_of("key", Payload(data))

    assert refused.value.detail == "secret key: empty; give it a value"


def test_one_byte_past_the_limit_is_unavailable() -> None:
    with pytest.raises(SecretUnavailable, match="secret key: more than 65536 bytes"):
        text_of("key", Payload(b"a" * 65_537))


def test_a_payload_shows_nothing_of_its_bytes() -> None:
    assert CANARY not in repr(Payload(CANARY.encode()))


@pytest.mark.parametrize("data", [CANARY.encode() + b"\xff", CANARY.encode() * 10_000])
def test_what_is_refused_is_shown_in_no_traceback(data: bytes) -> None:
    with pytest.raises(SecretUnavailable) as refused:
        text_of("key", Payload(data))

    assert refused.value.__context__ is None
    # The first frame is this test's own, which holds the bytes.
    shown = traceback.TracebackException.from_exception(refused.value, capture_locals=True)
    shown.stack = traceback.StackSummary.from_list(shown.stack[1:])
    text = "".join(shown.format())
    assert "payload" in text
    assert CANARY not in text

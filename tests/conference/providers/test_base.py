"""What every provider builds on: origins that read the same everywhere, and replies that are read strictly."""

from typing import Any

import msgspec
import pytest

from conference.errors import OutcomeUnknown, Temporary
from conference.providers.base import Reply, check_address, origin


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Meet.Example.org", "https://meet.example.org:443"),
        ("https://meet.example.org/a?b=c", "https://meet.example.org:443"),
        ("http://127.0.0.1:8088/janus", "http://127.0.0.1:8088"),
        ("http://[::1]:8088/", "http://[::1]:8088"),
        ("https://meet.example.org?a", "https://meet.example.org:443"),
        ("https://meet.example.org:0443", "https://meet.example.org:443"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, expected: str) -> None:
    assert origin(url) == expected
    assert origin(expected) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "meet.example.org",
        "ftp://meet.example.org",
        "https://",
        "https://a@meet.example.org",
        "https://meet.example.org\\@evil.example",
        "https://meet.example.org/\\x",
        "https://meet.example.org#a",
        "https://meet.example.org/a b",
        "https://meet.example.org/\n",
        "https://meet.example.org\n",
        "https://mëet.example.org",
        "https://meet.example.org:0",
        "https://meet.example.org:65536",
        "https://meet.example.org:",
        "https://[::1",
    ],
)
def test_what_two_parsers_could_read_differently_has_no_origin(url: str) -> None:
    with pytest.raises(ValueError, match="must"):
        origin(url)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("http://169.254.169.254/janus", "link-local"),
        ("http://0xA9FEA9FE/", "link-local"),
        ("https://[fe80::1]:8088/", "link-local"),
        ("https://metadata.google.internal", "metadata"),
        ("https://[fd00:ec2::254]", "metadata"),
        ("https://[1::2::3]", "no IPv6 address"),
        ("https://-.example", "no host name"),
        ("meet.example.org", "must be http"),
    ],
)
def test_an_address_that_may_never_be_asked_is_found_when_the_configuration_is_read(url: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=f"^api_url: .*{complaint}"):
        check_address("api_url", url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8088/janus", "http://[::1]/", "https://10.0.0.1", "https://Meet.a:1/b"]
)
def test_a_company_s_own_addresses_are_fine(url: str) -> None:
    check_address("api_url", url)


class Room(msgspec.Struct):
    id: str


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{}", b'{"id": 1}', b'{"id": "a"', b"[" * 100_000, b'{"id": "\xff"}']
)
def test_f11_a_body_that_cannot_be_read_is_a_failure_without_a_word_of_it(body: bytes) -> None:
    with pytest.raises(OutcomeUnknown) as unknown:
        Reply(200, {}, body).read(Room)
    with pytest.raises(Temporary) as known:
        Reply(400, {}, body).read(Room)

    assert not isinstance(known.value, OutcomeUnknown)
    assert str(unknown.value) == f"malformed-reply: HTTP 200, {len(body)} unreadable bytes"


@pytest.mark.parametrize(("body", "value"), [(b'{"id": "a"}', {"id": "a"}), (b"[1]", [1]), (b"null", None)])
def test_json_is_read_as_it_is(body: bytes, value: Any) -> None:
    assert Reply(200, {}, body).json() == value

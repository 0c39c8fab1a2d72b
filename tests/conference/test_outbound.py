"""Where an exchange may go: whatever a name or a number resolves to, and wherever a reply points."""

import socket

import pytest

from conference import transport
from conference.errors import OutcomeUnknown, Permanent, Temporary
from conference.exchange import HttpClient
from conference.providers.base import Request, origin
from tests.conference.http_peer import Line, answers, ask, nobody, playing

Found = tuple[int, int, int, str, tuple[object, ...]]

LITERALS = [
    "169.254.169.254",
    "2852039166",
    "0xA9FEA9FE",
    "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "169.16689662",
    "168.63.129.16",
    "2822734096",
    "[fe80::1]",
    "[fe80:0:0:0:0:0:a9fe:a9fe]",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[::169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::a9fe:a9fe]",
    "[2002:a9fe:a9fe::1]",
    "[fd00:ec2::254]",
    "[FD20:CE:0::254]",
]
"""As the resolver of the operating system reads them; none of them is looked up."""


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What is connected to; nothing is."""
    tried: list[object] = []

    def connect(self: socket.socket, address: object) -> None:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(transport.BoundedSocket, "connect", connect)
    return tried


@pytest.mark.parametrize("host", LITERALS)
def test_an_address_that_is_forbidden_is_not_connected_to_however_it_is_spelt(
    host: str, connected: list[object]
) -> None:
    url = f"http://{host}/"
    with pytest.raises(Permanent) as failure:
        HttpClient().exchange(Request("GET", url), 10, {origin(url)}, repeatable=True)

    assert failure.value.reason == "forbidden-address"
    assert not connected


def test_one_that_is_not_is_connected_to(connected: list[object]) -> None:
    url = f"http://2130706433:{nobody()}/"
    with pytest.raises(Temporary):
        HttpClient().exchange(Request("GET", url), 10, {origin(url)}, repeatable=True)

    assert [address[0] for address in connected if isinstance(address, tuple)] == ["127.0.0.1"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_ipv6_address_without_a_port_is_connected_to_whole(scheme: str, connected: list[object]) -> None:
    url = f"{scheme}://[fd12::80]/"
    with pytest.raises(Temporary):
        HttpClient().exchange(Request("GET", url), 10, {origin(url)}, repeatable=True)

    assert connected == [("fd12::80", {"http": 80, "https": 443}[scheme], 0, 0)]


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[object, ...]) -> list[object]:
    """Have every name resolve to these; returns what was asked, each time it was."""
    asked: list[object] = []

    def getaddrinfo(host: object, *args: object, **kwargs: object) -> list[Found]:
        asked.append(host)
        families = [socket.AF_INET6 if ":" in str(address[0]) else socket.AF_INET for address in addresses]
        return [
            (family, socket.SOCK_STREAM, 6, "", address) for family, address in zip(families, addresses, strict=True)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


FORBIDDEN = {
    "IPv4": ("169.254.169.254", 80),
    "IPv6": ("fe80::a9fe:a9fe", 80, 0, 0),
    "IPv6 with its interface": ("fe80::1%eth0", 80, 0, 2),
    "IPv4 mapped": ("::ffff:169.254.169.254", 80, 0, 0),
    "metadata over IPv6": ("fd00:ec2::254", 80, 0, 0),
}


@pytest.mark.parametrize("address", FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_name_with_a_good_address_too_is_only_connected_there(
    address: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with playing(answers(b"1")) as peer:
        resolving(monkeypatch, address, ("127.0.0.1", peer.port))
        reply = HttpClient().exchange(Request("GET", "http://a.example/"), 10, {"http://a.example:80"}, repeatable=True)

    assert reply.body == b"1"


def test_the_address_that_was_looked_at_is_the_one_that_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that resolves to something else the second time has no second time."""
    with playing(answers(b"1")) as peer:
        asked = resolving(monkeypatch, ("127.0.0.1", peer.port))
        HttpClient().exchange(Request("GET", "http://a.example/"), 10, {"http://a.example:80"}, repeatable=True)

    assert asked == ["a.example"]


STATUSES = ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"]


@pytest.mark.parametrize("declared", [False, True], ids=["to another host", "to a declared one"])
@pytest.mark.parametrize("status", STATUSES)
def test_no_redirect_is_followed_and_no_credential_goes_along(status: str, declared: bool) -> None:
    with playing(answers(b"elsewhere")) as elsewhere:

        def away(line: Line) -> None:
            while line.hears():
                line.replies(b"", status, f"Location: {elsewhere.url}/", f"Refresh: 0; url={elsewhere.url}/")

        with playing(away) as peer:
            origins = {origin(peer.url), *([origin(elsewhere.url)] if declared else [])}
            request = Request("POST", peer.url, json={}, headers={"Authorization": "Bearer canary"})
            reply = HttpClient().exchange(request, 10, origins, repeatable=True)

    assert reply.status == int(status[:3])
    assert (len(peer.heard), elsewhere.connections) == (1, 0)


HEADERS = {
    "a line": ("Authorization", "Bearer canary\r\nX: y"),
    "a newline at its end": ("Authorization", "Bearer canary\n"),
    "a letter that is none there": ("Authorization", "Bearer canary\u0142"),
    "a letter of another alphabet": ("Authorization", "Bearer canary\u00e9"),
    "a control": ("Authorization", "Bearer canary\x00"),
    "a name with a line": ("canary\r\nX", "y"),
    "a name with a colon": ("canary: y\x20", "y"),
    "no name": ("", "canary"),
}


@pytest.mark.parametrize(("name", "value"), HEADERS.values(), ids=HEADERS)
def test_a_header_that_cannot_be_sent_is_not_and_is_not_repeated(name: str, value: str) -> None:
    with playing(answers()) as peer, pytest.raises(Permanent) as failure:
        ask(peer, Request("GET", peer.url, headers={name: value}))

    assert failure.value.reason == "bad-header"
    assert "canary" not in str(failure.value)
    assert failure.value.__cause__ is failure.value.__context__ is None
    assert not peer.heard


def test_a_reply_of_very_many_headers_is_cut() -> None:
    def many(line: Line) -> None:
        line.hears()
        line.replies(b"1", "200 OK", *(f"X-{number}: y" for number in range(1000)))

    with playing(many) as peer, pytest.raises(OutcomeUnknown):
        ask(peer)

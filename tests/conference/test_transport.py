"""The transport: every reply ends within its seconds and bytes, and what was not sent is told from what may be done."""

import gzip
import socket
import threading
import time
from collections.abc import Callable

import pytest

from conference import transport
from conference.errors import OutcomeUnknown, Permanent, Temporary
from conference.exchange import HttpClient
from conference.providers.base import MOST_BODY, Request, origin
from tests.conference.certificate import Tls
from tests.conference.http_peer import Line, Script, answers, ask, closes_on_the_second_request, nobody, playing

SECONDS = 1.0
BOUND = 8.0
"""Seconds: far more than SECONDS on a busy machine, far less than any of the scripts below would take."""


def test_a_connection_that_was_idle_for_too_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "IDLE", 0.0)
    with playing(answers()) as peer:
        client = HttpClient()
        for _ in range(2):
            client.exchange(Request("GET", peer.url), 10, {origin(peer.url)}, repeatable=False)

    assert peer.connections == 2


def drips_headers(line: Line) -> None:
    line.hears()
    line.drips(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: yes\r\n" * 500)


def drips_continues(line: Line) -> None:
    line.hears()
    line.drips(b"HTTP/1.1 100 Continue\r\n\r\n" * 500)


def drips_body(line: Line) -> None:
    line.hears()
    line.says(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n")
    line.drips(b" " * 9000)


def drips_chunks(line: Line) -> None:
    line.hears()
    line.says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    line.drips(b"1\r\n \r\n" * 3000)


def takes_and_is_silent(line: Line) -> None:
    line.hears()
    line.waits()


@pytest.mark.parametrize(
    "script",
    [drips_headers, drips_continues, drips_body, drips_chunks, takes_and_is_silent],
    ids=lambda script: script.__name__,
)
@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_f10_the_deadline_is_for_the_whole_exchange(script: Script, secure: bool, tls: Tls) -> None:
    threads = threading.active_count()
    with playing(script, tls.server if secure else None) as peer:
        url = f"https://localhost:{peer.port}/" if secure else f"{peer.url}/"
        began = time.monotonic()
        with pytest.raises(OutcomeUnknown) as failure:
            HttpClient(tls.trusted).exchange(Request("GET", url), SECONDS, {origin(url)}, repeatable=True)
        took = time.monotonic() - began

    assert failure.value.reason == "timeout"
    assert SECONDS * 0.9 < took < BOUND
    assert threading.active_count() <= threads + 2, "no thread is left behind but the peer's own"


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_f10_a_peer_that_takes_the_request_slowly_is_cut(secure: bool, tls: Tls) -> None:
    def sips(line: Line) -> None:
        while not line.over.wait(0.05):
            line.connection.recv(65536)

    with playing(sips, tls.server if secure else None) as peer:
        url = f"https://localhost:{peer.port}/" if secure else f"{peer.url}/"
        request = Request("POST", url, json="x" * (30 << 20))
        began = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            HttpClient(tls.trusted).exchange(request, SECONDS, {origin(url)}, repeatable=True)

    assert time.monotonic() - began < BOUND


def test_f10_a_handshake_that_takes_its_time_is_cut_before_anything_is_sent(tls: Tls) -> None:
    with playing(lambda line: line.drips(b"\x16\x03\x03\x40\x00" + b"\x02" * 9000)) as peer:
        url = f"https://localhost:{peer.port}/"
        began = time.monotonic()
        with pytest.raises(Temporary) as failure:
            HttpClient(tls.trusted).exchange(Request("GET", url), SECONDS, {origin(url)}, repeatable=True)

    assert not isinstance(failure.value, OutcomeUnknown)
    assert time.monotonic() - began < BOUND


def test_the_late_reply_to_one_request_is_not_taken_for_that_to_the_next() -> None:
    def late(line: Line) -> None:
        while request := line.hears():
            if b"/slow" in request:
                line.over.wait(SECONDS * 2)
            line.replies(request.split(b" ")[1])

    with playing(late) as peer:
        client = HttpClient()
        with pytest.raises(OutcomeUnknown):
            client.exchange(Request("GET", f"{peer.url}/slow"), SECONDS, {origin(peer.url)}, repeatable=False)
        reply = client.exchange(Request("GET", f"{peer.url}/next"), 10, {origin(peer.url)}, repeatable=False)

    assert reply.body == b"/next"


@pytest.mark.parametrize("status", ["102 Processing", "103 Early Hints", "101 Switching Protocols"])
def test_an_interim_reply_is_not_taken_for_the_reply_nor_the_reply_for_the_next_one(status: str) -> None:
    def hints(line: Line) -> None:
        while line.hears():
            line.says(f"HTTP/1.1 {status}\r\nLink: x\r\n\r\n".encode() if line.number == 1 else b"")
            line.replies(str(line.number).encode())

    with playing(hints) as peer:
        client = HttpClient()
        with pytest.raises(OutcomeUnknown):
            client.exchange(Request("GET", peer.url), 10, {origin(peer.url)}, repeatable=False)
        reply = client.exchange(Request("GET", peer.url), 10, {origin(peer.url)}, repeatable=False)

    assert reply.body == b"2"


def resets_on_the_second_request(line: Line) -> None:
    closes_on_the_second_request(line)
    line.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


@pytest.mark.parametrize(
    "script", [closes_on_the_second_request, resets_on_the_second_request], ids=lambda script: script.__name__
)
@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_a_kept_connection_that_closes_before_the_reply_is_replaced_when_that_is_safe(
    script: Script, secure: bool, tls: Tls
) -> None:
    with playing(script, tls.server if secure else None) as peer:
        url = f"https://localhost:{peer.port}/" if secure else f"{peer.url}/"
        client = HttpClient(tls.trusted)
        request = Request("POST", url, json={})
        assert client.exchange(request, 10, {origin(url)}, repeatable=True).body == b"1"
        assert client.exchange(request, 10, {origin(url)}, repeatable=True).body == b"2"

    assert len(peer.heard) == 3


CUT: dict[str, Callable[[Line], None]] = {
    "no reply": lambda line: None,
    "half a status line": lambda line: line.says(b"HTTP/1."),
    "half the body": lambda line: line.says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
    "half the chunks": lambda line: line.says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf"),
    "no HTTP": lambda line: line.says(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "a status that is none": lambda line: line.says(b"HTTP/1.1 2000 OK\r\n\r\n"),
    "an odd chunk": lambda line: line.says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    "bad gzip": lambda line: line.replies(b"no gzip", "200 OK", "Content-Encoding: gzip"),
}


@pytest.mark.parametrize("says", CUT.values(), ids=CUT)
def test_a_cut_or_garbled_reply_leaves_the_outcome_unknown(says: Callable[[Line], None]) -> None:
    def script(line: Line) -> None:
        line.hears()
        says(line)

    with playing(script) as peer, pytest.raises(OutcomeUnknown) as failure:
        ask(peer)
    assert failure.value.reason == "reply-cut"


def test_a_reply_that_is_cut_in_its_headers_has_nothing_to_read() -> None:
    def script(line: Line) -> None:
        line.hears()
        line.says(b"HTTP/1.1 200 OK\r\nContent-Le")

    with playing(script) as peer, pytest.raises(OutcomeUnknown):
        ask(peer).json()


BOMB = gzip.compress(b" " * (64 << 20))
LARGE: dict[str, Callable[[Line], None]] = {
    "long body": lambda line: line.replies(b" " * (2 << 20)),
    "endless body": lambda line: endless(line, b"HTTP/1.1 200 OK\r\n\r\n", b" " * 65536),
    "endless chunks": lambda line: endless(
        line, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"400\r\n" + b" " * 1024 + b"\r\n"
    ),
    "bomb": lambda line: line.replies(BOMB, "200 OK", "Content-Encoding: gzip"),
    "endless header": lambda line: endless(line, b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65536),
    "endless headers": lambda line: endless(line, b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1000),
    "endless continues": lambda line: endless(line, b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
}


def endless(line: Line, head: bytes, part: bytes) -> None:
    line.says(head)
    while not line.over.is_set():
        line.says(part)


@pytest.mark.parametrize("says", LARGE.values(), ids=LARGE)
def test_a_reply_that_is_too_large_is_cut(says: Callable[[Line], None]) -> None:
    def script(line: Line) -> None:
        line.hears()
        says(line)

    with playing(script) as peer, pytest.raises(OutcomeUnknown) as failure:
        ask(peer)
    assert failure.value.reason in ("reply-cut", "reply-too-large")


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_reply_of_exactly_a_mebibyte_is_taken(packed: bool) -> None:
    body = b" " * MOST_BODY
    script = answers(gzip.compress(body), "200 OK", "Content-Encoding: gzip") if packed else answers(body)

    with playing(script) as peer:
        assert ask(peer).body == body


def test_a_refused_connection_sent_nothing() -> None:
    url = f"http://127.0.0.1:{nobody()}"

    with pytest.raises(Temporary) as failure:
        HttpClient().exchange(Request("GET", url), 10, {origin(url)}, repeatable=True)
    assert not isinstance(failure.value, OutcomeUnknown)
    assert failure.value.reason == "unreachable"


def test_a_connection_that_is_never_accepted_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        url = f"http://127.0.0.1:{address[1]}"
        began = time.monotonic()
        with pytest.raises(Temporary) as failure:
            HttpClient().exchange(Request("GET", url), SECONDS, {origin(url)}, repeatable=True)
        for one in waiting:
            one.close()

    assert not isinstance(failure.value, OutcomeUnknown)
    assert time.monotonic() - began < BOUND


def test_an_unknown_name_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Temporary) as failure:
        HttpClient().exchange(Request("GET", "http://a.example/"), 10, {"http://a.example:80"}, repeatable=True)
    assert not isinstance(failure.value, OutcomeUnknown)
    assert failure.value.reason == "host-not-found"


def test_the_second_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with playing(answers(b"1")) as peer:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in (nobody(), peer.port)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)
        reply = HttpClient().exchange(Request("GET", "http://a.example/"), 10, {"http://a.example:80"}, repeatable=True)

    assert reply.body == b"1"


FORBIDDEN = ["169.254.169.254", "168.63.129.16", "fe80::1", "fe80::1%lo", "::ffff:169.254.169.254", "fd00:ec2::254"]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_name_that_leads_to_a_forbidden_address_is_refused_before_connecting(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [(family, socket.SOCK_STREAM, 6, "", (address, 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)
    connected: list[object] = []
    monkeypatch.setattr(transport.BoundedSocket, "connect", lambda self, address: connected.append(address))

    with pytest.raises(Permanent) as failure:
        HttpClient().exchange(Request("GET", "http://a.example/"), 10, {"http://a.example:80"}, repeatable=True)
    assert failure.value.reason == "forbidden-address"
    assert not connected


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return Tls(tmp_path_factory.mktemp("tls"))


def test_a_trusted_server_is_asked_over_tls(tls: Tls) -> None:
    with playing(answers(b"1"), tls.server) as peer:
        url = f"https://localhost:{peer.port}/"
        client = HttpClient(tls.trusted)
        for _ in range(2):
            assert client.exchange(Request("GET", url), 10, {origin(url)}, repeatable=True).body == b"1"

    assert peer.connections == 1


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"], ids=["not trusted", "another name"])
def test_a_server_that_proves_nothing_is_sent_nothing(host: str, tls: Tls) -> None:
    client = HttpClient(tls.trusted if host == "127.0.0.1" else None)
    with playing(answers(), tls.server) as peer:
        url = f"https://{host}:{peer.port}/"
        with pytest.raises(Temporary) as failure:
            client.exchange(Request("GET", url), 10, {origin(url)}, repeatable=True)

    assert not isinstance(failure.value, OutcomeUnknown)
    assert not peer.heard

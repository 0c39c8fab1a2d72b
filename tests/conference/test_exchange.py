"""One exchange: to declared origins only, over kept connections, repeated only where that is safe, and silent."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

import pytest

from conference.errors import ConferenceFailure, OutcomeUnknown, Permanent, Temporary
from conference.exchange import HttpClient
from conference.providers.base import Reply, Request, origin
from tests.conference.http_peer import Line, Peer, answers, ask, closes_on_the_second_request, nobody, playing


def test_a_reply_comes_back_whole() -> None:
    with playing(answers(b'{"id": 7}', "201 Created", "X-Room: a")) as peer:
        reply = ask(peer)

    assert (reply.status, reply.json(), reply.headers["x-room"]) == (201, {"id": 7}, "a")


def test_a_request_goes_out_as_it_was_given() -> None:
    with playing(answers()) as peer:
        ask(peer, Request("PATCH", f"{peer.url}/r/1?a=%2F", json={"ü": "ö"}, headers={"Authorization": "Bearer x"}))
        ask(peer, Request("POST", f"{peer.url}/t", form={"a b": "c&d"}))
        ask(peer, Request("DELETE", peer.url))

    head, _, body = peer.heard[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"PATCH /r/1?a=%2F HTTP/1.1"
    assert {b"Authorization: Bearer x", b"User-Agent: Anyroom", b"Content-Type: application/json"} <= set(lines)
    assert json.loads(body) == {"ü": "ö"}
    assert peer.heard[1].endswith(b"\r\n\r\na+b=c%26d")
    assert b"Content-Type: application/x-www-form-urlencoded\r\n" in peer.heard[1]
    assert peer.heard[2].startswith(b"DELETE / HTTP/1.1\r\n")


def test_connections_are_kept_and_no_cookie_is() -> None:
    with playing(answers(b"{}", "200 OK", "Set-Cookie: a=canary")) as peer:
        client = HttpClient()
        for _ in range(3):
            client.exchange(Request("GET", peer.url), 10, {origin(peer.url)}, repeatable=False)

    assert peer.connections == 1
    assert b"canary" not in b"".join(peer.heard)


def test_threads_get_their_own_replies() -> None:
    def echo(line: Line) -> None:
        while request := line.hears():
            line.replies(request.split(b" ")[1])

    with playing(echo) as peer, ThreadPoolExecutor(16) as threads:
        client = HttpClient()

        def one(number: int) -> bytes:
            return client.exchange(Request("GET", f"{peer.url}/{number}"), 10, {origin(peer.url)}, True).body

        assert list(threads.map(one, range(200))) == [f"/{number}".encode() for number in range(200)]


def test_a_kept_connection_that_closes_before_the_reply_leaves_the_outcome_of_other_requests_unknown() -> None:
    with playing(closes_on_the_second_request) as peer:
        client = HttpClient()
        request = Request("POST", peer.url, json={})
        client.exchange(request, 10, {origin(peer.url)}, repeatable=False)
        with pytest.raises(OutcomeUnknown) as failure:
            client.exchange(request, 10, {origin(peer.url)}, repeatable=False)

    assert failure.value.reason == "connection-closed"
    assert len(peer.heard) == 2


def test_a_new_connection_that_closes_before_the_reply_is_not_tried_again() -> None:
    def closes(line: Line) -> None:
        line.hears()

    with playing(closes) as peer, pytest.raises(OutcomeUnknown):
        ask(peer, repeatable=True)

    assert len(peer.heard) == 1


def test_a_peer_that_always_closes_is_given_up() -> None:
    def closes_second(line: Line) -> None:
        if line.hears():
            line.replies()
            line.hears()

    with playing(closes_second) as peer:
        client = HttpClient()
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: ask_with(client, peer), range(8)))
        for _ in range(8):
            try:
                ask_with(client, peer)
            except OutcomeUnknown:
                continue

    assert len(peer.heard) <= 8 + 8 * 3


def ask_with(client: HttpClient, peer: Peer) -> Reply:
    return client.exchange(Request("POST", peer.url, json={}), 10, {origin(peer.url)}, repeatable=True)


def test_a_redirect_is_a_reply() -> None:
    with playing(answers(b"", "302 Found", "Location: /elsewhere")) as peer:
        assert ask(peer).status == 302

    assert len(peer.heard) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:{port}/",
        "http://127.0.0.1:1/",
        "http://localhost:{port}/",
        "http://127.0.0.1:{port}@evil.example/",
        "http://evil.example\\@127.0.0.1:{port}/",
        "http://127.0.0.1:{port}#@evil.example/",
        "http://127.0.0.1:{port}/\r\nX: y",
        "HTTP://127.0.0.1:{port}/",
        "//127.0.0.1:{port}/",
        "http:127.0.0.1:{port}/",
        "http://127.0.0.1:{port}/ü",
        "http://127.0.0.1:99999/",
        "",
    ],
)
def test_only_declared_origins_are_asked(url: str) -> None:
    with playing(answers()) as peer, pytest.raises(Permanent):
        ask(peer, Request("GET", url.format(port=peer.port)))
    assert not peer.connections


def test_environment_proxies_and_netrc_are_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login canary password canary")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{nobody()}")

    with playing(answers(b"1")) as peer:
        assert ask(peer).body == b"1"
    assert b"uthorization" not in peer.heard[0]


def test_nothing_of_a_url_is_logged_or_said(caplog: pytest.LogCaptureFixture) -> None:
    def odd(line: Line) -> None:
        line.hears()
        line.says(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\nbroken header\r\n\r\n{}")

    caplog.set_level(logging.DEBUG)
    with playing(odd) as peer, pytest.raises(ConferenceFailure) as failure:
        ask(peer, Request("POST", f"{peer.url}/canary?key=canary", json="canary", headers={"X-Key": "canary"}))
    with pytest.raises(ConferenceFailure) as refused:
        ask(peer, Request("GET", "http://evil.example/canary?canary"))

    chain = [failure.value, failure.value.__cause__, refused.value, refused.value.__cause__]
    assert "canary" not in caplog.text + "".join(map(str, chain))


def test_a_deadline_that_is_over_sends_nothing() -> None:
    with playing(answers()) as peer, pytest.raises(Temporary) as failure:
        ask(peer, seconds=0.0)
    assert not isinstance(failure.value, OutcomeUnknown)
    assert not peer.connections


@pytest.mark.parametrize("most", [1000, 3 << 20])
def test_a_reply_may_have_as_many_bytes_as_its_request_says(most: int) -> None:
    with playing(answers(b"x" * most)) as peer:
        assert len(ask(peer, Request("GET", peer.url, most=most)).body) == most
        with pytest.raises(OutcomeUnknown) as failure:
            ask(peer, Request("GET", peer.url, most=most - 1))
    assert failure.value.reason == "reply-too-large"


def test_what_one_request_may_read_is_not_lent_to_the_next() -> None:
    with playing(answers(b"x" * 2000)) as peer:
        client = HttpClient()
        for most, length in ((4000, 2000), (1000, 0), (4000, 2000)):
            request = Request("GET", peer.url, most=most)
            try:
                assert len(client.exchange(request, 10, {origin(peer.url)}, repeatable=True).body) == length
            except OutcomeUnknown:
                assert length == 0


def test_a_request_that_wants_a_connection_of_its_own_has_one_and_leaves_none() -> None:
    ended: Queue[int] = Queue()

    def tells_its_end(line: Line) -> None:
        answers()(line)
        ended.put(line.number)

    with playing(tells_its_end) as peer:
        client = HttpClient()
        for fresh in (False, True, False, True):
            client.exchange(Request("GET", peer.url, fresh=fresh), 10, {origin(peer.url)}, repeatable=False)
        assert {ended.get(timeout=10), ended.get(timeout=10)} == {2, 3}
        assert (peer.connections, ended.empty()) == (3, True)

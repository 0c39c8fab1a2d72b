"""The HTTP server keeps connections alive, reads bodies whole and survives what clients send."""

import socket
import threading
from typing import Any

import pytest

from simulator.server import Simulator
from tests import simulating


def exchange(sim: Simulator, *requests: bytes) -> bytes:
    """Everything that comes back on one connection."""
    host, _, port = sim.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        for request in requests:
            connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


GET = b"GET /oauth2/v3/certs HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
POST = b"POST /calendar/v3/calendars/x/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"


def test_one_connection_serves_many_requests(sim: Simulator) -> None:
    body = b'Content-Length: 7\r\n\r\n{"a":1}'
    received = exchange(sim, POST + body + GET, GET)
    assert (received.count(b"HTTP/1.1 401"), received.count(b"HTTP/1.1 200")) == (1, 2)


def test_a_chunked_body_is_read(sim: Simulator) -> None:
    received = exchange(sim, POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + GET)
    assert (received.count(b"HTTP/1.1 401"), received.count(b"HTTP/1.1 200")) == (1, 1)
    assert [request.body for request in sim.requests] == [b"abc", b""]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Content-Length: 99999999999\r\n\r\n", b"413"),
        (b"Content-Length: many\r\n\r\n", b"400"),
        (b"Content-Length: -1\r\n\r\n", b"413"),
        (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(sim: Simulator, head: bytes, status: bytes) -> None:
    assert exchange(sim, POST + head).startswith(b"HTTP/1.1 " + status)


def test_a_head_reply_has_no_body(sim: Simulator) -> None:
    received = exchange(sim, b"HEAD /oauth2/v3/certs HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" + GET)
    assert received.count(b'"keys"') == 1


def test_closing_ends_open_connections() -> None:
    simulator = simulating.simulator()
    simulator.start()
    host, _, port = simulator.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(GET)
        connection.recv(65536)
        simulator.close()
        assert connection.recv(1) == b""


def test_many_threads_are_served_at_once(sim: Simulator, ada: Any) -> None:
    failures: list[bytes] = []

    def run() -> None:
        for _ in range(5):
            reply = exchange(sim, GET)
            if not reply.startswith(b"HTTP/1.1 200"):
                failures.append(reply)

    threads = [threading.Thread(target=run) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(sim.requests) == 80

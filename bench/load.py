"""A load of clients that costs little itself: requests made beforehand, sent straight over the transport."""

import asyncio
import http.client
import json
import re
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench.failure import BenchFailure

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request; `seconds` from its first byte sent to its last byte received."""

    status: int
    body: bytes
    seconds: float


def get(path: str) -> bytes:
    """The bytes of a GET request."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n".encode()


def create(email: str, token: str, event_id: str) -> bytes:
    """The bytes of one onCreate call of the Apps Script add-on, on the caller's own calendar."""
    body = {"calendarId": email, "eventId": event_id, "oauthToken": f"ya29.{event_id}"}
    return _from_script("/conferences?solution=demo", token, body)


def relay(email: str, token: str) -> bytes:
    """The bytes of the call of a trigger of the Apps Script add-on: something changed in the user's own calendar."""
    return _from_script("/calendar-changes", token, {"calendarId": email, "oauthToken": "ya29.relayed"})


def notification(channel: str, secret: str, resource: str) -> bytes:
    """The bytes of a push notification."""
    return (
        "POST /notifications HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\nContent-Length: 0\r\n"
        f"X-Goog-Channel-ID: {channel}\r\nX-Goog-Channel-Token: {secret}\r\nX-Goog-Resource-ID: {resource}\r\n"
        "X-Goog-Resource-State: exists\r\nX-Goog-Message-Number: 2\r\n\r\n"
    ).encode()


def _from_script(path: str, token: str, content: object) -> bytes:
    body = json.dumps(content).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def check_room(answer: Answer) -> None:
    """Raise BenchFailure unless the answer is the conferencing system's room."""
    _check(answer, lambda body: body["join_url"])


def check_conference(answer: Answer) -> None:
    """Raise BenchFailure unless the answer is a ConferenceData that a guest can enter."""
    _check(answer, lambda body: body["conferenceData"]["entryPoints"][0]["uri"])


def check_any(answer: Answer) -> None:
    """Raise BenchFailure unless the answer is a 200, or a 204."""
    if answer.status not in (200, 204):
        raise BenchFailure(f"HTTP {answer.status}: {answer.body.decode(errors='replace')[:2000]}")


def _check(answer: Answer, entry: Callable[[Any], object]) -> None:
    check_any(answer)
    try:
        uri = entry(json.loads(answer.body))
    except (ValueError, LookupError, TypeError):
        uri = None
    if not isinstance(uri, str) or ":" not in uri:
        raise BenchFailure(f"no way to enter in: {answer.body.decode(errors='replace')[:2000]}")


class _Lane(asyncio.Protocol):
    """One client: sends its requests one after another over one kept connection."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        self._requests = iter(requests)
        self._transport: asyncio.WriteTransport | None = None
        self._buffer = b""
        self._sent_at = 0.0
        self.answers: list[Answer] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_ends = self._buffer.find(b"\r\n\r\n")
        if head_ends < 0:
            return
        status = int(self._buffer[9:12])
        length = _LENGTH.search(self._buffer, 0, head_ends)
        if length is None and status != 204:
            self._fail(f"an answer without a length: {self._buffer[:500]!r}")
            return
        whole = head_ends + 4 + (int(length[1]) if length else 0)
        if len(self._buffer) >= whole:
            seconds = time.perf_counter() - self._sent_at
            self.answers.append(Answer(status, self._buffer[head_ends + 4 : whole], seconds))
            self._buffer = self._buffer[whole:]
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the connection was cut after {len(self.answers)} answers: {exc or 'closed'}")

    def _send(self) -> None:
        assert self._transport is not None
        request = next(self._requests, None)
        if request is None:
            if not self.done.done():
                self.done.set_result(None)
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def _fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(BenchFailure(why))


async def _run(port: int, lanes: Sequence[Sequence[bytes]], limit: float) -> list[Answer]:
    loop = asyncio.get_running_loop()
    clients = []
    async with asyncio.timeout(limit):
        for requests in lanes:
            _, client = await loop.create_connection(partial(_Lane, requests), "127.0.0.1", port)
            clients.append(client)
        await asyncio.gather(*(client.done for client in clients))
    return [answer for client in clients for answer in client.answers]


def run(port: int, lanes: Sequence[Sequence[bytes]], limit: float = 60) -> list[Answer]:
    """Send each lane's requests in order, all lanes at once, and return every answer.

    `limit` in seconds is for all of them together. Raises BenchFailure.
    """
    try:
        return asyncio.run(_run(port, lanes, limit))
    except TimeoutError as error:
        raise BenchFailure(f"no answer within {limit:.0f} s") from error
    except OSError as error:
        raise BenchFailure(f"port {port}: {error}") from error


def exchange(connection: socket.socket, request: bytes) -> tuple[Answer, float]:
    """Send one request over a connected socket: its answer, and when that was whole (`time.perf_counter`).

    Raises BenchFailure.
    """
    reply = http.client.HTTPResponse(connection)
    try:
        sent_at = time.perf_counter()
        connection.sendall(request)
        reply.begin()
        body = reply.read()
    except (OSError, http.client.HTTPException) as error:
        raise BenchFailure(f"the first request got no answer: {error!r}") from error
    at = time.perf_counter()
    return Answer(reply.status, body, at - sent_at), at

"""Google Calendar, Google's certificates and a conferencing system in one cheap process, each the same delay away.

`python -m bench.upstream PORT DELAY CERTS FOLDER` listens on 127.0.0.1; DELAY is in seconds, CERTS a file with the key
set. A list with the sync token TOKEN is answered with FOLDER/TOKEN.PAGE.json, the pages counted from 0.
It speaks HTTP/1.1 with kept connections straight over the transport, so that it never is what is measured.
"""

import asyncio
import hashlib
import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

LISTED = 25
"""Events on a page of a full list."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_EVENTS = re.compile(r"/calendar/v3/calendars/([^/?]+)/events(?:/([^/?]+))?(?:\?(.*))?")
_REASONS = {200: b"OK", 201: b"Created", 400: b"Bad Request", 404: b"Not Found"}


def event(calendar: str, event_id: str) -> dict[str, Any]:
    """An ordinary meeting of tomorrow with three guests, as Calendar's events.get shows it to its organizer."""
    start = (datetime.now(UTC) + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    return {
        "kind": "calendar#event",
        "etag": '"3519470000000000"',
        "id": event_id,
        "status": "confirmed",
        "htmlLink": f"https://www.google.com/calendar/event?eid={event_id}",
        "created": "2026-04-02T08:00:00.000Z",
        "updated": "2026-04-02T08:00:00.000Z",
        "summary": "Quarterly planning with the field teams",
        "description": "Agenda: <b>numbers</b>, hiring, next steps. Please read the notes of last time beforehand.",
        "location": "Oslo",
        "creator": {"email": calendar, "self": True},
        "organizer": {"email": calendar, "self": True},
        "start": {"dateTime": start.isoformat().replace("+00:00", "Z"), "timeZone": "Europe/Oslo"},
        "end": {
            "dateTime": (start + timedelta(minutes=45)).isoformat().replace("+00:00", "Z"),
            "timeZone": "Europe/Oslo",
        },
        "iCalUID": f"{event_id}@google.com",
        "sequence": 0,
        "attendees": [
            {"email": calendar, "organizer": True, "self": True, "responseStatus": "accepted"},
            *({"email": f"guest{n}@bench.example", "responseStatus": "needsAction"} for n in range(3)),
        ],
        "reminders": {"useDefault": True},
        "eventType": "default",
    }


def room(key: str) -> dict[str, Any]:
    """What the conferencing system answers: the same room whenever it is asked with the same key."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    number = str(int(digest[:12], 16))
    return {
        "id": digest[:16],
        "join_url": f"https://rooms.bench.example/r/{digest[:16]}",
        "passcode": number[:6],
        "phone": {"number": "+4721000000", "pin": number[:9], "region": "NO"},
        "sip": f"sip:{digest[:16]}@sip.bench.example",
        "host": "host@bench.example",
    }


class Answers:
    """Every reply this process gives, made cheaply: an event is rendered once and its two names are put in."""

    def __init__(self, certs: bytes, changes: Path) -> None:
        self._certs = certs
        self._changes = changes
        self._event = json.dumps(event("CALENDAR", "EVENT")).encode()

    def reply(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        """The status and the JSON body for one request; `target` is the path with its query."""
        found = _EVENTS.fullmatch(target)
        if found and method == "GET":
            calendar, event_id, query = unquote(found[1]), unquote(found[2] or ""), found[3] or ""
            return 200, self._one(calendar, event_id) if event_id else self._list(calendar, query)
        if found and method == "POST" and found[2] == "watch":
            return self._watch(body)
        if target == "/oauth2/v3/certs" and method == "GET":
            return 200, self._certs
        if target == "/rooms-api/v1/rooms" and method == "POST":
            return self._room(body)
        if target.startswith("/rooms-api/v1/rooms/") and method == "PATCH":
            return 200, b"{}"
        return 404, b'{"error": {"code": 404, "message": "Not Found"}}'

    def _one(self, calendar: str, event_id: str) -> bytes:
        return self._event.replace(b"CALENDAR", calendar.encode()).replace(b"EVENT", event_id.encode())

    def _list(self, calendar: str, query: str) -> bytes:
        asked = parse_qs(query)
        if "syncToken" in asked:
            return (self._changes / f"{asked['syncToken'][0]}.{asked.get('pageToken', ['0'])[0]}.json").read_bytes()
        count = 1 if asked.get("maxResults") == ["1"] else LISTED
        items = b",".join(self._one(calendar, f"listed{n}") for n in range(count))
        head = {
            "kind": "calendar#events",
            "etag": '"p32"',
            "summary": calendar,
            "timeZone": "Europe/Oslo",
            "accessRole": "owner",
            "nextSyncToken": "CPDAlvWDx70CEPDAlvWDx70CGAU=",
        }
        return json.dumps(head).encode()[:-1] + b', "items": [' + items + b"]}"

    def _watch(self, body: bytes) -> tuple[int, bytes]:
        asked = json.loads(body)
        expiration = int((datetime.now(UTC) + timedelta(days=7)).timestamp() * 1000)
        channel = {
            "kind": "api#channel",
            "id": asked["id"],
            "resourceId": "o3hgv1538sdjfh",
            "resourceUri": "https://www.googleapis.com/calendar/v3/calendars/primary/events?alt=json",
            "expiration": str(expiration),
        }
        return 200, json.dumps(channel).encode()

    def _room(self, body: bytes) -> tuple[int, bytes]:
        key = json.loads(body).get("key")
        if not isinstance(key, str):
            return 400, b'{"error": "key is missing"}'
        return 201, json.dumps(room(key)).encode()


class Connection(asyncio.Protocol):
    """One kept connection: each request is answered `delay` seconds after its last byte came."""

    def __init__(self, answers: Answers, delay: float) -> None:
        self._answers = answers
        self._delay = delay
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to answer on."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once the request is whole; its body is counted by Content-Length."""
        self._buffer += data
        head_ends = self._buffer.find(b"\r\n\r\n")
        if head_ends < 0:
            return
        length = _LENGTH.search(self._buffer, 0, head_ends)
        whole = head_ends + 4 + (int(length[1]) if length else 0)
        if len(self._buffer) < whole:
            return
        method, target, _ = self._buffer[: self._buffer.index(b"\r\n")].decode("latin-1").split(" ", 2)
        status, body = self._answers.reply(method, target, self._buffer[head_ends + 4 : whole])
        self._buffer = self._buffer[whole:]
        reply = (
            b"HTTP/1.1 %d %s\r\nContent-Type: application/json; charset=UTF-8\r\n"
            b"Cache-Control: public, max-age=21600\r\nContent-Length: %d\r\n\r\n%s"
            % (status, _REASONS[status], len(body), body)
        )
        self._loop.call_later(self._delay, self._write, reply)

    def _write(self, reply: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(reply)


async def serve(port: int, delay: float, certs: bytes, changes: Path) -> asyncio.Server:
    """Listen on 127.0.0.1; port 0 takes a free one; `delay` in seconds; `changes` is where lists of changes are."""
    answers = Answers(certs, changes)
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: Connection(answers, delay), "127.0.0.1", port, backlog=1024)


async def _forever(port: int, delay: float, certs: bytes, changes: Path) -> None:
    server = await serve(port, delay, certs, changes)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_forever(int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]).read_bytes(), Path(sys.argv[4])))

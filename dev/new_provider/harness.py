"""Acme: a stand-in that answers with the sample reply, and refuses what the vendor does."""

from collections.abc import Mapping
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.providers.harness import Harness
from tests.contracts.providers.sample import Sample
from tests.contracts.providers.wire import Answer, Asked

# What the vendor's documentation says goes here, whatever the provider does: so the suite finds the provider's slips.
SAMPLE = Sample(Path(__file__).with_suffix(".json"), id="id", link="join_url")
ROOMS = "/rooms"
LISTED = "rooms"
MARKER = "external_id"
CHANGED_BY = "PATCH"
FIELDS = {"summary": "title", "description": "notes", "start": "starts", "end": "ends"}
"""The system's own name for what it can follow of an event."""
LONGEST = {"title": 100, "notes": 2000}

TOKEN = "canary-token"


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """A system without rooms, whose only account has the token."""
    rooms = _Rooms()
    return Harness(
        table={"url": wire_url, "token": "secret:acme-token"},
        secrets={"acme-token": TOKEN},
        system=rooms.answer,
        decides=lambda asked: asked.method == "POST",
        held=rooms.held,
        count=lambda: len(rooms.told),
        refuses=lambda code: refusal(400, str(code)),
        reply_carries_link=True,
    )


def refusal(status: int, code: str) -> Answer:
    """As the vendor refuses."""
    return Answer.json(status, {"code": code, "message": "No."})


class _Rooms:
    """The vendor's system: what it was told of each room, and what it replies, by the room's id."""

    def __init__(self) -> None:
        self.told: dict[str, dict[str, Any]] = {}
        self._replies: dict[str, Any] = {}
        self._numbers = count(1)

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return refusal(401, "unauthorized")
        if asked.path == ROOMS:
            return {"POST": self._create, "GET": self._list}.get(asked.method, _no_such_method)(asked)
        room = asked.path.removeprefix(f"{ROOMS}/")
        if room not in self.told:
            return refusal(404, "not_found")
        if asked.method == "DELETE":
            del self.told[room]
            return Answer(204)
        return self._change(room, asked) if asked.method == CHANGED_BY else _no_such_method(asked)

    def held(self, room: str) -> Mapping[str, Any] | None:
        """What of the event is there. A series is a room without times."""
        told = self.told.get(room)
        if told is None:
            return None
        return {**{word: told[name] for word, name in FIELDS.items()}, "recurrence": told[FIELDS["start"]] is None}

    def _create(self, asked: Asked) -> Answer:
        if wrong := _wrong(asked.json()):
            return refusal(422, wrong)
        room, self._replies[room] = SAMPLE.reply(next(self._numbers))
        self.told[room] = asked.json()
        return Answer.json(201, self._reply(room))

    def _list(self, asked: Asked) -> Answer:
        if set(asked.query) != {MARKER}:
            return refusal(422, "unknown_parameter")
        found = [self._reply(room) for room, told in self.told.items() if told[MARKER] == asked.query[MARKER]]
        return Answer.json(200, {LISTED: found})

    def _change(self, room: str, asked: Asked) -> Answer:
        before = self.told[room]
        kept = before if CHANGED_BY == "PATCH" else {MARKER: before[MARKER]}
        if wrong := _wrong(kept | asked.json()):
            return refusal(422, wrong)
        self.told[room] = kept | asked.json()
        return Answer.json(200, self._reply(room))

    def _reply(self, room: str) -> Any:
        """The sample, with what was told in the fields of that name."""
        return SAMPLE.with_told(self._replies[room], self.told[room])


def _wrong(room: Mapping[str, Any]) -> str:
    """What the vendor minds about a room, "" for nothing: a field, a type, a length, times that run backwards."""
    start, end = FIELDS["start"], FIELDS["end"]
    if set(room) != {MARKER, *FIELDS.values()}:
        return "missing_or_unknown_field"
    if not all(isinstance(value, str) for name, value in room.items() if name not in (start, end)):
        return "no_text"
    if any(len(room[name]) > most for name, most in LONGEST.items()):
        return "too_long"
    if room[start] is None and room[end] is None:
        return ""
    times = datetime.fromisoformat(room[start]), datetime.fromisoformat(room[end])
    return "ends_before_it_starts" if times[1] < times[0] else ""


def _no_such_method(asked: Asked) -> Answer:
    return refusal(405, "no_such_method")

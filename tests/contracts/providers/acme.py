"""Acme Rooms, which exists nowhere and refuses whatever it does not describe; and how it is used without code."""

import tomllib
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from tests.contracts.providers.strict import Route, Strict
from tests.contracts.providers.wire import Answer, Asked

KEY = "canary-acme-key"
DEFINITION = """
idempotency = "chosen"
updates = ["summary", "description", "start", "end", "recurrence"]
outlives_event = true
error_code = "error.code"
options = { api = "WIRE/v1", country = "CH" }

[limits]
summary = 60
description = 500

AUTHENTICATION
[errors]
quota = "PERMANENT"
no-such-host = "CONFERENCE_SOLUTION_FORBIDDEN"
busy = "TEMPORARY"

[[create]]
method = "PUT"
url = "{options.api}/rooms/{attempt}"
keep = { version = "version" }
[create.json]
title = "{summary}"
agenda = "{description?}"
starts = "{start|utc}"
ends = "{far_end|epoch}"
lobby = true
weekly = "{repeats}"
tags = ["anyroom", "{attempt}"]

[[create]]
method = "POST"
url = "{options.api}/rooms/{attempt}/dialins"
form = { version = "{kept.version}", region = "{options.country}" }

[[update]]
method = "PATCH"
url = "{options.api}/rooms/{id}"
[update.json]
title = "{summary}"
agenda = "{description}"
starts = "{start|utc}"
ends = "{far_end|epoch}"
weekly = "{repeats}"

[[delete]]
method = "DELETE"
url = "{options.api}/rooms/{id}"
query = { silent = "true" }

[reply]
id = "room.name"
notes = "room.hint"
host = "room.owner"
video = { url = "room.links.guest", passcode = "room.code" }
sip = { address = "room.sip", pin = "room.pin" }
more = { url = { template = "https://acme.example/help#{id}" } }

[reply.phones]
each = "room.numbers"
number = "dial"
region = "country"
pin = "pin"
toll = "kind"
"""


AUTHENTICATION = """
[authentication]
type = "header"
name = "X-Api-Key"
value = "secret:acme-key"
"""
Proved = Callable[[Mapping[str, str], Asked], bool]


def table(wire_url: str, authentication: str = AUTHENTICATION) -> dict[str, Any]:
    """The tables of a solution."""
    return tomllib.loads(DEFINITION.replace("AUTHENTICATION", authentication).replace("WIRE", wire_url))


def has_key(headers: Mapping[str, str], asked: Asked) -> bool:
    """Whether a request is from who has the key."""
    return headers.get("x-api-key") == KEY


class Room(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a room is made with."""

    title: str
    agenda: str = ""
    starts: str
    ends: int
    lobby: Literal[True]
    weekly: bool
    tags: list[str]


class Change(msgspec.Struct, forbid_unknown_fields=True):
    """What is told of a room."""

    title: str
    agenda: str
    starts: str
    ends: int
    weekly: bool


class DialIn(msgspec.Struct, forbid_unknown_fields=True):
    """A form."""

    version: str
    region: Literal["CH"]


def refusal(status: int, word: str) -> Answer:
    """As Acme says no."""
    return Answer.json(status, {"error": {"code": word}})


class Acme:
    """The rooms. `proved` says which requests are from who it knows."""

    def __init__(self, proved: Proved = has_key) -> None:
        self.rooms: dict[str, Room] = {}
        room = "/v1/rooms/([a-z0-9]{26})"
        self.system = Strict(
            proved,
            refusal,
            [
                Route("PUT", room, self._put, Room),
                Route("PATCH", room, self._change, Change),
                Route("DELETE", room, self._delete, query=frozenset({"silent"})),
                Route("POST", f"{room}/dialins", self._dial_in, DialIn, form=True),
                Route("GET", "/v1/me", lambda: Answer.json(200, {"user": {"number": 7, "mail": "ann@acme.example"}})),
            ],
        )

    def held(self, name: str) -> Mapping[str, Any] | None:
        """What it knows of a room, in our words."""
        room = self.rooms.get(name)
        if room is None:
            return None
        return {
            "summary": room.title,
            "description": room.agenda,
            "start": room.starts,
            "end": room.ends,
            "recurrence": room.weekly,
        }

    def _put(self, name: str, room: Room) -> Answer:
        self.rooms.setdefault(name, room)
        return Answer.json(200, {"version": len(name), "room": {"name": name}})

    def _change(self, name: str, change: Change) -> Answer:
        if name not in self.rooms:
            return refusal(404, "not-found")
        kept = self.rooms[name]
        self.rooms[name] = Room(lobby=kept.lobby, tags=kept.tags, **msgspec.structs.asdict(change))
        return Answer(204)

    def _delete(self, name: str, query: dict[str, str]) -> Answer:
        if query != {"silent": "true"}:
            return refusal(400, "would-mail-everybody")
        return Answer(204) if self.rooms.pop(name, None) else refusal(404, "not-found")

    def _dial_in(self, name: str, form: DialIn) -> Answer:
        if name not in self.rooms or form.version != str(len(name)):
            return refusal(409, "conflict")
        links = {"guest": f"https://acme.example/{name}"}
        numbers = [{"dial": "+41 44 123 45 67", "country": "ch", "pin": 4711, "kind": "toll-free"}]
        room = {"name": name, "hint": "Ask for <Ann>\nor Bob", "owner": "owner@acme.example", "links": links}
        room |= {"code": "s3cret", "sip": f"{name}@sip.acme.example", "pin": "77"}
        return Answer.json(201, {"room": {**room, "numbers": numbers}})

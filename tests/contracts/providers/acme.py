"""Acme Rooms, which exists nowhere and refuses whatever it does not describe; and how it is used without code."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from tests.contracts.providers.strict import Route, Strict
from tests.contracts.providers.wire import Answer, Asked

KEY = "canary-acme-key"
PAGE = Path(__file__).resolve().parents[3] / "docs/custom.md"
Proved = Callable[[Mapping[str, str], Asked], bool]


def table(wire_url: str, authentication: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The tables of a solution: those of the example in docs/custom.md, perhaps with another way to say who we are."""
    example = PAGE.read_text("utf-8").partition("```toml\n")[2].partition("```")[0]
    solution = tomllib.loads(example.replace("https://api.acme.example", wire_url))["solutions"]["acme"]
    for ours in ("provider", "name", "logo"):
        del solution[ours]
    return {**solution, "authentication": authentication or solution["authentication"]}


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


class Change(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What is told of a room: only what changes."""

    title: str | UnsetType = UNSET
    agenda: str | UnsetType = UNSET
    starts: str | UnsetType = UNSET
    ends: int | UnsetType = UNSET
    weekly: bool | UnsetType = UNSET


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
        told = {key: value for key, value in msgspec.structs.asdict(change).items() if value is not UNSET}
        self.rooms[name] = msgspec.structs.replace(self.rooms[name], **told)
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

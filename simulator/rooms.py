"""A conferencing system: rooms with a link, a passcode, a phone number and a SIP address, and who may make them."""

import random
import re
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulator import ids

Mode = Literal["chosen", "keyed", "search", "none"]

LONGEST: Final = {"key": 64, "title": 200, "description": 8000, "time_zone": 64}
MOST_GUESTS: Final = 500
EDITABLE: Final = frozenset({"title", "description", "starts", "ends", "time_zone", "guests"})

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class InvalidField(ValueError):
    """A field that the system does not take; the message names it."""


@dataclass(frozen=True, slots=True)
class Room:
    """One room. Times are RFC 3339 or None for a room without fixed times."""

    id: str
    key: str | None
    join_url: str
    passcode: str
    phone: Mapping[str, str]
    sip: str
    host: str
    title: str = ""
    description: str = ""
    starts: str | None = None
    ends: str | None = None
    time_zone: str | None = None
    guests: tuple[str, ...] = ()

    def json(self) -> dict[str, Any]:
        """The room as the API sends it."""
        return {**asdict(self), "phone": dict(self.phone), "guests": list(self.guests)}


@dataclass(slots=True)
class Account:
    """Who an API key belongs to; one that is signed out must sign in before it may do anything."""

    email: str
    signed_in: bool = True


@dataclass(slots=True)
class Rooms:
    """All rooms, in the order they were made; `base_url` is where their pages are. Thread-safe.

    `mode` says how a room that was asked for before is recognised: "chosen" (the key is the room's id), "keyed" (the
    same key gives the same room, and a key can be searched), "search" (the key is only kept, and can be searched) or
    "none" (no keys at all).
    """

    randomness: random.Random
    base_url: str = ""
    mode: Mode = "keyed"
    accounts: dict[str, Account] = field(
        default_factory=lambda: {
            ids.ROOMS_API_KEY: Account("host@rooms.example"),
            ids.ROOMS_API_KEY_SIGNED_OUT: Account("guest@rooms.example", signed_in=False),
        }
    )
    _rooms: dict[str, Room] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def create(self, account: Account, body: Any) -> tuple[Room, bool]:
        """A room for the request, and whether it is new. Raises InvalidField."""
        fields = _checked(body, EDITABLE | {"key"})
        if self.mode == "none" and "key" in fields:
            raise InvalidField("unknown field: key")
        if not fields.get("title"):
            raise InvalidField("title is missing")
        with self._lock:
            key = fields.get("key")
            known = self.having(key) if key and self.mode in ("chosen", "keyed") else []
            if known:
                return known[0], False
            room = self._new(account, fields)
            self._rooms[room.id] = room
            return room, True

    def having(self, key: str | None) -> list[Room]:
        """The rooms made with this key; all of them when it is None."""
        with self._lock:
            return [room for room in self._rooms.values() if key is None or room.key == key]

    def get(self, room_id: str) -> Room:
        """The room of that id; raises KeyError."""
        return self._rooms[room_id]

    def change(self, room_id: str, body: Any) -> Room:
        """Set the fields that are given. Raises KeyError and InvalidField."""
        with self._lock:
            room = self._rooms[room_id]
            fields = _checked(body, EDITABLE)
            _check_order(fields.get("starts", room.starts), fields.get("ends", room.ends))
            room = self._rooms[room_id] = replace(room, **fields)
            return room

    def delete(self, room_id: str) -> None:
        """Remove a room; raises KeyError when it is gone."""
        with self._lock:
            del self._rooms[room_id]

    def __len__(self) -> int:
        return len(self._rooms)

    def _new(self, account: Account, fields: Mapping[str, Any]) -> Room:
        room_id = fields.get("key") if self.mode == "chosen" else None
        room_id = room_id or "".join(self.randomness.choices(_LETTERS, k=12))
        # Numbers that are set aside for fiction (North American Numbering Plan, 555-0100 to 555-0199).
        number = f"+1202555{self.randomness.randrange(100, 200):04d}"
        return Room(
            id=room_id,
            join_url=f"{self.base_url}/room/{room_id}",
            passcode=f"{self.randomness.randrange(10**6):06d}",
            phone={"number": number, "pin": f"{self.randomness.randrange(10**8):08d}", "region": "US"},
            sip=f"sip:{room_id}@rooms.example",
            host=account.email,
            **{"key": None, **fields},
        )


def _checked(body: Any, allowed: frozenset[str]) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise InvalidField("the body is no JSON object")
    for name in sorted(set(body) - allowed):
        raise InvalidField(f"unknown field: {name}")
    for name, value in body.items():
        if name == "guests":
            _check_guests(value)
        elif name in ("starts", "ends"):
            _check_time(name, value)
        elif value is not None or name in ("title", "description"):
            _check_text(name, value)
    _check_order(body.get("starts"), body.get("ends"))
    if "guests" in body:
        return {**body, "guests": tuple(body["guests"])}
    return dict(body)


def _check_text(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise InvalidField(f"{name} is no text")
    if len(value) > LONGEST[name]:
        raise InvalidField(f"{name} is longer than {LONGEST[name]} characters")
    if name == "time_zone":
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise InvalidField("time_zone is no time zone") from None


def _check_time(name: str, value: Any) -> None:
    if value is None:
        return
    try:
        if not _TIME.fullmatch(value):
            raise ValueError
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise InvalidField(f"{name} is no RFC 3339 time") from None


def _check_order(starts: str | None, ends: str | None) -> None:
    if starts and ends and datetime.fromisoformat(ends) < datetime.fromisoformat(starts):
        raise InvalidField("ends is before starts")


def _check_guests(value: Any) -> None:
    if not isinstance(value, list) or len(value) > MOST_GUESTS:
        raise InvalidField(f"guests is no list of at most {MOST_GUESTS}")
    if not all(isinstance(guest, str) and re.fullmatch(r"[^@\s]+@[^@\s]+", guest) for guest in value):
        raise InvalidField("guests holds something that is no e-mail address")

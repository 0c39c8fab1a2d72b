"""The records: what is stored of a conference and of a calendar, under keys that are hashes and name nobody.

Each has `v`, the version of its shape, from the first day; the store adds `rev`.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

VERSION = 1

MAPPINGS = "mapping"
CALENDARS = "calendar"
ORPHANS = "orphan"

State = Literal["claimed", "offered", "live", "leaving", "deleting", "failed", "unmanaged", "lost"]
"""claimed: until its deadline. offered: answered, never seen on the event. live: seen. leaving: its end is due.
deleting: a worker is at the provider. failed, unmanaged, lost: ends, which are shown."""


def key(*parts: str) -> str:
    """The key of a record: 32 hexadecimal digits of a hash over the parts, each kept apart from the next."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


class Keeper(msgspec.Struct, frozen=True, omit_defaults=False):
    """Whose credential syncs a calendar: `sub` is the identity, `email` the verified address to impersonate."""

    sub: str
    email: str


class MappingRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Which event holds which conference: one for each calendar, event and solution.

    `attempt` is what the conference is made under; it outlives a crash. `conference` is its id at the provider,
    `answer` the ConferenceData that was answered, as a record. `account` is the account it was made with.
    `until` is the claim's deadline. `told` is what the provider was last told of the event. `end` is when the event is
    over, None while it repeats. `due` is when somebody must look at the record again (all UTC).
    """

    v: int = VERSION
    calendar: str
    event: str
    ical_uid: str = ""
    solution: str
    keeper: str = ""
    account: str = ""
    attempt: str
    state: State
    reason: str = ""
    seen: bool = False
    conference: str = ""
    answer: dict[str, Any] | None = None
    told: dict[str, Any] | None = None
    until: datetime | None = None
    end: datetime | None = None
    due: datetime | None = None


class CalendarRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One calendar that holds a conference of ours, and its keeper, None until somebody with the right role came."""

    v: int = VERSION
    calendar: str
    keeper: Keeper | None = None
    due: datetime | None = None


class OrphanRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A conference that may exist at the provider and that no mapping holds: `attempt` is what it was made under."""

    v: int = VERSION
    calendar: str
    event: str
    solution: str
    attempt: str
    reason: str
    since: datetime
    due: datetime | None = None


def to_body(record: msgspec.Struct) -> dict[str, Any]:
    """The record as the store's body; times stay times."""
    body = msgspec.to_builtins(record, builtin_types=(datetime,))
    assert isinstance(body, dict)
    return body


def mapping(body: Mapping[str, Any]) -> MappingRecord:
    """Read a mapping; fields of later versions are passed over."""
    return msgspec.convert(body, MappingRecord)


def calendar(body: Mapping[str, Any]) -> CalendarRecord:
    """Read a calendar; fields of later versions are passed over."""
    return msgspec.convert(body, CalendarRecord)

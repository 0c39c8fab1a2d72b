"""The records: what is stored of a conference, a calendar and a connection, under keys that are hashes and name nobody.

Each has `v`, the version of its shape, from the first day; the store adds `rev`.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypeVar

import msgspec

from conference.connection import Connection
from conference.event import Event, from_record
from conference.meeting import Kept
from sync.store import Document

T = TypeVar("T")

VERSION = 1
"""One more when a record cannot be read as before; a new field with a default needs none."""

MAPPINGS = "mapping"
CALENDARS = "calendar"
ORPHANS = "orphan"
CONNECTIONS = "connection"
ONCE = "once"

State = Literal["claimed", "offered", "live", "leaving", "deleting", "gone", "failed", "unmanaged", "lost"]
"""claimed: until its deadline. offered: answered, not seen on the event since. live: seen. leaving: deleted at `until`,
unless a look shows it in use. deleting: a worker is at the provider. gone: deleted, and remembered for a while, so that
a restored event can have it again. failed, unmanaged, lost: ends, which are shown."""

ALIVE = frozenset({"offered", "live", "leaving"})
"""States in which a conference exists at the provider and belongs to the event."""
HOLDING = ALIVE | {"unmanaged"}
"""States in which an event has not let go of its conference."""


def key(*parts: str) -> str:
    """The key of a record: 32 hexadecimal digits of a hash over the parts, each kept apart from the next."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


class RecordTooNew(msgspec.ValidationError):
    """A record of a version that this Anyroom does not know: it is neither guessed at nor written back."""


class Keeper(msgspec.Struct, frozen=True, omit_defaults=False):
    """Whose credential syncs a calendar: `sub` is the identity, `email` the verified address to impersonate."""

    sub: str
    email: str


class Parked(msgspec.Struct, frozen=True, omit_defaults=False):
    """What a provider could not be told: the event's values, which are erased once it was, and the fields that differ.

    `tries` counts what was tried in vain, `since` when the first was.
    """

    event: dict[str, Any]
    fields: list[str]
    tries: int
    since: datetime


class MappingRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Which event holds which conference: one for each calendar, event and solution, and one for each that is shared.

    `place` is the key of calendar and event, by which their mappings are found. `attempt` is what the conference is
    made under; it outlives a crash. `conference` is its id at the provider, `answer` the ConferenceData that was
    answered, as a record. `user` is who asked for it, whose connection it is managed with where the solution connects
    users; `account` is the address of the account it was made with, or is to be made with. `pointer` is the parameter
    by which the event names the conference: the key of this mapping, or where the event is a copy that of another one.
    `room` is the same for all mappings that hold one conference, and `shared` says that there were several; the system
    shows the values of the one that `tells`, which is the one that told it last. `until` is the deadline of the state:
    of a claim, of a deletion at work, or when a leaving conference may be deleted. `told` is what the provider was last
    told of the event, and `etag` the event's version then; where it does not tell, that is what it was when it was
    seen. `end` is when the event is over, None while it repeats for ever. `link` is a hash of the link to our join
    page, by which the page finds the conference, and `meeting` what the page knows, sealed, both "" where there is
    none; until `opened` guests need not wait, as the host has entered. `look` is the calendar's key while its next run
    must look at the event. `tries` counts looks and deletions that failed; `failing` is since when a deletion fails, or
    telling what is too large to be parked. `due` is when the sweep must look at the record again, `forget` when it may
    be forgotten (all UTC).
    """

    v: int = VERSION
    calendar: str
    event: str
    place: str = ""
    ical_uid: str = ""
    solution: str
    keeper: str = ""
    user: str = ""
    account: str = ""
    attempt: str
    state: State
    reason: str = ""
    seen: bool = False
    pointer: str = ""
    conference: str = ""
    room: str = ""
    shared: bool = False
    tells: bool = True
    answer: dict[str, Any] | None = None
    told: dict[str, Any] | None = None
    etag: str = ""
    parked: Parked | None = None
    until: datetime | None = None
    end: datetime | None = None
    link: str = ""
    meeting: str = ""
    opened: datetime | None = None
    look: str = ""
    tries: int = 0
    failing: datetime | None = None
    due: datetime | None = None
    forget: datetime | None = None


class Lease(msgspec.Struct, frozen=True, omit_defaults=False):
    """Who syncs a calendar, and until when. `fence` grows with each lease: an earlier holder's commit is refused."""

    by: str
    until: datetime
    fence: int


class Channel(msgspec.Struct, frozen=True, omit_defaults=False):
    """A push channel: its random id, a hash of its token, who opened it for which address (hashed).

    `resource` and `expires` are Calendar's answer; "" and the latest possible while that is not known.
    """

    id: str
    token: str
    address: str
    by: str
    opened: datetime
    expires: datetime
    resource: str = ""


class Page(msgspec.Struct, frozen=True, omit_defaults=False):
    """Where an unfinished list goes on: at the page `token`, or, when `comparing`, behind the mapping `after`.

    `since` is the start of a full list, None when only changes are listed; `seen` are the mappings whose events a full
    list has shown.
    """

    token: str = ""
    since: datetime | None = None
    seen: list[str] = []
    comparing: bool = False
    after: str = ""


class CalendarRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One calendar that holds a conference of ours, and its keeper, None until somebody with the right role came.

    `kept_by` is the keeper's `sub`, by which their calendars are found.

    `cursor` is the sync token of the last whole list, which was made with `query`; `page` where an unfinished one goes
    on. `dirty` is when a run is wanted, None while nothing changed; `ran` when the last run began, `heard` when the
    keeper's credential last read the calendar, `changed` when a change was last seen, `pace` the mean seconds between
    two. `reason` says why the last run failed, `failures` how often in a row. `refused` says that the keeper's
    credential is, and that the next one takes over. `unsure`: a run has died that may have told a provider what no
    mapping says. `due` is when a run must happen without a signal (all UTC).
    """

    v: int = VERSION
    calendar: str
    keeper: Keeper | None = None
    kept_by: str = ""
    cursor: str = ""
    query: str = ""
    page: Page | None = None
    dirty: datetime | None = None
    ran: datetime | None = None
    heard: datetime | None = None
    changed: datetime | None = None
    pace: float = 86400.0
    lease: Lease | None = None
    channel: Channel | None = None
    previous_channels: list[Channel] = []
    reason: str = ""
    failures: int = 0
    refused: bool = False
    unsure: bool = False
    due: datetime | None = None


class OrphanRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A conference that may exist at the provider and that no mapping holds: `attempt` is what it was made under.

    `user`, `conference`, `room` and `account` are as in a mapping, "" while only the attempt is known. `look` is the
    calendar's key while its next run must look whether the event carries it.
    """

    v: int = VERSION
    calendar: str
    event: str
    solution: str
    attempt: str
    reason: str
    since: datetime
    user: str = ""
    conference: str = ""
    room: str = ""
    account: str = ""
    look: str = ""
    tries: int = 0
    due: datetime | None = None


class ConnectionRecord(Connection, frozen=True, kw_only=True):
    """A connection as it is stored: `owner` is what all connections of one user share, `account` what all to one
    account at the provider do; both are hashes, and "" where there is none."""

    v: int = VERSION
    owner: str = ""
    account: str = ""


class OnceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A value that was used once and is good for nothing more; after `until` nobody would take it anyway."""

    v: int = VERSION
    until: datetime
    due: datetime
    forget: datetime


def kept(record: MappingRecord) -> Kept:
    """What a mapping keeps of its link to our join page."""
    return Kept(record.link, record.meeting)


def copy_key(calendar: str, event: str, solution: str, pointer: str) -> str:
    """The key of the mapping by which a copy holds the conference that another event was given.

    It stands beside the mapping that the copy gets when the solution is chosen again there, which may never be saved.
    """
    return key(calendar, event, solution, pointer)


def room(solution: str, conference: str) -> str:
    """What all mappings that hold one conference share."""
    return key(solution, conference)


def orphaned(record: MappingRecord, reason: str, now: datetime, due: datetime) -> OrphanRecord:
    """What a mapping that lets go of it leaves behind: a conference that may exist. It is looked at at `due`."""
    return OrphanRecord(
        calendar=record.calendar,
        event=record.event,
        solution=record.solution,
        attempt=record.attempt,
        reason=reason,
        since=now,
        user=record.user,
        conference=record.conference,
        room=record.room,
        account=record.account,
        due=due,
    )


def to_body(record: msgspec.Struct) -> dict[str, Any]:
    """The record as the store's body; times stay times."""
    body = msgspec.to_builtins(record, builtin_types=(datetime,))
    assert isinstance(body, dict)
    return body


def read(body: Mapping[str, Any], type: type[T]) -> T:
    """The record in a store's body. Fields that a later Anyroom has added are passed over.

    Raises RecordTooNew for a later version, msgspec.ValidationError for what is no such record.
    """
    version = body.get("v", VERSION)
    if isinstance(version, int) and version > VERSION:
        raise RecordTooNew(f"is of version {version}, and this Anyroom knows {VERSION}: deploy the newer one again")
    return msgspec.convert(body, type)


def mapping(document: Document) -> MappingRecord:
    """Read a mapping. One that names no pointer is named by its own key. Raises as `read`."""
    record = read(document.body, MappingRecord)
    return record if record.pointer else msgspec.structs.replace(record, pointer=document.key)


def calendar(body: Mapping[str, Any]) -> CalendarRecord:
    """Read a calendar. Raises as `read`."""
    return read(body, CalendarRecord)


def orphan(body: Mapping[str, Any]) -> OrphanRecord:
    """Read a suspected orphan. Raises as `read`."""
    return read(body, OrphanRecord)


def connection(body: Mapping[str, Any]) -> ConnectionRecord:
    """Read a connection. Raises as `read`."""
    return read(body, ConnectionRecord)


def parked_event(parked: Parked) -> Event:
    """The event whose values are parked."""
    return from_record(parked.event)

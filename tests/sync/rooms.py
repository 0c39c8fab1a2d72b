"""One calendar's conferences beneath a run: a store, a clock that stands still, a system that notes its calls."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from conference.clock import Deadline
from conference.data import EntryPoint
from conference.errors import ConferenceFailure
from conference.event import Event, Person
from conference.providers import LoadedProvider, load
from conference.providers.base import Conference
from conference.solution import Solution
from sync import records
from sync.apply import Applier
from sync.conferences import Conferences
from sync.holdings import Mapped, mapped
from sync.outside import Ports
from sync.records import MAPPINGS, ORPHANS, CalendarRecord, Keeper, MappingRecord, OrphanRecord
from sync.row import Row
from sync.store import Create, Document, Replace
from sync.store.sqlite import SqliteStore
from tests.inside import BEGIN, StillClock
from tests.linkless import NO_LINKS
from tests.outside import Outside, SeenStore
from tests.world import ADA

KEY = records.key(ADA)
HOUR = timedelta(hours=1)
ROOM = Conference("room-1", (EntryPoint("VIDEO", "https://rooms.example/1"),), host="host@rooms.example")


class Desk:
    """Ada's calendar and a conferencing system: `asked` is what it was asked, `failure` its answer to the next calls.

    `found` is what it has under an attempt; `declared` changes what its provider says of it.
    """

    def __init__(self, path: Path) -> None:
        self.clock = StillClock()
        self.outside = Outside()
        self.store = SqliteStore(str(path))
        self.asked: list[str] = []
        self.failure: ConferenceFailure | None = None
        self.found: Conference | None = None
        self.declared: dict[str, Any] = {}
        self.calendar = CalendarRecord(calendar=ADA, keeper=Keeper("1", ADA))
        solution = Solution("demo", "Demo", "logo", "demo", None)
        conferences = Conferences(
            {"demo": solution}, self._provider, _no_call, lambda names: False, lambda *known: True, NO_LINKS
        )
        seen = SeenStore(self.store, self.outside, local=True)
        self.ports = Ports(seen, conferences, self.clock, lambda: 0.5, HOUR)

    def applier(self, resumed: bool = False, deadline: Deadline | None = None) -> Applier:
        """What applies rows in a new run."""
        return Applier(KEY, self.calendar, self.ports, deadline or Deadline(self.clock, 100.0), resumed)

    def event(self, event: str = "e", **changes: Any) -> Event:
        """An event of tomorrow that Ada organizes."""
        start = BEGIN + timedelta(days=1)
        known = Event(event, ADA, "Plan", start, start + HOUR, "UTC", organizer=Person(ADA, "Ada", True), etag="1")
        return replace(known, **changes)

    def row(self, event: str = "e", pointer: str = "", **changes: Any) -> Row:
        """What a list shows of an event that carries its own conference, or the one that `pointer` names."""
        shown = self.event(event, **changes)
        return Row(event, "there", pointer=pointer or key(event), conference=ROOM.id, event=shown)

    def put(self, event: str = "e", **changes: Any) -> str:
        """Store a live mapping of an event whose values were told; its key."""
        known = self.event(event)
        record = MappingRecord(
            calendar=ADA,
            event=event,
            place=records.key(ADA, event),
            ical_uid=f"{event}@google.com",
            solution="demo",
            keeper="1",
            attempt=f"attempt-{event}",
            state="live",
            seen=True,
            pointer=key(event),
            conference=ROOM.id,
            room=records.room("demo", ROOM.id),
            told=known.told(),
            etag=known.etag,
            end=known.last_end(),
        )
        self.store.commit([Create(MAPPINGS, key(event), records.to_body(replace(record, **changes)))])
        return key(event)

    def document(self, kind: str, of: str) -> Document:
        """A document that is there."""
        document = self.store.get(kind, of)
        assert document
        return document

    def change(self, kind: str, of: str, **fields: Any) -> None:
        """Somebody else changes a document."""
        document = self.document(kind, of)
        self.store.commit([Replace(document, {**document.body, **fields})])

    def one(self, event: str = "e") -> Mapped:
        """The mapping of an event."""
        return mapped(self.document(MAPPINGS, key(event)))

    def of(self, event: str = "e") -> MappingRecord:
        """The record of an event's mapping."""
        return self.one(event).record

    def holds(self, event: str) -> bool:
        """Whether an event has a mapping, its own or a shared one."""
        return bool(self.store.find(MAPPINGS, "place", records.key(ADA, event), 1))

    def orphans(self) -> list[OrphanRecord]:
        """The suspected orphans."""
        due = self.store.due(ORPHANS, self.clock.now() + timedelta(days=999), 100)
        return [records.orphan(document.body) for document in due]

    def _provider(self, solution: Solution) -> LoadedProvider:
        declared = replace(load("demo").declared, **self.declared)
        return LoadedProvider(
            declared,
            create=lambda event, attempt, call: self._answer("create", ROOM),
            update=lambda known, changes, call: self._answer("update " + ",".join(sorted(changes.fields)), None),
            delete=lambda known, call: self._answer("delete", None),
            find=lambda attempt, call: self._answer("find", self.found),
            join=None,
        )

    def _answer(self, asked: str, answer: Any) -> Any:
        self.asked.append(asked)
        if self.failure:
            raise self.failure
        return answer


def key(event: str) -> str:
    """The key of the mapping of one of Ada's events."""
    return records.key(ADA, event, "demo")


def _no_call(*_: object, **__: object) -> Any:
    return None

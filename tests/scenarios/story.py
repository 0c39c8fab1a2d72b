"""A followed world told as a story: what people do to events, and exactly what the function did about it, in order."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from simulator.calendars import Calendars
from simulator.rooms import Room
from sync import records
from sync.records import OrphanRecord
from sync.store import Replace
from tests.followed import Followed
from tests.thorough import takes_long
from tests.world import ADA, World

BOTH_STORES = pytest.mark.parametrize(
    "open_store", ["sqlite", pytest.param("firestore", marks=takes_long)], indirect=True
)
RELAYED = pytest.mark.parametrize("story", ["relay"], indirect=True)
DELEGATED = pytest.mark.parametrize("story", ["delegation"], indirect=True)

FOUND = "find mapping place"
KEPT = "commit replace mapping"
NEW = "commit create mapping, replace mapping"
TOLD = "PATCH room"
DELETED = ("get", "find mapping room", KEPT, "DELETE room", KEPT)
"""What a look does that ends a conference: nobody else holds it, and the record says so before and after."""


class Run(NamedTuple):
    """What one run asked of Calendar, the provider and the store: for what was listed, looked at, and for orphans."""

    listed: tuple[str, ...] = ()
    looked: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()


NOTHING = Run()
PROVIDER = frozenset({"POST room", "GET room", "PATCH room", "DELETE room"})


class Story(Followed):
    """A followed world with the words that the table of the design uses.

    `set_aside` are solutions that were taken out of the configuration.
    """

    def __init__(self, world: World, delegation: bool) -> None:
        super().__init__(world, delegation)
        self.set_aside: dict[str, dict[str, Any]] = {}

    @property
    def people(self) -> Calendars:
        """What people do to their calendars."""
        return self.simulator.calendar

    def now(self) -> datetime:
        """The moved clock's time."""
        return self.world.clock.now()

    def times(self, days: float = 1.0, hours: float = 1.0, zone: str = "UTC") -> dict[str, Any]:
        """Start and end of an event that begins in so many days."""
        start = (self.now() + timedelta(days=days)).replace(microsecond=0)
        end = start + timedelta(hours=hours)
        return {
            "start": {"dateTime": start.isoformat(), "timeZone": zone},
            "end": {"dateTime": end.isoformat(), "timeZone": zone},
        }

    def event(self, calendar: str = ADA, **body: Any) -> str:
        """A saved event of tomorrow."""
        return self.world.event(calendar, **{**self.times(), **body})

    def live(self, calendar: str = ADA, solution: str = "demo", user: str = ADA, **body: Any) -> str:
        """An event whose conference a sync has seen."""
        event = self.event(calendar, **body)
        self.choose(event, calendar=calendar, solution=solution, user=user)
        self.settle()
        assert self.of(event, calendar, solution).state == "live"
        self.calls()
        return event

    def series(self, rule: str = "FREQ=DAILY;COUNT=10", **body: Any) -> str:
        """A series from tomorrow on whose conference a sync has seen."""
        return self.live(recurrence=[f"RRULE:{rule}"], **body)

    def copied(self, **body: Any) -> tuple[str, str]:
        """A live event, and its copy "Plan B" that holds the same conference."""
        event = self.live(**body)
        copy = self.people.duplicate(ADA, event, summary="Plan B")
        self.follow()
        return event, copy

    def delete_for_good(self, event: str, calendar: str = ADA) -> Run:
        """Delete an event, and let the grace pass: what the last run did."""
        self.people.delete(calendar, event)
        self.settle()
        return self.later(hours=2)

    def start(self, event: str, days: int = 0, calendar: str = ADA) -> dict[str, Any]:
        """When the occurrence of a daily series begins that is so many days behind its first."""
        start = self.people.get(calendar, event)["start"]
        moment = datetime.fromisoformat(start["dateTime"]) + timedelta(days=days)
        return {**start, "dateTime": moment.isoformat()}

    def another_calendar(self, calendar: str = "team@group.calendar.example.com", owner: str = ADA) -> str:
        """Another calendar that is followed with its owner's credential: for the sake of a conference of its own."""
        if self.people.find(calendar) is None:
            self.people.add_calendar(calendar, owner)
        self.live(calendar, solution="jitsi", user=owner)
        return calendar

    def calls(self) -> list[str]:
        """All that was asked of the store, Calendar's events and the conferencing system since the last time."""
        calls, self.instance.outside.calls[:] = list(self.instance.outside.calls), []
        return [short for call in calls if (short := _short(call))]

    def runs(self) -> list[Run]:
        """The runs since the last time. Between them nothing was asked of Calendar or the conferencing system."""
        runs: list[Run] = []
        part: list[str] | None = None
        before = ""
        for call in self.calls():
            if part is None:
                assert call not in PROVIDER | {"get"}, f"{call} outside of a run"
                part = [] if call == "list" and before == "commit replace calendar" else None
            elif call == "commit replace calendar" and "find orphan look" in part:
                runs.append(_run(part))
                part = None
            else:
                part.append(call)
            before = call
        return runs

    def follow(self) -> Run:
        """Deliver every signal: what the one run did that followed."""
        self.settle()
        [run] = self.runs()
        return run

    def asked(self) -> list[str]:
        """What the conferencing system was asked since the last time."""
        return [call for call in self.calls() if call in PROVIDER]

    def later(self, **time: float) -> Run:
        """Let that much time pass, sweep, and in relay mode fire the daily trigger: what the last run did."""
        self.calls()
        self.world.clock.advance(timedelta(**time).total_seconds())
        self.sweep()
        self.settle()
        if not self.delegation:
            self.daily()
        return (self.runs() or [NOTHING])[-1]

    def become(self, event: str, solution: str = "demo", calendar: str = ADA, **changes: Any) -> None:
        """Have the mapping be as something else would have left it."""
        document = self.world.store.get(records.MAPPINGS, records.key(calendar, event, solution))
        assert document
        changed = replace(records.mapping(document), **changes)
        self.world.store.commit([Replace(document, records.to_body(changed))])

    def state(self, event: str, calendar: str = ADA, solution: str = "demo") -> str:
        """The state of an event's mapping, and its reason when it has one."""
        record = self.of(event, calendar, solution)
        return f"{record.state} {record.reason}".strip()

    def orphans(self) -> list[OrphanRecord]:
        """The suspected orphans."""
        return [records.orphan(body) for body in self.world.documents(records.ORPHANS)]

    def room(self) -> Room:
        """The only room at the conferencing system."""
        [room] = self.simulator.rooms.having(None)
        return room


def _run(part: list[str]) -> Run:
    look, orphans = part.index("find mapping look"), part.index("find orphan look")
    return Run(tuple(part[:look]), tuple(part[look + 1 : orphans]), tuple(part[orphans + 1 :]))


def _short(call: str) -> str:
    """A call without what is random in it; "" for what a table does not show: identity, tasks and channels."""
    method, _, path = call.partition(" ")
    if path.startswith("/rooms-api/"):
        return f"{method} room"
    if path.startswith("/calendar/") and method == "GET":
        return "list" if path.endswith("/events") else "get"
    return "" if path.startswith("/") else call

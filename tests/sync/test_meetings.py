"""The join page finds the events that still hold a link's conference, and lets guests in once the host is there."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from msgspec.structs import replace

from conference.clock import Deadline
from conference.errors import InvalidConferenceData
from conference.meeting import Kept
from conference.providers import LoadedProvider, load
from conference.providers.base import Call, Known, Visitor
from conference.solution import Solution
from sync import records
from sync.conferences import Conferences
from sync.keepers import new_calendar
from sync.meetings import StoredMeetings
from sync.records import CALENDARS, HOLDING, MAPPINGS, Keeper, MappingRecord, State
from sync.store import Create, Delete, Document, Replace
from sync.store.sqlite import SqliteStore
from tests.conference.test_meeting import EVENT, NOW, ROOMS, made
from tests.inside import StillClock
from tests.outside import Outside, SeenStore
from tests.world import ADA

GUS = Visitor("Gus", False, "1", "Plan", None)


class Desk:
    """A store with conferences that are entered by our page; `url` is where their system sends everybody."""

    def __init__(self, path: Path) -> None:
        self.clock = StillClock()
        self.outside = Outside()
        self.store = SqliteStore(str(path))
        self.links = made()
        self.kept = self.links.following(self.links.begin(ROOMS), EVENT)
        self.url = "https://rooms.example/1?role=guest"
        self.asked: list[tuple[Known, Visitor]] = []
        self.joins = True
        conferences = Conferences(
            {"rooms": ROOMS}, self._provider, _no_call, lambda _: False, lambda *_: True, self.links
        )
        seen = SeenStore(self.store, self.outside, local=True)
        self.meetings = StoredMeetings(seen, conferences, self.links)

    def put(self, event: str = "e", kept: Kept | None = None, **fields: Any) -> Document:
        """A mapping of a live conference, with those fields."""
        kept = kept or self.kept
        record = MappingRecord(
            **{
                "calendar": ADA,
                "event": event,
                "solution": "rooms",
                "attempt": "a",
                "state": "live",
                "user": "7",
                "keeper": "8",
                "conference": "room-1",
                "link": kept.link,
                "meeting": kept.meeting,
                **fields,
            }
        )
        [document] = self.store.commit([Create(MAPPINGS, records.key(event), records.to_body(record))])
        assert document
        return document

    def of(self, event: str = "e") -> MappingRecord:
        document = self.store.get(MAPPINGS, records.key(event))
        assert document
        return records.mapping(document)

    def deadline(self) -> Deadline:
        return Deadline(self.clock, 10.0)

    def _provider(self, solution: Solution) -> LoadedProvider:
        demo = load("demo")
        return replace(demo, declared=replace(demo.declared, joins=self.joins), join=self._join)

    def _join(self, known: Known, visitor: Visitor, call: Call) -> str:
        self.asked.append((known, visitor))
        return self.url


def _no_call(*_: object, **__: object) -> Any:
    return None


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "anyroom.db")
    with closing(desk.store):
        yield desk


def test_a_link_leads_to_its_events_and_to_no_others(desk: Desk) -> None:
    desk.put("e")
    desk.put("copy", desk.links.following(desk.kept, replace(EVENT, summary="Copy")))
    desk.put("other", desk.links.begin(ROOMS))

    found = desk.meetings.of(desk.kept.link)
    assert sorted(one.meeting.summary for one in found) == ["Copy", "Secret plan"]
    assert {one.user for one in found} == {"7"}
    assert desk.meetings.of("another hash") == []


def test_a_year_of_copies_that_let_go_hides_none_that_holds_it(desk: Desk) -> None:
    events = sorted(map(str, range(60)), key=records.key)
    for event in events:
        desk.put(event, state="live" if event == events[-1] else "gone")

    assert len(desk.meetings.of(desk.kept.link)) == 1


@pytest.mark.parametrize("state", get_args(State))
def test_it_leads_where_a_conference_is_held(desk: Desk, state: str) -> None:
    desk.put(state=state)
    assert bool(desk.meetings.of(desk.kept.link)) == (state in HOLDING)


def test_it_leads_nowhere_while_the_solution_has_no_join_page(desk: Desk) -> None:
    desk.put()
    desk.joins = False
    assert desk.meetings.of(desk.kept.link) == []


def test_the_keeper_is_who_keeps_the_calendar_now(desk: Desk) -> None:
    desk.put(keeper="8")
    [found] = desk.meetings.of(desk.kept.link)
    assert desk.meetings.keeper(found) == ""
    for keeper in (Keeper("9", ADA), None):
        calendar = new_calendar(ADA, keeper, NOW)
        known = desk.store.get(CALENDARS, records.key(ADA))
        body = records.to_body(calendar)
        desk.store.commit([Replace(known, body) if known else Create(CALENDARS, records.key(ADA), body)])
        assert desk.meetings.keeper(found) == (keeper.sub if keeper else "")


def test_a_visitor_enters_the_conference_that_the_mapping_holds(desk: Desk) -> None:
    desk.put(account="host@rooms.example")
    [found] = desk.meetings.of(desk.kept.link)
    assert desk.meetings.enter(found, GUS, desk.deadline()) == desk.url
    assert desk.asked == [(Known("room-1", "a", "host@rooms.example"), GUS)]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "//rooms.example", "https://user@rooms.example", "http://169.254.169.254/"]
)
def test_a_system_sends_nobody_to_an_unsafe_address(desk: Desk, url: str) -> None:
    desk.put()
    desk.url = url
    [found] = desk.meetings.of(desk.kept.link)
    with pytest.raises(InvalidConferenceData):
        desk.meetings.enter(found, GUS, desk.deadline())


@pytest.mark.parametrize(("length", "taken"), [(8000, True), (8001, False)])
def test_an_address_may_be_as_long_as_a_token_makes_it(desk: Desk, length: int, taken: bool) -> None:
    desk.put()
    desk.url = "https://rooms.example/1?jwt=".ljust(length, "x")
    [found] = desk.meetings.of(desk.kept.link)
    if taken:
        assert desk.meetings.enter(found, GUS, desk.deadline()) == desk.url
    else:
        with pytest.raises(InvalidConferenceData):
            desk.meetings.enter(found, GUS, desk.deadline())


def test_the_host_lets_guests_in_though_a_sync_writes_the_mapping_meanwhile(desk: Desk) -> None:
    document = desk.put()
    [found] = desk.meetings.of(desk.kept.link)
    [changed] = desk.store.commit([Replace(document, {**document.body, "etag": "newer"})])
    assert changed

    desk.meetings.open(found, NOW)
    assert (desk.of().opened, desk.of().etag) == (NOW, "newer")
    [found] = desk.meetings.of(desk.kept.link)
    assert found.opened == NOW


def test_a_mapping_that_is_gone_or_changes_too_often_stays_closed(desk: Desk) -> None:
    document = desk.put()
    [found] = desk.meetings.of(desk.kept.link)
    latest = [document]

    def somebody_writes() -> None:
        [written] = desk.store.commit([Replace(latest[-1], {**latest[-1].body, "tries": len(latest)})])
        assert written
        latest.append(written)

    desk.outside.on("before", "commit replace mapping", somebody_writes)
    desk.meetings.open(found, NOW)
    assert desk.of().opened is None
    desk.outside.on("before", "commit replace mapping", lambda: desk.store.commit([Delete(latest[-1])]))
    desk.meetings.open(found, NOW + timedelta(hours=1))
    assert desk.store.get(MAPPINGS, records.key("e")) is None


def test_with_a_lost_key_the_link_leads_there_and_nobody_waits(desk: Desk) -> None:
    desk.put()
    lost = StoredMeetings(desk.store, desk.meetings._conferences, made(9))
    [found] = lost.of(desk.kept.link)
    assert (found.meeting.summary, found.meeting.start) == ("", None)
    assert lost.enter(found, GUS, desk.deadline()) == desk.url

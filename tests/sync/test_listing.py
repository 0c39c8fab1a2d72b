"""A list goes on where it was, with the query that its token was won with; a full one is compared with the store."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync import records
from sync.calendar import QUERY
from sync.listing import SINCE, begin
from sync.records import CALENDARS, CalendarRecord, Page
from sync.store import Replace
from tests.faults.signals.story import begun, rename
from tests.followed import Followed
from tests.scenarios.conftest import clock as clock
from tests.scenarios.conftest import followed as followed
from tests.scenarios.conftest import open_store as open_store
from tests.scenarios.conftest import world as world
from tests.world import ADA, BOB, ON_SQLITE

NOW = datetime(2027, 3, 1, tzinfo=UTC)
TEAM = "team@group.calendar.google.com"
PAGE = Page("p", NOW - timedelta(days=31), ["a"])


@pytest.mark.parametrize(
    ("record", "cursor", "page"),
    [
        (CalendarRecord(calendar=ADA), "", Page(since=NOW - SINCE)),
        (CalendarRecord(calendar=ADA, cursor="c", query=QUERY), "c", Page()),
        (CalendarRecord(calendar=ADA, cursor="c", query=QUERY, page=PAGE), "c", PAGE),
        (CalendarRecord(calendar=ADA, query=QUERY, page=PAGE), "", PAGE),
        (CalendarRecord(calendar=ADA, cursor="c", query="another", page=PAGE), "", Page(since=NOW - SINCE)),
        (CalendarRecord(calendar=ADA, cursor="c"), "", Page(since=NOW - SINCE)),
    ],
    ids=["new", "changes", "next page", "next page of a full list", "another query", "no query"],
)
def test_f52_where_a_list_begins(record: CalendarRecord, cursor: str, page: Page) -> None:
    progress = begin(record, NOW)
    assert (progress.cursor, progress.page, progress.whole) == (cursor, page, False)


@ON_SQLITE
def test_f47_only_events_that_a_full_list_should_have_shown_are_looked_at(followed: Followed) -> None:
    future = begun(followed, summary="Future")
    zone = {"timeZone": "UTC"}
    times: dict[str, Any] = {
        "start": {"dateTime": "2026-01-01T09:00:00Z", **zone},
        "end": {"dateTime": "2026-01-01T10:00:00Z", **zone},
    }
    past, daily = (
        followed.world.event(summary="Past", **times),
        followed.world.event(summary="Daily", **times, recurrence=["RRULE:FREQ=DAILY"]),
    )
    for event in (past, daily):
        followed.choose(event)
        followed.settle()
    assert {followed.of(event).state for event in (future, past, daily)} == {"live"}
    followed.world.clock.advance(61)
    rename(followed, future, "Renamed")
    followed.simulator.calendar.expire_sync_tokens(ADA)
    followed.outside()
    followed.settle()
    assert followed.outside() == ["list", "list", "PATCH room"]


@ON_SQLITE
def test_f47_a_comparison_of_many_goes_on_where_it_was(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.listing._COMPARED", 2)
    begun(followed)
    events = [followed.world.event(summary=f"Other {number}") for number in range(6)]
    for event in events:
        followed.world.clock.advance(10)
        followed.choose(event)
        followed.settle()
    for event in events[::2]:
        followed.simulator.calendar.delete(ADA, event)
        followed.simulator.calendar.purge(ADA, event)
    followed.simulator.calendar.expire_sync_tokens(ADA)
    monkeypatch.setattr("sync.signals.RELAY_PAGES", 3)
    followed.world.clock.advance(61)
    followed.settle()
    followed.wait(minutes=5)
    followed.daily()
    assert [followed.of(event).state for event in events] == ["leaving", "live"] * 3
    assert followed.calendar().page is None


@ON_SQLITE
@pytest.mark.parametrize(("role", "state"), [("reader", "live"), ("writer", "leaving")])
def test_f44_a_comparison_that_a_later_run_goes_on_with_asks_for_the_keepers_role_first(
    followed: Followed, role: str, state: str
) -> None:
    followed.simulator.calendar.add_calendar(TEAM, BOB)
    followed.simulator.calendar.share(TEAM, ADA, "writer")
    event = followed.world.event(TEAM)
    followed.choose(event, calendar=TEAM)
    followed.settle()
    page = Page(since=followed.world.clock.now() - SINCE, comparing=True)
    document = followed.world.store.get(CALENDARS, records.key(TEAM))
    assert document
    followed.world.store.commit([Replace(document, {**document.body, "page": records.to_body(page)})])
    followed.simulator.calendar.delete(TEAM, event)
    followed.simulator.calendar.purge(TEAM, event)
    followed.simulator.calendar.share(TEAM, ADA, role)
    followed.world.clock.advance(61)
    followed.settle()
    assert followed.of(event, TEAM).state == state
    assert followed.calendar(TEAM).page == (page if state == "live" else None)
    assert followed.calendar(TEAM).refused == (state == "live")


@ON_SQLITE
def test_of_too_many_events_to_remember_each_is_looked_at(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.listing._MOST_SEEN", 1)
    event, other = begun(followed), followed.world.event()
    followed.choose(other)
    followed.settle()
    followed.world.clock.advance(61)
    followed.simulator.calendar.expire_sync_tokens(ADA)
    rename(followed, event, "Renamed")
    followed.outside()
    followed.settle()
    assert followed.outside() == ["list", "list", "PATCH room", "get", "get"]
    assert {followed.of(one).state for one in (event, other)} == {"live"}

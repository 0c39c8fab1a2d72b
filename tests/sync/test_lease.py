"""A calendar's lease: one holder at a time, a mark that is never lost, and a fence that an earlier holder runs into."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from conference.errors import Overtaken, Temporary
from sync import lease, records
from sync.lease import LEASE, LOST, LeasedCalendar
from sync.records import CALENDARS, CalendarRecord
from sync.store import Create, Delete, Document, Replace
from sync.store.sqlite import SqliteStore
from tests.outside import Outside, SeenStore
from tests.world import ADA, MovedClock

KEY = records.key(ADA)
HOUR = timedelta(hours=1)


class Desk:
    """A store with one calendar, and its clock; `outside` lets somebody act between two operations."""

    def __init__(self, path: Path) -> None:
        self.clock = MovedClock()
        self.outside = Outside()
        self.store = SqliteStore(str(path))
        self.seen = SeenStore(self.store, self.outside, local=True)
        self.store.commit([Create(CALENDARS, KEY, records.to_body(CalendarRecord(calendar=ADA)))])

    def take(self, by: str = "one") -> LeasedCalendar | None:
        return lease.take(self.seen, self.clock, KEY, by)

    def taken(self, by: str = "one") -> LeasedCalendar:
        leased = self.take(by)
        assert leased
        return leased

    def document(self) -> Document:
        found = self.store.get(CALENDARS, KEY)
        assert found
        return found

    def record(self) -> CalendarRecord:
        return records.calendar(self.document().body)

    def change(self, **fields: object) -> None:
        document = self.document()
        self.store.commit([Replace(document, {**document.body, **fields})])


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "anyroom.db")
    yield desk
    desk.store.close()


def test_a_lease_clears_the_mark_in_the_write_that_takes_it(desk: Desk) -> None:
    desk.change(dirty=desk.clock.now())
    leased = desk.taken()
    assert desk.outside.calls == ["get calendar", "commit replace calendar"]
    record = desk.record()
    assert leased.record == record
    assert (record.dirty, record.due == record.ran) == (None, False)
    assert record.lease
    assert (record.lease.by, record.lease.fence, record.lease.until) == ("one", 1, record.due)


def test_a_calendar_without_a_record_has_no_lease(desk: Desk) -> None:
    assert lease.take(desk.store, desk.clock, "0" * 32, "one") is None
    assert lease.borrow(desk.store, desk.clock, "0" * 32, "one") is None


def test_f46_who_comes_second_leaves_a_mark_that_is_due_soon(desk: Desk) -> None:
    desk.taken()
    assert desk.take("two") is None
    record = desk.record()
    assert record.dirty
    assert record.due == record.dirty + LOST
    before = desk.document()
    assert desk.take("three") is None
    assert desk.document() == before


def test_a_mark_for_later_is_drawn_near_by_who_comes_second(desk: Desk) -> None:
    desk.taken()
    desk.change(dirty=desk.clock.now() + HOUR)
    desk.take("two")
    assert (desk.record().dirty or desk.clock.now() + HOUR) <= desk.clock.now()


def test_f46_an_expired_lease_is_taken_over_with_a_higher_fence(desk: Desk) -> None:
    first = desk.taken()
    desk.clock.advance(LEASE.total_seconds() + 1)
    second = desk.taken("two")
    assert second.record.lease
    assert second.record.lease.fence == 2
    for end in (first.commit, first.release):
        with pytest.raises(Overtaken):
            end(cursor="of the first")
    second.release(cursor="of the second")
    assert desk.record().cursor == "of the second"


def test_f46_who_lost_a_lease_that_was_released_since_commits_nothing(desk: Desk) -> None:
    first = desk.taken()
    desk.clock.advance(LEASE.total_seconds() + 1)
    desk.taken("two").release()
    with pytest.raises(Overtaken):
        first.commit(cursor="of the first")
    assert desk.record().cursor == ""


def test_a_calendar_that_is_gone_is_committed_to_no_more(desk: Desk) -> None:
    leased = desk.taken()
    desk.store.commit([Delete(desk.document())])
    with pytest.raises(Overtaken):
        leased.commit(cursor="x")


def test_a_mark_that_comes_during_a_lease_outlives_its_commit(desk: Desk) -> None:
    leased = desk.taken()
    at = desk.clock.now() + timedelta(minutes=1)
    assert lease.mark(desk.store, KEY, desk.document(), at)
    leased.release(cursor="new", due=desk.clock.now() + HOUR)
    record = desk.record()
    assert (record.cursor, record.dirty, record.due) == ("new", at, at + LOST)
    assert leased.record == record


@pytest.mark.parametrize("hours", [None, 5])
def test_a_calendar_that_is_not_marked_is_due_when_the_run_says(desk: Desk, hours: int | None) -> None:
    due = desk.clock.now() + hours * HOUR if hours else None
    desk.taken().release(due=due)
    assert desk.record().due == due


def test_only_the_first_mark_is_written(desk: Desk) -> None:
    at = desk.clock.now() + timedelta(seconds=2)
    assert lease.mark(desk.store, KEY, desk.document(), at, reason="kept")
    before = desk.document()
    assert not lease.mark(desk.store, KEY, before, at + HOUR)
    assert desk.document() == before
    assert (desk.record().dirty, desk.record().due, desk.record().reason) == (at, at + LOST, "kept")


def test_of_two_marks_at_the_same_time_one_is_the_first(desk: Desk) -> None:
    at, read = desk.clock.now(), desk.document()
    assert lease.mark(desk.store, KEY, read, at)
    assert not lease.mark(desk.store, KEY, read, at)


def test_a_mark_on_a_calendar_that_changed_meanwhile_is_written_all_the_same(desk: Desk) -> None:
    read = desk.document()
    desk.change(cursor="new")
    assert lease.mark(desk.store, KEY, read, desk.clock.now())
    assert (desk.record().cursor, desk.record().dirty is None) == ("new", False)


def test_a_mark_on_a_calendar_that_is_gone_is_none(desk: Desk) -> None:
    read = desk.document()
    desk.store.commit([Delete(read)])
    assert not lease.mark(desk.store, KEY, read, desk.clock.now())
    assert desk.store.get(CALENDARS, KEY) is None


def test_no_run_is_begun_when_it_is_not_wanted_after_all(desk: Desk) -> None:
    before = desk.document()
    assert lease.take(desk.store, desk.clock, KEY, "one", lambda record: None) is None
    assert desk.document() == before


def test_what_else_changes_is_decided_on_the_record_that_is_replaced(desk: Desk) -> None:
    cursors = ["new"]
    desk.outside.on("after", "get calendar", lambda: desk.change(cursor=cursors.pop()) if cursors else None)
    leased = lease.take(desk.seen, desk.clock, KEY, "one", lambda record: {"reason": f"after {record.cursor}"})
    assert leased
    assert (leased.record.cursor, leased.record.reason) == ("new", "after new")


def test_who_never_gets_a_word_in_gives_up(desk: Desk) -> None:
    desk.outside.on("after", "get calendar", lambda: desk.change(cursor="again"))
    with pytest.raises(Temporary) as raised:
        desk.take()
    assert raised.value.reason == "contention"
    desk.outside.script = lambda when, call: None
    leased = desk.taken()
    desk.outside.on("before", "commit", lambda: desk.change(cursor="again"))
    with pytest.raises(Temporary):
        leased.commit(reason="x")


def test_a_borrowed_lease_keeps_the_mark_and_all_else(desk: Desk) -> None:
    desk.change(dirty=desk.clock.now(), cursor="c", due=desk.clock.now())
    before = desk.record()
    borrowed = lease.borrow(desk.store, desk.clock, KEY, "one")
    assert borrowed
    assert lease.borrow(desk.store, desk.clock, KEY, "two") is None
    assert desk.take("three") is None
    borrowed.release()
    after = desk.record()
    assert (after.dirty, after.cursor, after.due, after.ran) == (before.dirty, before.cursor, before.due, None)


def test_a_borrowed_lease_is_not_had_while_somebody_else_changes_the_record(desk: Desk) -> None:
    desk.outside.on("after", "get calendar", lambda: desk.change(cursor="new"))
    assert lease.borrow(desk.seen, desk.clock, KEY, "one") is None

"""Who follows a calendar is replaced when nobody does, when the credential fails, or after two days of silence."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from conference.errors import Overtaken
from sync import keepers, lease, records
from sync.records import CALENDARS, CalendarRecord, Keeper, Page
from sync.store import Create, Replace
from sync.store.sqlite import SqliteStore
from tests.world import MovedClock

NOW = datetime(2027, 3, 1, tzinfo=UTC)
ADA, BOB = Keeper("1", "ada@example.com"), Keeper("2", "bob@example.com")


@pytest.mark.parametrize(
    ("fields", "replaceable"),
    [
        ({"keeper": None}, True),
        ({"keeper": ADA, "heard": NOW}, False),
        ({"keeper": ADA, "heard": None}, False),
        ({"keeper": ADA, "heard": NOW - timedelta(days=2)}, False),
        ({"keeper": ADA, "heard": NOW - timedelta(days=2, seconds=1)}, True),
        ({"keeper": ADA, "heard": NOW, "refused": True}, True),
        ({"keeper": ADA, "heard": NOW, "reason": "calendar-unavailable", "failures": 7}, False),
    ],
)
def test_who_is_replaced(fields: dict[str, Any], replaceable: bool) -> None:
    assert keepers.is_replaceable(CalendarRecord(calendar=ADA.email, **fields), NOW) is replaceable


def test_the_next_keeper_begins_with_a_full_list_and_a_clean_record() -> None:
    before = CalendarRecord(
        calendar=ADA.email, keeper=ADA, cursor="c", page=Page("p"), refused=True, reason="x", failures=3, pace=7.0
    )
    after = records.calendar({**records.to_body(before), **keepers.kept_by(BOB, before, NOW)})
    assert (after.keeper, after.cursor, after.page, after.refused, after.reason) == (BOB, "", None, False, "")
    assert (after.failures, after.heard, after.due, after.pace) == (0, NOW, NOW, 7.0)
    assert not keepers.is_replaceable(after, NOW)
    assert records.calendar({**records.to_body(after), **keepers.kept_by(None, after, NOW)}).keeper is None


def taken_over(before: CalendarRecord) -> CalendarRecord:
    """The record when Bob is its keeper."""
    return records.calendar({**records.to_body(before), **keepers.kept_by(BOB, before, NOW)})


def test_a_run_at_work_for_the_earlier_keeper_commits_nothing_more(tmp_path: Path) -> None:
    store, clock, key = SqliteStore(str(tmp_path / "anyroom.db")), MovedClock(), records.key(ADA.email)
    store.commit([Create(CALENDARS, key, records.to_body(CalendarRecord(calendar=ADA.email, keeper=ADA)))])
    at_work = lease.take(store, clock, key, "one")
    document = store.get(CALENDARS, key)
    assert at_work
    assert document
    store.commit([Replace(document, {**document.body, **keepers.kept_by(BOB, at_work.record, clock.now())})])
    with pytest.raises(Overtaken, match="lease-lost"):
        at_work.release(cursor="of Ada")
    assert lease.take(store, clock, key, "two")
    with pytest.raises(Overtaken, match="lease-lost"):
        at_work.release(cursor="of Ada")
    store.close()


@pytest.mark.parametrize(("by", "unsure"), [("one", True), ("", False)], ids=["at work", "let go"])
def test_what_a_run_for_the_earlier_keeper_may_have_told_is_not_sure(by: str, unsure: bool) -> None:
    before = CalendarRecord(calendar=ADA.email, keeper=ADA, lease=records.Lease(by, NOW + timedelta(minutes=3), 4))
    after = taken_over(before)
    assert after.lease
    assert (after.lease.by, after.lease.fence, after.unsure) == ("", 5, unsure)
    assert taken_over(after).unsure is unsure


def test_a_calendar_that_was_never_run_has_no_lease_to_lose() -> None:
    after = taken_over(CalendarRecord(calendar=ADA.email))
    assert (after.lease, after.unsure) == (None, False)

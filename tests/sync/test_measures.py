"""A lag is measured where a change was told, and nowhere else; a sweep's ages are those of what it met."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from conference.clock import Deadline
from conference.errors import Temporary
from sync import records
from sync.measures import Swept
from sync.outside import KEPT
from sync.records import CALENDARS, MAPPINGS, ORPHANS, CalendarRecord, Channel, Keeper, OrphanRecord
from sync.row import Row
from sync.store import Create, Document
from sync.sweep import Sweep
from tests.inside import BEGIN
from tests.sync.rooms import HOUR, KEY, Desk
from tests.world import ADA

LATE = timedelta(seconds=42)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level("INFO")
    return caplog


def measured(log: pytest.LogCaptureFixture, kind: str = "told") -> list[Any]:
    """The numbers of all lines of that kind."""
    lines: list[dict[str, Any]] = [getattr(record, "fields", {}) for record in log.records]
    return [line.get("lag_milliseconds", line.get("age_seconds")) for line in lines if line.get("kind") == kind]


def changed(rooms: Desk, **changes: Any) -> Row:
    """A new title, given to the event a while ago."""
    return rooms.row(summary="Better plan", etag="2", **{"updated": rooms.clock.now() - LATE, **changes})


def test_a_change_that_was_told_is_measured_once(rooms: Desk, log: pytest.LogCaptureFixture) -> None:
    rooms.put()
    row = changed(rooms)
    rooms.applier().apply(row)
    rooms.applier().apply(row)
    assert measured(log) == [42_000]
    assert "Better plan" not in log.text


def test_of_an_event_that_was_saved_with_its_conference_what_differs_is_measured(
    rooms: Desk, log: pytest.LogCaptureFixture
) -> None:
    rooms.put(state="offered", seen=False, etag="")
    rooms.applier().apply(changed(rooms))
    assert measured(log) == [42_000]


def test_what_was_parked_is_measured_when_it_is_told_by_a_list_or_a_sweep(
    rooms: Desk, log: pytest.LogCaptureFixture
) -> None:
    rooms.put()
    rooms.failure = Temporary("down")
    rooms.applier().apply(changed(rooms))
    rooms.clock.advance(HOUR.total_seconds())
    rooms.applier().retry(rooms.one())
    assert (measured(log), measured(log, "parked")) == ([], [0, 3600])
    rooms.failure = None
    rooms.clock.advance(HOUR.total_seconds())
    rooms.applier().retry(rooms.one())
    assert measured(log) == [7_242_000]


@pytest.mark.parametrize(
    "record",
    [{"tells": False}, {"look": KEY}, {"told": None}, {"state": "leaving", "look": KEY}],
    ids=["taken-over", "looked-at", "not-known", "come-back"],
)
def test_what_is_told_for_another_reason_than_a_change_is_not_measured(
    rooms: Desk, log: pytest.LogCaptureFixture, record: dict[str, Any]
) -> None:
    rooms.put(**record)
    rooms.applier().apply(changed(rooms))
    assert rooms.asked[0].startswith("update ")
    assert measured(log) == []


def test_what_a_run_that_died_may_have_told_is_not_measured(rooms: Desk, log: pytest.LogCaptureFixture) -> None:
    rooms.put()
    rooms.applier(resumed=True).apply(changed(rooms))
    assert rooms.asked[0].startswith("update ")
    assert measured(log) == []


def test_a_clock_that_is_behind_calendars_is_no_negative_lag(rooms: Desk, log: pytest.LogCaptureFixture) -> None:
    rooms.put()
    rooms.applier().apply(changed(rooms, updated=rooms.clock.now() + LATE))
    assert measured(log) == [0]


def test_without_a_time_of_the_change_there_is_no_lag(rooms: Desk, log: pytest.LogCaptureFixture) -> None:
    rooms.put()
    rooms.applier().apply(changed(rooms, updated=None))
    assert (rooms.asked, measured(log)) == (["update summary"], [])


def calendar(now: datetime, due: timedelta | None, *opened: timedelta, **changes: Any) -> Document:
    """A calendar with those channels, the first of which is the newest; ages are before `now`."""
    channels = [
        Channel(id="i", token="t", address="a", by="1", opened=now - age, expires=now, resource="r") for age in opened
    ]
    known: dict[str, Any] = {"keeper": Keeper("1", ADA), "due": now - due if due else None}
    known |= {"channel": channels[0] if channels else None, "previous_channels": channels[1:]}
    return Document(CALENDARS, "k", records.to_body(CalendarRecord(calendar=ADA, **{**known, **changes})), None)


def test_the_oldest_channel_counts_and_of_a_calendars_channels_the_newest() -> None:
    swept, day = Swept(), timedelta(days=1)
    for document in (calendar(BEGIN, HOUR, day, 9 * day), calendar(BEGIN, 2 * HOUR, 3 * day), calendar(BEGIN, HOUR)):
        swept.meet(document, BEGIN)
    assert swept.fields() == {
        "documents": 0,
        "parked": 0,
        "channel_age_seconds": 3 * 86400,
        "behind_seconds": 7200,
    }


def test_a_channel_that_nobody_answered_for_is_as_old_as_the_one_before() -> None:
    swept, day = Swept(), timedelta(days=1)
    opening = Channel(id="i", token="t", address="a", by="1", opened=BEGIN, expires=BEGIN)
    swept.meet(calendar(BEGIN, HOUR, day, 4 * day, channel=opening), BEGIN)
    assert swept.channel_age_seconds == 4 * 86400


@pytest.mark.parametrize("changes", [{"keeper": None}, {"refused": True}], ids=["nobodys", "refused"])
def test_a_calendar_that_nobody_can_read_says_nothing_of_channels(changes: dict[str, Any]) -> None:
    swept = Swept()
    swept.meet(calendar(BEGIN, HOUR, timedelta(days=30), **changes), BEGIN)
    assert swept == Swept()


def test_what_is_parked_is_counted_with_the_oldests_age(rooms: Desk) -> None:
    rooms.failure = Temporary("down")
    swept = Swept()
    for event in ("a", "b"):
        rooms.put(event)
        rooms.applier().apply(rooms.row(event, summary="Better plan"))
        rooms.clock.advance(60)
    rooms.put("c")
    for event in ("b", "a", "c"):
        swept.meet(rooms.one(event).document, rooms.clock.now())
    assert (swept.parked, swept.parked_age_seconds) == (2, 120)


def test_orphans_are_counted_that_are_due_in_a_month_and_left_alone_until_then(rooms: Desk) -> None:
    now = rooms.clock.now()
    for number in range(3):
        since = now - timedelta(days=number)
        orphan = OrphanRecord(
            calendar=ADA, event="e", solution="demo", attempt=str(number), reason="x", since=since, due=since + KEPT
        )
        rooms.store.commit([Create(ORPHANS, records.key(str(number)), records.to_body(orphan))])
    before = rooms.orphans()
    swept = sweep(rooms)
    assert (swept.documents, swept.orphans, swept.orphan_age_seconds) == (0, 3, 2 * 86400)
    assert rooms.orphans() == before


def test_a_sweep_whose_time_is_over_before_it_read_them_says_nothing_of_orphans(rooms: Desk) -> None:
    rooms.put(due=rooms.clock.now())
    assert "orphans" not in sweep(rooms, seconds=0.0).fields()


def test_a_sweep_reads_nothing_in_order_to_count(rooms: Desk) -> None:
    rooms.put(due=None)
    sweep(rooms)
    assert rooms.outside.calls == [f"due {CALENDARS}", f"due {MAPPINGS}", f"due {ORPHANS}"]


def sweep(rooms: Desk, seconds: float = 100.0) -> Swept:
    return Sweep(rooms.ports, None, lambda: "holder", once=False).run(Deadline(rooms.clock, seconds))

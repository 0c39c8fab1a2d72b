"""A message is what its headers say, and a signal is a mark in the store before it is anything else."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from conference.clock import Deadline
from conference.errors import NotFound, StoreUnavailable, Temporary, Unavailable
from conference.identity import User
from conference.providers import of
from conference.providers.base import Reply, Request
from sync import records
from sync.calendar import GoogleCalendar
from sync.channel import Channels
from sync.conferences import Conferences
from sync.outside import Ports
from sync.pull import Puller
from sync.quota import Quota
from sync.records import CALENDARS, CalendarRecord, Keeper, Lease
from sync.signals import BETWEEN, FIRST, LEAST, WAIT, Notification, Signals, notification
from sync.store import Create, Delete, Replace
from sync.store.sqlite import SqliteStore
from tests.linkless import NO_LINKS
from tests.outside import Outside, SeenStore
from tests.world import ADA, MovedClock

KEY = records.key(ADA)
SECRET = "s" * 43


def test_a_message_is_what_its_headers_say_and_what_is_missing_is_empty() -> None:
    headers = {"X-Goog-Channel-ID": "a", "X-Goog-Channel-Token": "b", "X-Goog-Resource-State": "exists"}
    assert notification(lambda name: headers.get(name)) == Notification("a", "b", "", "exists")
    assert notification(lambda name: None) == Notification("", "", "", "")


class Desk:
    """Signals of one calendar that has a channel. Calendar answers each list with `listed`; the desk is the queue."""

    def __init__(self, path: Path) -> None:
        self.clock = MovedClock()
        self.outside = Outside()
        self.store = SqliteStore(str(path))
        self.queued: list[datetime] = []
        self.broken = False
        self.listed = b'{"accessRole": "owner", "items": [], "nextSyncToken": "next"}'
        self.lists = 0
        seen = SeenStore(self.store, self.outside, local=True)
        calendar = GoogleCalendar("https://calendar.example", self._send)
        ports = Ports(
            seen,
            Conferences({}, of, _no_call, lambda names: False, lambda *known: True, NO_LINKS),
            self.clock,
            lambda: 0.5,
            timedelta(),
        )
        puller = Puller(ports, calendar, None, Quota(self.clock, lambda: 0.5), lambda: "holder")
        self.signals = Signals(seen, self.clock, calendar, puller, self)
        self.relays = Signals(seen, self.clock, calendar, puller, None)
        record = CalendarRecord(calendar=ADA, keeper=Keeper("1", ADA), heard=self.clock.now())
        opening = Channels("https://x.example", self.clock, lambda: "id", lambda: SECRET).opening(KEY, record)
        assert opening
        opened = CalendarRecord(calendar=ADA, keeper=record.keeper, heard=record.heard, channel=opening.channel)
        self.store.commit([Create(CALENDARS, KEY, records.to_body(opened))])

    def enqueue(self, calendar: str, at: datetime) -> None:
        if self.broken:
            raise Temporary("queue-unavailable")
        assert calendar == KEY
        assert self.record().dirty in (None, at)
        self.queued.append(at)

    def close(self) -> None:
        """Nothing is open."""

    def record(self) -> CalendarRecord:
        document = self.store.get(CALENDARS, KEY)
        assert document
        return records.calendar(document.body)

    def change(self, **fields: object) -> None:
        document = self.store.get(CALENDARS, KEY)
        assert document
        self.store.commit([Replace(document, {**document.body, **fields})])

    def notify(self, state: str = "exists", resource: str = "r", secret: str = SECRET) -> None:
        self.signals.notify(Notification("id", f"{KEY}.{secret}", resource, state))

    def relay(self, sub: str, deadline: Deadline | None = None) -> Any:
        user = User(sub, f"user{sub}@example.com", "")
        return self.relays.relay(user, ADA, "token", deadline or Deadline(self.clock, 15.0))

    def lease(self, seconds: float) -> None:
        """Somebody else has the calendar's lease for so long."""
        held = Lease("other", self.clock.now() + timedelta(seconds=seconds), 7)
        self.change(lease=records.to_body(held))

    def _send(self, request: Request, deadline: Deadline) -> Reply:
        self.lists += 1
        return Reply(200, {}, self.listed)


def _no_call(*_: object, **__: object) -> Any:
    raise AssertionError("no provider is asked here")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "anyroom.db")
    yield desk
    desk.store.close()


def test_the_first_message_is_marked_before_its_run_is_queued_two_seconds_ahead(desk: Desk) -> None:
    before = desk.clock.now()
    desk.notify()
    [at] = desk.queued
    assert before + FIRST <= at <= desk.clock.now() + FIRST
    assert desk.record().dirty == at
    desk.notify()
    assert desk.queued == [at]


def test_f39_the_next_run_begins_a_minute_after_the_last(desk: Desk) -> None:
    ran = desk.clock.now() - timedelta(seconds=10)
    desk.change(ran=ran)
    desk.notify()
    assert desk.queued == [ran + BETWEEN]


def test_f40_a_queue_that_is_down_is_no_reason_to_be_told_again(desk: Desk) -> None:
    desk.broken = True
    desk.notify()
    record = desk.record()
    assert record.dirty
    assert record.due
    desk.signals.begin(KEY)


@pytest.mark.parametrize("call", ["get", "commit"])
def test_f40_a_store_that_is_down_is(desk: Desk, call: str) -> None:
    desk.outside.fail("before", call, StoreUnavailable("down"))
    with pytest.raises(Unavailable):
        desk.notify()
    assert desk.queued == []


def test_f40_a_record_that_cannot_be_read_is_a_mark_that_could_not_be_stored(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.change(pace="of a later version")
    with pytest.raises(Unavailable):
        desk.notify()
    assert f"a calendar cannot be read: {KEY}" in caplog.text
    assert desk.queued == []


def test_a_calendar_that_is_forgotten_between_two_operations_is_marked_no_more(desk: Desk) -> None:
    document = desk.store.get(CALENDARS, KEY)
    assert document
    left = [document]
    desk.outside.on("before", "commit", lambda: desk.store.commit([Delete(left.pop())]) if left else None)
    desk.notify()
    assert desk.queued == []
    with pytest.raises(NotFound):
        desk.notify()


def test_a_channels_first_message_asks_for_no_run(desk: Desk) -> None:
    desk.notify(state="sync")
    assert (desk.queued, desk.record().dirty) == ([], None)


def test_i10_a_message_says_what_a_channel_whose_opening_nobody_answered_for_is_stopped_by(desk: Desk) -> None:
    desk.notify()
    channel = desk.record().channel
    assert channel
    assert channel.resource == "r"
    with pytest.raises(NotFound):
        desk.notify(resource="elsewhere")


def test_i10_so_does_the_message_of_an_earlier_one(desk: Desk) -> None:
    channel = desk.record().channel
    assert channel
    desk.change(channel=None, previous_channels=[records.to_body(channel)])
    desk.notify()
    [earlier] = desk.record().previous_channels
    assert (earlier.id, earlier.resource) == (channel.id, "r")


def test_f76_a_message_about_a_refused_keepers_calendar_leaves_it_as_it_is(desk: Desk) -> None:
    desk.change(refused=True)
    before = desk.store.get(CALENDARS, KEY)
    desk.notify()
    assert (desk.store.get(CALENDARS, KEY), desk.queued) == (before, [])


def test_where_changes_are_relayed_there_are_no_channels_and_no_queue(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.relays.notify(Notification("id", f"{KEY}.{SECRET}", "r", "exists"))
    desk.relays.begin(KEY)
    assert desk.outside.calls == ["get calendar"]


def test_a_relay_by_the_keeper_runs_and_by_another_one_does_not(desk: Desk) -> None:
    assert desk.relay("2") is None
    assert desk.lists == 0
    outcome = desk.relay("1")
    assert (outcome.ran, outcome.more, desk.lists, desk.record().cursor) == (True, False, 1, "next")


def test_a_relay_by_the_next_keeper_asks_for_their_role_first(desk: Desk) -> None:
    desk.change(refused=True)
    desk.listed = b'{"accessRole": "reader", "items": [], "nextSyncToken": "next"}'
    assert desk.relay("2") is None
    assert desk.lists == 1
    desk.listed = b'{"accessRole": "writer", "items": [], "nextSyncToken": "next"}'
    assert desk.relay("2").ran
    assert (desk.record().keeper, desk.lists) == (Keeper("2", "user2@example.com"), 3)


def test_a_calendar_without_a_conference_is_not_run(desk: Desk) -> None:
    user = User("1", ADA, "")
    assert desk.relays.relay(user, "bob@example.com", "token", Deadline(desk.clock, 15.0)) is None
    assert desk.lists == 0


def test_f37_a_relay_that_finds_the_lease_held_waits_for_it_and_runs(desk: Desk) -> None:
    desk.lease(2.5)
    outcome = desk.relay("1")
    assert (outcome.ran, outcome.more, outcome.reason) == (True, False, "")
    assert (desk.lists, desk.record().cursor) == (1, "next")
    assert desk.clock.slept == [WAIT] * 3


def test_f37_a_relay_that_finds_the_lease_held_until_its_time_is_over_is_asked_to_come_again(desk: Desk) -> None:
    desk.lease(60)
    deadline = Deadline(desk.clock, 15.0)
    outcome = desk.relay("1", deadline)
    assert (outcome.ran, outcome.more, desk.lists) == (True, True, 0)
    assert LEAST <= deadline.left() <= LEAST + WAIT + 0.5
    assert desk.record().dirty


def test_f37_a_relay_whose_mark_the_other_run_saw_has_nothing_left_to_do(desk: Desk) -> None:
    desk.lease(60)
    seen = [None]
    desk.outside.on("after", "commit", lambda: desk.change(dirty=seen.pop()) if seen else None)
    outcome = desk.relay("1")
    assert (outcome.ran, outcome.more, desk.lists) == (False, False, 0)
    assert desk.clock.slept == [WAIT]


def test_f37_a_relay_whose_calendar_is_forgotten_meanwhile_has_nothing_left_to_do(desk: Desk) -> None:
    desk.lease(60)
    left = [KEY]

    def forget() -> None:
        document = desk.store.get(CALENDARS, left.pop()) if left else None
        if document:
            desk.store.commit([Delete(document)])

    desk.outside.on("after", "commit", forget)
    outcome = desk.relay("1")
    assert (outcome.ran, outcome.more, desk.lists) == (False, False, 0)

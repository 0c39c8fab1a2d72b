"""A run commits once at its end; whatever goes wrong, it lets go of the lease and says when it is tried again."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from conference.clock import Deadline
from conference.errors import OutcomeUnknown, OverQuota, Overtaken, Permanent, StoreUnavailable, Temporary
from conference.providers import of
from conference.providers.base import Reply, Request
from sync import records
from sync.access import Relayed
from sync.calendar import QUERY, GoogleCalendar
from sync.channel import Channels
from sync.conferences import Conferences
from sync.outside import Ports
from sync.pull import PAGES, REFUSED, ROUNDS, RUN, Puller
from sync.quota import Quota
from sync.records import CALENDARS, CalendarRecord, Keeper
from sync.store import Create, Replace
from sync.store.sqlite import SqliteStore
from tests.linkless import NO_LINKS
from tests.outside import Outside, SeenStore
from tests.world import ADA, MovedClock

KEY = records.key(ADA)
KEEPER, BOB = Keeper("1", ADA), Keeper("2", "bob@example.com")
LAST: dict[str, Any] = {"accessRole": "owner", "items": [], "nextSyncToken": "next"}
Answer = Callable[[Request], Reply]


class Desk:
    """Runs of one calendar, whose lists `answer` answers; with `channels`, one that has none yet."""

    def __init__(self, path: Path, channels: bool = False) -> None:
        self.clock = MovedClock()
        self.outside = Outside()
        self.store = SqliteStore(str(path))
        self.asked: list[str] = []
        self.answer: Answer = lambda request: ok(LAST)
        seen = SeenStore(self.store, self.outside, local=True)
        ports = Ports(
            seen,
            Conferences({}, of, _no_call, lambda names: False, lambda *known: True, NO_LINKS),
            self.clock,
            lambda: 0.5,
            timedelta(),
        )
        calendar = GoogleCalendar("https://calendar.example", self._send)
        self.quota = Quota(self.clock, lambda: 0.5)
        opened = Channels("https://anyroom.example", self.clock, lambda: "id", lambda: "s" * 43) if channels else None
        self.puller = Puller(ports, calendar, opened, self.quota, lambda: "holder")
        record = CalendarRecord(calendar=ADA, keeper=KEEPER, cursor="old", query=QUERY)
        self.store.commit([Create(CALENDARS, KEY, records.to_body(record))])

    def run(self, pages: int = PAGES, user: Keeper = KEEPER) -> Any:
        return self.puller.run(KEY, Relayed(user, "token"), Deadline(self.clock, RUN), pages)

    def record(self) -> CalendarRecord:
        document = self.store.get(CALENDARS, KEY)
        assert document
        return records.calendar(document.body)

    def mark(self) -> None:
        """Somebody marks the calendar."""
        self.change(dirty=self.clock.now())

    def change(self, **fields: object) -> None:
        """Somebody else changes the calendar's record."""
        document = self.store.get(CALENDARS, KEY)
        assert document
        self.store.commit([Replace(document, {**document.body, **fields})])

    def waits(self, user: Keeper) -> bool:
        """Whether nothing is asked of Calendar for that user now."""
        try:
            self.quota.check(user.sub)
        except OverQuota:
            return True
        return False

    def _send(self, request: Request, deadline: Deadline) -> Reply:
        self.asked.append(request.url)
        return self.answer(request)


def _no_call(*_: object, **__: object) -> Any:
    raise AssertionError("no provider is asked here")


def ok(body: object) -> Reply:
    return Reply(200, {}, json.dumps(body).encode())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "anyroom.db")
    yield desk
    desk.store.close()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Desk]:
    """A desk whose calendar is to have a channel."""
    desk = Desk(tmp_path / "anyroom.db", channels=True)
    yield desk
    desk.store.close()


def test_a_run_commits_its_token_once_with_the_lease(desk: Desk) -> None:
    outcome = desk.run()
    assert (outcome.ran, outcome.more, outcome.reason, outcome.pages, outcome.rows) == (True, False, "", 1, 0)
    assert [call for call in desk.outside.calls if call.startswith("commit")] == ["commit replace calendar"] * 2
    record = desk.record()
    assert (record.cursor, record.page, record.heard is None) == ("next", None, False)
    assert record.lease
    assert record.lease.by == ""


def test_a_calendar_that_is_not_known_is_not_run(desk: Desk) -> None:
    outcome = desk.puller.run("0" * 32, Relayed(KEEPER, "token"), Deadline(desk.clock, RUN))
    assert (outcome.ran, desk.asked) == (False, [])


FAILURES: dict[str, tuple[Exception, str]] = {
    "a hiccup": (Temporary("tls"), "tls"),
    "a lost reply": (OutcomeUnknown("connection-closed"), "connection-closed"),
    "a setting": (Permanent("undeclared-host"), "undeclared-host"),
    "a defect": (ValueError("a title"), "calendar-malformed"),
    "another defect": (ZeroDivisionError("a title"), "defect"),
}


@pytest.mark.parametrize(("failure", "reason"), FAILURES.values(), ids=FAILURES)
def test_whatever_goes_wrong_the_lease_is_let_go_and_the_token_kept(
    desk: Desk, failure: Exception, reason: str
) -> None:
    def fail(request: Request) -> Reply:
        raise failure

    desk.answer = fail
    for failures in (1, 2):
        outcome = desk.run()
        assert (outcome.ran, outcome.more, outcome.reason) == (True, False, reason)
        record = desk.record()
        assert (record.cursor, record.reason, record.failures, record.dirty) == ("old", reason, failures, None)
        assert record.lease
        assert record.lease.by == ""
    desk.answer = lambda request: ok(LAST)
    desk.run()
    assert (desk.record().reason, desk.record().failures, desk.record().cursor) == ("", 0, "next")


def test_while_the_store_is_away_the_lease_runs_out_by_itself(desk: Desk) -> None:
    def down(request: Request) -> Reply:
        desk.outside.fail("before", "commit", StoreUnavailable("down"))
        return ok(LAST)

    desk.answer = down
    with pytest.raises(StoreUnavailable):
        desk.run()
    desk.outside.script = lambda when, call: None
    assert not desk.run().ran
    desk.clock.advance(181)
    desk.answer = lambda request: ok(LAST)
    assert desk.run().ran


def test_a_run_that_was_overtaken_says_so_and_asks_for_nothing(desk: Desk) -> None:
    def overtaken(request: Request) -> Reply:
        desk.clock.advance(181)
        desk.answer = lambda request: ok({**LAST, "nextSyncToken": "of the other"})
        assert desk.run().ran
        return ok(LAST)

    desk.answer = overtaken
    outcome = desk.run()
    assert (outcome.more, outcome.reason) == (False, Overtaken("lease-lost").reason)
    assert desk.record().cursor == "of the other"


def test_i8_a_calendar_that_is_marked_all_the_time_is_run_a_bounded_number_of_times(desk: Desk) -> None:
    def marked(request: Request) -> Reply:
        desk.mark()
        return ok(LAST)

    desk.answer = marked
    outcome = desk.run()
    assert (len(desk.asked), outcome.more) == (ROUNDS, True)


def test_i8_a_list_without_end_is_ended_after_the_runs_pages(desk: Desk) -> None:
    numbers = iter(range(10_000))
    desk.answer = lambda request: ok({"accessRole": "owner", "items": [], "nextPageToken": f"p{next(numbers)}"})
    for rounds in (1, 2):
        outcome = desk.run(7)
        assert (len(desk.asked), outcome.pages, outcome.more) == (7 * rounds, 7, True)
    assert "pageToken=p6&" in desk.asked[7] + "&"
    page = desk.record().page
    assert page
    assert (page.token, desk.record().cursor) == ("p13", "old")


def test_i8_pages_are_counted_over_all_rounds(desk: Desk) -> None:
    numbers = iter(range(10_000))

    def marked(request: Request) -> Reply:
        number = next(numbers)
        desk.mark()
        return ok({**LAST, "nextSyncToken": f"s{number}"})

    desk.answer = marked
    assert desk.run(3).more
    assert len(desk.asked) == 3


def test_a_page_that_names_both_what_follows_and_a_token_is_refused(desk: Desk) -> None:
    desk.answer = lambda request: ok({**LAST, "nextPageToken": "p"})
    assert desk.run().reason == "calendar-malformed"
    assert desk.record().cursor == "old"


@pytest.mark.parametrize("items", [{}, [7], "x"])
def test_a_list_without_events_is_refused(desk: Desk, items: object) -> None:
    desk.answer = lambda request: ok({**LAST, "items": items})
    assert desk.run().reason == "calendar-malformed"
    assert desk.record().cursor == "old"


def over_quota(request: Request) -> Reply:
    """What Calendar answers when the project's quota is over."""
    return Reply(403, {}, json.dumps({"error": {"errors": [{"reason": "rateLimitExceeded"}]}}).encode())


def test_f62_a_quota_that_a_relayed_token_meets_is_put_down_to_its_user_alone(desk: Desk) -> None:
    desk.answer = over_quota
    assert desk.run().reason == "calendar-unavailable"
    assert (desk.waits(KEEPER), desk.waits(BOB)) == (True, False)


def test_f62_a_run_that_waits_for_the_quota_asks_nothing_and_makes_nobody_wait_longer(desk: Desk) -> None:
    desk.answer = over_quota
    desk.run()
    desk.clock.advance(30)
    desk.asked.clear()
    assert (desk.run().reason, desk.asked) == ("calendar-quota", [])
    desk.clock.advance(31)
    assert not desk.waits(KEEPER)


@pytest.mark.parametrize(("failure", "wait"), [(Permanent("x"), REFUSED), (Temporary("x"), timedelta(minutes=1))])
def test_what_the_administrator_has_to_mend_is_tried_again_tomorrow(
    watched: Desk, failure: Exception, wait: timedelta
) -> None:
    def fail(request: Request) -> Reply:
        raise failure

    watched.answer = fail
    watched.run()
    due = watched.record().due
    assert due
    assert abs(due - watched.clock.now() - wait) < timedelta(seconds=5)


def test_a_newcomer_who_is_refused_does_not_become_the_keeper(desk: Desk) -> None:
    desk.change(refused=True)
    desk.answer = lambda request: ok({**LAST, "accessRole": "reader"})
    assert desk.run(user=BOB).reason == "access-role"
    record = desk.record()
    assert (record.keeper, record.refused, record.cursor) == (KEEPER, True, "old")


def test_a_newcomer_lists_everything_as_what_the_earlier_keeper_listed_counts_no_more(desk: Desk) -> None:
    desk.change(refused=True)
    desk.run(user=BOB)
    [asked] = desk.asked
    assert ("timeMin=" in asked, "syncToken" in asked) == (True, False)
    assert desk.record().keeper == BOB


def test_a_keeper_who_comes_back_goes_on_from_the_token(desk: Desk) -> None:
    desk.change(refused=True)
    desk.run()
    [asked] = desk.asked
    assert "syncToken=old" in asked
    assert not desk.record().refused


def test_f76_no_run_and_no_channel_is_begun_for_a_keeper_who_was_refused_today(watched: Desk) -> None:
    watched.change(refused=True, ran=watched.clock.now() - timedelta(hours=17))
    before = watched.store.get(CALENDARS, KEY)
    assert not watched.run().ran
    assert (watched.asked, watched.store.get(CALENDARS, KEY)) == ([], before)
    watched.clock.advance(2 * 3600)
    assert watched.run().ran
    assert [url.partition("?")[0].rpartition("/")[2] for url in watched.asked] == ["watch", "events"]


def test_f76_where_changes_are_relayed_a_refused_keeper_may_come_back_at_once(desk: Desk) -> None:
    desk.change(refused=True, ran=desk.clock.now())
    assert desk.run().ran

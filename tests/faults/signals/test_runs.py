"""One run at a time on a calendar, ended before its lease does, and none that is missing for ever."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from simulator import faults
from sync import records
from sync.lease import LEASE
from sync.pull import RUN
from tests.faults.signals.story import begun, calls, in_turn, rename
from tests.followed import Followed
from tests.world import ADA, DEADLINE, ON_SQLITE, Instance

LIST = "GET /calendar/v3/calendars/ada%40example.com/events"
KEY = records.key(ADA)


def run(followed: Followed, instance: Instance) -> object:
    """The calendar's run, as its task has the instance do."""
    return instance.service.following.run(KEY)


def signalled(followed: Followed) -> None:
    """One run of the calendar, by its task or by a trigger's call."""
    if followed.delegation:
        run(followed, followed.instance)
        return
    token = followed.simulator.access_token(ADA)
    bearer = followed.simulator.identity.script_token(ADA)
    followed.relay({"calendarId": ADA, "oauthToken": token}, bearer)


def test_f46_the_second_of_two_runs_leaves_its_mark_and_exits(watched: Followed) -> None:
    event = begun(watched)
    other = watched.world.instance()
    exits = list[object]()

    def second() -> None:
        rename(watched, event, "Later")
        exits.append(run(watched, other))
        exits.append(watched.calendar().dirty)

    rename(watched, event, "Renamed")
    watched.instance.outside.on("after", LIST, in_turn(second))
    run(watched, watched.instance)
    assert [call for call in other.outside.calls if "certs" not in call] == ["get calendar", "commit replace calendar"]
    assert isinstance(exits[1], datetime)
    assert watched.titles() == ["Later"]
    assert watched.calendar().dirty is None
    assert watched.outside() == ["list", "PATCH room", "list", "PATCH room"]


def test_f46_two_runs_at_the_same_time_tell_the_provider_once(watched: Followed) -> None:
    event = begun(watched)
    other = watched.world.instance()
    rename(watched, event, "Renamed")
    watched.simulator.requests.clear()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda instance: run(watched, instance), (watched.instance, other)))
    assert watched.titles() == ["Renamed"]
    told = [request for request in watched.simulator.requests.under("/rooms-api") if request.method == "PATCH"]
    assert len(told) == 1
    lease = watched.calendar().lease
    assert lease
    assert lease.by == ""


def test_f46_who_lost_the_lease_commits_nothing_to_the_calendar(watched: Followed) -> None:
    event = begun(watched)
    other = watched.world.instance()
    taken = list[str]()

    def overtaken() -> None:
        watched.world.clock.advance(LEASE.total_seconds() + 1)
        rename(watched, event, "Later")
        run(watched, other)
        taken.append(watched.calendar().cursor)

    rename(watched, event, "Renamed")
    watched.instance.outside.on("after", LIST, in_turn(overtaken))
    outcome = watched.instance.service.following.run(KEY)
    assert outcome.reason == "lease-lost"
    assert watched.calendar().cursor == taken[0]
    assert watched.titles() == ["Later"]
    rename(watched, event, "Last")
    watched.settle()
    assert watched.titles() == ["Last"]


@ON_SQLITE
def test_f46_an_expired_lease_that_was_never_released_counts_as_dirty(watched: Followed) -> None:
    event = begun(watched)
    rename(watched, event, "Renamed")
    watched.simulator.push.drop()
    watched.instance.outside.die("before", LIST)
    with pytest.raises(BaseException, match="GET"):
        run(watched, watched.instance)
    watched.restart()
    assert watched.titles() == ["Plan"]
    watched.wait(minutes=6)
    assert watched.titles() == ["Renamed"]


@ON_SQLITE
def test_f49_what_a_dead_run_told_is_unsure_until_the_next_whole_run_and_no_longer(watched: Followed) -> None:
    event = begun(watched)
    rename(watched, event, "Renamed")
    watched.instance.outside.die("after", "PATCH /rooms-api")
    with pytest.raises(BaseException, match="PATCH"):
        run(watched, watched.instance)
    watched.restart()
    rename(watched, event, "Plan")
    watched.world.clock.advance(LEASE.total_seconds() + 1)
    run(watched, watched.instance)
    assert (watched.outside(), watched.titles()) == (["list", "PATCH room"], ["Plan"])
    watched.simulator.calendar.patch(ADA, event, colorId="3")
    run(watched, watched.instance)
    assert watched.outside() == ["list"]


@ON_SQLITE
def test_f46_a_mark_left_while_a_retry_holds_the_lease_is_not_forgotten(watched: Followed) -> None:
    event = begun(watched)
    watched.simulator.faults.add(faults.status(503), "/rooms-api/*", "PATCH", times=3)
    rename(watched, event, "Renamed")
    watched.settle()
    assert watched.of(event).parked
    watched.simulator.faults.clear()
    other = watched.world.instance()

    def task() -> None:
        watched.simulator.calendar.patch(ADA, event, description="Later")
        watched.simulator.push.drop()
        run(watched, other)

    watched.instance.outside.on("before", "PATCH /rooms-api", in_turn(task))
    watched.world.clock.advance(300)
    watched.sweep()
    assert watched.titles() == ["Renamed"]
    assert watched.calendar().dirty
    watched.outside()
    watched.wait(minutes=8)
    assert "list" in watched.outside()
    assert watched.calendar().dirty is None


@ON_SQLITE
def test_f77_a_run_ends_half_a_minute_before_its_lease_does_and_lets_it_go(followed: Followed) -> None:
    event = begun(followed)
    rename(followed, event, "Renamed")
    held, afterwards = list[bool](), list[str]()

    def over() -> None:
        clock = followed.world.clock
        clock.advance(RUN if followed.delegation else DEADLINE)
        lease = followed.calendar().lease
        held.append(lease is not None and bool(lease.by) and lease.until - clock.now() >= timedelta(seconds=30))
        followed.instance.outside.script = lambda when, call: afterwards.append(call)

    followed.instance.outside.on("after", LIST, over)
    signalled(followed)
    assert held == [True]
    assert afterwards[0] == "commit replace calendar"
    assert not [call for call in afterwards if "/calendar/" in call or "/rooms-api/" in call]
    lease = followed.calendar().lease
    assert lease
    assert (lease.by, followed.titles()) == ("", ["Plan"])


@ON_SQLITE
@pytest.mark.parametrize("place", range(7))
def test_f77_no_call_is_made_after_the_deadline(followed: Followed, place: int) -> None:
    """The time is over after the n-th call to the outside: nothing but the store is asked then, and it is made up."""
    kept, gone = begun(followed, summary="Kept"), followed.world.event(summary="Gone")
    followed.choose(gone)
    followed.settle()
    followed.simulator.calendar.delete(ADA, gone)
    followed.settle()
    followed.world.clock.advance(3700)
    rename(followed, kept, "Renamed")
    followed.simulator.push.deliver_all()
    followed.world.clock.advance(65)
    followed.outside()
    late = list[str]()
    count = 0

    def script(when: str, call: str) -> None:
        nonlocal count
        if not call.startswith(("GET /calendar", "POST /calendar", "PATCH /rooms", "DELETE /rooms")):
            return
        if when == "before" and count > place:
            late.append(call)
        if when == "after":
            count += 1
            if count == place + 1:
                followed.world.clock.advance(RUN if followed.delegation else DEADLINE)

    followed.instance.outside.script = script
    signalled(followed)
    assert late == []
    followed.instance.outside.script = lambda when, call: None
    followed.settle()
    followed.wait(minutes=15)
    followed.daily()
    assert followed.titles() == ["Renamed"]
    assert (followed.of(kept).state, followed.of(gone).state) == ("live", "gone")


@ON_SQLITE
def test_f77_an_old_value_is_never_told_after_a_newer_one(watched: Followed) -> None:
    event = begun(watched)
    other = watched.world.instance()
    rename(watched, event, "Old")

    def overtaken() -> None:
        watched.world.clock.advance(LEASE.total_seconds() + 1)
        rename(watched, event, "New")
        run(watched, other)

    watched.instance.outside.on("after", LIST, in_turn(overtaken))
    run(watched, watched.instance)
    assert watched.titles() == ["New"]
    assert [call for call in calls(watched) if call.startswith("PATCH")] == []


@ON_SQLITE
def test_f38_a_relay_that_is_dropped_for_ever_is_made_up_for_by_the_daily_trigger(relayed: Followed) -> None:
    event = begun(relayed)
    rename(relayed, event, "Renamed")
    relayed.simulator.triggers.drop()
    relayed.wait(hours=23)
    assert relayed.titles() == ["Plan"]
    relayed.daily()
    assert relayed.outside() == ["list", "PATCH room"]
    assert relayed.titles() == ["Renamed"]


@ON_SQLITE
def test_f38_a_notification_that_is_dropped_for_ever_is_made_up_for_in_little_more_than_an_hour_on_an_active_calendar(
    watched: Followed,
) -> None:
    event = begun(watched)
    for number in range(14):
        watched.wait(minutes=5)
        rename(watched, event, f"Title {number}")
        watched.settle()
    rename(watched, event, "Renamed")
    watched.simulator.push.drop()
    watched.wait(minutes=65)
    assert watched.titles() == ["Renamed"]


@ON_SQLITE
def test_f38_on_a_quiet_calendar_within_a_day(watched: Followed) -> None:
    event = begun(watched)
    rename(watched, event, "Renamed")
    watched.simulator.push.drop()
    watched.wait(days=1.01)
    assert watched.titles() == ["Renamed"]


@ON_SQLITE
def test_f38_a_task_that_is_lost_is_made_up_for_by_the_sweep(watched: Followed) -> None:
    event = begun(watched)
    rename(watched, event, "Renamed")
    watched.simulator.push.deliver_all()
    assert len(watched.simulator.cloud_tasks.tasks) == 1
    watched.simulator.cloud_tasks.send = lambda url, headers, body: 204
    watched.world.clock.advance(65)
    assert watched.simulator.cloud_tasks.run_due() == 1
    watched.simulator.cloud_tasks.send = watched.task
    watched.wait(minutes=8)
    assert watched.titles() == ["Renamed"]


@ON_SQLITE
def test_a_create_never_fails_because_following_did(watched: Followed) -> None:
    watched.simulator.faults.add(faults.status(503), "/v2/projects/*", times=None)
    event = watched.world.event()
    answer = watched.choose(event)
    assert answer.body["conferenceData"]["entryPoints"]
    watched.simulator.faults.clear()
    watched.wait(minutes=5)
    assert watched.of(event).state == "live"


@ON_SQLITE
def test_following_begins_once_for_a_calendar_and_never_after_an_error(watched: Followed) -> None:
    def queued() -> int:
        return len([one for one in calls(watched) if one.startswith("POST /v2/projects")])

    watched.simulator.faults.add(faults.status(422), "/rooms-api/*", times=1)
    watched.choose(watched.world.event())
    assert queued() == 0
    watched.choose(watched.world.event())
    assert queued() == 1
    watched.choose(watched.world.event())
    assert queued() == 0


def test_f77_a_run_whose_time_is_over_once_it_has_the_lease_asks_nothing_of_calendar(watched: Followed) -> None:
    begun(watched)
    cursor = watched.calendar().cursor
    watched.instance.outside.on("before", "get calendar", lambda: watched.world.clock.advance(RUN))
    run(watched, watched.instance)
    assert watched.outside() == []
    assert watched.calendar().cursor == cursor

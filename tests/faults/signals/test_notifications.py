"""Notifications are proved, marked and coalesced: forged ones learn nothing, and no genuine one is lost."""

import pytest

from conference.errors import StoreUnavailable
from simulator import faults
from simulator.triggers import ROUNDS
from sync import records
from tests.faults.signals.story import begun, calls, in_turn, message, notified, rename
from tests.followed import Followed
from tests.world import ADA, BOB, ON_SQLITE

QUEUE = "POST /v2/projects"
LIST = "GET /calendar/"
FORGED: dict[str, dict[str, str]] = {
    "another token": {"Channel_Token": f"{records.key(ADA)}.{'x' * 43}"},
    "the key alone": {"Channel_Token": records.key(ADA)},
    "another calendar's key": {"Channel_Token": f"{records.key(BOB)}.{'x' * 43}"},
    "no token": {"Channel_Token": ""},
    "an odd token": {"Channel_Token": "../" + "é" * 40},
    "another channel": {"Channel_ID": "0" * 32},
    "a channel that no hash can be of": {"Channel_ID": "é"},
    "another resource": {"Resource_ID": "elsewhere"},
    "no resource": {"Resource_ID": ""},
}


def test_f33_a_forged_notification_is_404_after_at_most_one_read(watched: Followed) -> None:
    begun(watched)
    calls(watched)
    for name, changed in FORGED.items():
        for state in ("exists", "sync"):
            assert notified(watched, message(watched, **changed, Resource_State=state)) == 404, name
            assert calls(watched) in ([], ["get calendar"]), name
    assert watched.simulator.cloud_tasks.tasks == []
    assert watched.calendar().dirty is None


@ON_SQLITE
def test_f33_without_channels_every_notification_is_404_after_one_read(relayed: Followed) -> None:
    begun(relayed)
    calls(relayed)
    headers = {"X-Goog-Channel-Token": f"{records.key(ADA)}.{'x' * 43}", "X-Goog-Resource-State": "exists"}
    assert notified(relayed, headers) == 404
    assert calls(relayed) == ["get calendar"]
    assert relayed.calendar().dirty is None


def test_f34_a_replayed_notification_costs_one_list_more(watched: Followed) -> None:
    event = begun(watched)
    rename(watched, event, "Renamed")
    genuine = message(watched)
    watched.settle()
    assert watched.outside() == ["list", "PATCH room"]
    watched.world.clock.advance(61)
    assert [notified(watched, genuine) for _ in range(20)] == [204] * 20
    watched.settle()
    assert watched.outside() == ["list"]
    assert watched.titles() == ["Renamed"]


@ON_SQLITE
def test_the_first_notification_costs_one_read_and_one_write_and_the_next_one_read(watched: Followed) -> None:
    begun(watched)
    calls(watched)
    assert notified(watched, message(watched)) == 204
    made = calls(watched)
    assert made[:2] == ["get calendar", "commit replace calendar"]
    assert [call.startswith(QUEUE) for call in made] == [False, False, True]
    assert notified(watched, message(watched)) == 204
    assert calls(watched) == ["get calendar"]


@ON_SQLITE
def test_f35_numbers_that_are_out_of_order_or_missing_hold_nothing_up(watched: Followed) -> None:
    event = begun(watched)
    for number, title in ((900, "One"), (3, "Two"), (3, "Three"), (10**30, "Four")):
        rename(watched, event, title)
        watched.simulator.push.drop()
        assert notified(watched, message(watched, Message_Number=str(number))) == 204
        watched.settle()
        assert watched.titles() == [title]
        watched.world.clock.advance(61)
    rename(watched, event, "Five")
    assert notified(watched, message(watched, Message_Number="one")) == 204
    watched.settle()
    assert watched.titles() == ["Five"]


def test_f36_the_first_message_may_come_before_the_answer_to_watch(watched: Followed) -> None:
    event = watched.world.event()
    watched.choose(event)
    outside, push, came = watched.instance.outside, watched.simulator.push, list[int]()

    def recorded() -> None:
        opening = watched.calendar().channel
        assert opening
        assert (opening.resource, watched.calendar().previous_channels) == ("", [])

    def answered() -> None:
        assert [waiting.state for waiting in push.pending] == ["sync"]
        came.extend(push.deliver_all())

    outside.script = lambda when, call: (
        (recorded if when == "before" else answered)() if call.endswith("/events/watch") else None
    )
    watched.settle()
    assert came == [204]
    channel = watched.calendar().channel
    assert channel
    assert channel.resource == push.channels[0].resource_id
    assert watched.outside()[-2:] == ["watch", "list"]


@ON_SQLITE
def test_f36_a_change_before_the_answer_to_watch_is_not_lost(watched: Followed) -> None:
    event = watched.world.event()
    watched.choose(event)

    def changed() -> None:
        rename(watched, event, "Renamed")
        assert watched.simulator.push.deliver_all() == [204, 204]
        watched.instance.outside.script = lambda when, call: None

    watched.instance.outside.on("after", "POST /calendar/v3/calendars/ada%40example.com/events/watch", changed)
    watched.settle()
    assert watched.titles() == ["Renamed"]
    assert watched.calendar().dirty is None


def test_f37_a_change_while_the_first_list_runs_is_followed_by_another_run(watched: Followed) -> None:
    event = watched.world.event()
    watched.choose(event)

    def changed() -> None:
        rename(watched, event, "Renamed")
        assert set(watched.simulator.push.deliver_all()) == {204}

    watched.instance.outside.on("after", LIST, in_turn(changed))
    watched.outside()
    watched.settle()
    assert watched.outside() == ["watch", "list", "list", "PATCH room"]
    assert watched.titles() == ["Renamed"]


def test_f37_a_task_while_a_run_is_under_way_has_that_run_go_on(watched: Followed) -> None:
    event = begun(watched)
    done = list[int]()

    def changed() -> None:
        rename(watched, event, "Later")
        watched.simulator.push.deliver_all()
        watched.world.clock.advance(62)
        done.append(watched.simulator.cloud_tasks.run_due())

    rename(watched, event, "Renamed")
    watched.instance.outside.on("after", LIST, in_turn(changed))
    watched.settle()
    assert watched.titles() == ["Later"]
    assert watched.outside() == ["list", "PATCH room", "list", "PATCH room"]
    assert done[0] >= 1
    assert watched.calendar().dirty is None


def test_f37_a_relay_while_a_run_is_under_way_has_that_run_go_on_and_is_asked_to_come_again(relayed: Followed) -> None:
    event = begun(relayed)
    answers = list[object]()

    def changed() -> None:
        rename(relayed, event, "Later")
        answers.extend(relayed.simulator.triggers.deliver_all())

    rename(relayed, event, "Renamed")
    relayed.instance.outside.on("after", LIST, in_turn(changed))
    relayed.settle()
    assert answers == [[(200, {"more": True})] * ROUNDS]
    assert relayed.titles() == ["Later"]
    assert relayed.outside() == ["list", "list", "PATCH room"]  # the first run's time was over meanwhile


def test_f39_five_hundred_notifications_in_a_minute_are_two_tasks_and_two_lists(watched: Followed) -> None:
    event = begun(watched)
    calls(watched)
    began = watched.world.clock.now()
    runs = list[float]()
    watched.instance.outside.on(
        "before", LIST, lambda: runs.append((watched.world.clock.now() - began).total_seconds())
    )
    for number in range(500):
        rename(watched, event, f"Title {number}")
        assert watched.simulator.push.deliver_all() == [204]
        watched.world.clock.advance(0.1)
        watched.simulator.cloud_tasks.run_due()
    watched.settle()
    made = calls(watched)
    assert len([call for call in made if call.startswith(QUEUE)]) == 2
    assert len([call for call in made if call.startswith(LIST)]) == 2
    assert 2 <= runs[0] < 5
    assert 60 <= runs[1] - runs[0] < 65
    assert watched.titles() == ["Title 499"]


@pytest.mark.parametrize("call", ["get calendar", "commit replace calendar"])
def test_f40_only_a_mark_that_could_not_be_stored_is_503_and_comes_again(watched: Followed, call: str) -> None:
    event = begun(watched)
    rename(watched, event, "Renamed")
    watched.instance.outside.fail("before", call, StoreUnavailable("down"))
    assert watched.simulator.push.deliver_all() == [503]
    assert watched.simulator.cloud_tasks.tasks == []
    watched.instance.outside.script = lambda when, made: None
    assert watched.simulator.push.deliver_all() == [204]
    watched.settle()
    assert watched.titles() == ["Renamed"]


@ON_SQLITE
def test_f40_a_mark_that_was_stored_is_204_though_the_queue_is_down_and_the_sweep_makes_up_for_it(
    watched: Followed,
) -> None:
    event = begun(watched)
    rename(watched, event, "Renamed")
    watched.simulator.faults.add(faults.status(503), "/v2/projects/*", times=3)
    assert watched.simulator.push.deliver_all() == [204]
    assert watched.simulator.cloud_tasks.tasks == []
    watched.simulator.faults.clear()
    watched.wait(minutes=5)
    assert watched.titles() == ["Renamed"]
    assert watched.outside() == ["list", "PATCH room"]


@ON_SQLITE
def test_f40_a_relay_while_the_store_is_down_is_503(relayed: Followed) -> None:
    event = begun(relayed)
    rename(relayed, event, "Renamed")
    relayed.instance.outside.fail("before", "get calendar", StoreUnavailable("down"))
    assert relayed.simulator.triggers.deliver_all() == [[(503, None)]]
    relayed.instance.outside.script = lambda when, made: None
    relayed.daily()
    assert relayed.titles() == ["Renamed"]

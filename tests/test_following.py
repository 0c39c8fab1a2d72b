"""What keeps conferences true to their events is joined as the settings say, when it is first needed, and let go of."""

import time

import pytest

from sync import records
from tests.faults.signals.conftest import relayed as relayed
from tests.faults.signals.conftest import watched as watched
from tests.faults.signals.story import calls, live_channels, rename
from tests.followed import Followed
from tests.scenarios.conftest import clock as clock
from tests.scenarios.conftest import open_store as open_store
from tests.scenarios.conftest import world as world
from tests.world import ADA, ON_SQLITE

pytestmark = ON_SQLITE


@pytest.fixture
def inline(watched: Followed) -> Followed:
    """Delegation on one machine: the queue is a thread of the process."""
    watched.world.environment["ANYROOM_QUEUE"] = "inline:"
    watched.restart()
    return watched


def wait_for(followed: Followed, event: str, title: str) -> None:
    """Wait until a thread of the instance has made the conference follow."""
    ends = time.monotonic() + 20
    while followed.of(event).state != "live" or followed.titles() != [title] or not at_rest(followed):
        assert time.monotonic() < ends
        time.sleep(0.01)


def at_rest(followed: Followed) -> bool:
    """Whether no run is under way."""
    lease = followed.calendar().lease
    return bool(lease and not lease.by)


def test_with_an_inline_queue_a_thread_of_the_process_runs_what_is_signalled(inline: Followed) -> None:
    event = inline.world.event()
    inline.choose(event)
    wait_for(inline, event, "Plan")
    assert inline.simulator.cloud_tasks.tasks == []
    inline.world.clock.advance(61)
    rename(inline, event, "Renamed")
    assert 204 in inline.simulator.push.deliver_all()
    inline.world.clock.advance(2)
    wait_for(inline, event, "Renamed")


def test_what_an_inline_queue_forgot_with_its_process_is_found_by_the_sweep(inline: Followed) -> None:
    event = inline.world.event()
    inline.choose(event)
    wait_for(inline, event, "Plan")
    inline.world.clock.advance(61)
    rename(inline, event, "Renamed")
    inline.simulator.push.deliver_all()
    inline.instance.service.close()
    inline.restart()
    inline.world.clock.advance(130)
    inline.sweep()
    wait_for(inline, event, "Renamed")


def test_channels_and_tasks_come_back_to_the_address_that_is_set(watched: Followed) -> None:
    watched.choose(watched.world.event())
    [task] = watched.simulator.cloud_tasks.tasks
    assert (task.url, task.audience) == ("http://localhost:8080/sync", "http://localhost:8080/sync")
    watched.settle()
    [channel] = live_channels(watched)
    assert channel.address == "http://localhost:8080/notifications"
    assert channel.token.startswith(f"{records.key(ADA)}.")


def test_channels_have_ids_and_tokens_that_nobody_can_guess(watched: Followed) -> None:
    for user in ("carol@example.com", "dave@example.com"):
        watched.simulator.add_user(user)
        watched.choose(watched.world.event(user), calendar=user, user=user)
        watched.settle()
    first, second = live_channels(watched)
    assert len({first.id, second.id}) == 2
    secrets = {channel.token.partition(".")[2] for channel in (first, second)}
    assert len(secrets) == 2
    assert min(len(secret) for secret in (*secrets, first.id)) >= 32


def test_where_changes_are_relayed_nobody_is_impersonated_watched_or_queued(relayed: Followed) -> None:
    event = relayed.world.event()
    relayed.choose(event)
    relayed.settle()
    relayed.wait(days=2)
    assert relayed.of(event).state == "live"
    made = calls(relayed)
    assert [call for call in made if call.startswith(("POST /v1", "POST /v2", "POST /token", "POST /calendar"))] == []


def test_where_changes_are_relayed_a_create_begins_nothing(relayed: Followed) -> None:
    relayed.choose(relayed.world.event())
    made = calls(relayed)
    assert [call for call in made if call.startswith("POST")] == ["POST /rooms-api/v1/rooms"]

"""One at a time renews a connection, over threads and instances; nobody waits beyond their deadline."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from conference.clock import Deadline
from conference.connection import Refreshing
from conference.custody import FRESH, LEASE
from conference.errors import StoreUnavailable, Temporary
from tests.conference.connected import HOUR, Another, connect, write
from tests.custodian import ADA, ROOMS, Instance
from tests.token_endpoint import TokenEndpoint


def test_f67_threads_wait_for_one_refresh(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    instance.clock.sleep(HOUR)
    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(lambda _: instance.token(), range(8)))
    assert len(tokens) == 1
    assert endpoint.refreshes == 1


def waiting_at_the_server(instance: Instance) -> tuple[threading.Event, threading.Event]:
    """The next refresh tells when it has come as far as the server, and waits there for a word to go on."""
    asked, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        asked.set()
        assert go_on.wait(10)

    instance.outside.on("before", "POST /token", wait)
    return asked, go_on


def test_who_waits_for_another_thread_keeps_the_deadline(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    instance.clock.sleep(HOUR)
    asked, go_on = waiting_at_the_server(instance)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(instance.token)
        assert asked.wait(10)
        with pytest.raises(Temporary, match="refresh-waits"):
            instance.token(seconds=0.05)
        go_on.set()
        assert endpoint.good(first.result())


def test_while_one_thread_renews_early_others_use_what_is_good(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    instance.clock.sleep(HOUR - 350)
    old = instance.token()
    instance.clock.sleep(60)
    asked, go_on = waiting_at_the_server(instance)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(instance.token)
        assert asked.wait(10)
        assert instance.token() == old
        go_on.set()
        assert first.result() != old


def held_by_another(instance: Instance, seconds: float) -> None:
    """Another instance has begun a refresh and has the connection to itself for so long."""
    held = instance.connections.read(ADA, ROOMS)
    assert held
    mark = Refreshing("another", instance.clock.now() + timedelta(seconds=seconds))
    write(instance, refreshing={"by": mark.by, "until": mark.until})


def test_f67_who_finds_another_instance_at_it_waits_for_its_token(another: Another, endpoint: TokenEndpoint) -> None:
    instance = another()
    connect(instance, endpoint)
    instance.clock.sleep(HOUR)
    held_by_another(instance, 100)
    instance.clock.slept.clear()
    with pytest.raises(Temporary, match="deadline"):
        instance.token(seconds=3.0)
    assert endpoint.asked == []
    assert instance.clock.slept == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.4])


def test_f69_a_refused_token_is_not_given_again_because_it_cannot_be_renewed_now(
    instance: Instance, endpoint: TokenEndpoint
) -> None:
    connect(instance, endpoint)
    old = instance.token()
    held_by_another(instance, 100)
    with pytest.raises(Temporary, match="deadline"):
        instance.renewed(old, seconds=3.0)
    instance.clock.sleep(100)
    endpoint.answer = lambda: (503, "{}")
    with pytest.raises(Temporary, match="token-unavailable"):
        instance.renewed(old)


def test_nothing_is_read_when_no_time_is_left(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    with pytest.raises(Temporary, match="deadline"):
        instance.token(seconds=0.0)
    assert instance.outside.calls == []


def test_after_a_refresh_the_store_is_read_once_again(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    instance.renewed(instance.token())
    instance.clock.sleep(FRESH)
    instance.outside.calls.clear()
    instance.token()
    assert instance.outside.calls == ["get connection"]


def test_a_token_that_is_still_good_is_used_while_another_instance_renews_it(
    instance: Instance, endpoint: TokenEndpoint
) -> None:
    connect(instance, endpoint)
    old = instance.token()
    instance.clock.sleep(HOUR - 200)
    held_by_another(instance, 100)
    assert instance.token() == old
    assert endpoint.asked == []


def test_f68_a_lease_whose_holder_died_runs_out(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    instance.clock.sleep(HOUR)
    held_by_another(instance, LEASE.total_seconds())
    instance.clock.sleep(LEASE.total_seconds() + 0.1)
    assert endpoint.good(instance.token())


@pytest.mark.parametrize("seconds", [0.0, 1.5])
def test_no_refresh_begins_that_might_be_cut_short(instance: Instance, endpoint: TokenEndpoint, seconds: float) -> None:
    connect(instance, endpoint)
    instance.clock.sleep(HOUR)
    with pytest.raises(Temporary, match="deadline"):
        instance.token(seconds=seconds)
    assert endpoint.asked == []
    assert not [call for call in instance.outside.calls if call.startswith("commit")]


def test_no_refresh_is_sent_by_who_has_slept_through_the_lease(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    instance.clock.sleep(HOUR)
    instance.outside.on("after", "commit", lambda: instance.clock.sleep(LEASE.total_seconds()))
    with pytest.raises(Temporary, match="refresh-late"):
        instance.bearer().token(instance.secret, Deadline(instance.clock, 1000.0))
    assert endpoint.asked == []


def test_a_store_that_is_down_is_said_to_be(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    instance.outside.fail("before", "get", StoreUnavailable("down"))
    with pytest.raises(StoreUnavailable):
        instance.token()
    instance.clock.sleep(HOUR)
    instance.outside.fail("before", "commit", StoreUnavailable("down"))
    with pytest.raises(StoreUnavailable):
        instance.token()
    assert endpoint.asked == []

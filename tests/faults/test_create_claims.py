"""Crashes and double clicks: one event gets one conference, and what a dead process left is taken over or listed."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from conference.endpoint import Answer
from simulator import faults
from tests.outside import Died
from tests.world import (
    DEADLINE,
    EACH_KIND,
    KEYED,
    MINUTE,
    NONE,
    ON_SQLITE,
    SEARCHABLE,
    Instance,
    Kind,
    World,
    data,
    error_type,
    uri,
)

ROOMS = "/rooms-api/*"
AT_ONCE = 8


def crash(world: World, event: str, when: str, call: str) -> Instance:
    """An instance that died on the way; the claim it had may be taken over."""
    instance = world.instance()
    instance.outside.die(when, call)
    with pytest.raises(Died):
        world.ask(instance, event)
    world.clock.advance(MINUTE)
    return instance


def ask_at_once(world: World, instances: list[Instance], event: str) -> list[Answer]:
    """Everybody asks at the same moment, in a thread of their own, and waits as long as it takes."""
    world.clock.waits = True
    together = threading.Barrier(len(instances), timeout=10)

    def ask(instance: Instance) -> Answer:
        together.wait()
        return world.ask(instance, event)

    with ThreadPoolExecutor(len(instances)) as clicks:
        return list(clicks.map(ask, instances))


def test_a_create_is_a_claim_a_provider_call_and_one_commit_of_both_records(world: World, instance: Instance) -> None:
    event = world.event()
    assert uri(world.ask(instance, event)).startswith(world.simulator.url)
    reads = {"GET /oauth2/v3/certs", f"GET /calendar/v3/calendars/ada%40example.com/events/{event}"}
    assert set(instance.outside.calls[:4]) == {*reads, "commit create mapping", "get calendar"}
    assert instance.outside.calls[4:] == ["POST /rooms-api/v1/rooms", "commit replace mapping, create calendar"]


@EACH_KIND
def test_f01_a_crash_after_the_provider_acted_is_adopted_or_listed_as_an_orphan(world: World, kind: Kind) -> None:
    world.become(kind)
    event = world.event()
    crash(world, event, "after", "POST /rooms-api")
    [claimed] = world.documents("mapping")
    assert uri(world.ask(world.instance(), event))
    [mapping] = world.documents("mapping")
    assert mapping["state"] == "offered"
    orphans = [orphan["attempt"] for orphan in world.documents("orphan")]
    if kind == NONE:
        assert (world.rooms(), orphans) == (2, [claimed["attempt"]])
        assert mapping["attempt"] != claimed["attempt"]
    else:
        assert (world.rooms(), orphans) == (1, [])
        assert mapping["attempt"] == claimed["attempt"]


@EACH_KIND
def test_f01_many_who_ask_at_once_after_a_crash_get_one_conference(world: World, kind: Kind) -> None:
    world.become(kind)
    event = world.event()
    crash(world, event, "after", "POST /rooms-api")
    answers = ask_at_once(world, [world.instance() for _ in range(AT_ONCE)], event)
    assert len({uri(answer) for answer in answers}) == 1
    assert [mapping["state"] for mapping in world.documents("mapping")] == ["offered"]
    assert (world.rooms(), len(world.documents("orphan"))) == ((2, 1) if kind == NONE else (1, 0))


@ON_SQLITE
@EACH_KIND
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "call", ["commit create mapping", "get calendar", "GET /calendar", "POST /rooms-api", "commit replace mapping"]
)
def test_f01_f02_wherever_a_create_dies_the_next_ones_agree(world: World, kind: Kind, when: str, call: str) -> None:
    world.become(kind)
    event = world.event()
    crash(world, event, when, call)
    answers = [world.ask(world.instance(), event) for _ in range(2)]
    assert len({uri(answer) for answer in answers}) == 1
    [mapping] = world.documents("mapping")
    assert mapping["state"] == "offered"
    assert mapping["conference"] in {room.id for room in world.simulator.rooms.having(None)}
    assert world.rooms() - len(world.documents("orphan")) <= 1
    assert kind == NONE or (world.rooms(), world.documents("orphan")) == (1, [])


@ON_SQLITE
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["commit replace mapping, create orphan", "POST /rooms-api", "commit replace mapping"])
def test_f01_a_crash_of_the_one_who_took_over_leaves_no_room_that_nobody_knows(
    world: World, when: str, call: str
) -> None:
    world.become(NONE)
    event = world.event()
    crash(world, event, "after", "POST /rooms-api")
    crash(world, event, when, call)
    answers = [world.ask(world.instance(), event) for _ in range(2)]
    assert len({uri(answer) for answer in answers}) == 1
    assert [mapping["state"] for mapping in world.documents("mapping")] == ["offered"]
    assert world.rooms() - len(world.documents("orphan")) <= 1


def test_f02_a_crash_after_the_claim_is_taken_over_after_its_deadline(world: World) -> None:
    event, first, second = world.event(), world.instance(), world.instance()
    first.outside.die("before", "POST /rooms-api")
    with pytest.raises(Died):
        world.ask(first, event)
    assert error_type(world.ask(second, event)) == "TEMPORARY"
    world.clock.advance(MINUTE)
    assert uri(world.ask(second, event))
    assert world.rooms() == 1


def test_f03_the_same_click_again_is_the_same_conference_without_a_call(world: World, instance: Instance) -> None:
    event = world.event()
    first = world.ask(instance, event)
    instance.outside.calls.clear()
    assert world.ask(instance, event).body == first.body
    assert world.rooms() == 1
    assert instance.outside.posts() == []


def test_f03_the_same_click_on_another_instance_is_the_same_conference(world: World) -> None:
    event = world.event()
    assert world.ask(world.instance(), event).body == world.ask(world.instance(), event).body


def test_f04_clicks_at_once_on_two_instances_make_one_conference(world: World) -> None:
    answers = ask_at_once(world, [world.instance(), world.instance()] * (AT_ONCE // 2), world.event())
    assert len({uri(answer) for answer in answers}) == 1
    assert world.rooms() == 1


def test_f04_the_second_one_waits_until_its_own_deadline_and_then_asks_to_try_again(world: World) -> None:
    event, first, second = world.event(), world.instance(), world.instance()
    first.outside.die("before", "POST /rooms-api")
    with pytest.raises(Died):
        world.ask(first, event)
    started = world.clock.monotonic()
    assert error_type(world.ask(second, event)) == "TEMPORARY"
    assert DEADLINE - 1 <= world.clock.monotonic() - started <= DEADLINE + 1
    assert second.outside.posts() == []


def test_f04_a_known_failure_frees_the_claim_at_once(world: World, instance: Instance) -> None:
    event = world.event()
    world.simulator.faults.add(faults.status(503), ROOMS, times=3)
    assert error_type(world.ask(instance, event)) == "TEMPORARY"
    assert world.documents("mapping") == []
    assert uri(world.ask(instance, event))


def test_f05_two_solutions_on_one_event_do_not_know_of_each_other(world: World, instance: Instance) -> None:
    event = world.event()
    demo, jitsi = world.ask(instance, event), world.ask(instance, event, solution="jitsi")
    assert data(demo)["conferenceSolutionId"] == "demo"
    assert data(jitsi)["conferenceSolutionId"] == "jitsi"
    assert len(world.documents("mapping")) == 2
    assert len(world.documents("calendar")) == 1


@pytest.mark.parametrize("kind", [KEYED, SEARCHABLE], ids=lambda kind: kind[0])
def test_f06_a_lost_answer_is_asked_for_again_under_the_same_attempt(
    world: World, instance: Instance, kind: Kind
) -> None:
    world.become(kind)
    world.simulator.faults.add(faults.reset(acted=True), ROOMS, "POST")
    assert uri(world.ask(instance, world.event()))
    assert world.rooms() == 1


def test_f06_a_lost_answer_of_a_system_without_keys_keeps_the_claim(world: World, instance: Instance) -> None:
    world.become(NONE)
    event = world.event()
    world.simulator.faults.add(faults.reset(acted=True), ROOMS, "POST")
    assert error_type(world.ask(instance, event)) == "TEMPORARY"
    assert [mapping["state"] for mapping in world.documents("mapping")] == ["claimed"]
    assert world.rooms() == 1

"""Without the store no conference is made, and none that was made is lost."""

import pytest

from conference.errors import StoreUnavailable
from simulator import faults
from tests.world import EACH_KIND, MINUTE, NONE, Instance, Kind, World, error_type, uri

DOWN = StoreUnavailable("store", "down")


def test_f22_without_the_store_no_conference_is_made(world: World, instance: Instance) -> None:
    instance.outside.fail("before", "commit create mapping", DOWN)
    assert error_type(world.ask(instance, world.event())) == "TEMPORARY"
    assert world.rooms() == 0


def test_f22_a_claim_whose_answer_was_lost_makes_nothing_and_is_taken_over(world: World, instance: Instance) -> None:
    event = world.event()
    instance.outside.fail("after", "commit create mapping", DOWN)
    assert error_type(world.ask(instance, event)) == "TEMPORARY"
    assert world.rooms() == 0
    world.clock.advance(MINUTE)
    assert uri(world.ask(world.instance(), event))
    assert world.rooms() == 1


@pytest.mark.parametrize("known", [False, True], ids=["new calendar", "known calendar"])
def test_f22_the_calendars_record_is_read_again_when_it_is_needed(
    world: World, instance: Instance, known: bool
) -> None:
    if known:
        world.ask(world.instance(), world.event())
    reads = iter([DOWN])

    def down_once(when: str, call: str) -> None:
        if when == "before" and call == "get calendar":
            for failure in reads:
                raise failure

    instance.outside.script = down_once
    assert uri(world.ask(instance, world.event()))
    assert {mapping["state"] for mapping in world.documents("mapping")} == {"offered"}
    assert len(world.documents("calendar")) == 1


@EACH_KIND
def test_f22_without_the_store_at_the_end_the_answer_stands_only_where_it_is_found_again(
    world: World, kind: Kind
) -> None:
    world.become(kind)
    event, first, second = world.event(), world.instance(), world.instance()
    first.outside.fail("before", "commit replace mapping", DOWN)
    answer = world.ask(first, event)
    [claimed] = world.documents("mapping")
    assert claimed["state"] == "claimed"
    world.clock.advance(MINUTE)
    later = world.ask(second, event)
    orphans = [orphan["attempt"] for orphan in world.documents("orphan")]
    if kind == NONE:
        assert error_type(answer) == "TEMPORARY"
        assert (world.rooms(), orphans) == (2, [claimed["attempt"]])
    else:
        assert uri(later) == uri(answer)
        assert (world.rooms(), orphans) == (1, [])


@pytest.mark.parametrize(
    ("trouble", "end", "failure"), [(503, "commit delete", "TEMPORARY"), (422, "commit replace", "PERMANENT")]
)
def test_f22_without_the_store_a_failed_claim_ends_at_its_deadline(
    world: World, instance: Instance, trouble: int, end: str, failure: str
) -> None:
    event = world.event()
    world.simulator.faults.add(faults.status(trouble), "/rooms-api/*", times=3)
    instance.outside.fail("before", end, DOWN)
    assert error_type(world.ask(instance, event)) == failure
    assert [mapping["state"] for mapping in world.documents("mapping")] == ["claimed"]
    world.simulator.faults.clear()
    world.clock.advance(MINUTE)
    assert uri(world.ask(world.instance(), event))
    assert (world.rooms(), world.documents("orphan")) == (1, [])


@EACH_KIND
def test_f22_a_commit_that_happened_although_its_answer_was_lost_is_the_one_that_stands(
    world: World, kind: Kind
) -> None:
    world.become(kind)
    event, first = world.event(), world.instance()
    first.outside.fail("after", "commit replace mapping", DOWN)
    answer = world.ask(first, event)
    later = world.ask(world.instance(), event)
    assert error_type(answer) == "TEMPORARY" if kind == NONE else uri(answer) == uri(later)
    assert (world.rooms(), world.documents("orphan")) == (1, [])
    assert [mapping["state"] for mapping in world.documents("mapping")] == ["offered"]

"""What Anyroom is compared with really does its work, under the server of production."""

import pytest

from bench import cold, load, memory, warm
from bench.size import Size
from bench.targets import TARGETS, serving
from bench.world import World
from tests.thorough import takes_long

TINY = Size(warm={1: (2, 1)}, starts=1, fills=1, bursts=1, runs=1, calendars=3)


@pytest.mark.parametrize("name", ["floor", "sample"])
def test_what_is_compared_makes_rooms(world: World, name: str) -> None:
    target = TARGETS[name]
    with serving(world, target) as server:
        for answer in load.run(server.port, [[world.create(), world.create()], [world.create()]]):
            target.check(answer)


def test_the_floor_takes_as_long_as_two_calls_in_series_at_least(world: World) -> None:
    with serving(world, TARGETS["floor"]) as server:
        assert min(answer.seconds for answer in load.run(server.port, [[world.create()] * 2])) >= 0.080


@takes_long
def test_warm_figures_stand_beside_the_floors_own(world: World) -> None:
    figures = {figure.name: figure for figure in warm.measure(world, ["create.warm.sample.1"], TINY)}
    assert list(figures) == ["create.warm.floor.1", "create.warm.sample.1"]
    assert figures["create.warm.floor.1"].unit == "ms"


def test_nothing_is_started_for_figures_that_were_not_asked_for(world: World) -> None:
    for part in (warm, cold, memory):
        assert list(part.measure(world, [], TINY)) == []

"""A world of its own for each test: a simulator, a store in a fresh file, a clock that can be moved."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.server import Simulator
from tests.world import Instance, MovedClock, World


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def world(tmp_path: Path, clock: MovedClock) -> Iterator[World]:
    with Simulator(clock=clock, validate=True) as simulator:
        world = World(simulator, tmp_path, clock)
        yield world
        world.store.close()


@pytest.fixture
def instance(world: World) -> Instance:
    return world.instance()

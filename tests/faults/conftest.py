"""A world of its own for each test, over each store: a simulator, a new file or project, a clock that can be moved."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync.store import Store
from sync.store.firestore import FirestoreStore
from sync.store.sqlite import SqliteStore
from tests import simulating
from tests.emulator import firestore_emulator as firestore_emulator
from tests.thorough import takes_long
from tests.world import Instance, MovedClock, World


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture(params=["sqlite", pytest.param("firestore", marks=takes_long)])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    """Opens the test's store, each time anew, as another process would."""
    if request.param == "sqlite":
        return lambda: SqliteStore(str(tmp_path / "anyroom.db"))
    emulator, project = request.getfixturevalue("firestore_emulator"), f"test-{secrets.token_hex(6)}"
    return lambda: FirestoreStore(project=project, emulator=emulator)


@pytest.fixture
def world(tmp_path: Path, clock: MovedClock, open_store: Callable[[], Store]) -> Iterator[World]:
    with simulating.simulator(clock=clock, validate=True) as simulator:
        world = World(simulator, tmp_path, clock, open_store)
        yield world
        world.close()


@pytest.fixture
def instance(world: World) -> Instance:
    return world.instance()

"""Stories in a world of their own, told by triggers and by channels; on SQLite, where a test does not ask for both."""

import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from sync.store import Store
from sync.store.firestore import FirestoreStore
from sync.store.sqlite import SqliteStore
from tests.emulator import firestore_emulator as firestore_emulator
from tests.faults.conftest import clock as clock
from tests.faults.conftest import world as world
from tests.scenarios.story import Story
from tests.world import World


@pytest.fixture
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    """Opens the test's store, each time anew, as another process would."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return lambda: SqliteStore(str(tmp_path / "anyroom.db"))
    emulator, project = request.getfixturevalue("firestore_emulator"), f"test-{secrets.token_hex(6)}"
    return lambda: FirestoreStore(project=project, emulator=emulator)


@pytest.fixture(params=["relay", "delegation"])
def story(request: pytest.FixtureRequest, world: World) -> Story:
    return Story(world, request.param == "delegation")

"""Stories in a world of their own, told by triggers and by channels; on SQLite, where a test does not ask for both."""

import random
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from conference.clock import SystemClock
from simulator.identity import Identity, Key
from sync.store import Store
from sync.store.firestore import FirestoreStore
from sync.store.sqlite import SqliteStore
from tests.emulator import firestore_emulator as firestore_emulator
from tests.faults.conftest import clock as clock
from tests.faults.conftest import world as world
from tests.followed import Followed
from tests.scenarios.story import Story
from tests.thorough import takes_long
from tests.visiting import Visitor, with_vendors
from tests.world import World

IN_BOTH_WAYS = ["relay", pytest.param("delegation", marks=takes_long)]
"""Whose credential follows the events. What is told of one of them by name is told on every day."""


@pytest.fixture(scope="session")
def key() -> Key:
    """The key of every world's identity: making one takes longer than most stories."""
    return Identity(SystemClock(), random.Random()).new_key()


@pytest.fixture(autouse=True)
def same_key(key: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Identity, "new_key", lambda identity: key)


@pytest.fixture
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    """Opens the test's store, each time anew, as another process would."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return lambda: SqliteStore(str(tmp_path / "anyroom.db"))
    emulator, project = request.getfixturevalue("firestore_emulator"), f"test-{secrets.token_hex(6)}"
    return lambda: FirestoreStore(project=project, emulator=emulator)


@pytest.fixture(params=IN_BOTH_WAYS)
def story(request: pytest.FixtureRequest, world: World) -> Story:
    return Story(world, request.param == "delegation")


@pytest.fixture(params=IN_BOTH_WAYS)
def followed(request: pytest.FixtureRequest, world: World) -> Followed:
    return Followed(world, request.param == "delegation")


@pytest.fixture(params=IN_BOTH_WAYS)
def zoom(request: pytest.FixtureRequest, world: World, monkeypatch: pytest.MonkeyPatch) -> Story:
    """A story in which users connect Zoom."""
    for name, value in with_vendors(world, "zoom").items():
        monkeypatch.setenv(name, value)
    return Story(world, request.param == "delegation")


@pytest.fixture
def ada(zoom: Story) -> Visitor:
    """Ada's browser; she has connected Zoom."""
    ada = Visitor(zoom)
    assert "Zoom is connected" in ada.connect("zoom")
    return ada

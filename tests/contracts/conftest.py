"""The places that the store's contract is held at: a new SQLite file, or a new project in Firestore's emulator."""

import secrets
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.store import Store
from sync.store.firestore import FirestoreStore
from sync.store.sqlite import SqliteStore
from tests.contracts.place import Place
from tests.emulator import firestore_emulator as firestore_emulator


@pytest.fixture(params=["sqlite", "firestore"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    if request.param == "sqlite":
        place = Place(
            f"sqlite:{tmp_path / 'anyroom.db'}", lambda patience: _without_folder(tmp_path / "gone", patience)
        )
    else:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", request.getfixturevalue("firestore_emulator"))
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", f"test-{secrets.token_hex(6)}")
        place = Place("firestore:", _with_nobody_listening)
    yield place
    place.end()


@pytest.fixture
def store(place: Place) -> Store:
    return place.open()


def _without_folder(folder: Path, patience: float) -> Store:
    folder.mkdir()
    store = SqliteStore(str(folder / "anyroom.db"), patience=patience)
    shutil.rmtree(folder)
    return store


def _with_nobody_listening(patience: float) -> Store:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()[:2]
    return FirestoreStore(emulator=f"{host}:{port}", patience=patience)

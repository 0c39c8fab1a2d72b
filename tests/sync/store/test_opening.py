"""ANYROOM_STORE names one store, or the start is stopped with one line that names it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conference.errors import InvalidSetting
from sync.store.firestore import FirestoreStore
from sync.store.opening import open_store
from sync.store.sqlite import SqliteStore
from tests.emulator import ROOT


def test_sqlite_names_a_file(tmp_path: Path) -> None:
    store = open_store(f"sqlite:{tmp_path}/a:b.db")
    assert isinstance(store, SqliteStore)
    assert (tmp_path / "a:b.db").exists()


@pytest.mark.parametrize("setting", ["firestore:", "firestore:(default)", "firestore:rooms", "firestore:rooms-2"])
def test_firestore_names_a_database(setting: str) -> None:
    assert isinstance(open_store(setting), FirestoreStore)


@pytest.mark.parametrize(
    "setting",
    [
        "",
        ":",
        "sqlite",
        "sqlite:",
        "firestore",
        "firestore:Rooms",
        "firestore:abc",
        "firestore:a/b",
        "redis:",
        "SQLITE:a",
    ],
)
def test_anything_else_stops_the_start(setting: str) -> None:
    with pytest.raises(InvalidSetting, match="ANYROOM_STORE") as stopped:
        open_store(setting)
    assert "\n" not in str(stopped.value)


def test_sqlite_imports_nothing_of_google(tmp_path: Path) -> None:
    script = f"""if True:
        import sys
        from sync.store.opening import open_store
        open_store("sqlite:{tmp_path}/a.db").open()
        assert not {{"grpc", "proto", "google.protobuf", "google.auth", "sync.store.firestore"}} & sys.modules.keys()"""
    told = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=30, check=False
    )
    assert told.returncode == 0

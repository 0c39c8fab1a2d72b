"""Connections are kept under hashes, written by compare-and-set, and found by whose they are, on both stores."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from conference.connection import Connection, Refreshing
from sync import records
from sync.connections import StoredConnections, connection_key
from sync.records import CONNECTIONS, VERSION
from sync.store import Replace, Store
from tests.contracts.conftest import place as place
from tests.contracts.place import Place
from tests.emulator import firestore_emulator as firestore_emulator

ADA, BOB = "1001", "1002"
NOW = datetime(2030, 1, 1, tzinfo=UTC)
ZOOM = Connection(
    solution="zoom",
    state="connected",
    since=NOW,
    scopes=["a", "b"],
    sealed="1.id.text",
    renew=NOW,
    expires=NOW + timedelta(hours=1),
)


@pytest.fixture
def store(place: Place) -> Store:
    return place.open()


@pytest.fixture
def connections(store: Store) -> StoredConnections:
    return StoredConnections(store)


def test_what_is_written_is_read(connections: StoredConnections) -> None:
    connection = replace(ZOOM, refreshing=Refreshing("me", NOW))
    assert connections.read(ADA, "zoom") is None
    assert connections.write(ADA, None, connection, "account-7")
    held = connections.read(ADA, "zoom")
    assert held
    assert held.connection == connection
    assert connections.read(BOB, "zoom") is None
    assert connections.read(ADA, "webex") is None


def test_of_two_who_create_or_replace_one_does(connections: StoredConnections) -> None:
    first = connections.write(ADA, None, ZOOM)
    assert first
    assert connections.write(ADA, None, replace(ZOOM, sealed="other")) is None
    second = connections.write(ADA, first, replace(ZOOM, sealed="second"))
    assert second
    assert connections.write(ADA, first, replace(ZOOM, sealed="third")) is None
    assert not connections.erase(first)
    assert connections.read(ADA, "zoom") == second
    assert connections.erase(second)
    assert connections.read(ADA, "zoom") is None
    assert connections.write(ADA, second, ZOOM) is None
    assert not connections.erase(second)


def test_connections_are_found_by_user(connections: StoredConnections) -> None:
    for sub, solution in ((ADA, "zoom"), (ADA, "webex"), (BOB, "zoom"), ("", "zoom")):
        assert connections.write(sub, None, replace(ZOOM, solution=solution), "")
    assert {held.connection.solution for held in connections.of_user(ADA)} == {"zoom", "webex"}
    assert len(connections.of_user(BOB)) == 1
    assert connections.of_user("") == []


def test_connections_are_found_by_account_also_after_a_refresh(connections: StoredConnections) -> None:
    for sub, account in ((ADA, "7"), (BOB, "7"), ("1003", "8"), ("1004", "")):
        held = connections.write(sub, None, ZOOM, account)
        assert held
        assert connections.write(sub, held, replace(ZOOM, sealed="refreshed"))
    assert [held.connection.sealed for held in connections.of_account("zoom", "7")] == ["refreshed", "refreshed"]
    assert connections.of_account("webex", "7") == []
    assert connections.of_account("zoom", "") == []


def test_who_connects_another_account_is_found_by_that_one(connections: StoredConnections) -> None:
    held = connections.write(ADA, None, ZOOM, "7")
    connections.write(ADA, held, ZOOM, "8")
    assert connections.of_account("zoom", "7") == []
    assert len(connections.of_account("zoom", "8")) == 1


def test_a_user_with_very_many_connections_has_them_all(connections: StoredConnections) -> None:
    for number in range(101):
        connections.write(ADA, None, replace(ZOOM, solution=f"s{number}"))
    assert len(connections.of_user(ADA)) == 101


def test_a_record_names_nobody(connections: StoredConnections, store: Store) -> None:
    connections.write(ADA, None, ZOOM, "account-7")
    document = store.get(CONNECTIONS, connection_key(ADA, "zoom"))
    assert document
    assert document.body["v"] == VERSION
    assert records.connection(document.body).owner
    stored = json.dumps([document.key, document.body], default=str)
    assert not [name for name in (ADA, "account-7") if name in stored]


def test_fields_of_a_later_version_are_kept(connections: StoredConnections, store: Store) -> None:
    connections.write(ADA, None, ZOOM)
    document = store.get(CONNECTIONS, connection_key(ADA, "zoom"))
    assert document
    store.commit([Replace(document, {**document.body, "later": "kept"})])
    held = connections.read(ADA, "zoom")
    assert held
    connections.write(ADA, held, ZOOM)
    body = store.get(CONNECTIONS, document.key)
    assert body
    assert body.body["later"] == "kept"


def test_a_connection_of_a_later_version_is_refused(connections: StoredConnections, store: Store) -> None:
    connections.write(ADA, None, ZOOM)
    document = store.get(CONNECTIONS, connection_key(ADA, "zoom"))
    assert document
    store.commit([Replace(document, {**document.body, "v": VERSION + 1})])
    with pytest.raises(records.RecordTooNew, match=f"version {VERSION + 1}, and this Anyroom knows {VERSION}"):
        connections.read(ADA, "zoom")


def test_the_account_s_key_is_no_user_s() -> None:
    keys = [connection_key(sub, solution) for sub in ("", "account", ADA) for solution in ("", "zoom", "account")]
    assert len(set(keys)) == len(keys)

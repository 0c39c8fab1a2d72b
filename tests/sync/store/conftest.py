"""A project of its own in Firestore's emulator, and a line to it that can be cut."""

import secrets
from collections.abc import Iterator

import pytest

from sync.store.firestore import FirestoreStore
from tests.emulator import firestore_emulator as firestore_emulator
from tests.sync.store.relay import Relay, relayed


@pytest.fixture
def project() -> str:
    return f"test-{secrets.token_hex(6)}"


@pytest.fixture
def direct(firestore_emulator: str, project: str) -> Iterator[FirestoreStore]:
    """A store that always reaches the project."""
    store = FirestoreStore(project=project, emulator=firestore_emulator)
    yield store
    store.close()


@pytest.fixture
def relay(firestore_emulator: str) -> Iterator[Relay]:
    with relayed(firestore_emulator) as relay:
        yield relay


@pytest.fixture
def store(relay: Relay, project: str) -> Iterator[FirestoreStore]:
    """A store that reaches the project through the relay."""
    store = FirestoreStore(project=project, emulator=relay.host)
    yield store
    store.close()

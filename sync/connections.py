"""Connections over the store, each write one compare-and-set, under hashes that name nobody."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

import msgspec

from conference import audit
from conference.connection import Connection, Held
from conference.errors import Conflict
from sync import records
from sync.records import CONNECTIONS
from sync.store import Create, Delete, Document, Replace, Store
from sync.store.find_all import find_all

_MOST = 1000


class StoredConnections:
    """The Connections of conference.connection."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, sub: str, solution: str) -> Held | None:
        """The connection, or None. Raises StoreUnavailable."""
        document = self._store.get(CONNECTIONS, connection_key(sub, solution))
        return _held(document) if document else None

    def write(self, sub: str, held: Held | None, connection: Connection, account: str | None = None) -> Held | None:
        """Replace what is `held`, or create where that is None; None when it is not as it was read.

        Raises StoreUnavailable.
        """
        fields = {field.name for field in msgspec.structs.fields(Connection)}
        body = {name: value for name, value in records.to_body(connection).items() if name in fields}
        if account is not None:
            body["account"] = _account(connection.solution, account)
        if held is None:
            new = msgspec.convert({"owner": _owner(sub), **body}, records.ConnectionRecord)
            key = connection_key(sub, connection.solution)
            return self._committed(Create(CONNECTIONS, key, records.to_body(new)))
        document = _document(held)
        return self._committed(Replace(document, {**document.body, **body}))

    def erase(self, held: Held) -> bool:
        """Erase the connection; False when it is not as it was read. Raises StoreUnavailable."""
        try:
            self._store.commit([Delete(_document(held))])
        except Conflict:
            return False
        return True

    def of_user(self, sub: str) -> list[Held]:
        """All connections of a user. Raises StoreUnavailable."""
        return self._found("owner", _owner(sub)) if sub else []

    def of_account(self, solution: str, account: str) -> list[Held]:
        """All connections to an account at the provider. Raises StoreUnavailable."""
        return self._found("account", _account(solution, account)) if account else []

    def _committed(self, change: Create | Replace) -> Held | None:
        try:
            [document] = self._store.commit([change])
        except Conflict:
            return None
        assert document
        return _held(document)

    def _found(self, field: str, value: str) -> list[Held]:
        return [_held(document) for document in islice(find_all(self._store, CONNECTIONS, field, value), _MOST)]


def connection_key(sub: str, solution: str) -> str:
    """The key of a user's connection, or with sub "" of the account's, which no user can have."""
    return records.key(sub, solution) if sub else records.key("account", "", solution)


def _owner(sub: str) -> str:
    return audit.subject(sub) if sub else ""


def _account(solution: str, account: str) -> str:
    return records.key("account", solution, account) if account else ""


def _held(document: Document) -> Held:
    body: Mapping[str, Any] = document.body
    return Held(records.read(body, Connection), document)


def _document(held: Held) -> Document:
    assert isinstance(held.version, Document)
    return held.version

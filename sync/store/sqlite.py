"""The store on one machine: one SQLite file that any number of threads and processes share.

The file is in WAL mode with synchronous=NORMAL: the death of a process, even by SIGKILL, loses nothing that was
committed; a power cut may lose the last commits, but never leaves a part of one ("Write-Ahead Logging" and "PRAGMA
synchronous" in SQLite's documentation).

Bodies are JSON text, so that any SQLite tool can read them; a time is `{"$time": "2025-06-01T10:00:00.000000+00:00"}`.
Each process has one connection under one lock: with 64 threads no other way was faster, and all cost more.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from conference.errors import Conflict, InvalidSetting, StoreUnavailable
from sync.store import Change, Create, Document, Replace, documents

INDEXED = {"mapping": ("calendar", "conference")}
"""The fields that `find` looks up by index; for any other it reads every document of the kind. One that is added here
gets its index when the file is next opened."""

PATIENCE = 2.0
"""Seconds to wait for the other threads of this process, and again for other processes."""

_APPLICATION = 0x416E7972  # "Anyr": tells our files from other programs' ("PRAGMA application_id")
_SCHEMA = 1

_DUE_AT = """json_extract(body, '$.due."$time"')"""
_COLUMNS = "SELECT key, id, rev, body FROM documents"
_GET = f"{_COLUMNS} WHERE kind = ? AND key = ?"
_DUE = f"{_COLUMNS} WHERE kind = ? AND {_DUE_AT} <= ? ORDER BY {_DUE_AT}, key LIMIT ?"
_CREATE = "INSERT INTO documents (kind, key, rev, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_REPLACE = "UPDATE documents SET rev = ?, body = ? WHERE id = ? AND rev = ?"
_DELETE = "DELETE FROM documents WHERE id = ? AND rev = ?"


class SqliteStore:
    """The documents in the file at `path`, which is made when it is missing; its folder is not.

    A document's version is its row's id, which SQLite never gives again (AUTOINCREMENT), with its rev. Raises
    InvalidSetting when the folder is missing, or the file is not a database, not ours, or of a later Anyroom.
    """

    def __init__(self, path: str, *, patience: float = PATIENCE) -> None:
        self._path = path if path in ("", ":memory:") else os.path.abspath(path)
        self._patience = patience
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._process = os.getpid()
        self._inherited: list[sqlite3.Connection | None] = []
        try:
            with closing(_connect(self._path, patience)):
                pass
        except sqlite3.Error as error:
            if _name(error).startswith("SQLITE_BUSY"):
                raise _unavailable(error) from error
            raise InvalidSetting("ANYROOM_STORE", f"{path!r} is no database of ours ({error})") from error

    def open(self) -> None:
        """Connect now."""
        with self._connected():
            pass

    def close(self) -> None:
        """Close this process's connection."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection and self._process == os.getpid():
                connection.close()

    def get(self, kind: str, key: str) -> Document | None:
        """See the port."""
        documents.check_address(kind, key)
        found = self._read(kind, _GET, (kind, key))
        return found[0] if found else None

    def find(self, kind: str, field: str, value: str, limit: int, after: str | None = None) -> list[Document]:
        """See the port."""
        documents.check_find(kind, field, value, limit, after)
        query = f"{_COLUMNS} WHERE kind = '{kind}' AND {_field(field)} = ? AND key > ? ORDER BY key LIMIT ?"
        return self._read(kind, query, (value, after or "", limit))

    def due(self, kind: str, before: datetime, limit: int) -> list[Document]:
        """See the port."""
        documents.check_due(kind, before, limit)
        return self._read(kind, _DUE, (kind, _text(before), limit))

    def commit(self, changes: Sequence[Change]) -> list[Document | None]:
        """See the port."""
        bodies = documents.prepared(changes)
        texts = [None if body is None else msgspec.json.encode(_tagged(body)).decode() for body in bodies]
        with self._connected() as connection, _transaction(connection):
            versions = [_write(connection, change, text) for change, text in zip(changes, texts, strict=True)]
        return [
            None if body is None else Document(*documents.target(change), body, version)
            for change, body, version in zip(changes, bodies, versions, strict=True)
        ]

    def _read(self, kind: str, query: str, values: tuple[object, ...]) -> list[Document]:
        with self._connected() as connection:
            rows = connection.execute(query, values).fetchall()
        return [Document(kind, key, _untagged(msgspec.json.decode(text)), (row, rev)) for key, row, rev, text in rows]

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        if not self._lock.acquire(timeout=self._patience):
            raise StoreUnavailable("store-busy", f"waited {self._patience} s for the process's connection")
        try:
            if self._process != os.getpid():
                # Kept, never used or closed: "How To Corrupt An SQLite Database File", carrying one across a fork.
                self._inherited.append(self._connection)
                self._connection, self._process = None, os.getpid()
            if self._connection is None:
                self._connection = _connect(self._path, self._patience)
            yield self._connection
        except sqlite3.Error as error:
            raise _unavailable(error) from error
        finally:
            self._lock.release()


def _connect(path: str, patience: float) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        _in_wal_mode(connection, patience)
        connection.execute("PRAGMA synchronous = NORMAL")
        with _transaction(connection):
            _lay_out(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _in_wal_mode(connection: sqlite3.Connection, patience: float) -> None:
    # SQLite does not wait when two processes turn a new file into WAL mode: one of them is told BUSY at once.
    give_up = time.monotonic() + patience
    mode = None
    while mode is None:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if not _name(error).startswith("SQLITE_BUSY") or time.monotonic() > give_up:
                raise
            time.sleep(0.01)
    if mode != "wal":
        raise InvalidSetting("ANYROOM_STORE", "must name a file on a disk of this machine")


def _lay_out(connection: sqlite3.Connection) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (schema,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != _APPLICATION:
        raise InvalidSetting("ANYROOM_STORE", "names a database of another program")
    if schema > _SCHEMA:
        raise InvalidSetting("ANYROOM_STORE", f"names a file of a later Anyroom (schema {schema}, not {_SCHEMA})")
    if not tables:
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {_SCHEMA}")
        connection.execute(
            "CREATE TABLE documents (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, key TEXT NOT NULL,"
            " rev INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (kind, key))"
        )
    connection.execute(
        f"CREATE INDEX IF NOT EXISTS documents_due ON documents (kind, {_DUE_AT}, key) WHERE {_DUE_AT} IS NOT NULL"
    )
    for kind, fields in INDEXED.items():
        for field in fields:
            connection.execute(
                f"CREATE INDEX IF NOT EXISTS documents_{kind}_{field} ON documents ({_field(field)}, key)"
                f" WHERE kind = '{kind}'"
            )


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _write(connection: sqlite3.Connection, change: Change, text: str | None) -> tuple[int, int]:
    if isinstance(change, Create):
        cursor = connection.execute(_CREATE, (change.kind, change.key, 1, text))
        row, rev = cursor.lastrowid or 0, 1
    else:
        row, rev = cast(tuple[int, int], change.read.version)
        if isinstance(change, Replace):
            cursor = connection.execute(_REPLACE, (rev + 1, text, row, rev))
            rev += 1
        else:
            cursor = connection.execute(_DELETE, (row, rev))
    if cursor.rowcount != 1:
        raise Conflict("document-changed", f"{documents.target(change)[0]} is not as it was read")
    return row, rev


def _unavailable(error: sqlite3.Error) -> StoreUnavailable:
    return StoreUnavailable("store-unavailable", f"{_name(error)}: {error}")


def _name(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", None) or type(error).__name__


def _field(field: str) -> str:
    return f"json_extract(body, '$.{field}')"


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _tagged(value: Any) -> Any:
    kind = type(value)
    if kind is datetime:
        return {"$time": _text(value)}
    if kind is dict:
        return {name: _tagged(item) for name, item in value.items()}
    return [_tagged(item) for item in value] if kind is list else value


def _untagged(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        if "$time" in value:
            return datetime.fromisoformat(value["$time"])
        return {name: _untagged(item) for name, item in value.items()}
    return [_untagged(item) for item in value] if kind is list else value

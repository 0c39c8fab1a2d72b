"""The store on one machine: one SQLite file that any number of threads and processes share.

The file is in WAL mode with synchronous=NORMAL: the death of a process, even by SIGKILL, loses nothing that was
committed; a power cut may lose the last commits, but never leaves a part of one ("Write-Ahead Logging" and "PRAGMA
synchronous" in SQLite's documentation).

Bodies are JSON text, so that any SQLite tool can read them; a time is `{"$time": "2025-06-01T10:00:00Z"}`. Each
process has one connection under one lock: with 64 threads no other way was faster, and all cost more. Most of what a
commit costs is the pages that it changes, 4 KiB each: hence one statement without a transaction for a single change,
and no column written that stays as it was.
"""

import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, cast

import msgspec

from conference.errors import Conflict, InvalidSetting, StoreUnavailable
from sync.store import Body, Change, Create, Document, documents, sqlite_file

PATIENCE = 2.0
"""Seconds to wait for the other threads of this process, and again for other processes."""

_COLUMNS = "SELECT key, id, mark, body FROM documents"
_GET = f"{_COLUMNS} WHERE kind = ? AND key = ?"
_PAGE = f"{_COLUMNS} WHERE kind = ? AND key > ? ORDER BY key LIMIT ?"
_DUE = f"{_COLUMNS} WHERE kind = ? AND due <= ? ORDER BY due, key LIMIT ?"
_CREATE = "INSERT INTO documents ({}) VALUES ({}) ON CONFLICT DO NOTHING"
_REPLACE = "UPDATE documents SET ({}) = ({}) WHERE id = ? AND mark = ?"
_DELETE = "DELETE FROM documents WHERE id = ? AND mark = ?"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_HOLDERS = frozenset({dict, list, datetime})


class SqliteStore:
    """The documents in the file at `path`, which is made when it is missing; its folder is not.

    A document's version is its row's id with its mark, which begins as a random number of 62 bits and is one more
    after each replacement: SQLite gives the id of a deleted row again. Raises InvalidSetting when the folder is
    missing, or the file is not a database, not ours, or of an Anyroom with another schema.
    """

    local = True

    def __init__(self, path: str, *, patience: float = PATIENCE) -> None:
        self._path = path if path in ("", ":memory:") else os.path.abspath(path)
        self._patience = patience
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._process = os.getpid()
        self._inherited: list[sqlite3.Connection | None] = []
        try:
            with closing(sqlite_file.connect(self._path, patience)):
                pass
        except sqlite3.Error as error:
            if sqlite_file.name(error).startswith("SQLITE_BUSY"):
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
        if value and field in sqlite_file.INDEXED.get(kind, ()):
            where = sqlite_file.column(kind, field)
        else:
            where = f"kind = '{kind}' AND json_extract(body, '$.{field}')"
        query = f"{_COLUMNS} WHERE {where} = ? AND key > ? ORDER BY key LIMIT ?"
        return self._read(kind, query, (value, after or "", limit))

    def due(self, kind: str, before: datetime, limit: int) -> list[Document]:
        """See the port."""
        documents.check_due(kind, before, limit)
        return self._read(kind, _DUE, (kind, _microseconds(before), limit))

    def page(self, kind: str, limit: int, after: str | None = None) -> list[Document]:
        """See the port."""
        documents.check_walk(kind, limit, after)
        return self._read(kind, _PAGE, (kind, after or "", limit))

    def commit(self, changes: Sequence[Change]) -> list[Document | None]:
        """See the port."""
        bodies = documents.prepared(changes)
        writes = [_write(change, body) for change, body in zip(changes, bodies, strict=True)]
        with self._connected() as connection:
            if len(writes) == 1:
                versions = [_made(connection, writes[0])]
            else:
                with sqlite_file.transaction(connection):
                    versions = [_made(connection, write) for write in writes]
        return [
            None if body is None else Document(*documents.target(change), body, version)
            for change, body, version in zip(changes, bodies, versions, strict=True)
        ]

    def _read(self, kind: str, query: str, values: tuple[object, ...]) -> list[Document]:
        with self._connected() as connection:
            rows = connection.execute(query, values).fetchall()
        return [Document(kind, key, _untagged(msgspec.json.decode(text)), (row, mark)) for key, row, mark, text in rows]

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
                self._connection = sqlite_file.connect(self._path, self._patience)
            yield self._connection
        except sqlite3.Error as error:
            raise _unavailable(error) from error
        finally:
            self._lock.release()


class _Write(NamedTuple):
    """One statement that must change one row, and the version that the row then has; SQLite numbers a new row (0)."""

    kind: str
    statement: str
    values: tuple[object, ...]
    row: int
    mark: int


def _write(change: Change, body: dict[str, Any] | None) -> _Write:
    if isinstance(change, Create):
        assert body is not None
        mark = secrets.randbits(62)
        columns = {"kind": change.kind, "key": change.key, "mark": mark, **_columns(change.kind, body)}
        return _Write(change.kind, _statement(_CREATE, tuple(columns)), tuple(columns.values()), 0, mark)
    kind = change.read.kind
    row, mark = cast(tuple[int, int], change.read.version)
    if body is None:
        return _Write(kind, _DELETE, (row, mark), row, mark)
    columns = {"mark": mark + 1, **_columns(kind, body, change.read.body)}
    return _Write(kind, _statement(_REPLACE, tuple(columns)), (*columns.values(), row, mark), row, mark + 1)


def _made(connection: sqlite3.Connection, write: _Write) -> tuple[int, int]:
    cursor = connection.execute(write.statement, write.values)
    if cursor.rowcount != 1:
        raise Conflict("document-changed", f"{write.kind} is not as it was read")
    return write.row or cursor.lastrowid or 0, write.mark


@lru_cache
def _statement(template: str, columns: tuple[str, ...]) -> str:
    return template.format(", ".join(columns), ", ".join("?" * len(columns)))


def _columns(kind: str, body: Body, before: Body | None = None) -> dict[str, object]:
    """The body and what is looked up of it, but for what is as it was: SQLite would write its index all the same."""
    columns = _looked_up(kind, body)
    if before is not None:
        old = _looked_up(kind, before)
        columns = {name: value for name, value in columns.items() if value != old[name]}
    return {**columns, "body": msgspec.json.encode(_tagged(body)).decode()}


def _looked_up(kind: str, body: Body) -> dict[str, object]:
    due = body.get("due")
    columns: dict[str, object] = {"due": _microseconds(due) if type(due) is datetime else None}
    for field in sqlite_file.INDEXED.get(kind, ()):
        text = body.get(field)
        columns[sqlite_file.column(kind, field)] = text if text and type(text) is str else None
    return columns


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _unavailable(error: sqlite3.Error) -> StoreUnavailable:
    return StoreUnavailable("store-unavailable", f"{sqlite_file.name(error)}: {error}")


def _tagged(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {name: _tagged(item) if type(item) in _HOLDERS else item for name, item in value.items()}
    if kind is list:
        return [_tagged(item) if type(item) in _HOLDERS else item for item in value]
    return {"$time": value}


def _untagged(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        if "$time" in value:
            return datetime.fromisoformat(value["$time"])
        return {name: _untagged(item) if type(item) in _HOLDERS else item for name, item in value.items()}
    return [_untagged(item) if type(item) in _HOLDERS else item for item in value]

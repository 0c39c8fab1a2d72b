"""The SQLite file itself: whose it is, how it is laid out, what it is looked up by, and how it is opened.

What is looked up by index stands in columns of its own beside the body: SQLite would read all of a body's JSON once
more for each index of an expression in it, at each write.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

from conference.errors import InvalidSetting

INDEXED = {
    "mapping": ("calendar", "place", "room", "look", "user", "keeper", "link"),
    "orphan": ("calendar", "look", "user"),
    "calendar": ("kept_by",),
    "connection": ("owner", "account"),
}
"""The fields that `find` looks up by index; for any other it reads every document of the kind. One that is added here
gets its column and its index when the file is next opened, when no process may write to it any more that knows less."""

_APPLICATION = 0x416E7972  # "Anyr": tells our files from other programs' ("PRAGMA application_id")
_SCHEMA = 2

# `mark` is never the same again for one id, though SQLite gives the id of a deleted row again.
_TABLE = """CREATE TABLE documents (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    mark INTEGER NOT NULL,
    due INTEGER,
    body TEXT NOT NULL,
    UNIQUE (kind, key)
)"""
_DUE = "CREATE INDEX documents_due ON documents (kind, due, key) WHERE due IS NOT NULL"
_FILL = """UPDATE documents SET {column} = nullif(json_extract(body, '$.{field}'), '')
    WHERE kind = '{kind}' AND json_type(body, '$.{field}') = 'text'"""


def connect(path: str, patience: float) -> sqlite3.Connection:
    """A connection to the file at `path`, laid out; it waits `patience` seconds for other processes.

    Raises InvalidSetting when the file is not ours or of another Anyroom, sqlite3.Error when it is no database.
    """
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        _in_wal_mode(connection, patience)
        connection.execute("PRAGMA synchronous = NORMAL")
        with transaction(connection):
            _lay_out(connection)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of what is done within, or none of it; others that write are waited for at its beginning."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def column(kind: str, field: str) -> str:
    """The column for a field of INDEXED: the field's text, or NULL where that is empty or no text."""
    return f"{kind}_{field}"


def name(error: sqlite3.Error) -> str:
    """SQLite's own name for what went wrong."""
    return getattr(error, "sqlite_errorname", None) or type(error).__name__


def _in_wal_mode(connection: sqlite3.Connection, patience: float) -> None:
    # SQLite does not wait when two processes turn a new file into WAL mode: one of them is told BUSY at once.
    give_up = time.monotonic() + patience
    mode = None
    while mode is None:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if not name(error).startswith("SQLITE_BUSY") or time.monotonic() > give_up:
                raise
            time.sleep(0.01)
    if mode != "wal":
        raise InvalidSetting("ANYROOM_STORE", "must name a file on a disk of this machine")


def check_ours(connection: sqlite3.Connection) -> bool:
    """Whether the file has our tables, False while it has none. Raises InvalidSetting for any other."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (schema,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != _APPLICATION:
        raise InvalidSetting("ANYROOM_STORE", "names a database of another program")
    if tables and schema != _SCHEMA:
        when = "a later" if schema > _SCHEMA else "an earlier"
        raise InvalidSetting("ANYROOM_STORE", f"names a file of {when} Anyroom (schema {schema}, not {_SCHEMA})")
    return bool(tables)


def _lay_out(connection: sqlite3.Connection) -> None:
    if not check_ours(connection):
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {_SCHEMA}")
        connection.execute(_TABLE)
        connection.execute(_DUE)
    present = {row[1] for row in connection.execute("PRAGMA table_info(documents)")}
    for kind, fields in INDEXED.items():
        for field in fields:
            if column(kind, field) not in present:
                _add_index(connection, kind, field)


def _add_index(connection: sqlite3.Connection, kind: str, field: str) -> None:
    added = column(kind, field)
    connection.execute(f"ALTER TABLE documents ADD COLUMN {added} TEXT")
    connection.execute(_FILL.format(column=added, kind=kind, field=field))
    connection.execute(f"CREATE INDEX documents_{added} ON documents ({added}, key) WHERE {added} IS NOT NULL")

"""A whole copy of a store in SQLite as it was at one moment, while others write; and whether a file is such a copy.

Source: SQLite's online backup API. It begins anew whenever another connection writes, unless the source's own
connection holds a read transaction: then it copies what that sees, which is all that was committed before.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from conference.errors import InvalidSetting
from operations.console import Mistake
from sync.store import sqlite_file

PATIENCE = 5.0
"""Seconds to wait for others."""
_PAGES = 256
"""Database pages that are copied at once: a megabyte."""


@contextmanager
def existing(path: Path, patience: float = PATIENCE) -> Iterator[sqlite3.Connection]:
    """A connection to a file that is there; none is made. Raises Mistake."""
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=patience, isolation_level=None
        )
    except sqlite3.Error as error:
        raise Mistake(f"{path} cannot be opened: {error}") from error
    with closing(connection):
        yield connection


def copy(source: sqlite3.Connection, target: sqlite3.Connection, at: Callable[[int, int], None]) -> None:
    """Copy all that was committed when it began. `at` is told how many pages are done, of how many, and may raise: it
    is not told of the last ones, with which the copy is there.

    Raises sqlite3.Error, and then the target is as it was or has no tables of ours.
    """

    def on_the_way(status: int, left: int, total: int) -> None:
        if left:
            at(total - left, total)

    source.execute("BEGIN")
    try:
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the moment: nothing later is seen
        source.backup(target, pages=_PAGES, progress=on_the_way)
    finally:
        source.execute("ROLLBACK")


def check(path: Path) -> dict[str, int]:
    """How many documents of each kind a copy has, once it is known to be whole and ours. Raises Mistake."""
    if not path.is_file():
        raise Mistake(f"There is no file {path}")
    try:
        with existing(path) as connection:
            if not sqlite_file.check_ours(connection):
                raise Mistake(f"{path} holds no store")
            [(found,)] = connection.execute("PRAGMA integrity_check(1)").fetchall()
            if found != "ok":
                raise Mistake(f"{path} is damaged ({found}): use an earlier backup")
            counted = connection.execute("SELECT kind, count(*) FROM documents GROUP BY kind ORDER BY kind")
            return dict(counted.fetchall())
    except InvalidSetting as other:
        raise Mistake(f"{path} {other.detail}") from other
    except sqlite3.Error as error:
        raise Mistake(f"{path} is no whole database ({error}): use another backup") from error

"""`make restore`: a backup's content back in a store in SQLite, with DO=1, and never under a running function.

What the store held before is kept beside it. The content is replaced in one transaction of SQLite's, so that a restore
that is stopped leaves the store as it was.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from dev.stop import Stopped
from operations import backup, snapshot
from operations.asked import Asked
from operations.console import DONE, Console, Mistake

IN_USE = "is in use: stop the function first (systemctl stop anyroom, or Ctrl-C where it runs), then run this again"
_PATIENCE = 0.5
"""Seconds to wait for whoever has the store: a running function never lets go."""


def run(setting: str, asked: Asked, console: Console) -> int:
    """Check the backup, and put it in place when that is asked for. Raises Mistake, Stopped."""
    store, file = backup.store_and_file(setting, asked)
    with console.working("checking the backup"):
        counts = snapshot.check(file)
    console.say(f"{file}: {backup.described(counts)}; whole.")
    there = store.exists()
    if there:
        _refuse_in_use(store)
    kept = store.with_name(f"{store.name}.before-restore")
    if there and kept.exists():
        raise Mistake(f"{kept} is there from another time: move it away")
    if not asked.do:
        before = f"the store at {store}, which would be kept as {kept.name}" if there else f"{store}, which is new"
        console.say(f"DO=1 puts it in place of {before}.")
        return DONE
    try:
        with console.working("restoring") as at:
            if there:
                _keep(store, kept, console, at)
            try:
                _restore(file, store, console)
            except Stopped:
                (kept if there else store).unlink(missing_ok=True)  # nothing has changed, and the way is free again
                raise
            counts = snapshot.check(store)
    except (OSError, sqlite3.Error) as error:
        raise Mistake(f"{store} could not be restored, and is as it was: {error}") from error
    console.say(f"{store}: {backup.described(counts)}; whole." + (f" Before: {kept.name}." if there else ""))
    console.say("What was made since the backup is not known to it: make reconcile names what differs.")
    return DONE


def _refuse_in_use(store: Path) -> None:
    """Raise Mistake while anybody else has the store open: only the last connection may leave WAL mode
    ("Write-Ahead Logging" in SQLite's documentation).
    """
    try:
        with snapshot.existing(store, _PATIENCE) as connection:
            (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            if mode != "delete":
                raise Mistake(f"{store} {IN_USE}")
            connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        raise Mistake(f"{store} {IN_USE}") from error
    except sqlite3.Error as error:
        raise Mistake(f"{store} is no database ({error}): move it away, then run this again") from error


def _keep(store: Path, kept: Path, console: Console, at: Callable[[str], None]) -> None:
    """A whole copy of the store under that name, or none. Raises OSError, sqlite3.Error, Mistake, Stopped."""
    part = kept.with_name(f"{kept.name}.part")
    try:
        backup.save(store, part, console, at)
        part.rename(kept)
    finally:
        part.unlink(missing_ok=True)


def _restore(file: Path, store: Path, console: Console) -> None:
    """Raises sqlite3.Error, Stopped, and then the store is as it was."""
    with snapshot.existing(file) as source, closing(sqlite3.connect(store, timeout=_PATIENCE)) as target:
        target.execute("PRAGMA journal_mode = DELETE")
        snapshot.copy(source, target, lambda done, total: console.check())

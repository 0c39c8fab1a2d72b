"""`make backup`: a whole copy of a store in SQLite in a new file, while the function goes on writing; then checked."""

import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from operations import snapshot
from operations.asked import Asked
from operations.console import DONE, Console, Mistake, number
from operations.site import sqlite_path

_WORDS = {"once": "spent value"}
"""What people call a kind of records, where that is not its name."""


def run(setting: str, asked: Asked, console: Console) -> int:
    """Make the copy of the store that `setting` names. Raises Mistake, Stopped, and then there is none."""
    source, target = store_and_file(setting, asked)
    if not source.is_file():
        raise Mistake(f"There is no store at {source}; compare ANYROOM_STORE")
    if target.exists():
        raise Mistake(f"{target} is there already: name another FILE, or move it away")
    part = target.with_name(f"{target.name}.part")
    try:
        with console.working("backing up") as at:
            save(source, part, console, at)
            at("checking the copy")
            counts = snapshot.check(part)
        part.rename(target)
    except (OSError, sqlite3.Error) as error:
        raise Mistake(f"{target} cannot be written: {error}") from error
    finally:
        part.unlink(missing_ok=True)
    console.say(f"{target}: {described(counts)}; whole.")
    return DONE


def save(source: Path, target: Path, console: Console, at: Callable[[str], None]) -> None:
    """A copy of the store at `source` in one file. Raises OSError, sqlite3.Error, Mistake, Stopped."""

    def on_the_way(done: int, total: int) -> None:
        at(f"{done} of {total} pages")
        console.check()

    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # it holds what the store holds
    with snapshot.existing(source) as from_store, closing(sqlite3.connect(target, isolation_level=None)) as to_file:
        snapshot.copy(from_store, to_file, on_the_way)
        to_file.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
    descriptor = os.open(target, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def store_and_file(setting: str, asked: Asked) -> tuple[Path, Path]:
    """The store's file and the other one. Raises Mistake, InvalidSetting."""
    source = sqlite_path(setting)
    if source is None:
        database = setting.partition(":")[2] or "(default)"
        raise Mistake(
            "The store is Firestore, which has backups of its own: gcloud firestore backups schedules create"
            f" --database='{database}' --recurrence=daily --retention=7d"
        )
    if not asked.file:
        raise Mistake("Name the file of the backup: FILE=PATH")
    target = Path(asked.file)
    if target.absolute() == source.absolute():
        raise Mistake("FILE is the store itself; name another one")
    if not target.parent.is_dir():
        raise Mistake(f"There is no folder {target.parent}")
    return source, target


def described(counts: Mapping[str, int]) -> str:
    """What a copy holds."""
    return ", ".join(number(count, _WORDS.get(kind, kind)) for kind, count in counts.items()) or "no records"

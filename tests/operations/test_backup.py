"""A backup is all that was committed before it began and no half of a commit; a restore brings it back."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dev.stop import Stopped
from operations import backup, restore, snapshot
from operations.asked import Asked
from operations.console import Console, Mistake
from sync.store import Create, Document, Replace
from sync.store.sqlite import SqliteStore
from tests.contracts.place import CLIENT
from tests.emulator import ROOT

BIG = "x" * 2000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "anyroom.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(str(path))) as opened:
        opened.open()
        yield opened


def run(command: object, path: Path, file: Path, do: bool = False, stop_at: int = 0) -> list[str]:
    """Run a command; it is stopped at its `stop_at`th pause."""
    lines: list[str] = []
    pauses = [0]

    def pause(seconds: float) -> None:
        pauses[0] += 1
        if pauses[0] == stop_at:
            raise Stopped

    console = Console(pause, lambda: False, lines.append)
    assert command.run(f"sqlite:{path}", Asked(do=do, file=str(file)), console) == 0  # type: ignore[attr-defined]
    return lines


def filled(store: SqliteStore, count: int) -> None:
    for number in range(count):
        store.commit([Create("thing", f"k{number:05}", {"text": BIG})])


def read(path: Path, key: str, kind: str = "thing") -> Document | None:
    with closing(SqliteStore(str(path))) as store:
        return store.get(kind, key)


def test_a_backup_is_restored_as_it_was(path: Path, store: SqliteStore, tmp_path: Path) -> None:
    filled(store, 50)
    before = store.page("thing", 100)
    file = tmp_path / "backup.db"
    assert run(backup, path, file) == [f"{file}: 50 things; whole."]
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith("backup")] == ["backup.db"]
    store.commit([Replace(before[0], {"text": "later"})])
    store.close()
    assert run(restore, path, file, do=True)[1:] == [
        f"{path}: 50 things; whole. Before: anyroom.db.before-restore.",
        "What was made since the backup is not known to it: make reconcile names what differs.",
    ]
    with closing(SqliteStore(str(path))) as restored:
        assert [(one.key, one.body) for one in restored.page("thing", 100)] == [(one.key, one.body) for one in before]
        assert restored.commit([Create("thing", "new", {})])
    kept = read(tmp_path / "anyroom.db.before-restore", "k00000")
    assert kept
    assert kept.body["text"] == "later"


def test_a_backup_under_writes_has_every_commit_of_before_and_no_half_of_one(
    path: Path, store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process commits two documents at a time as fast as it can, and says which it has committed."""
    filled(store, 3000)
    monkeypatch.setattr(snapshot, "_PAGES", 8)
    writer = subprocess.Popen(
        [sys.executable, str(CLIENT), f"sqlite:{path}", "pairs"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    committed = [0]
    thread = threading.Thread(target=_follow, args=(writer, committed))
    thread.start()
    try:
        while committed[0] < 20:
            assert writer.poll() is None
        for number in range(3):
            file = tmp_path / f"backup-{number}.db"
            before = committed[0]
            run(backup, path, file)
            after = committed[0]
            left, right = read(file, "left"), read(file, "right", "other")
            assert left
            assert right
            assert left.body["n"] == right.body["n"] >= before
            assert after > before, "nobody wrote meanwhile"
    finally:
        writer.kill()
        thread.join()
        writer.communicate()


def _follow(writer: subprocess.Popen[str], committed: list[int]) -> None:
    assert writer.stdout
    while line := writer.stdout.readline():
        committed[0] = int(line)


def test_a_writer_is_not_held_up_by_a_backup(
    path: Path, store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(store, 200)
    monkeypatch.setattr(snapshot, "_PAGES", 1)
    made = [0]

    def pause(seconds: float) -> None:
        store.commit([Create("meanwhile", f"n{made[0]}", {})])
        made[0] += 1

    console = Console(pause, lambda: False, lambda line: None)
    backup.run(f"sqlite:{path}", Asked(file=str(tmp_path / "b.db")), console)
    assert made[0] > 50
    with closing(SqliteStore(str(tmp_path / "b.db"))) as copy:
        assert (len(copy.page("thing", 1000)), copy.page("meanwhile", 1000)) == (200, [])


def test_a_backup_that_is_stopped_leaves_no_file(path: Path, store: SqliteStore, tmp_path: Path) -> None:
    filled(store, 2000)
    before = set(tmp_path.iterdir())
    with pytest.raises(Stopped):
        run(backup, path, tmp_path / "backup.db", stop_at=2)
    assert set(tmp_path.iterdir()) == before


def test_a_restore_that_is_stopped_leaves_all_as_it_was_and_the_same_command_goes_on(
    path: Path, store: SqliteStore, tmp_path: Path
) -> None:
    """Wherever it is stopped: while the store of before is kept, and while the other one is put in its place."""
    filled(store, 2000)
    file = tmp_path / "backup.db"
    run(backup, path, file)
    store.commit([Create("thing", "later", {})])
    store.close()
    before, stop_at = set(tmp_path.iterdir()), 1
    while _is_stopped(path, file, stop_at):
        assert set(tmp_path.iterdir()) == before
        assert read(path, "later")
        stop_at += 1
    assert stop_at > 10
    assert read(path, "later") is None
    assert read(tmp_path / "anyroom.db.before-restore", "later")


def _is_stopped(path: Path, file: Path, stop_at: int) -> bool:
    """Whether a restore came to its `stop_at`th pause, and not to its end before."""
    try:
        run(restore, path, file, do=True, stop_at=stop_at)
    except Stopped:
        return True
    return False


def test_a_restore_to_a_new_store_that_is_stopped_leaves_none(store: SqliteStore, path: Path, tmp_path: Path) -> None:
    filled(store, 2000)
    file, new = tmp_path / "backup.db", tmp_path / "new.db"
    run(backup, path, file)
    before = set(tmp_path.iterdir())
    with pytest.raises(Stopped):
        run(restore, new, file, do=True, stop_at=3)
    assert set(tmp_path.iterdir()) == before


def test_a_store_in_use_is_not_overwritten(path: Path, store: SqliteStore, tmp_path: Path) -> None:
    filled(store, 5)
    file = tmp_path / "backup.db"
    run(backup, path, file)
    store.commit([Create("thing", "later", {})])
    for do in (False, True):
        with pytest.raises(Mistake, match=r"is in use: stop the function first \(systemctl stop anyroom"):
            run(restore, path, file, do=do)
    assert store.get("thing", "later")
    store.commit([Create("thing", "still", {})])


def test_without_do_a_restore_says_what_it_would_do(path: Path, store: SqliteStore, tmp_path: Path) -> None:
    filled(store, 5)
    file = tmp_path / "backup.db"
    run(backup, path, file)
    store.commit([Create("thing", "later", {})])
    store.close()
    assert run(restore, path, file) == [
        f"{file}: 5 things; whole.",
        f"DO=1 puts it in place of the store at {path}, which would be kept as anyroom.db.before-restore.",
    ]
    assert read(path, "later")


def test_a_backup_is_restored_where_there_was_no_store(store: SqliteStore, path: Path, tmp_path: Path) -> None:
    filled(store, 5)
    file, new = tmp_path / "backup.db", tmp_path / "new.db"
    run(backup, path, file)
    assert run(restore, new, file)[-1] == f"DO=1 puts it in place of {new}, which is new."
    assert not new.exists()
    run(restore, new, file, do=True)
    assert read(new, "k00004")


def test_what_is_kept_from_another_time_is_not_overwritten(path: Path, store: SqliteStore, tmp_path: Path) -> None:
    filled(store, 5)
    file = tmp_path / "backup.db"
    run(backup, path, file)
    store.close()
    kept = tmp_path / "anyroom.db.before-restore"
    kept.write_text("mine")
    with pytest.raises(Mistake, match="is there from another time: move it away"):
        run(restore, path, file, do=True)
    assert kept.read_text() == "mine"


def _damaged(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[20_000:60_000] = b"\xff" * 40_000
    file.write_bytes(content)


def _of_another_program(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE t (a)")


def _of_a_later_schema(file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_damaged, "is damaged|is no whole database"),
        (lambda file: file.write_bytes(b"no database at all" * 100), "is no whole database"),
        (lambda file: file.write_bytes(b""), "holds no store"),
        (_of_another_program, "names a database of another program"),
        (_of_a_later_schema, r"names a file of a later Anyroom \(schema 99"),
        (lambda file: file.unlink(), "There is no file"),
    ],
    ids=["damaged", "no database", "empty", "another program", "later schema", "missing"],
)
def test_only_a_whole_backup_of_ours_is_restored(
    path: Path, store: SqliteStore, tmp_path: Path, spoil: object, said: str
) -> None:
    filled(store, 100)
    file = tmp_path / "backup.db"
    run(backup, path, file)
    spoil(file)  # type: ignore[operator]
    store.close()
    with pytest.raises(Mistake, match=said):
        run(restore, path, file, do=True)
    assert read(path, "k00099")


def test_a_backup_replaces_no_file(path: Path, store: SqliteStore, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    file.write_text("mine")
    with pytest.raises(Mistake, match="is there already"):
        run(backup, path, file)
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("setting", "file", "said"),
    [
        ("firestore:", "b.db", r"gcloud firestore backups schedules create --database='\(default\)' "),
        ("firestore:others", "b.db", "gcloud firestore backups schedules create --database='others' "),
        ("sqlite:{path}", "", "FILE=PATH"),
        ("sqlite:{path}", "{path}", "FILE is the store itself"),
        ("sqlite:{path}", "{path}/none/b.db", "There is no folder"),
        ("sqlite:{path}.none", "b.db", "There is no store at"),
    ],
)
def test_each_mistake_is_told_in_one_line(
    path: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch, setting: str, file: str, said: str
) -> None:
    monkeypatch.chdir(path.parent)
    console = Console(lambda seconds: None, lambda: False, lambda line: None)
    with pytest.raises(Mistake, match=said):
        backup.run(setting.format(path=path), Asked(file=file.format(path=path)), console)

"""What only the SQLite adapter promises: which files it takes, how it waits, what a crash leaves, what it looks up."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conference.errors import InvalidSetting, StoreUnavailable
from sync.store import Create, Document, Replace, sqlite, sqlite_file
from sync.store.sqlite import PATIENCE, SqliteStore
from tests.emulator import ROOT

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "anyroom.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(str(path))
    yield store
    store.close()


def create(store: SqliteStore, key: str, kind: str = "thing", **body: object) -> Document:
    (made,) = store.commit([Create(kind, key, body)])
    assert made is not None
    return made


def started(script: str, path: Path) -> subprocess.Popen[bytes]:
    """A process that runs `script` with the path as its argument."""
    return subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
    )


def outcome(process: subprocess.Popen[bytes]) -> int:
    """Tell the process to go on, and wait for its end."""
    process.communicate(b"go\n", timeout=60)
    return process.returncode


# Which files


def test_a_missing_folder_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="ANYROOM_STORE"):
        SqliteStore(str(tmp_path / "missing" / "anyroom.db"))


@pytest.mark.parametrize("content", [b"solutions = []\n" * 100, b"SQLite format 3\0" + b"\xff" * 4080])
def test_a_file_that_is_no_database_stops_the_start_and_is_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(InvalidSetting, match="ANYROOM_STORE"):
        SqliteStore(str(path))
    assert path.read_bytes() == content


def test_another_program_s_database_stops_the_start_and_gets_no_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE theirs (a)")
        other.execute("PRAGMA user_version = 1")
    with pytest.raises(InvalidSetting, match=r"ANYROOM_STORE.*another program"):
        SqliteStore(str(path))
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


@pytest.mark.parametrize(("schema", "when"), [(1, "earlier"), (3, "later")])
def test_a_file_of_another_schema_stops_the_start(store: SqliteStore, path: Path, schema: int, when: str) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA user_version = {schema}")
    with pytest.raises(InvalidSetting, match=rf"ANYROOM_STORE.*{when}"):
        SqliteStore(str(path))


@pytest.mark.parametrize("name", ["", ":memory:"])
def test_a_database_that_is_no_file_stops_the_start(name: str) -> None:
    with pytest.raises(InvalidSetting, match="ANYROOM_STORE"):
        SqliteStore(name)


def test_a_folder_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="ANYROOM_STORE"):
        SqliteStore(str(tmp_path))


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    with closing(SqliteStore(str(path))) as store:
        create(store, "a")


def test_a_relative_path_stays_where_it_was_when_the_process_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(SqliteStore("anyroom.db")) as store:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        create(store, "a")
    with closing(SqliteStore(str(tmp_path / "anyroom.db"))) as store:
        assert store.get("thing", "a") is not None


def test_many_processes_may_make_one_file_at_once(path: Path) -> None:
    script = """if True:
        import os, sys
        from sync.store import Create
        from sync.store.sqlite import SqliteStore
        sys.stdin.readline()
        SqliteStore(sys.argv[1]).commit([Create("thing", str(os.getpid()), {"by": "them"})])"""
    processes = [started(script, path) for _ in range(6)]
    assert [outcome(process) for process in processes] == [0] * 6
    with closing(SqliteStore(str(path))) as store:
        assert len(store.find("thing", "by", "them", 10)) == 6


def test_bodies_are_json_that_any_sqlite_tool_reads(store: SqliteStore, path: Path) -> None:
    create(store, "a", text="ü", due=NOON)
    with closing(sqlite3.connect(path)) as tool:
        (text,) = tool.execute("SELECT body FROM documents WHERE kind = 'thing' AND key = 'a'").fetchone()
    assert text == '{"text":"ü","due":{"$time":"2025-06-01T12:00:00Z"},"rev":1}'


# Waiting


@pytest.fixture
def impatient(path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(str(path), patience=0.2)) as store:
        store.open()
        yield store


@pytest.fixture
def held(store: SqliteStore, path: Path) -> Iterator[sqlite3.Connection]:
    """Another program holds the right to write."""
    store.open()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


def test_a_file_that_others_hold_for_good_is_given_up_in_time(store: SqliteStore, held: sqlite3.Connection) -> None:
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match="SQLITE_BUSY"):
        create(store, "a")
    assert time.monotonic() - began < PATIENCE + 2.5
    held.execute("ROLLBACK")
    create(store, "a")


def test_a_file_that_others_hold_for_a_moment_is_waited_for(store: SqliteStore, held: sqlite3.Connection) -> None:
    committing = threading.Thread(target=create, args=(store, "a"))
    committing.start()
    committing.join(0.1)
    assert committing.is_alive()
    held.execute("ROLLBACK")
    committing.join(10)
    assert store.get("thing", "a") is not None


def test_reading_waits_for_no_other_process(store: SqliteStore, held: sqlite3.Connection) -> None:
    began = time.monotonic()
    assert store.get("thing", "a") is None
    assert store.due("thing", NOON, 1) == []
    assert time.monotonic() - began < PATIENCE / 2


def test_however_many_wait_each_is_told_in_time(impatient: SqliteStore, held: sqlite3.Connection) -> None:
    def attempt(key: str) -> float:
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            create(impatient, key)
        return time.monotonic() - began

    with ThreadPoolExecutor(8) as pool:
        assert max(pool.map(attempt, "abcdefgh")) < 2


# Crashes


def test_a_process_that_dies_within_a_commit_leaves_nothing_of_it(store: SqliteStore, path: Path) -> None:
    read = create(store, "a", n=1)
    script = """if True:
        import os, signal, sqlite3, sys
        from sync.store import Create, Replace
        from sync.store.sqlite import SqliteStore
        store = SqliteStore(sys.argv[1])
        read = store.get("thing", "a")
        def die(statement):
            if statement == "COMMIT":
                os.kill(os.getpid(), signal.SIGKILL)
        store._connection.set_trace_callback(die)
        store.commit([Replace(read, {"n": 2}), Create("thing", "b", {})])"""
    assert outcome(started(script, path)) == -9
    assert store.get("thing", "a") == read
    assert store.get("thing", "b") is None
    store.commit([Replace(read, {"n": 3}), Create("thing", "b", {})])


def test_a_failure_within_a_commit_leaves_nothing_of_it_and_the_store_usable(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sqlite, "_REPLACE", "UPDATE missing SET ({}) = ({}) WHERE id = ? AND mark = ?")
        read = create(store, "a")
        with pytest.raises(StoreUnavailable, match="no such table"):
            store.commit([Create("thing", "b", {}), Replace(read, {})])
    assert store.get("thing", "b") is None
    store.commit([Create("thing", "b", {}), Replace(read, {})])


def test_a_connection_from_before_a_fork_is_not_used_after_it(path: Path) -> None:
    script = """if True:
        import os, sys
        from sync.store import Create
        from sync.store.sqlite import SqliteStore
        store = SqliteStore(sys.argv[1])
        store.commit([Create("thing", "before", {"by": "x"})])
        children = []
        for n in range(3):
            child = os.fork()
            if not child:
                before = store.get("thing", "before")
                store.commit([Create("thing", f"child{n}", {"by": "x"})])
                store.close()
                os._exit(0 if before else 1)
            children.append(child)
        store.commit([Create("thing", "parent", {"by": "x"})])
        assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
        assert len(store.find("thing", "by", "x", 10)) == 5"""
    assert outcome(started(script, path)) == 0


# Looking up


def asked(store: SqliteStore, use: Callable[[], object]) -> str:
    """The one statement that SQLite is given."""
    store.open()
    assert store._connection is not None
    statements: list[str] = []
    store._connection.set_trace_callback(statements.append)
    use()
    (statement,) = statements
    return statement


def plan(path: Path, query: str) -> str:
    """How SQLite goes about a query, in one line."""
    with closing(sqlite3.connect(path)) as tool:
        return " ".join(row[3] for row in tool.execute(f"EXPLAIN QUERY PLAN {query}"))


@pytest.mark.parametrize(
    ("kind", "field"), [(kind, field) for kind, fields in sqlite_file.INDEXED.items() for field in fields]
)
def test_what_is_declared_is_found_by_index(store: SqliteStore, path: Path, kind: str, field: str) -> None:
    query = asked(store, lambda: store.find(kind, field, "x", 5, "k"))
    assert f"USING INDEX documents_{kind}_{field} ({kind}_{field}=? AND key>?)" in plan(path, query)


def test_empty_text_is_found_where_only_text_is_indexed(store: SqliteStore) -> None:
    empty = create(store, "a", "mapping", room="")
    create(store, "b", "mapping", room=None)
    create(store, "c", "mapping", room="x")
    assert store.find("mapping", "room", "", 5) == [empty]


def test_what_is_due_is_found_by_index(store: SqliteStore, path: Path) -> None:
    query = asked(store, lambda: store.due("mapping", NOON, 5))
    assert plan(path, query) == "SEARCH documents USING INDEX documents_due (kind=? AND due<?)"


def test_a_field_that_is_declared_later_gets_its_index_when_the_file_is_opened(
    path: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = create(store, "a", colour="red")
    create(store, "number", colour=5)
    empty = create(store, "empty", colour="")
    monkeypatch.setattr(sqlite_file, "INDEXED", {"thing": ("colour",)})
    with closing(SqliteStore(str(path))) as later:
        assert later.find("thing", "colour", "red", 5) == [made]
        assert later.find("thing", "colour", "5", 5) == []
        assert later.find("thing", "colour", "", 5) == [empty]
        query = asked(later, lambda: later.find("thing", "colour", "red", 5))
    assert "documents_thing_colour" in plan(path, query)


# What a commit costs


def test_a_single_change_is_a_single_statement(store: SqliteStore) -> None:
    store.open()
    made = create(store, "a", due=NOON)
    assert asked(store, lambda: store.commit([Create("thing", "b", {})])).startswith("INSERT")
    assert asked(store, lambda: store.commit([Replace(made, {})])).startswith("UPDATE")


def test_a_replacement_writes_to_no_index_of_what_stays_as_it_was(store: SqliteStore) -> None:
    made = create(store, "a", "mapping", calendar="c", room="", due=NOON)
    query = asked(store, lambda: store.commit([Replace(made, {**made.body, "room": "x"})]))
    assert query.startswith("UPDATE documents SET (mark, mapping_room, body) = ")

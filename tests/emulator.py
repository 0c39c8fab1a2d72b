"""Google's own Firestore emulator: one for all the tests of a run, on every worker, and gone when the last one is.

A keeper process owns the emulator. Each test process holds a shared lock on one file, which the system takes back
however that process ends; when the keeper gets that lock for itself nobody is left, and it ends the emulator.

A conftest.py that wants it says `from tests.emulator import firestore_emulator as firestore_emulator`. Without Java or
the emulator its tests are skipped, in one line; with ANYROOM_TEST_ALL=1 they fail.
"""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dev import emulator, local
from sync.store import Create
from sync.store.firestore import FirestoreStore

ROOT = Path(__file__).parents[1]
START_LIMIT = 30.0
TOLD, USERS, START = "firestore.port", "firestore.users", "firestore.start"


@pytest.fixture(scope="session")
def firestore_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The emulator's host:port. Use a random project in each test, so that tests do not meet."""
    try:
        emulator.command(0)
    except emulator.EmulatorMissing as missing:
        if os.environ.get("ANYROOM_TEST_ALL") == "1":
            pytest.fail(f"Firestore half cannot run: {missing}", pytrace=False)
        pytest.skip(f"Firestore half skipped: {missing}")
    mine = tmp_path_factory.getbasetemp()
    with shared(mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine) as host:
        yield host


@contextmanager
def shared(folder: Path) -> Iterator[str]:
    """The emulator of all who name this folder, started by the first of them: its host:port."""
    told = folder / TOLD
    with (folder / USERS).open("a") as users:
        with (folder / START).open("a") as start:
            fcntl.flock(start, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_SH)
            if not told.exists():
                _start_keeper(folder)
        yield f"127.0.0.1:{told.read_text()}"


def _start_keeper(folder: Path) -> None:
    with (folder / "firestore.log").open("a") as log:
        subprocess.run(
            [sys.executable, "-m", "tests.emulator", str(folder)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            check=True,
        )


def _leave_keeper(folder: Path) -> None:
    keeper = os.fork()
    if not keeper:
        _keep(folder)
        os._exit(0)
    deadline = time.monotonic() + START_LIMIT
    while not (folder / TOLD).exists():
        if os.waitpid(keeper, os.WNOHANG)[0] or time.monotonic() > deadline:
            sys.exit("the Firestore emulator did not start")
        time.sleep(0.02)
    _warm(f"127.0.0.1:{(folder / TOLD).read_text()}")


def _warm(host: str) -> None:
    """Its first commit and its first query may take longer than a store waits, on a busy machine."""
    store = FirestoreStore(project="warm", emulator=host, patience=START_LIMIT)
    store.commit([Create("thing", "a", {})])
    store.find("thing", "a", "b", 1)
    store.close()


def _keep(folder: Path) -> None:
    """Run the emulator while anybody holds the lock on the folder's file of users."""
    port = local.free_port()
    told = folder / TOLD
    with (folder / USERS).open("a") as users:
        child = subprocess.Popen(emulator.command(port), stdin=subprocess.DEVNULL)
        try:
            while child.poll() is None and not _free(users.fileno()):
                if not told.exists() and local.answers(port, "/"):
                    told.with_suffix(".new").write_text(str(port))
                    told.with_suffix(".new").rename(told)
                time.sleep(0.05)
        finally:
            told.unlink(missing_ok=True)
            child.kill()
            child.wait()


def _free(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    _leave_keeper(Path(sys.argv[1]))

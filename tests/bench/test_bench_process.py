"""Nothing that the bench starts is left behind, whatever happens, and what it said is shown."""

import contextlib
import sys
import time
from pathlib import Path

import psutil
import pytest

from bench.failure import BenchFailure
from bench.process import connect, running
from dev.local import free_port

PARENT_OF_A_LISTENER = """
import subprocess, sys
subprocess.run([sys.executable, "-c", '''
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    listener.accept()
''', sys.argv[1]])
"""


def has_ended(process: psutil.Process) -> bool:
    """Gone, or waiting for whoever adopted it to take note."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize("outcome", [None, KeyboardInterrupt, BenchFailure])
def test_a_process_ends_with_all_it_started(tmp_path: Path, outcome: type[BaseException] | None) -> None:
    port = free_port()
    command = [sys.executable, "-c", PARENT_OF_A_LISTENER, str(port)]
    with (
        contextlib.suppress(KeyboardInterrupt, BenchFailure),
        running(command, {}, tmp_path, port, tmp_path / "log") as it,
    ):
        connect(it, 10).close()
        tree = it.tree()
        if outcome is not None:
            raise outcome("on purpose")
    assert len(tree) == 2
    deadline = time.monotonic() + 10
    while not all(has_ended(process) for process in tree) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [has_ended(process) for process in tree] == [True, True]


def test_a_process_that_ends_instead_of_listening_fails_with_what_it_said(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such setting')"]
    port = free_port()
    with (
        pytest.raises(BenchFailure, match=r"(?s)ended with 1 instead of listening.*no such setting"),
        running(command, {}, tmp_path, port, tmp_path / "log") as started,
    ):
        connect(started, 30)


def test_time_and_memory_of_the_whole_tree_count(tmp_path: Path) -> None:
    port = free_port()
    with running([sys.executable, "-c", PARENT_OF_A_LISTENER, str(port)], {}, tmp_path, port, tmp_path / "log") as it:
        connect(it, 10).close()
        parent, child = it.tree()
        assert it.memory() > max(parent.memory_full_info().uss, child.memory_full_info().uss)
        assert it.cpu() >= parent.cpu_times().user
        assert it.peak() >= max(parent.memory_info().rss, child.memory_info().rss)

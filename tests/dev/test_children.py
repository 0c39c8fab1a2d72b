"""Children and what they have started end with us, by force where they will not, and leave their last words."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from dev.children import Child, Children

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)
LATE = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('{}', time.monotonic())))"


def eventually(true: Callable[[], object]) -> None:
    until = time.monotonic() + 30
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def python(children: Children, name: str, code: str, folder: Path) -> Child:
    return children.start(name, [sys.executable, "-u", "-c", code], dict(os.environ), folder / f"{name}.log")


def test_what_a_child_has_started_ends_with_it(tmp_path: Path) -> None:
    with Children() as children:
        child = children.start("shell", ["sh", "-c", "sleep 600 & echo $!; wait"], dict(os.environ), tmp_path / "log")
        eventually(child.last_lines)
        grandchild = psutil.Process(int(child.last_lines()[0]))
    assert psutil.wait_procs([grandchild], timeout=30)[1] == []


def test_a_child_that_ignores_the_request_is_ended_by_force(tmp_path: Path) -> None:
    with Children(grace=0.2) as children:
        child = python(children, "stubborn", STUBBORN, tmp_path)
        eventually(child.last_lines)
    assert child.how() == "signal SIGKILL"


def test_the_last_started_is_stopped_first(tmp_path: Path) -> None:
    with Children() as children:
        started = [
            python(children, name, f"{LATE.format(name)}; print('up'); time.sleep(600)", tmp_path)
            for name in ("a", "b")
        ]
        for child in started:
            eventually(child.last_lines)
    first, second = (float(child.last_lines(1)[0].split()[1]) for child in started)
    assert second < first


def test_who_ended_and_how(tmp_path: Path) -> None:
    with Children(grace=0.2) as children:
        python(children, "steady", STUBBORN, tmp_path)
        assert children.ended() is None
        failing = python(children, "failing", "import sys; print('why'); sys.exit(3)", tmp_path)
        eventually(children.ended)
        assert children.ended() is failing
        assert failing.how() == "exit code 3"
        assert failing.last_lines() == ["why"]


def test_only_the_end_of_a_log_is_read_whatever_bytes_it_has(tmp_path: Path) -> None:
    with Children() as children:
        code = r"import sys; sys.stdout.buffer.write(b'1\n2\n\xff3\n')"
        child = python(children, "odd", code, tmp_path)
        eventually(child.ended)
        assert child.last_lines(2) == ["2", "\ufffd3"]

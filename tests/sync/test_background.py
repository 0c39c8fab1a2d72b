"""A background thread runs once, goes on after failures, and says what failed without saying about whom."""

import io
import json
import subprocess
import sys
import threading
from pathlib import Path

import logs
from conference.errors import Temporary
from sync.background import Background, survive

ROOT = Path(__file__).parents[2]


def test_a_loop_runs_in_one_thread_however_often_it_is_started() -> None:
    began, go = threading.Semaphore(0), threading.Event()

    def loop() -> None:
        began.release()
        go.wait(10)

    background = Background("test", loop)
    background.start()
    background.start()
    assert began.acquire(timeout=10)
    assert not began.acquire(blocking=False)
    go.set()
    background.join()
    assert "test" not in {thread.name for thread in threading.enumerate()}


def test_a_loop_that_was_never_started_has_ended() -> None:
    Background("test", lambda: None).join()


def test_a_forked_process_has_a_thread_of_its_own() -> None:
    code = """
import os, threading
from sync.background import Background
parent, go = os.getpid(), threading.Event()
background = Background("test", lambda: go.wait(10) if os.getpid() == parent else os._exit(7))
background.start()
child = os.fork()
if child == 0:
    background.start()
    threading.Event().wait(10)
    os._exit(1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
go.set()
background.join()
"""
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=60, check=True)
    assert process.stdout.strip() == b"7"


def test_a_failure_is_logged_by_its_reason_and_a_defect_by_its_place() -> None:
    def broken() -> None:
        raise ValueError("ada@example.com")

    def refused() -> None:
        raise Temporary("calendar-unavailable", "ada@example.com")

    stream = io.StringIO()
    logs.start(stream)
    survive("sweep", refused)
    survive("sweep", broken)
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first["message"] == "sweep failed: calendar-unavailable"
    assert (second["message"], second["defect"][0]) == ("sweep failed: ValueError", "ValueError")
    assert "ada" not in stream.getvalue()

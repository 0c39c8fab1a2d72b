"""A fresh instance loads nothing that it does not use, and everything that was put off still works when it is used."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(code: str, **environment: str) -> str:
    """What a fresh process prints when it runs the code."""
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def loaded(code: str, **environment: str) -> set[str]:
    """The modules that a fresh process has after the code."""
    return set(json.loads(run(f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))", **environment)))


@pytest.mark.parametrize(
    "name",
    [
        *("asyncio", "pyparsing", "charset_normalizer", "grpc", "google.cloud.firestore"),
        *("google.auth.compute_engine", "google.auth.transport.requests"),
    ],
)
def test_a_function_on_sqlite_does_not_load_what_it_does_not_use(name: str, tmp_path: Path) -> None:
    code = """
import startup
import settings, service, sync.calendar, sync.store.sqlite, conference.transport
import sync.cloud_tasks, sync.credentials, sync.own_token, sync.queue, sync.ticker
from sync.store.opening import open_store
open_store("sqlite:{folder}/x.db").close()
sync.calendar.GoogleCalendar("https://www.googleapis.com", None)
sync.cloud_tasks.CloudTasks("p/l/q", "", "", "", sync.own_token.OwnToken(), None, None, "http://127.0.0.1:1")
startup.loaded()
"""
    assert name not in loaded(code.replace("{folder}", str(tmp_path)))


def test_what_was_put_off_is_loaded_when_it_is_used() -> None:
    code = """
import startup
import googleapiclient.discovery, requests
startup.loaded()
import httplib2.auth, charset_normalizer, google.oauth2.service_account
print(callable(httplib2.auth._parse_www_authenticate), charset_normalizer.__version__ > "2")
print(google.oauth2.service_account.Credentials.__name__)
"""
    assert run(code).split() == ["True", "True", "Credentials"]


def test_garbage_is_collected_again_once_everything_is_loaded() -> None:
    assert run("import startup, gc\nprint(gc.isenabled())\nstartup.loaded()\nprint(gc.isenabled())").split() == [
        "False",
        "True",
    ]


def test_a_forked_worker_loads_in_the_background_and_its_parent_does_not() -> None:
    code = """
import os, threading, startup
done = threading.Event()
startup.prepare(done.set)
child = os.fork()
if child == 0:
    os._exit(0 if done.wait(10) else 1)
print(os.waitpid(child, 0)[1], done.is_set())
"""
    assert run(code).split() == ["0", "False"]


def test_a_failure_in_the_background_is_left_to_the_first_request() -> None:
    code = """
import os, startup, logs
logs.start()
def broken():
    raise ValueError("private")
startup.prepare(broken)
child = os.fork()
if child == 0:
    import threading
    [thread.join() for thread in threading.enumerate() if thread.name == "startup"]
    os._exit(0)
os.waitpid(child, 0)
"""
    line = json.loads(run(code))
    assert line["defect"][0] == "ValueError"
    assert "private" not in json.dumps(line)

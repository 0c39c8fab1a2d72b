"""The smoke check passes the real function, and says of every broken revision what is wrong with it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench.process import Running, connect, running
from dev.local import free_port
from tests.build.answering import Answering, answering
from tests.world import LOGO, toml

ROOT = Path(__file__).resolve().parents[2]
SMOKE = ROOT / "deploy/smoke.py"
START_LIMIT = 30.0


def smoke(url: str, *options: str) -> subprocess.CompletedProcess[str]:
    """The check as the build runs it: with a Python that has no packages."""
    return subprocess.run(
        [sys.executable, "-I", "-S", SMOKE, url, "--pause=0.01", "--tries=2", *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@contextmanager
def function(folder: Path, source: Path, **variables: str) -> Iterator[Running]:
    """A function under functions-framework, which reaches nobody."""
    port = free_port()
    config = folder / "anyroom.toml"
    config.write_text(toml({"meet": {"provider": "jitsi", "name": "Meet", "logo": LOGO}}), "utf-8")
    environment = {name: value for name, value in os.environ.items() if name not in ("DEBUG", "K_SERVICE")} | {
        "ANYROOM_CONFIG": str(config),
        "ANYROOM_IDENTITY": "script=client.apps.googleusercontent.com",
        "ANYROOM_STORE": f"sqlite:{folder / 'anyroom.db'}",
        "ANYROOM_GOOGLE_API": "http://127.0.0.1:9",
        "ANYROOM_PUBLIC_URL": f"http://localhost:{port}",
        "HOST": "127.0.0.1",
        "THREADS": "4",
        **variables,
    }
    command = [sys.executable, "-m", "functions_framework", "--target=anyroom", f"--source={source}"]
    command += ["--host=127.0.0.1", f"--port={port}"]
    with running(command, environment, source.parent, port, folder / "function.log") as server:
        yield server


def url(server: Running) -> str:
    return f"http://127.0.0.1:{server.port}"


def test_the_real_function_passes(tmp_path: Path) -> None:
    with function(tmp_path, ROOT / "main.py") as server:
        connect(server, START_LIMIT).close()
        done = smoke(url(server))
    assert done.stdout.splitlines() == [
        "ok       GET /health: 200",
        "ok       POST /conferences: 401",
        "ok       POST /notifications: 404",
        "ok       GET /no-such-page: 404",
    ]
    assert (done.returncode, done.stderr) == (0, "")


def test_the_real_function_whose_settings_are_wrong_does_not(tmp_path: Path) -> None:
    with function(tmp_path, ROOT / "main.py", ANYROOM_IDENTITY="nobody") as server:
        server.process.wait(START_LIMIT)
        done = smoke(url(server))
    assert "Anyroom does not start" in server.log.read_text("utf-8")
    assert done.returncode == 1
    assert done.stdout == "problem  GET /health: no answer: ConnectionRefusedError\n"


@pytest.mark.parametrize(
    "following",
    [
        {},
        {
            "ANYROOM_CREDENTIAL": "delegation:anyroom-delegate@example-project.iam.gserviceaccount.com",
            "ANYROOM_IDENTITY": "script=a.apps.googleusercontent.com;tasks=t@example-project.iam.gserviceaccount.com",
        },
    ],
    ids=["relay", "delegation"],
)
def test_the_real_function_whose_store_does_not_answer_does_not(tmp_path: Path, following: dict[str, str]) -> None:
    away = {"FIRESTORE_EMULATOR_HOST": "127.0.0.1:9", "GOOGLE_CLOUD_PROJECT": "example-project"}
    with function(tmp_path, ROOT / "main.py", ANYROOM_STORE="firestore:misspelt", **away, **following) as server:
        connect(server, START_LIMIT).close()
        done = smoke(url(server))
    assert done.returncode == 1
    assert "problem  POST /notifications: 503 in place of 404" in done.stdout.splitlines()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("500 in place of 200", "raise RuntimeError('broken')"),
        ("200 in place of 401", "return flask.jsonify(status='ok')"),
        ("401, but the body is not", "return ('who are you?', 401 if request.method == 'POST' else 200)"),
        ("no answer within 0.5 s", "time.sleep(20)"),
    ],
)
def test_a_function_that_was_broken_does_not(tmp_path: Path, said: str, code: str) -> None:
    source = tmp_path / "main.py"
    source.write_text(f"import time\nimport flask\n\n\ndef anyroom(request):\n    {code}\n")
    with function(tmp_path, source) as server:
        connect(server, START_LIMIT).close()
        done = smoke(url(server), "--seconds=0.5")
    assert done.returncode == 1
    assert said in done.stdout
    assert done.stderr == ""


PATHS = ("/health", "/conferences", "/notifications", "/no-such-page")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"status": 500}, "500 in place of "),
        ({"status": 302}, "302 in place of "),
        ({"status": 204, "body": b""}, "204 in place of "),
        ({"body": b'{"error": "wrong-audience"}'}, "but the body is not"),
        ({"body": b"<html>"}, "but the body is not"),
        ({"body": b"\xff"}, "but the body is not"),
        ({"hangs": True}, "no answer within 0.3 s"),
    ],
)
def test_one_wrong_answer_is_enough_and_is_named(path: str, wrong: dict[str, Any], said: str) -> None:
    with answering(Answering({path: wrong})) as address:
        done = smoke(address, "--seconds=0.3")
    assert done.returncode == 1
    [problem] = [line for line in done.stdout.splitlines() if not line.startswith("ok  ")]
    assert problem.startswith(f"problem  {'POST' if path in PATHS[1:3] else 'GET'} {path}: ")
    assert said in problem


def test_a_cold_start_is_waited_for() -> None:
    for late in ({"status": 503}, {"hangs": True}):
        with answering(Answering({"/health": {**late, "times": 2}})) as address:
            assert smoke(address, "--seconds=0.3", "--tries=3").returncode == 0


def test_a_wrong_answer_that_does_not_pass_is_not_asked_for_again() -> None:
    how = Answering({"/conferences": {"status": 200, "times": 2}})
    with answering(how) as address:
        assert smoke(address, "--tries=9").returncode == 1
    assert how.asked == 4


def test_an_address_that_is_none_is_a_problem() -> None:
    for address in ("", "anyroom", "https://", "http://localhost:port", "http://[x"):
        done = smoke(address)
        assert (done.returncode, done.stderr) == (1, "")
        assert done.stdout.startswith("problem  GET /health: no answer")

"""`python -m simulator` starts, says so in one line, ends without a trace, and explains what is in its way."""

import json
import queue
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from flask import Flask, request

from simulator import demo_data, ids
from simulator.web import Server, bound

ROOT = Path(__file__).parents[2]


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "simulator", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def ready(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("simulator ready on http://127.0.0.1:")
    return line.split()[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_end(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path, number: signal.Signals
) -> None:
    keyfile = tmp_path / "keys.json"
    process = start("--port", "0", "--keyfile", str(keyfile), "--solutions", "demo=Demo Rooms,jitsi")
    url = ready(process)
    assert json.loads(keyfile.read_text())["script"] == ids.SCRIPT_CLIENT_ID
    assert requests.get(f"{url}/oauth2/v3/certs", timeout=10).json()["keys"] == json.loads(keyfile.read_text())["keys"]
    page = requests.get(url, timeout=10).text
    assert "Demo Rooms" in page
    assert "Weekly stand-up" in page
    process.send_signal(number)
    assert process.communicate(timeout=10) == ("", "")
    assert process.returncode == 0


def test_a_change_on_the_page_reaches_the_function(start: Callable[..., subprocess.Popen[str]]) -> None:
    changed: queue.Queue[str] = queue.Queue()
    app = Flask("function")
    point = {"entryPointType": "VIDEO", "uri": "https://rooms.example/a"}
    answer = {"conferenceId": "c1", "conferenceSolutionId": "demo", "entryPoints": [point]}
    app.add_url_rule("/conferences", "create", lambda: {"conferenceData": answer}, methods=["POST"])

    @app.post("/calendar-changes")
    def changes() -> tuple[str, int]:
        changed.put(request.get_json()["calendarId"])
        return "", 204

    server = Server(bound("127.0.0.1", 0), app)
    server.start()
    url = ready(start("--port", "0", "--function", f"http://127.0.0.1:{server.port}"))
    event = requests.get(f"{url}/request?email={demo_data.ADA}", timeout=10).json()["eventId"]
    form = {"calendar": demo_data.ADA, "event": event}
    assert "was added" in requests.post(f"{url}/choose", {**form, "solution": "demo"}, timeout=10).text
    assert changed.get(timeout=10) == demo_data.ADA
    requests.post(f"{url}/change", {**form, "do": "later"}, timeout=10)
    assert changed.get(timeout=10) == demo_data.ADA
    server.close()


def test_a_port_in_use_gets_one_line_and_keeps_the_other_ones_keys(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    keyfile = tmp_path / "keys.json"
    keyfile.write_text("the first one's")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = start("--port", port, "--keyfile", str(keyfile))
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err.count("\n")) == (1, "", 1)
    assert f"port {port} is in use" in err
    assert "--port" in err
    assert keyfile.read_text() == "the first one's"


def test_a_keyfile_that_cannot_be_written_gets_one_line(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = start("--port", "0", "--keyfile", str(tmp_path / "missing" / "keys.json"))
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err.count("\n"), "--keyfile" in err) == (1, 1, True)

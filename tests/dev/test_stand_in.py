"""The stand-in of a provider's tests answers on this machine, and says how to have the function ask it."""

import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

from dev import local
from tests.dev.conftest import LIMIT, ROOT


@pytest.fixture
def started() -> Iterator[Any]:
    """Start it for a provider; ended at the end of the test."""
    processes: list[subprocess.Popen[str]] = []

    def start(name: str, port: int | str) -> subprocess.Popen[str]:
        line = [sys.executable, "-m", "dev.stand_in", name, f"--port={port}"]
        pipe = subprocess.PIPE
        processes.append(subprocess.Popen(line, cwd=ROOT, stdout=pipe, stderr=pipe, text=True))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def shown(process: subprocess.Popen[str]) -> list[str]:
    """What it prints before it answers."""
    lines: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if line.startswith("and start"):
            break
    return lines


def test_it_answers_and_tells_of_each_request_until_ctrl_c(started: Any) -> None:
    port = local.free_port()
    process = started("nextcloud_talk", port)
    lines = shown(process)
    table = tomllib.loads("\n".join(lines[1:-1]))["solutions"]["nextcloud_talk"]
    assert table["provider"] == "nextcloud_talk"
    assert table["url"].startswith(f"http://127.0.0.1:{port}")
    name = table["app_password"].removeprefix("secret:").upper().replace("-", "_")
    assert f" {name}=" in lines[-1]
    assert lines[-1].endswith(" make run")

    connection = HTTPConnection(local.HOST, port, timeout=LIMIT)
    connection.request("GET", "/nowhere?secret=canary")
    status = connection.getresponse().status
    connection.close()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, err) == (0, "")
    assert out == f"GET /nowhere {status}\n\nStopped.\n"


@pytest.mark.parametrize(
    ("name", "port", "said"),
    [
        ("matrix", "", "There is no stand-in: its tests start the system itself, synapse"),
        ("gotomeeting", "", "Users of gotomeeting sign in there, for which it has no stand-in of its own"),
        ("acme", "", "argument name: invalid choice: 'acme' "),
        ("jitsi", "many", "argument --port: invalid int value: 'many'"),
    ],
)
def test_where_there_is_none_it_says_so_in_one_line(started: Any, name: str, port: str, said: str) -> None:
    process = started(name, port or local.free_port())
    out, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, out) == (1, "")
    [line] = err.splitlines()
    assert line.startswith(said)


def test_a_port_in_use_is_named_with_the_way_out(started: Any) -> None:
    with socket.create_server((local.HOST, 0)) as other:
        port = other.getsockname()[1]
        out, err = started("jitsi", port).communicate(timeout=LIMIT)
    assert (out, err) == ("", f"Port {port} is in use: stop what uses it, or choose another with --port=NUMBER\n")

"""The systemd unit is what systemd takes, gives away nothing, and starts and ends the function as it should."""

import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep

import pytest
from gunicorn.config import Config

import settings
from conference.certificates import PATH
from simulator import faults
from sync import pull, sweep
from tests.self_hosted.machine import Machine, hosting
from tests.self_hosted.proxy import CONF, WAIT, needs_nginx
from tests.self_hosted.unit import DEPLOY, ROOT, UNIT, directives, value, values

ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed: apt-get install systemd")
EXPOSURE = {"anyroom.service": 12, "anyroom-backup.service": 5}
"""Tenths of what `systemd-analyze security` counts: what is left is the network, and the host's own root directory."""
START = 20.0


def analyze(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ANALYZE or "", *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    """The units with a program and a folder that are there."""
    for unit in DEPLOY.glob("anyroom*.*"):
        text = unit.read_text("utf-8").replace("/opt/anyroom/.venv/bin/python", sys.executable)
        (tmp_path / unit.name).write_text(text.replace("/opt/anyroom", str(ROOT)), "utf-8")
    return tmp_path


@needs_systemd
def test_systemd_takes_every_line(copies: Path) -> None:
    units = [f"./{unit.name}" for unit in copies.iterdir()]
    assert len(units) == 3
    done = analyze("verify", "--man=no", *units, folder=copies)
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("name", EXPOSURE)
def test_it_may_do_no_more_than_it_needs(copies: Path, name: str) -> None:
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE[name]}", f"./{name}", folder=copies)
    assert done.returncode == 0, "\n".join(line for line in done.stdout.splitlines() if line.startswith(("✗", "→")))


def test_no_secret_stands_in_the_unit_and_each_is_loaded_by_systemd() -> None:
    loaded = {line.partition(":")[0]: line.partition(":")[2] for line in values("LoadCredential")}
    named = re.findall(r"secret:([\w-]+)", UNIT.read_text("utf-8"))
    assert set(named) == set(loaded) == {"anyroom-keys"}
    assert all(path == f"/etc/anyroom/secrets/{name}" for name, path in loaded.items())
    assert "ANYROOM_SECRETS=file:%d" in values("Environment")


def test_its_variables_are_those_that_the_function_reads() -> None:
    names = {line.partition("=")[0] for line in values("Environment")}
    source = (ROOT / "settings.py").read_text("utf-8")
    assert {name for name in names if name.startswith("ANYROOM_")} <= set(re.findall(r'"(ANYROOM_\w+)"', source))


def test_it_starts_what_cloud_functions_starts_and_listens_on_loopback_alone() -> None:
    words = shlex.split(value("ExecStart"))
    assert words[1:4] == ["-m", "functions_framework", "--target=anyroom"]
    assert "--host=127.0.0.1" in words
    [port] = [word.removeprefix("--port=") for word in words if word.startswith("--port=")]
    assert value("SocketBindAllow") == f"ipv4:tcp:{port}"
    assert f"server 127.0.0.1:{port} " in CONF.read_text("utf-8")


def seconds(text: str) -> float:
    assert text.endswith("s")
    return float(text[:-1])


def test_whoever_waits_waits_longer_than_whoever_works() -> None:
    create, run = (seconds(found) for found in re.findall(r"proxy_read_timeout (\w+);", CONF.read_text("utf-8")))
    promised = 20
    assert promised < create
    assert max(pull.RUN, sweep.SWEEP) < run
    graceful = Config().graceful_timeout
    assert promised < graceful < seconds(value("TimeoutStopSec"))
    for slow in re.findall(r"client_\w+_timeout (\w+);", CONF.read_text("utf-8")):
        assert seconds(slow) <= 5


@needs_nginx
def test_systemd_is_told_when_it_listens(machine: Machine) -> None:
    assert machine.ready.startswith("READY=1\n")


@needs_nginx
def test_it_is_joined_without_being_asked(tmp_path: Path) -> None:
    """The worker joins everything by itself, and with it what sweeps: see test_sweeping.py."""
    with hosting(tmp_path) as machine:
        began = monotonic()
        while not machine.simulator.requests.under(PATH):
            assert monotonic() - began < START, machine.log()
            sleep(0.01)
        assert '"route"' not in machine.log()


@needs_nginx
def test_sigterm_ends_it_when_a_request_under_way_is_answered(tmp_path: Path) -> None:
    with hosting(tmp_path) as machine, ThreadPoolExecutor(1) as clients:
        assert machine.create(machine.user()).status == 200
        machine.simulator.faults.add(faults.latency(1.5), "/rooms-api/*", times=1)
        before = len(machine.simulator.requests.lines("/rooms-api"))
        under_way = clients.submit(machine.create, machine.user())
        began = monotonic()
        while len(machine.simulator.requests.lines("/rooms-api")) == before and monotonic() - began < WAIT:
            sleep(0.01)
        machine.function.process.send_signal(signal.SIGTERM)
        reply = under_way.result()
        assert "entryPoints" in _data(reply.body)
        assert machine.function.process.wait(WAIT) == 0
        assert "Traceback" not in machine.log()
        assert machine.proxy.ask("GET /health HTTP/1.1").status == 502


def _data(body: bytes) -> Mapping[str, object]:
    data: Mapping[str, object] = json.loads(body)["conferenceData"]
    return data


@needs_nginx
def test_what_it_stores_only_its_user_can_read(machine: Machine) -> None:
    assert (value("UMask"), value("StateDirectoryMode"), value("RuntimeDirectoryMode")) == ("0077", "0700", "0700")
    assert machine.create(machine.user()).status == 200
    stored = {path.name for path in machine.places.state.iterdir()}
    assert "anyroom.db" in stored
    assert all(name.startswith("anyroom.db") for name in stored)
    assert settings.DEFAULT_CONFIG not in dict(directives())

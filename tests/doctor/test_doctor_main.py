"""`make doctor` tells its findings line by line, ends in time and when it is told to, and shows no secret."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conference.clock import Deadline, SystemClock
from conference.errors import Temporary
from doctor.finding import Check, Finding, ok
from doctor.round import LAST, Round
from simulator import faults, ids
from tests.browsing import vendors
from tests.doctor.test_doctor_storage import left
from tests.doctor_place import Place
from tests.inside import StillClock
from tests.thorough import takes_long
from tests.without_progress import without_progress
from tests.world import toml

ROOT = Path(__file__).resolve().parents[2]


def start(healthy: Place) -> subprocess.Popen[str]:
    path = healthy.folder / "anyroom.toml"
    path.write_text(toml(healthy.solutions), "utf-8")
    told = {**healthy.environment, "ANYROOM_CONFIG": str(path)}
    told["GCE_METADATA_HOST"] = healthy.simulator.url.removeprefix("http://")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANYROOM_")}
    return subprocess.Popen(
        [sys.executable, "-m", "doctor"],
        cwd=ROOT,
        env={**kept, **told},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(healthy: Place) -> tuple[int, list[str], str]:
    process = start(healthy)
    out, error = process.communicate(timeout=60)
    return process.returncode, out.splitlines(), error


def quiet(healthy: Place) -> None:
    """Have nothing wrong but for what a test breaks."""
    healthy.environment["ANYROOM_PUBLIC_URL"] = healthy.simulator.url.replace("127.0.0.1", "localhost")


def test_with_a_problem_the_exit_code_is_one_and_they_are_counted(healthy: Place) -> None:
    code, lines, error = run(healthy)
    assert (code, without_progress(error)) == (1, "")
    assert lines[0] == "A probe document is written to the store and deleted; nothing else is changed."
    assert lines[-1] == "1 problem, no warnings."
    assert all(re.fullmatch(r"(ok     |warning|problem)  \S.*: \S.*", line) for line in lines[1:-1])


def test_without_a_problem_the_exit_code_is_zero(healthy: Place) -> None:
    del healthy.environment["ANYROOM_DOCTOR_USER"]
    healthy.simulator.faults.add(faults.status(200, b'{"status": "ok"}'), path="/health", times=None)
    quiet(healthy)
    code, lines, error = run(healthy)
    assert (code, lines[-1], without_progress(error)) == (0, "no problems, 1 warning.", "")


def test_ctrl_c_ends_it_in_a_moment_without_a_probe_left(healthy: Place) -> None:
    left(healthy.folder / "anyroom.db")
    healthy.simulator.faults.add(faults.latency(30), path="/rooms-api/v1/rooms", times=None)
    process = start(healthy)
    assert process.stdout
    assert process.stderr
    for line in process.stdout:
        if "sign-in: " in line:
            break
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert time.monotonic() - began < LAST + 7
    assert (process.returncode, out.splitlines()[-1]) == (130, "Stopped.")
    assert "Traceback" not in error
    assert left(healthy.folder / "anyroom.db") == []


@takes_long
def test_what_takes_long_is_said_meanwhile(healthy: Place) -> None:
    healthy.simulator.faults.add(faults.latency(3), path="/rooms-api/v1/rooms", times=None)
    _, lines, error = run(healthy)
    assert "ok       solution rooms: answers, and takes our credentials" in lines
    assert any(line.startswith("checking solution rooms ... ") for line in error.splitlines())


def found(*checks: Check, limit: float = 0.2) -> list[Finding]:
    return list(Round(checks, SystemClock(), limit, grace=0.1).findings(time.sleep))


def test_a_check_that_hangs_is_given_up_and_the_others_are_told_all_the_same() -> None:
    forever = threading.Event()

    def hang(deadline: Deadline) -> list[Finding]:
        forever.wait()
        return []

    clock = StillClock()

    def pause(seconds: float) -> None:
        """The one that is well has come to its end before any time passes."""
        for thread in threading.enumerate():
            if thread.name == "well":
                thread.join(30)
        clock.advance(seconds)

    hanging = [Check(f"hanging {number}", hang) for number in range(20)]
    checks = [*hanging, Check("well", lambda deadline: [ok("well", "it is")])]
    lines = [one.line() for one in Round(checks, clock, 0.2, grace=0.1).findings(pause)]
    forever.set()
    assert 0.3 <= clock.ahead < 0.4
    assert lines[0] == "problem  hanging 0: no answer within 0 s; check the network and try again"
    assert lines[-1] == "ok       well: it is"


def test_a_check_that_fails_hides_no_other_and_shows_no_text_of_the_failure() -> None:
    def broken(deadline: Deadline) -> list[Finding]:
        raise ValueError("canary")

    def refused(deadline: Deadline) -> list[Finding]:
        raise Temporary("busy", "somebody else")

    lines = [one.line() for one in found(Check("a", broken), Check("b", refused), Check("c", lambda _: [ok("c", "d")]))]
    assert lines == [
        "problem  a: make doctor itself failed (ValueError); please open an issue",
        "problem  b: busy: somebody else; it may pass, so try again in a minute",
        "ok       c: d",
    ]


def spoilt(healthy: Place) -> Iterator[None]:
    """Break one thing after the other, with marked values."""
    yield
    for name in list(healthy.environment):
        if name == name.replace("ANYROOM_", ""):
            before, healthy.environment[name] = healthy.environment[name], f"canary-{name}\n"
            yield
            healthy.environment[name] = before
    for name in ("IDENTITY", "KEYS", "SIGNIN", "CREDENTIAL", "QUEUE", "GRACE", "REPLY", "STORE", "DOCTOR_USER"):
        before = healthy.environment.get(f"ANYROOM_{name}", "")
        healthy.environment[f"ANYROOM_{name}"] = "canary@example.com"
        yield
        healthy.environment[f"ANYROOM_{name}"] = before
    healthy.simulator.faults.add(faults.status(401, b'{"error": "canary@example.com"}'), path="/token", times=None)
    healthy.simulator.faults.add(faults.status(500, b'{"error": "canary@example.com"}'), path="/goto", times=None)
    yield


@pytest.mark.parametrize("shared", [False, True], ids=["users", "account"])
def test_no_secret_token_or_address_is_ever_shown(
    healthy: Place, shared: bool, caplog: pytest.LogCaptureFixture
) -> None:
    if shared:
        client, healthy.environment["ZOOM_CLIENT"] = ids.OAUTH_CLIENTS["zoom-account"]
        healthy.solutions["zoom"] |= {"client_id": client, "account_id": ids.ZOOM_ACCOUNT}
    _, environment = vendors()
    hidden = {value for name, value in environment.items() if not name.startswith("ANYROOM_")}
    hidden |= {ids.ROOMS_API_KEY, ids.OAUTH_CLIENTS["zoom-account"][1], "canary", "Bearer", "eyJ", "@"}
    for _ in spoilt(healthy):
        said = "\n".join([*healthy.lines(), caplog.text])
        assert [value for value in hidden if value in said] == []

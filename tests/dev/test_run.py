"""`make run` gives a room that can be entered, ends with nothing left behind, and says what is in its way."""

import json
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from dev import emulator, local
from tests.dev.conftest import LIMIT, ROOT, Launch
from tests.thorough import takes_long

Start = Callable[..., Launch]


def pasted(line: str, shell: str) -> Any:
    for program in (shell, "curl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: the line that make run prints is not tried")
    done = subprocess.run([shell, "-c", line], capture_output=True, text=True, check=True, timeout=LIMIT)
    return json.loads(done.stdout)["conferenceData"]


def one_line(launched: Launch) -> str:
    assert launched.end() == 1
    assert len(launched.lines) == 1, launched.lines
    return launched.lines[0]


def gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=LIMIT)
    return not alive


def test_the_line_pasted_twice_gives_one_room_and_ctrl_c_ends_everything(launch: Start) -> None:
    launched = launch(make=True)
    line = launched.curl()
    first, second = pasted(line, "sh"), pasted(line, "bash")
    assert first["entryPoints"][0]["uri"].startswith("https://meet.jit.si/")
    assert second == first
    family = launched.family()
    assert len(family) >= 4  # the launcher, the simulator, gunicorn and its worker
    launched.ctrl_c()
    launched.end()
    assert gone(family)
    assert not [said for said in launched.lines if "Traceback" in said]
    assert [said for said in launched.lines if said.startswith("curl")] == [line]
    assert "Stopped." in launched.lines


@takes_long
def test_the_line_works_on_firestore(launch: Start) -> None:
    try:
        emulator.command(1)
    except emulator.EmulatorMissing as missing:
        pytest.skip(str(missing))
    launched = launch("STORE=firestore")
    line = launched.curl()
    assert pasted(line, "sh") == pasted(line, "sh")
    assert not list(launched.folder.glob("anyroom.db*"))
    family = launched.family()
    launched.process.terminate()
    assert launched.end() == 0
    assert gone(family)


@takes_long
def test_a_start_has_a_key_and_a_database_of_its_own(launch: Start) -> None:
    first = launch()
    stale = first.curl()
    first.ctrl_c()
    assert first.end() == 0
    second = launch(f"PORT={first.port}", f"SIMULATOR_PORT={first.simulator_port}")
    fresh = second.curl()
    assert "entryPoints" in pasted(fresh, "sh")
    refused = subprocess.run(["sh", "-c", f"{stale} -f"], capture_output=True, text=True, check=False)
    assert "401" in refused.stderr
    second.ctrl_c()
    assert second.end() == 0


def test_when_one_ends_the_rest_is_stopped_and_its_last_words_are_shown(launch: Start) -> None:
    launched = launch()
    launched.curl()
    family = launched.family()
    simulator = next(process for process in family if "simulator" in process.cmdline())
    (launched.folder / "simulator.log").write_text("the last words\n")
    simulator.kill()
    assert launched.end() == 1
    assert gone(family)
    assert launched.lines[-2].startswith("The simulator ended (signal SIGKILL), so everything was stopped; the end of")
    assert launched.lines[-1] == "    the last words"


def test_a_second_start_does_not_touch_the_first(launch: Start) -> None:
    first = launch()
    first.curl()
    assert "stop it, or keep apart with make run RUN=FOLDER" in one_line(launch())
    assert local.answers(first.port, "/health")


@pytest.mark.parametrize("name", ["PORT", "SIMULATOR_PORT"])
def test_a_port_in_use_is_named_with_the_way_out(launch: Start, name: str) -> None:
    with socket.create_server((local.HOST, 0)) as other:
        port = other.getsockname()[1]
        line = one_line(launch(f"{name}={port}"))
    assert line == f"Port {port} is in use: stop what uses it, or choose another with make run {name}=NUMBER"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("STORE=postgres", "STORE is sqlite or firestore, not 'postgres'"),
        ("PORT=http", "PORT is a number from 1 to 65535, not 'http'"),
        ("SIMULATOR_PORT=0", "SIMULATOR_PORT is a number from 1 to 65535, not '0'"),
        ("PORT=65536", "PORT is a number from 1 to 65535, not '65536'"),
    ],
)
def test_a_wrong_setting_is_named(launch: Start, setting: str, said: str) -> None:
    assert one_line(launch(setting)) == said


def test_without_java_firestore_says_what_to_install(launch: Start, tmp_path: Path) -> None:
    line = one_line(launch("STORE=firestore", PATH=str(tmp_path)))
    assert line.startswith("Firestore's emulator needs Java, says Google: 21 or newer")


def test_a_wrong_configuration_is_named_before_anything_starts(launch: Start, tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("[solutions")
    line = one_line(launch(ANYROOM_CONFIG=str(broken)))
    assert line.startswith("ANYROOM_CONFIG: ")


@takes_long
def test_the_developer_s_own_solutions_are_run(launch: Start, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    logo = "https://www.gstatic.com/images/icons/material/system/2x/videocam_black_48dp.png"
    own.write_text(f'[solutions.ours]\nprovider = "jitsi"\nname = "Ours"\nlogo = "{logo}"\n')
    launched = launch(ANYROOM_CONFIG=str(own))
    assert pasted(launched.curl(), "sh")["conferenceSolutionId"] == "ours"


def test_make_says_which_python_it_needs() -> None:
    done = subprocess.run(
        ["make", "run", "PYTHON=python-that-is-not-there"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].startswith("There is no python-that-is-not-there: install Python 3.11 or newer")

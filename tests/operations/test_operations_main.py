"""`python -m operations`: what it is told and says, how it ends, and that make hands on what it was given."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from conference import audit
from operations.__main__ import COMMANDS
from operations.asked import Asked, read
from operations.console import Mistake
from simulator import faults
from tests.scenarios.story import RELAYED, Story
from tests.thorough import takes_long
from tests.without_progress import without_progress
from tests.world import ADA, toml

ROOT = Path(__file__).resolve().parents[2]
ALL = frozenset({"do", "user", "domain", "file"})


def environment(story: Story) -> dict[str, str]:
    """What the function is told, and where it is not told so here, its store."""
    (story.world.folder / "anyroom.toml").write_text(toml(story.world.solutions), "utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANYROOM_")}
    store = f"sqlite:{story.world.folder / 'anyroom.db'}"
    return {**kept, **story.world.environment, "ANYROOM_STORE": store, "PYTHONPATH": str(ROOT)}


def start(story: Story, *arguments: str, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "operations", *arguments],
        cwd=story.world.folder,
        env={**environment(story), **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(story: Story, *arguments: str, **more: str) -> tuple[int, list[str], str]:
    process = start(story, *arguments, **more)
    out, error = process.communicate(timeout=120)
    return process.returncode, out.splitlines(), error


@RELAYED
def test_a_command_reads_the_functions_settings_and_ends_with_zero_when_nothing_is_left(story: Story) -> None:
    story.live()
    code, lines, error = run(story, "reconcile", "--do=", "--user=")
    assert (code, lines[-1], without_progress(error)) == (0, "no differences on 1 calendar.", "")


@RELAYED
def test_the_end_is_one_when_something_is_left(story: Story) -> None:
    story.live()
    [room] = story.simulator.rooms.having(None)
    story.simulator.rooms.delete(room.id)
    code, lines, error = run(story, "reconcile")
    assert (code, lines[-1], without_progress(error)) == (1, "1 difference on 1 calendar. DO=1 does what is safe.", "")


@RELAYED
@pytest.mark.parametrize(
    ("arguments", "more", "said"),
    [
        ((), {}, "Name one of reconcile, parked, orphans, "),
        (("nonsense",), {}, "Name one of reconcile, parked, orphans, "),
        (("parked", "--do=yes"), {}, "DO is 1, to change something, or left out"),
        (("parked", "--user=ada@example.com"), {}, "USER means nothing here; see make help"),
        (("parked", "--force"), {}, "--force is not known; see make help"),
        (("erase",), {}, "Name one of USER=ADDRESS"),
        (("erase", "--user=ada"), {}, "USER must be an address, or Google's number of a user"),
        (("erase", "--domain=@example.com"), {}, "DOMAIN must be a domain, such as example.com"),
        (("export", "--user=1"), {}, "Name the file to write: FILE=PATH"),
        (("rotate-keys",), {}, "ANYROOM_KEYS is not set, and nothing is sealed"),
        (("parked",), {"ANYROOM_STORE": "sqlite:none.db"}, "There is no store at none.db"),
        (("parked",), {"ANYROOM_STORE": "postgres:"}, "ANYROOM_STORE: must be sqlite:PATH"),
        (("parked",), {"ANYROOM_IDENTITY": ""}, "ANYROOM_IDENTITY: "),
        (("backup", "--file=b.db"), {"ANYROOM_STORE": "firestore:"}, "The store is Firestore, which has backups"),
        (("restore", "--file=none.db"), {}, "There is no file none.db"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_each_mistake_is_one_line_and_the_end_is_two(
    story: Story, arguments: tuple[str, ...], more: dict[str, str], said: str
) -> None:
    code, lines, error = run(story, *arguments, **more)
    assert (code, lines) == (2, [])
    assert without_progress(error).startswith(said)
    assert without_progress(error).count("\n") == 1
    assert not (story.world.folder / "none.db").exists()


@takes_long
@RELAYED
def test_a_store_that_cannot_be_reached_is_one_line_and_the_end_is_one(story: Story) -> None:
    code, lines, error = run(
        story, "parked", ANYROOM_STORE="firestore:", FIRESTORE_EMULATOR_HOST="127.0.0.1:9", GOOGLE_CLOUD_PROJECT="acme"
    )
    assert (code, lines) == (1, [])
    assert without_progress(error).startswith("store-unavailable: ")
    assert without_progress(error).count("\n") == 1


@takes_long
@RELAYED
def test_it_says_that_it_waits_for_credentials(story: Story) -> None:
    """A metadata server that takes a connection and says nothing holds google-auth up for seconds."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        nowhere = {"GCE_METADATA_IP": address, "GCE_METADATA_HOST": address, "CLOUDSDK_CONFIG": str(story.world.folder)}
        code, lines, error = run(story, "parked", ANYROOM_STORE="firestore:", GOOGLE_CLOUD_PROJECT="acme", **nowhere)
    assert (code, lines) == (1, [])
    first, *_, last = error.splitlines()
    assert re.fullmatch(r"opening the store \.\.\. \d+ s", first)
    assert last.startswith("store-")


@takes_long
@RELAYED
def test_ctrl_c_ends_it_in_a_moment_and_the_same_command_goes_on(story: Story) -> None:
    for _ in range(2):
        story.live()
    [room, _] = story.simulator.rooms.having(None)
    story.simulator.rooms.delete(room.id)
    story.simulator.faults.add(faults.latency(30), path="/rooms-api/v1/rooms", times=1)
    process = start(story, "reconcile")
    assert process.stderr
    assert any(re.fullmatch(r"comparing: room [12] \.\.\. \d+ s\n", line) for line in process.stderr)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert time.monotonic() - began < 25
    assert (process.returncode, error.splitlines()[-1]) == (130, "Stopped. The same command goes on from here.")
    assert "Traceback" not in error
    assert run(story, "reconcile")[0] == 1


@RELAYED
def test_a_backup_is_made_beside_the_function(story: Story) -> None:
    story.live()
    code, lines, error = run(story, "backup", "--file=b.db")
    assert (code, lines, without_progress(error)) == (0, ["b.db: 1 calendar, 1 mapping; whole."], "")
    code, lines, error = run(story, "restore", "--file=b.db", "--do=1")
    assert code == 2
    assert "is in use: stop the function first" in error


@RELAYED
def test_what_is_erased_is_said_on_standard_error_as_an_audit_line_without_a_name(story: Story) -> None:
    story.live()
    assert without_progress(run(story, "erase", f"--user={ADA}")[2]) == ""
    code, _, error = run(story, "erase", f"--user={ADA}", "--do=1")
    assert code == 0
    line = json.loads(without_progress(error))
    assert datetime.now(UTC) - datetime.fromisoformat(line.pop("time")) < timedelta(minutes=5)
    sub = story.simulator.identity.subject(ADA)
    assert line == {
        "severity": "INFO",
        "message": "delete: user",
        "logger": "anyroom.audit",
        "kind": "audit",
        "action": "delete",
        "subject": audit.subject(sub),
        "object": "user",
    }


@takes_long
@RELAYED
def test_a_reader_who_goes_away_ends_it_without_a_trace(story: Story) -> None:
    """As with `make parked | head -1`."""
    for _ in range(3):
        story.live()
    story.simulator.faults.add(faults.status(503, b"{}"), "/rooms-api/*", times=None)
    for event in [one.event for one in story.mappings()]:
        story.people.patch(ADA, event, summary="Better plan")
    story.settle()
    process = start(story, "parked")
    assert process.stdout
    process.stdout.close()
    _, error = process.communicate(timeout=60)
    assert (process.returncode, without_progress(error)) == (130, "")


def test_what_was_not_given_is_not_asked_for() -> None:
    assert read(["--do=", "--user=", "--file="], frozenset()) == Asked()
    assert read(["--do=1", "--user=Ada@Example.com"], ALL) == Asked(do=True, user="ada@example.com")
    assert read(["--user=123456789012345678901"], ALL).user == "123456789012345678901"
    with pytest.raises(Mistake):
        read(["--do=1"], frozenset({"file"}))


def test_make_hands_on_what_was_given_to_make_and_nothing_of_the_environment() -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not installed")

    def recipe(*arguments: str) -> str:
        shown = subprocess.run(
            [make, "-n", "--no-print-directory", *arguments],
            cwd=ROOT,
            env={**os.environ, "USER": "root", "DOMAIN": "example.com", "FILE": "f", "DO": "1", "MAKEFLAGS": ""},
            capture_output=True,
            text=True,
            check=True,
        )
        return next(line for line in shown.stdout.splitlines() if " -m operations " in line).rstrip()

    for name in COMMANDS:
        assert recipe(name) == f".venv/bin/python -m operations {name}"
    assert recipe("erase", f"USER={ADA}", "DO=1").endswith(f" erase '--do=1' '--user={ADA}'")
    assert shlex.split(recipe("erase", "USER=o'neil@example.com"))[-1] == "--user=o'neil@example.com"
    assert recipe("export", "DOMAIN=example.com", "FILE=a b.json").endswith(" '--domain=example.com' '--file=a b.json'")

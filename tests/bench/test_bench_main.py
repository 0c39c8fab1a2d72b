"""The command says by its exit code whether figures are short, and by a line what could not be measured."""

import os
import subprocess
import sys

import pytest

from bench import emulator
from bench.world import ROOT
from tests.thorough import takes_long

HERE = {name: value for name, value in os.environ.items() if name not in ("ONLY", "SIZE", "ANYROOM_TEST_ALL")}


def bench(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(command, env=HERE | environment, cwd=ROOT, capture_output=True, text=True, timeout=60)


@takes_long
@pytest.mark.parametrize(("everything", "code"), [("", 0), ("1", 1)])
def test_without_the_emulator_its_figures_are_skipped_unless_all_are_wanted(everything: str, code: int) -> None:
    absent = {emulator.VARIABLE: "/nonexistent/emulator.jar", "ANYROOM_TEST_ALL": everything}
    done = bench("ONLY=create.memory.firestore", **absent)
    assert done.stdout.startswith("create.memory.firestore skipped: ")
    assert (done.stdout.count("\n"), done.returncode) == (1, code)


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [(["nothing"], {}), ([], {"ONLY": "nothing"}), (["ONLY=create.cpu", "more"], {}), ([], {"SIZE": "huge"})],
)
def test_what_cannot_be_understood_starts_nothing(arguments: list[str], environment: dict[str, str]) -> None:
    done = bench(*arguments, **environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1

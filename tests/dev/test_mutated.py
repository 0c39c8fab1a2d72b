"""A mistake in a module is there for the tests of one run, which find it or not, and nowhere else."""

import ast
import os
import sys
from functools import partial
from pathlib import Path

import pytest

from dev import mutants
from dev.mutants import Reasons, Result, shown
from dev.mutated import Runs, ended, started
from dev.mutations import mutations
from tests.thorough import takes_long

SOURCE = "def double(number):\n    return number + number\n\n\ndef unused():\n    return 7\n"
TEST = "import anyroom_doubling\n\n\ndef test_a_double():\n    assert anyroom_doubling.double(3) == 6\n"
SECONDS = 120.0


@pytest.fixture
def tests(tmp_path: Path) -> tuple[str, ...]:
    """A test file beside the module that it tests."""
    (tmp_path / "anyroom_doubling.py").write_text(SOURCE)
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    (tmp_path / "test_doubling.py").write_text(TEST)
    return (str(tmp_path / "test_doubling.py"),)


def found(tests: tuple[str, ...], trees: dict[str, ast.Module], seconds: float = SECONDS) -> dict[str, bool]:
    """Which mistakes the tests find."""
    known: dict[str, bool] = {}
    with Runs(tests, seconds, 2) as runs:
        for name, tree in trees.items():
            runs.start("anyroom_doubling", tree, partial(known.__setitem__, name))
        runs.finish()
    return known


def test_a_mistake_is_found_or_not(tests: tuple[str, ...]) -> None:
    trees = {f"{one.inside}: {one.what}": one.module for one in mutations(SOURCE)}
    assert found(tests, trees) == {
        "double: nothing returned": True,
        "double: Sub for Add": True,
        "unused: nothing returned": False,
        "unused: 8 for 7": False,
    }
    assert "anyroom_doubling" not in sys.modules


@takes_long
@pytest.mark.parametrize("importing", ["", "import anyroom_doubling"])
def test_a_module_that_cannot_be_imported_is_found(tests: tuple[str, ...], importing: str) -> None:
    Path(tests[0]).with_name("conftest.py").write_text(importing)
    assert found(tests, {"broken": ast.parse("raise ValueError")}) == {"broken": True}


@takes_long
def test_tests_that_hang_have_found_the_mistake_and_are_ended(tests: tuple[str, ...]) -> None:
    endless = ast.parse("while True: pass")
    assert found(tests, {"endless": endless}, seconds=5.0) == {"endless": True}


@takes_long
def test_no_run_outlives_who_started_it(tests: tuple[str, ...]) -> None:
    with Runs(tests, SECONDS, 2) as runs:
        runs.start("anyroom_doubling", ast.parse("while True: pass"), lambda killed: None)
        [(run, _)] = runs._running.values()
    with pytest.raises(ProcessLookupError):
        os.kill(run.pid, 0)


@takes_long
def test_what_a_run_writes_is_gone_after_it(tests: tuple[str, ...]) -> None:
    run = started(tests, SECONDS)
    while (code := ended(run)) is None:
        pass
    assert code == 0
    assert not Path(run.folder.name).exists()


def made(source: str) -> Result:
    """A file none of whose mistakes were found, among nine that were for each."""
    survived = list(mutations(source))
    return Result("a.py", 10 * len(survived), survived)


def test_a_file_is_good_when_nine_in_ten_are_found_and_the_rest_is_explained() -> None:
    table = {"a.py": [{"line": "LIMIT = 5", "what": "6 for 5", "why": "a limit of taste"}]}
    lines, good = shown(made("LIMIT = 5"), Reasons(table))
    assert good
    assert lines[0].split() == ["a.py", "10", "made", "9", "found", "90.0%"]
    assert "a limit of taste" in lines[1]


def test_a_mistake_without_a_reason_is_shown_as_such() -> None:
    lines, good = shown(made("LIMIT = 5"), Reasons({}))
    assert not good
    assert "WITHOUT A REASON" in lines[1]


def test_reasons_do_not_make_up_for_too_many() -> None:
    result = made("LIMIT = 5")
    result.made = 9
    table = {"a.py": [{"line": "LIMIT = 5", "what": "6 for 5", "why": "a limit of taste"}]}
    assert not shown(result, Reasons(table))[1]


@pytest.mark.parametrize("path", mutants.TARGETS)
def test_every_file_and_its_tests_are_there(path: str) -> None:
    for known in (path, *mutants.TARGETS[path].tests):
        assert (mutants.ROOT / known).is_file()


def test_every_reason_is_about_a_mistake_that_is_still_made() -> None:
    for path, reasons in mutants.known_reasons().items():
        target = mutants.TARGETS[path]
        still = {(one.line, one.what) for one in mutations((mutants.ROOT / path).read_text("utf-8"), target.inside)}
        assert {(one["line"], one["what"]) for one in reasons} <= still

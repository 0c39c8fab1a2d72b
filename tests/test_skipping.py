"""A skip is said once for each reason, and is a failure where nothing may be skipped."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.thorough import takes_long

SKIPPING = """
import pytest

@pytest.mark.parametrize("number", [1, 2])
def test_in_the_middle(number):
    pytest.skip("no Node: install nodejs")

@pytest.mark.skipif(True, reason="no Janus: install janus")
def test_marked():
    pass

@pytest.mark.xfail(strict=True)
def test_expected_to_fail():
    assert False

@pytest.mark.xfail(run=False, reason="no Python 3.99 anywhere")
def test_elsewhere():
    assert False

def test_that_runs():
    pass
"""
WHOLE_FILE = 'import pytest\npytest.skip("no Java: install a JRE", allow_module_level=True)\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path / "conftest.py")
    (tmp_path / "test_skipping_here.py").write_text(SKIPPING)
    (tmp_path / "test_skipped_file.py").write_text(WHOLE_FILE)
    return tmp_path


def run(folder: Path, everything: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=.", "."],
        cwd=folder,
        env={**os.environ, "ANYROOM_TEST_ALL": everything},
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_reason_gets_one_line_with_its_count(folder: Path) -> None:
    done = run(folder, "")
    assert done.returncode == 0, done.stdout
    assert [line for line in done.stdout.splitlines() if line.startswith("skipped")] == [
        "skipped 1: no Janus: install janus",
        "skipped 1: no Java: install a JRE",
        "skipped 2: no Node: install nodejs",
    ]


@takes_long
def test_where_nothing_may_be_skipped_each_skip_fails(folder: Path) -> None:
    (folder / "test_skipped_file.py").unlink()
    done = run(folder, "1")
    assert done.returncode == 1
    assert "2 failed, 1 passed, 2 xfailed, 1 error" in done.stdout
    assert "skipped although ANYROOM_TEST_ALL=1: no Node: install nodejs" in done.stdout


@takes_long
@pytest.mark.parametrize("everything", ["", "1"])
def test_what_no_machine_has_is_said_and_fails_nowhere(folder: Path, everything: str) -> None:
    (folder / "test_skipped_file.py").unlink()
    done = run(folder, everything)
    assert done.stdout.count("not run: no Python 3.99 anywhere") == 1
    assert "FAILED test_skipping_here.py::test_elsewhere" not in done.stdout


@takes_long
def test_where_nothing_may_be_skipped_a_skipped_file_fails(folder: Path) -> None:
    (folder / "test_skipping_here.py").unlink()
    done = run(folder, "1")
    assert done.returncode not in (0, 5)
    assert "skipped although ANYROOM_TEST_ALL=1: no Java: install a JRE" in done.stdout

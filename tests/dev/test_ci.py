"""CI installs from Debian what is missing, and skips nothing; what Debian does not have is said in one line."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = (
    *("curl", "java", "node", "npm", "janus", "chromium", "shellcheck", "gcloud"),
    *("nginx", "systemd-analyze", "openssl", "sqlite3", "prosody"),
)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The programs of a machine with everything; `make` and `apt-get` only tell how they were called."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed: .ci/run is not tried")
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("bash", "dirname", "env"):
        (folder / name).symlink_to(shutil.which(name) or name)
    for name in PROGRAMS:
        put(folder / name, "exit 0")
    put(folder / "python3", f'exec {sys.executable} "$@"')
    put(folder / "apt-get", 'echo "apt-get $*" >&2')
    put(folder / "make", 'echo "make $* with ANYROOM_TEST_ALL=$ANYROOM_TEST_ALL $ANYROOM_FIRESTORE_EMULATOR"')
    (tmp_path / "emulator.jar").touch()
    return folder


def put(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def run(machine: Path, jar: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [machine / "bash", ROOT / ".ci/run"],
        env={"PATH": str(machine), "ANYROOM_FIRESTORE_EMULATOR": jar or str(machine.parent / "emulator.jar")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_nothing_is_installed_where_everything_is_there(machine: Path) -> None:
    done = run(machine)
    assert (done.returncode, done.stderr) == (0, "")
    [line] = done.stdout.splitlines()
    assert line == f"make --keep-going test with ANYROOM_TEST_ALL=1 {machine.parent / 'emulator.jar'}"


def test_what_is_missing_comes_from_debian_after_an_update(machine: Path) -> None:
    for name in ("janus", "node", "npm", "chromium", "shellcheck", "nginx", "systemd-analyze"):
        (machine / name).unlink()
    done = run(machine)
    assert done.returncode == 0
    update, install = done.stderr.splitlines()
    assert update.startswith("apt-get update ")
    assert install.startswith("apt-get install ")
    assert install.endswith(" nodejs npm janus chromium shellcheck nginx systemd")


@pytest.mark.parametrize(
    ("missing", "jar", "said"),
    [("gcloud", "", "gcloud is missing and not in Debian: install"), ("", "/nowhere.jar", "which is no file")],
)
def test_what_debian_does_not_have_is_said_in_one_line(machine: Path, missing: str, jar: str, said: str) -> None:
    if missing:
        (machine / missing).unlink()
    done = run(machine, jar)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert said in line


def test_it_can_be_started_as_a_program() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)

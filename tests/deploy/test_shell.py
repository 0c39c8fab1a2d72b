"""Every shell file of the repository is clean for shellcheck."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deploy.repository import ROOT, files

SHELLS = (b"#!/usr/bin/env bash", b"#!/bin/bash", b"#!/bin/sh", b"#!/usr/bin/env sh", b"# shellcheck shell=")


def in_shell() -> list[str]:
    """The files that are called so, or begin so."""
    found = [path for path in files() if path.suffix == ".sh" or begins(path).startswith(SHELLS)]
    return [path.relative_to(ROOT).as_posix() for path in found]


def begins(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(40)


def checked(folder: Path, *names: str) -> str:
    program = shutil.which("shellcheck")
    if program is None:
        pytest.skip(
            "shellcheck is not installed: the shell scripts are not checked (Debian: apt-get install shellcheck)"
        )
    # -x: what a file sources is read too, where a comment says where it is.
    done = subprocess.run([program, "-x", *names], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_shellcheck_has_nothing_to_say() -> None:
    names = in_shell()
    assert {".ci/run", "deploy/setup.sh", "deploy/remove.sh", "deploy/project.sh"} <= set(names)
    assert checked(ROOT, *names) == ""


def test_a_careless_line_is_found(tmp_path: Path) -> None:
    (tmp_path / "careless.sh").write_text("#!/bin/sh\nrm -r $1/*\n")
    assert "SC2086" in checked(tmp_path, "careless.sh")


def test_the_scripts_run_on_macos_too() -> None:
    """Its bash is 3.2: no mapfile, no associative arrays, no ${x@Q}, no ${x,,}."""
    for name in ("setup.sh", "remove.sh", "project.sh"):
        text = (ROOT / "deploy" / name).read_text("utf-8")
        for newer in ("mapfile", "readarray", "declare -A", "local -A", "local -n", "@Q}", ",,}", "^^}", "&>>", "|&"):
            assert newer not in text, (name, newer)


def test_what_is_shown_can_be_pasted_into_a_shell() -> None:
    words = ["plain", "it's", "*/5 * * * *", "value[separator='|'](name)", "a$b`c`", ""]
    script = '. deploy/project.sh; eval "set -- $(quoted "$@")"; printf "%s\\0" "$@"'
    done = subprocess.run(["bash", "-c", script, "sh", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split("\0")[:-1] == words


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("a.yaml", "displayName: Errors\nconditions:\n- displayName: other\n", "Errors"),
        ("b.yaml", "combiner: OR\ndisplayName: 'Anyroom: errors'\n", "Anyroom: errors"),
        (
            "c.json",
            '{\n  "displayName": "Sync, lag",\n  "conditions": [\n    {"displayName": "other"}]\n}\n',
            "Sync, lag",
        ),
    ],
)
def test_an_alert_is_known_by_its_own_display_name(tmp_path: Path, name: str, text: str, title: str) -> None:
    (tmp_path / name).write_text(text)
    assert display_name(tmp_path / name) == title


def test_every_alert_of_ours_is_known_by_the_name_that_google_reads() -> None:
    for path in sorted((ROOT / "deploy" / "alerts").glob("*")):
        assert display_name(path) == yaml.safe_load(path.read_text("utf-8"))["displayName"]


def display_name(path: Path) -> str:
    script = '. deploy/project.sh; display_name "$1"'
    done = subprocess.run(["bash", "-c", script, "sh", path], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.removesuffix("\n")

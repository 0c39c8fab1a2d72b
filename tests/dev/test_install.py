"""The first file that runs is readable by an old Python, which gets one line or hands over to a newer one."""

import ast
import os
import sys
from pathlib import Path

import pytest

from dev import install


def put(folder: Path, name: str, script: str) -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_python_3_6_can_read_it() -> None:
    ast.parse(Path(install.__file__).read_text("utf-8"), feature_version=(3, 6))


def test_an_old_python_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert install.main() == 1
    assert capsys.readouterr().err == (
        "Anyroom needs Python 3.11 or newer and python3 is 3.9.2: install one, or name it with "
        "make PYTHON=/path/to/python3.11\n"
    )


def test_a_newer_python_is_found_behind_a_shim_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "python3.13", "exit 127")
    good = put(tmp_path, "python3.12", f'exec {sys.executable} "$@"')
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin{os.pathsep}/usr/bin")
    assert install.newer_python() == good


def test_a_newer_name_for_an_old_python_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = "import sys; sys.version_info = (3, 10); exec(sys.argv[1])"
    for name in install.NEWER:
        put(tmp_path, name, f'exec {sys.executable} -c "{old}" "$2"')
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin{os.pathsep}/usr/bin")
    assert install.newer_python() == ""

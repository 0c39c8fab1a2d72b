"""The axe-core that is run is the one that was looked at, or none."""

from pathlib import Path

import pytest

from tests.browser import axe


def test_another_package_in_its_place_is_not_run(tmp_path: Path) -> None:
    (tmp_path / f"axe-core-{axe.VERSION}.tgz").write_bytes(b"another package")
    with pytest.raises(ValueError, match="is not the axe-core"):
        axe.script(tmp_path)


def test_without_npm_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(axe.AxeMissing, match="apt-get install npm"):
        axe.script(tmp_path / "cache")


def test_an_npm_that_brings_nothing_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(axe.AxeMissing, match="npm did not bring axe-core"):
        axe.script(tmp_path / "cache")

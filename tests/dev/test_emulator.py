"""Firestore's emulator is found where the variable says, then in the gcloud CLI, or one line says how to get it."""

from pathlib import Path

import pytest

from dev import emulator


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH of our own, and an SDK beside it with the emulator in it."""
    monkeypatch.delenv(emulator.VARIABLE, raising=False)
    folder = tmp_path / "sdk/bin"
    folder.mkdir(parents=True)
    monkeypatch.setenv("PATH", str(folder))
    jar = tmp_path / "sdk" / emulator.IN_SDK
    jar.parent.mkdir(parents=True)
    jar.touch()
    return folder


def put(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_the_variable_goes_first(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = tmp_path / "other.jar"
    named.touch()
    monkeypatch.setenv(emulator.VARIABLE, str(named))
    assert emulator.jar() == named
    named.unlink()
    with pytest.raises(emulator.EmulatorMissing, match="which is no file"):
        emulator.jar()


def test_it_lies_beside_gcloud_also_behind_a_link(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(programs / "gcloud", "exit 1")
    links = tmp_path / "links"
    links.mkdir()
    (links / "gcloud").symlink_to(programs / "gcloud")
    monkeypatch.setenv("PATH", str(links))
    assert emulator.jar() == tmp_path / "sdk" / emulator.IN_SDK


def test_a_wrapper_is_asked(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrappers = tmp_path / "wrappers"
    wrappers.mkdir()
    put(wrappers / "gcloud", f"echo {tmp_path / 'sdk'}")
    monkeypatch.setenv("PATH", str(wrappers))
    assert emulator.jar() == tmp_path / "sdk" / emulator.IN_SDK


def test_without_gcloud_or_java_the_line_says_what_to_install(programs: Path) -> None:
    with pytest.raises(emulator.EmulatorMissing, match="gcloud components install cloud-firestore-emulator"):
        emulator.jar()
    with pytest.raises(emulator.EmulatorMissing, match="apt-get install default-jre-headless"):
        emulator.command(1)

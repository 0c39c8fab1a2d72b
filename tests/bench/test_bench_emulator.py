"""What is missing for Firestore's emulator is told in one line that says what to do."""

from pathlib import Path

import pytest

from bench import emulator


@pytest.fixture
def path_with_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(emulator.VARIABLE, raising=False)
    return java


def test_the_named_jar_is_used(path_with_java: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jar = tmp_path / "emulator.jar"
    jar.touch()
    monkeypatch.setenv(emulator.VARIABLE, str(jar))
    assert emulator.find() == (str(path_with_java), jar)


def test_a_named_jar_that_is_not_there_is_named(
    path_with_java: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(emulator.VARIABLE, str(tmp_path / "absent.jar"))
    with pytest.raises(emulator.EmulatorMissing, match=f"absent.jar.*{emulator.VARIABLE}"):
        emulator.find()


def test_without_gcloud_the_variable_is_named(path_with_java: Path) -> None:
    with pytest.raises(emulator.EmulatorMissing, match=emulator.VARIABLE):
        emulator.find()


def test_without_java_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(emulator.EmulatorMissing, match="java"):
        emulator.find()

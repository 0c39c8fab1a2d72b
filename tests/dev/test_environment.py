"""The environment follows the requirement files: made once, left alone while they stay, one line when it cannot be."""

import importlib.util
import shutil
import signal
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dev import environment, local
from tests.thorough import takes_long

Prepare = Callable[..., int]


def wheel(folder: Path, version: str) -> None:
    """The smallest package that pip installs."""
    info = f"sample_room-{version}.dist-info"
    with zipfile.ZipFile(folder / f"sample_room-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr("sample_room.py", f"VERSION = {version!r}\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: sample-room\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project that pins one package, and a package index that is a folder with two versions of it."""
    for version in ("1.0", "2.0"):
        wheel(tmp_path, version)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    (tmp_path / "requirements.txt").write_text("# what runs\nsample-room==1.0  # why\n")
    (tmp_path / "requirements-dev.txt").write_text("-r requirements.txt\n")
    before = signal.getsignal(signal.SIGTERM)
    yield tmp_path
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A .venv before anything was installed, made where one was left half made; to copy: making one takes seconds."""
    venv = tmp_path_factory.mktemp("pristine") / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin/python").symlink_to("/nowhere/python3")
    assert not environment._usable(venv)
    environment._make(venv)
    return venv


@pytest.fixture
def made(root: Path, pristine: Path) -> Path:
    """The project with its .venv."""
    shutil.copytree(pristine, root / ".venv", symlinks=True)
    return root


def installed(root: Path) -> str:
    code = "import sample_room; print(sample_room.VERSION)"
    return subprocess.run(
        [root / ".venv/bin/python", "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_pip_runs_once_for_a_content_and_again_for_another(made: Path) -> None:
    root = made
    log = root / environment.LOG
    assert environment.prepare(development=False, root=root) == 0
    assert installed(root) == "1.0"
    log.unlink()
    assert environment.prepare(development=False, root=root) == 0
    assert not log.exists()
    (root / "requirements.txt").write_text("sample-room==2.0\n")
    assert environment.prepare(development=False, root=root) == 0
    assert installed(root) == "2.0"
    log.unlink()
    assert environment.prepare(development=True, root=root) == 0
    assert log.exists()
    log.unlink()
    assert environment.prepare(development=False, root=root) == 0
    assert not log.exists()


@takes_long
def test_an_environment_that_was_left_half_made_is_made_anew(pristine: Path) -> None:
    assert environment._usable(pristine)


@takes_long
def test_an_environment_that_was_moved_is_made_anew(made: Path) -> None:
    assert environment.prepare(development=False, root=made) == 0
    moved = made / "moved"
    moved.mkdir()
    for name in (".venv", "requirements.txt"):
        (made / name).rename(moved / name)
    assert environment.prepare(development=False, root=moved) == 0
    assert str(moved) in (moved / ".venv/bin/pip").read_text("utf-8").splitlines()[0]


@takes_long
def test_an_index_that_does_not_answer_is_said_in_one_line(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    # Neither the machine's own configuration nor an index beside it may help.
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", f"http://{local.HOST}:{local.free_port()}/simple")
    assert environment.prepare(development=False, root=made) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("The package index cannot be reached: check the network or the proxy, or name an index")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(made))
    assert environment.prepare(development=False, root=made) == 0


@takes_long
def test_a_version_that_the_index_does_not_have_is_named(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (made / "requirements.txt").write_text("sample-room==3.0\n")
    assert environment.prepare(development=False, root=made) == 1
    assert "The package index has no sample-room==3.0 for Python 3." in capsys.readouterr().err.splitlines()[-1]


def test_a_python_without_venv_is_told_what_to_install(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else find(name))
    assert environment.prepare(development=False, root=root) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "lacks the venv module: install it (Debian and Ubuntu: apt-get install python3." in line


def test_ctrl_c_while_pip_runs_ends_pip_and_the_next_run_installs(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: environment._PipProgress, line: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(environment._PipProgress, "read", interrupted)
        assert environment.prepare(development=False, root=made) == 130
    assert environment.prepare(development=False, root=made) == 0
    assert installed(made) == "1.0"

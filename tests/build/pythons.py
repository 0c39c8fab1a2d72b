"""Pythons that the archive is tried on, each with requirements.txt and nothing else."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".run" / "archive"
MARK = "installed"
VERSIONS = ("3.11", "3.13")
"""The oldest that we support, and production's."""


def found(version: str) -> Path | None:
    """A Python of that version that really starts: on the path, or among pyenv's."""
    on_path = shutil.which(f"python{version}")
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    others = sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"), reverse=True)
    return next((path for path in [*([Path(on_path)] if on_path else []), *others] if _is(path, version)), None)


def _is(path: Path, version: str) -> bool:
    code = f"import ensurepip, sys, venv; sys.exit('%d.%d' % sys.version_info[:2] != {version!r})"
    done = subprocess.run([path, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode == 0


def with_requirements(python: Path, version: str) -> Path:
    """The Python of an environment with requirements.txt, made once for each content of that file: half a minute."""
    content = hashlib.sha256((ROOT / "requirements.txt").read_bytes()).hexdigest()[:12]
    folder = CACHE / f"{version}-{content}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{version}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / MARK).exists():
            for old in CACHE.glob(f"{version}-*"):
                shutil.rmtree(old)
            _install(python, folder)
            (folder / MARK).touch()
    return folder / "bin" / "python"


def _install(python: Path, folder: Path) -> None:
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-compile"]
    pip: list[str | Path] = [folder / "bin/python", "-m", "pip", "install", *options, "-r", ROOT / "requirements.txt"]
    commands: tuple[list[str | Path], ...] = ([python, "-m", "venv", folder], pip)
    for command in commands:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

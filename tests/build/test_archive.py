"""What is uploaded is the function and nothing else, and it runs where nothing but requirements.txt is installed."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.process import connect, running
from dev.local import free_port
from tests.build import pythons
from tests.gcloud import gcloud as gcloud
from tests.test_cloudbuild import deployments
from tests.thorough import takes_long
from tests.world import LOGO, toml

Gcloud = Callable[[list[str]], subprocess.CompletedProcess[str]]
ROOT = Path(__file__).resolve().parents[2]
SMOKE = ROOT / "deploy/smoke.py"
START_LIMIT = 60.0
EXPORTED = 315532801
"""Every file of an image has this date: 1980-01-01T00:00:01Z (Cloud Native Buildpacks, Reproducibility)."""
# Beside the repository's own files, what a deployer's folder may hold; nothing of it may leave the machine.
PRIVATE = (
    *("client-secret.txt", ".env", "anyroom.db", "anyroom.db-wal", ".run/keys.json", ".run/variables.yaml", "a.txt"),
    *(".clasp.json", "key.json", ".git/config", ".venv/lib/site.py", "node_modules/x/x.js", "backup/main.py"),
    *("conference/__pycache__/data.cpython-313.pyc", "sync/old.pyc", "addon/build/appsscript.json"),
)
NOT_OURS = shutil.ignore_patterns(".git", ".venv", ".run", "__pycache__", ".*_cache", ".hypothesis", "node_modules")


@pytest.fixture
def uploaded(gcloud: Gcloud, tmp_path: Path) -> Path:
    """A folder with what Cloud Build is sent of a deployer's folder."""
    folder, copy = tmp_path / "repository", tmp_path / "uploaded"
    shutil.copytree(ROOT, folder, ignore=NOT_OURS)
    (folder / "anyroom.toml").write_text(toml({"meet": {"provider": "jitsi", "name": "Meet", "logo": LOGO}}), "utf-8")
    for name in PRIVATE:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("private")
    done = gcloud(["meta", "list-files-for-upload", str(folder)])
    assert done.returncode == 0, done.stderr
    for name in done.stdout.split():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / name, copy / name)
    return copy


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_what_is_uploaded_is_the_function_and_nothing_else(uploaded: Path) -> None:
    wanted = {path.name for path in ROOT.glob("*.py")} | {"requirements.txt", "anyroom.toml"}
    for package in ("conference", "sync"):
        wanted |= {f"{package}/{name}" for name in names(ROOT / package) if "__pycache__" not in name}
    assert names(uploaded) == wanted


def modules(folder: Path) -> list[str]:
    found = (name.removesuffix(".py").replace("/", ".") for name in names(folder) if name.endswith(".py"))
    return sorted(name.removesuffix(".__init__") for name in found if name != "main")


def served(python: Path, folder: Path, log: Path) -> str:
    """What the smoke check says of the function in that folder, started as its image starts it."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PORT": str(port),
        "FUNCTION_TARGET": "anyroom",
        "THREADS": "4",
        "ANYROOM_IDENTITY": "script=client.apps.googleusercontent.com",
        "ANYROOM_STORE": f"sqlite:{log.parent / 'anyroom.db'}",
        # It reaches nobody from here.
        "HOST": "127.0.0.1",
        "ANYROOM_GOOGLE_API": "http://127.0.0.1:9",
        "ANYROOM_PUBLIC_URL": f"http://localhost:{port}",
    }
    with running([str(python), "-m", "functions_framework"], environment, folder, port, log) as server:
        connect(server, START_LIMIT).close()
        done = subprocess.run(
            [sys.executable, SMOKE, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=False
        )
    return done.stdout + (log.read_text("utf-8") if done.returncode else "")


def imported(python: Path, folder: Path, names: list[str], *options: str) -> str:
    """What that Python says when it imports all of these, with the folder as the only place beside its own packages."""
    code = f"import startup, importlib\nfor name in {names!r}: importlib.import_module(name)"
    done = subprocess.run(
        [python, "-P", *options, "-c", code],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def versions() -> Iterator[object]:
    """Those that this machine has. No release of Debian has all, so one that is missing is said and not a failure."""
    for version in pythons.VERSIONS:
        absent = pythons.found(version) is None
        reason = f"Python {version} is not installed: the archive was not started on it"
        yield pytest.param(version, marks=[pytest.mark.xfail(run=False, reason=reason)] if absent else [])


@takes_long
@pytest.mark.parametrize("version", [*versions()])
def test_the_archive_answers_where_only_requirements_txt_is_installed(
    uploaded: Path, tmp_path: Path, version: str
) -> None:
    found = pythons.found(version)
    assert found
    python = pythons.with_requirements(found, version)
    imported(python, uploaded, modules(uploaded))
    assert [line.split()[0] for line in served(python, uploaded, tmp_path / "log").splitlines()] == ["ok"] * 4


def test_the_archive_answers_here(uploaded: Path, tmp_path: Path) -> None:
    said = served(Path(sys.executable), uploaded, tmp_path / "log")
    assert [line.split()[0] for line in said.splitlines()] == ["ok"] * 4, said
    imported(Path(sys.executable), uploaded, modules(uploaded))


def compiled(folder: Path, variables: dict[str, str]) -> None:
    """What the buildpack does with a function's own files (google.python.functions-framework), then the exporter."""
    for path in folder.rglob("*"):
        path.touch()
    command = [sys.executable, "-m", "compileall", "-f", "-q", "."]
    subprocess.run(command, cwd=folder, env={"PATH": os.environ["PATH"], **variables}, check=True)
    for path in folder.rglob("*"):
        os.utime(path, (EXPORTED, EXPORTED))


def from_source(folder: Path) -> set[str]:
    """The files of the folder that a start compiles anew."""
    said = imported(Path(sys.executable), folder, modules(folder), "-v")
    return set(re.findall(rf"^# code object from {re.escape(str(folder))}/(.+\.py)$", said, re.MULTILINE))


def test_no_start_compiles_the_function_anew(uploaded: Path) -> None:
    [flag] = {word for line in deployments() for word in line if word.startswith("--set-build-env-vars=")}
    name, _, value = flag.removeprefix("--set-build-env-vars=").partition("=")
    compiled(uploaded, {name: value})
    assert from_source(uploaded) == set()
    # Without the variable every file would be: its byte-code names another date than the image has.
    compiled(uploaded, {})
    assert len(from_source(uploaded)) == len(modules(uploaded))

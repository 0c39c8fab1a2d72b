"""Keeps .venv in step with the requirement files: made once, installed again only when their content has changed."""

import hashlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from dev.progress import Progress

STAMP = "anyroom-requirements.json"
LOG = Path(".run/install.log")
UNREACHABLE = re.compile(
    r"Retrying \(|ConnectionError|ConnectTimeout|ReadTimeout|ProxyError|name resolution|Could not connect",
    re.IGNORECASE,
)
# What pip says of a version that the index does not have for this Python.
NOT_OFFERED = re.compile(r"No matching distribution found for (\S+)")


class CannotPrepare(Exception):
    """.venv cannot be made ready; the message is one line that says what to do."""


def prepare(*, development: bool, root: Path = Path()) -> int:
    """Make root/.venv hold what requirements.txt pins, and requirements-dev.txt with `development`.

    0 when it is ready, 1 after one line on standard error, 130 when interrupted (SIGINT or SIGTERM).
    """
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        _prepare(root, ["requirements.txt", *(["requirements-dev.txt"] if development else [])])
    except CannotPrepare as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. The next run begins where this one was.", file=sys.stderr)
        return 130
    return 0


def _prepare(root: Path, files: list[str]) -> None:
    venv = root / ".venv"
    wanted = {name: hashlib.sha256((root / name).read_bytes()).hexdigest() for name in files}
    # A folder that was moved leaves scripts behind that name a Python which is no longer there.
    wanted["place"] = str(venv.absolute())
    stamped = _stamped(venv)
    usable = _usable(venv) and stamped.get("place", wanted["place"]) == wanted["place"]
    if usable and wanted.items() <= stamped.items():
        return
    if not usable:
        _make(venv)
    (venv / STAMP).unlink(missing_ok=True)
    _install(root, venv, files)
    (venv / STAMP).write_text(json.dumps(wanted), encoding="utf-8")


def _usable(venv: Path) -> bool:
    """Whether `venv` is whole and of the Python that runs this."""
    try:
        config = (venv / "pyvenv.cfg").read_text(encoding="utf-8")
    except OSError:
        return False
    version = re.search(r"^version(?:_info)? = (\d+)\.(\d+)", config, re.MULTILINE)
    same = version is not None and (int(version[1]), int(version[2])) == sys.version_info[:2]
    return same and os.access(venv / "bin/python", os.X_OK) and (venv / "bin/pip").exists()


def _stamped(venv: Path) -> Mapping[str, str]:
    try:
        stamp = json.loads((venv / STAMP).read_bytes())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _make(venv: Path) -> None:
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        raise CannotPrepare(
            f"{sys.executable} lacks the venv module: install it (Debian and Ubuntu: apt-get install {version}-venv)"
        )
    # From inside an activated .venv, "python3" is the very interpreter that --clear would remove.
    python = getattr(sys, "_base_executable", sys.executable)
    status, output = _run([python, "-m", "venv", "--clear", str(venv)], Progress("making .venv"), Path(os.devnull))
    if status:
        raise CannotPrepare(f"{python} could not make {venv}: {_last(output)}")


def _install(root: Path, venv: Path, files: list[str]) -> None:
    pins = sum(len(re.findall(r"^[^#\s-][^=\n]*==", (root / name).read_text("utf-8"), re.MULTILINE)) for name in files)
    log = root / LOG
    log.parent.mkdir(exist_ok=True)
    print(f"Installing {pins} packages of {files[-1]} into .venv: once, about half a minute.", file=sys.stderr)
    pip = [str(venv / "bin/python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    command = [*pip, "install", "--progress-bar", "off", "--retries", "2", "-r", str(root / files[-1])]
    status, output = _run(command, _PipProgress(pins), log)
    if not status:
        return
    offered = NOT_OFFERED.search(output)
    if UNREACHABLE.search(output):
        raise CannotPrepare(
            "The package index cannot be reached: check the network or the proxy, or name an index with PIP_INDEX_URL; "
            f"pip's own words are in {LOG}"
        )
    if offered:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise CannotPrepare(
            f"The package index has no {offered[1]} for Python {version}: use another index (PIP_INDEX_URL) or another "
            f"Python (make PYTHON=...); pip's own words are in {LOG}"
        )
    raise CannotPrepare(f"pip failed: {_last(output)} (all of it is in {LOG})")


class _PipProgress(Progress):
    """Counts the packages in pip's lines."""

    def __init__(self, pins: int) -> None:
        super().__init__("installing")
        self._pins = pins
        self._seen = 0

    def read(self, line: str) -> None:
        if line.startswith(("Collecting ", "Requirement already satisfied: ")):
            self._seen += 1
            self.what = f"fetching package {min(self._seen, self._pins)} of {self._pins}"
        elif line.startswith("Installing collected packages"):
            self.what = f"installing {self._pins} packages"
        elif UNREACHABLE.search(line):
            self.what = "the package index does not answer, trying again"


def _run(command: list[str], progress: Progress, log: Path) -> tuple[int, str]:
    """The exit status and what was said on either stream, which also goes to `log`; the process never outlives us."""
    said: list[str] = []
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with log.open("w", encoding="utf-8") as file, progress, process:
        try:
            for line in process.stdout or ():
                said.append(line)
                file.write(line)
                if isinstance(progress, _PipProgress):
                    progress.read(line)
        except KeyboardInterrupt:
            process.terminate()
            raise
    return process.returncode, "".join(said)


def _last(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["it said nothing"])[-1]


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt

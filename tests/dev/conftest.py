"""A launcher to start and end, on ports and in a folder of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from dev import local

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 60
"""Seconds for a start or an end, on a slow machine."""


@dataclass
class Launch:
    """A `make run` of a test. `lines` is what it has said so far, on either stream."""

    process: subprocess.Popen[str]
    port: int
    simulator_port: int
    folder: Path
    lines: list[str] = field(default_factory=list)

    def curl(self) -> str:
        """The line to paste, once it is there."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith("curl"):
                return self.lines[-1]
        raise AssertionError(f"it ended without a line to paste: {self.lines}")

    def ctrl_c(self) -> None:
        """What a terminal does: SIGINT to everything in the foreground."""
        os.killpg(self.process.pid, signal.SIGINT)

    def family(self) -> list[psutil.Process]:
        """Every process that the launch has started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self) -> int:
        """Wait until it ends; its exit code, negative for a signal."""
        rest, _ = self.process.communicate(timeout=LIMIT)
        self.lines += rest.splitlines()
        return self.process.returncode


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., Launch]]:
    """Start `make run` or, faster and with its own exit code, the program behind it; killed at the end of the test."""
    started: list[Launch] = []

    def start(*settings: str, make: bool = False, **environment: str) -> Launch:
        port = local.free_port()
        simulator_port = local.free_port(port)
        chosen = {
            "PORT": str(port),
            "SIMULATOR_PORT": str(simulator_port),
            "STORE": "sqlite",
            "RUN": str(tmp_path / "run"),
        }
        chosen |= dict(setting.split("=", 1) for setting in settings)
        names = {"PORT": "--port", "SIMULATOR_PORT": "--simulator-port", "STORE": "--store", "RUN": "--folder"}
        program = [sys.executable, "-m", "dev.run", *(f"{names[key]}={value}" for key, value in chosen.items())]
        command = ["make", "run", f"PYTHON={sys.executable}", *(f"{key}={value}" for key, value in chosen.items())]
        process = subprocess.Popen(
            command if make else program,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(Launch(process, port, simulator_port, tmp_path / "run"))
        return started[-1]

    yield start
    for launched in started:
        if launched.process.poll() is None:
            left = launched.family()
            os.killpg(launched.process.pid, signal.SIGKILL)
            for process in left:
                process.kill()
            launched.process.wait()
        assert launched.process.stdout is not None
        launched.process.stdout.close()

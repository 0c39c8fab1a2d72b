"""Processes that never outlive the bench: each in a group of its own, stopped with everything it started."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.failure import BenchFailure

_TAIL = 1500
"""Characters of a log that are worth showing."""
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
_POLL = 0.002
"""Seconds between two attempts to connect to a process that is starting."""


@dataclass(frozen=True, slots=True)
class Running:
    """A started process, what it listens on, where its output goes, and when it began (`time.perf_counter`)."""

    process: subprocess.Popen[bytes]
    port: int
    began: float
    log: Path

    def tree(self) -> list[psutil.Process]:
        """The process and all it started."""
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    def cpu(self) -> float:
        """Seconds of processor time that the tree has used so far, in steps of the kernel's tick (10 ms)."""
        return sum(times.user + times.system for times in (process.cpu_times() for process in self.tree()))

    def memory(self) -> int:
        """Bytes of memory that the tree holds: proportional set size, so shared pages count once."""
        return sum(process.memory_full_info().pss for process in self.tree())

    def peak(self) -> int:
        """Bytes that the largest process of the tree ever had in memory at once."""
        statuses = (Path(f"/proc/{process.pid}/status").read_text() for process in self.tree())
        return max(int(_PEAK.findall(status)[0]) for status in statuses) * 1024


@contextlib.contextmanager
def running(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path, port: int, log: Path
) -> Iterator[Running]:
    """Start a process in `folder`, and end it with its group when the block ends.

    A BenchFailure that leaves the block takes along the end of the process's output.
    """
    with log.open("ab") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            arguments,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Running(process, port, began, log)
    except BenchFailure as failure:
        failure.log = failure.log or f"{' '.join(arguments)} said:\n{log.read_text(errors='replace')[-_TAIL:]}"
        raise
    finally:
        # Nothing of it is wanted afterwards, so it is not asked to finish: gunicorn would wait for kept connections.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def connect(started: Running, limit: float) -> socket.socket:
    """Connect as soon as the port opens; `limit` in seconds for that and for each later use of the socket.

    Raises BenchFailure, at once when the process has ended.
    """
    deadline = time.monotonic() + limit
    while True:
        try:
            return socket.create_connection(("127.0.0.1", started.port), timeout=limit)
        except OSError as error:
            if started.process.poll() is not None:
                raise BenchFailure(f"it ended with {started.process.returncode} instead of listening") from error
            if time.monotonic() > deadline:
                raise BenchFailure(f"port {started.port} did not open within {limit:.0f} s") from error
            time.sleep(_POLL)

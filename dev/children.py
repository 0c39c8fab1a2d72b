"""Runs programs side by side, each in a process group of its own with its own log, and leaves none of them behind."""

import contextlib
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

GRACE = 5.0
"""Seconds between asking a child to end and ending it."""


@dataclass(frozen=True, slots=True)
class Child:
    """A program that was started; `log` holds what it says."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]

    def ended(self) -> bool:
        """Whether it runs no more."""
        return self.process.poll() is not None

    def how(self) -> str:
        """How it ended: its exit code or the signal."""
        code = self.process.returncode
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def last_lines(self, count: int = 10) -> list[str]:
        """The end of its log."""
        with self.log.open(encoding="utf-8", errors="replace") as file:
            return [line.rstrip("\n") for line in deque(file, count)]


class Children:
    """The programs that belong together. As a context manager it stops them all at its end, the last started first.

    A group of its own keeps a terminal's Ctrl-C away from a child, so that the order is ours, and lets us reach what
    the child has started itself: gunicorn's workers and the like.
    """

    def __init__(self, grace: float = GRACE) -> None:
        self._grace = grace
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> Child:
        """Start `command` with exactly that environment; both its streams go to `log`, emptied first."""
        with log.open("wb") as file:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        child = Child(name, log, process)
        self._children.append(child)
        return child

    def ended(self) -> Child | None:
        """A child that runs no more although nobody stopped it."""
        return next((child for child in self._children if child.ended()), None)

    def stop(self) -> None:
        """End every child and whatever it has started, with force after the grace (for all of them together)."""
        until = time.monotonic() + self._grace
        for child in reversed(self._children):
            _signal_group(child, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, until - time.monotonic()))
            _signal_group(child, signal.SIGKILL)
            child.process.wait()
        self._children.clear()


def _signal_group(child: Child, number: signal.Signals) -> None:
    try:
        os.killpg(child.process.pid, number)
    except (ProcessLookupError, PermissionError):
        # Nobody of the group is left; macOS says so with EPERM when only zombies are.
        return

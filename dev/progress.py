"""Says that something is still going on, for everything that takes longer than two seconds."""

import sys
import threading
import time
from types import TracebackType
from typing import Self, TextIO

FIRST_AFTER = 2.0
EVERY_ON_TERMINAL = 1.0
EVERY_IN_LOG = 10.0


class Progress:
    """Shows `what` and the seconds it has taken: rewritten in place on a terminal, a line now and then in a log.

    `what` may be changed while it runs. Nothing is shown before `first` seconds (two by default).
    """

    def __init__(self, what: str, *, first: float = FIRST_AFTER, to: TextIO | None = None) -> None:
        self.what = what
        self._first = first
        self._to = to or sys.stderr
        self._terminal = self._to.isatty()
        self._done = threading.Event()
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._show, daemon=True)

    def seconds(self) -> float:
        """How long it has taken."""
        return time.monotonic() - self._began

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
        if self._terminal:
            self._to.write("\r\x1b[K")
            self._to.flush()

    def _show(self) -> None:
        wait = self._first
        while not self._done.wait(wait):
            line = f"{self.what} ... {self.seconds():.0f} s"
            self._to.write(f"\r\x1b[K{line}" if self._terminal else f"{line}\n")
            self._to.flush()
            wait = EVERY_ON_TERMINAL if self._terminal else EVERY_IN_LOG

"""Sweeps every few minutes on a machine that has no Cloud Scheduler."""

import threading
from collections.abc import Callable

from sync.background import Background, survive


class Ticker:
    """Calls `sweep` about every `seconds`, in a daemon thread, from `start` to `close`; a sweep that fails is logged.

    `spread` gives a number from 0 to 1: each pause is up to a quarter shorter or longer, so that several machines do
    not sweep in step ("Calendar API: Manage quotas", on periodic work).
    """

    def __init__(self, sweep: Callable[[], object], seconds: float, spread: Callable[[], float]) -> None:
        self._sweep = sweep
        self._seconds = seconds
        self._spread = spread
        self._closed = threading.Event()
        self._background = Background("ticker", self._loop)

    def start(self) -> None:
        """Begin in this process, with a pause; nothing when it has begun."""
        self._background.start()

    def close(self) -> None:
        """Sweep no more; waits some seconds for a sweep under way."""
        self._closed.set()
        self._background.join()

    def pause(self) -> float:
        """Seconds until the next sweep."""
        return self._seconds * (0.75 + 0.5 * self._spread())

    def _loop(self) -> None:
        while not self._closed.wait(self.pause()):
            survive("sweep", self._sweep)

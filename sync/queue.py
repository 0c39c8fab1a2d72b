"""Has calendars synced later: the port, and a queue in the memory of one process for a single machine."""

import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Protocol

from conference.clock import Clock
from sync.background import Background, survive

_LOOK = 30.0
"""Seconds after which the clock is looked at again although nothing is due: somebody may have set it."""


class Queue(Protocol):
    """What brings a calendar's work back at its time. A queue may do it twice, and the work itself is in the store."""

    def enqueue(self, calendar: str, at: datetime) -> None:
        """Have the calendar of that key (a hash in hex) synced at `at` (aware, UTC), or soon when that has passed.

        The same calendar and time asked twice, while it has not come, is one task. The work must stand in the store
        before it is asked for. Raises Temporary when it could not be stored.
        """

    def close(self) -> None:
        """Let go of threads and connections."""


class InlineQueue:
    """Runs `run(calendar)` in a thread of this process when its time has come, one calendar after the other.

    A calendar is queued once, at the earliest time that was asked for; one that is asked for while it runs, runs again.
    A run that fails is logged and not repeated, and what is queued is forgotten when the process ends: the store still
    has the work, and a sweep finds it there.
    """

    def __init__(self, run: Callable[[str], object], clock: Clock) -> None:
        self._run = run
        self._clock = clock
        self._lock = threading.Lock()
        self._times: dict[str, datetime] = {}
        self._changed = threading.Event()
        self._closed = False
        self._background = Background("queue", self._loop)

    def enqueue(self, calendar: str, at: datetime) -> None:
        """See Queue; raises nothing. Once closed, nothing is queued any more."""
        with self._lock:
            if self._closed:
                return
            self._times[calendar] = min(at, self._times.get(calendar, at))
            self._background.start()
        self._changed.set()

    def run_due(self) -> None:
        """Run everything that is due, the longest waiting first, in the thread that asks."""
        while calendar := self._taken():
            survive("queued sync", partial(self._run, calendar))

    def close(self) -> None:
        """Run nothing any more; waits some seconds for what runs now."""
        with self._lock:
            self._closed = True
            self._times.clear()
        self._changed.set()
        self._background.join()

    def _loop(self) -> None:
        while not self._closed:
            self.run_due()
            self._changed.wait(self._pause())
            self._changed.clear()

    def _taken(self) -> str | None:
        """The calendar that is due the longest, off the queue; None when nothing is due."""
        with self._lock:
            calendar = min(self._times, key=lambda key: self._times[key], default=None)
            if calendar is None or self._times[calendar] > self._clock.now():
                return None
            del self._times[calendar]
            return calendar

    def _pause(self) -> float | None:
        """Seconds until something may be due, None while nothing is queued."""
        with self._lock:
            if not self._times:
                return None
            left = (min(self._times.values()) - self._clock.now()).total_seconds()
        return min(max(left, 0.0), _LOOK)

"""Time, passed in: one clock for the whole function, and the deadline that every outside call keeps."""

import time
from datetime import UTC, datetime
from typing import Protocol

from conference.errors import Temporary


class Clock(Protocol):
    """What Anyroom knows of time."""

    def now(self) -> datetime:
        """The time of day, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The time of day, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class Deadline:
    """A moment after which nobody waits for the answer any more."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._at = clock.monotonic() + seconds

    def left(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self._at - self._clock.monotonic())

    def check(self) -> None:
        """Raise Temporary when no time is left."""
        if not self.left():
            raise Temporary("deadline", "no time left to answer")

    def within(self, seconds: float) -> "Deadline":
        """A deadline in `seconds`, or this one when that comes first."""
        return Deadline(self._clock, min(seconds, self.left()))

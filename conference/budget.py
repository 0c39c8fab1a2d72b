"""A budget for each user, in the memory of one instance: bursts pass, floods do not, and others do not notice."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from conference.clock import Clock
from conference.errors import Temporary

BURST = 20
"""Requests that a user may make at once."""
REFILL = 0.5
"""Requests a second that a user gets back."""
TURNS = 6
"""Requests of a user that one instance works on at once; those that wait for each other hold a thread each."""
_MAX_USERS = 10_000


class Budget:
    """A token bucket for each user; the longest unseen is forgotten when there are too many."""

    def __init__(self, clock: Clock, burst: float = BURST, refill: float = REFILL) -> None:
        self._clock = clock
        self._burst = burst
        self._refill = refill
        self._lock = threading.Lock()
        self._turns: dict[str, int] = {}
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    @contextmanager
    def turn(self, user: str) -> Iterator[None]:
        """One of the user's turns at once, for as long as it takes. Raises Temporary when all are taken."""
        with self._lock:
            if self._turns.get(user, 0) >= TURNS:
                raise Temporary("turns", "the caller has too many requests under way")
            self._turns[user] = self._turns.get(user, 0) + 1
        try:
            yield
        finally:
            with self._lock:
                self._turns[user] -= 1
                if not self._turns[user]:
                    del self._turns[user]

    def spend(self, user: str) -> float:
        """Take one request: 0.0 when there is one, else the seconds to wait for the next."""
        now = self._clock.monotonic()
        with self._lock:
            left, since = self._buckets.pop(user, (self._burst, now))
            left = min(self._burst, left + (now - since) * self._refill)
            wait = 0.0 if left >= 1 else (1 - left) / self._refill
            self._buckets[user] = (left - 1 if left >= 1 else left, now)
            if len(self._buckets) > _MAX_USERS:
                self._buckets.popitem(last=False)
        return wait

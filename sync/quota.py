"""Calendar's quota, shared by all runs of an instance: whoever meets its end makes the others wait too.

Creates do not ask: a user waits for them. Source: Manage quotas (Calendar API guides): per project and per user.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Literal

from conference.clock import Clock
from conference.errors import OverQuota
from sync.backoff import pause

_MOST = 10_000
_PROJECT = "project"
"""No user: their ids are digits, a calendar's key is hexadecimal."""


class Quota:
    """Until when nobody asks Calendar, for each user and for the project. `spread` gives a number from 0 to 1."""

    def __init__(self, clock: Clock, spread: Callable[[], float]) -> None:
        self._clock = clock
        self._spread = spread
        self._lock = threading.Lock()
        self._met: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    def check(self, user: str) -> None:
        """Raise OverQuota while the user, or everybody, has to wait."""
        now = self._clock.now()
        with self._lock:
            for scope in (_PROJECT, user):
                until, _ = self._met.get(scope, (now, 0))
                if until > now:
                    raise OverQuota(
                        "calendar-quota", "an earlier answer of Calendar", "user" if scope == user else "project"
                    )

    def met(self, user: str, whose: Literal["user", "project"]) -> None:
        """Remember that Calendar refused, because of the user's quota or the project's; longer each time in a row."""
        scope = _PROJECT if whose == "project" else user
        with self._lock:
            _, times = self._met.pop(scope, (None, 0))
            self._met[scope] = (self._clock.now() + pause(times, self._spread()), times + 1)
            if len(self._met) > _MOST:
                self._met.popitem(last=False)

    def answered(self, user: str) -> None:
        """Calendar answered this user again; the project's wait, which may have begun meanwhile, ends by itself."""
        now = self._clock.now()
        with self._lock:
            self._met.pop(user, None)
            if self._met.get(_PROJECT, (now, 0))[0] < now:
                self._met.pop(_PROJECT, None)

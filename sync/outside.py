"""What a sync needs of the world, passed in, and how long what it keeps is kept."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from conference.clock import Clock
from sync.conferences import Conferences
from sync.store import Store

KEPT = timedelta(days=30)
"""How long a conference outlives its event, and its record the conference."""
_LATEST = datetime(9990, 1, 1, tzinfo=UTC)
"""A series that ends later ends never: nothing can be added to it."""


class Ports(msgspec.Struct, frozen=True):
    """The outside world of a sync. `spread` gives a number from 0 to 1; `grace` is how long a conference stays."""

    store: Store
    conferences: Conferences
    clock: Clock
    spread: Callable[[], float]
    grace: timedelta


def closes(ends: datetime | None, spread: float, shared_now: datetime | None = None) -> datetime | None:
    """When somebody must look whether a conference is over, whose event ends then; None for one without an end.

    `spread` is from 0 to 1. One that is shared, for which `shared_now` is the time, is looked at when its event
    ends too: another one may be followed from then on.
    """
    if ends is None or ends > _LATEST:
        return None
    if shared_now and ends > shared_now:
        return ends
    return ends + KEPT + timedelta(hours=12) * spread

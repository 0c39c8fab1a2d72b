"""`sync.story`: one story in five steps, told to Anyroom and to the documented sample: calls made, changes lost.

A user makes conferences for five events, moves one of them, cancels one, moves one and cancels one while the sync token
is lost, and renames one while the conferencing system is away for an hour. Both follow by the triggers of the user's
add-on. What is not at the conferencing system two days later is lost.
"""

import logging
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.failure import BenchFailure
from bench.followed import DOMAIN, Followed
from bench.in_step import adrift
from bench.outside import START, InProcess
from bench.sample_sync import Failed, SampleSync
from simulator import faults

_USER = f"user@{DOMAIN}"
_HOUR = 3600.0
_SWEEP = 300.0
_SEEN = 48
"""Hours after which a change that was not followed is lost."""


class Anyroom:
    """Anyroom in that world: it is swept, and its add-on has a daily trigger."""

    def __init__(self, world: Followed) -> None:
        self._world = world

    def choose(self, event: str) -> None:
        """The user picks the solution for the event."""
        if not self._world.choose(_USER, event):
            raise BenchFailure("no conference was made")

    def hour(self, number: int) -> None:
        """An hour passes, the `number`th of the story."""
        for _ in range(int(_HOUR / _SWEEP)):
            self._world.clock.sleep(_SWEEP)
            self._world.sweep()
            self._world.settle()
        if number % 24 == 0:
            self._world.simulator.triggers.daily(_USER)


class Sample:
    """The sample in that world: its trigger is all it has."""

    def __init__(self, world: Followed) -> None:
        self._world = world
        client = InProcess(world.simulator.app, world.outside)
        self._sync = SampleSync(client, world.simulator.url, world.clock, world.simulator.access_token)
        world.simulator.triggers.post = self._fired

    def choose(self, event: str) -> None:
        """The user picks the solution for the event."""
        simulator = self._world.simulator
        conference = simulator.conferences.of_addon(self._sync.create(_USER, event), "Demo", script=True)
        simulator.triggers.follow(_USER, _USER)
        simulator.calendar.set_conference(_USER, event, conference)

    def hour(self, number: int) -> None:
        """An hour passes."""
        self._world.clock.sleep(_HOUR)

    def _fired(self, body: dict[str, Any], bearer: str) -> tuple[int, Any]:
        try:
            self._sync.sync(body["calendarId"])
        except Failed:
            return 0, None
        return 204, None


class Story:
    """The story, told once to `system` in `world`."""

    def __init__(self, world: Followed, system: Anyroom | Sample) -> None:
        self._world = world
        self._system = system
        self._hours = 0

    def tell(self) -> list[str]:
        """Everything that is not in step at the end."""
        calendar, simulator = self._world.simulator.calendar, self._world.simulator
        simulator.add_user(_USER)
        moved, cancelled, moved_unseen, cancelled_unseen, renamed = (self._created(number) for number in range(5))
        self._then(lambda: calendar.patch(_USER, moved, **_times(5)))
        self._then(lambda: calendar.delete(_USER, cancelled))
        calendar.expire_sync_tokens(_USER)
        self._then(lambda: calendar.delete(_USER, cancelled_unseen))
        self._then(lambda: calendar.patch(_USER, moved_unseen, **_times(6)))
        simulator.faults.add(faults.status(503), "/rooms-api/*", times=None)
        self._then(lambda: calendar.patch(_USER, renamed, summary="New plan"))
        simulator.faults.clear()
        for _ in range(_SEEN):
            self._hour()
        return list(adrift(simulator, [(_USER, event) for event in (moved, moved_unseen, renamed)]))

    def _created(self, number: int) -> str:
        event = self._world.simulator.calendar.add_event(_USER, summary="Plan", **_times(number))
        self._then(lambda: self._system.choose(event))
        return event

    def _then(self, change: Callable[[], object]) -> None:
        """The change, its signal, and an hour."""
        change()
        self._world.settle()
        self._hour()

    def _hour(self) -> None:
        self._hours += 1
        self._system.hour(self._hours)


def _times(number: int) -> dict[str, Any]:
    start = START + timedelta(days=7, hours=number)
    return {
        "start": {"dateTime": start.isoformat()},
        "end": {"dateTime": (start + timedelta(minutes=30)).isoformat()},
    }


def measure(folder: Path, _: int) -> Iterator[tuple[str, float]]:
    """The figures of both."""
    logging.getLogger("anyroom").setLevel(logging.CRITICAL)
    for name, system in (("sync.story", Anyroom), ("sync.story.sample", Sample)):
        own = folder / name
        own.mkdir()
        world = Followed(own, delegation=False, chance=random.Random(1))
        lost = Story(world, system(world)).tell()
        yield f"{name}.lost", len(lost)
        yield f"{name}.calls", world.outside.calendar + world.outside.rooms
        world.close()

"""`sync.store`: what one conference costs the store: made, followed through one change, deleted after its event was."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.failure import BenchFailure
from bench.followed import DOMAIN, Followed

HOUR = 3600.0
"""The grace before a cancelled event's conference is deleted."""
_USER = f"user@{DOMAIN}"
_TIMES: dict[str, Any] = {"start": {"dateTime": "2026-03-09T09:00:00Z"}, "end": {"dateTime": "2026-03-09T10:00:00Z"}}


def _lifecycle(world: Followed) -> None:
    """One conference of a calendar that had none before; the sweep looks once, when something is due."""
    calendar, rooms = world.simulator.calendar, world.simulator.rooms
    world.simulator.add_user(_USER)
    event = calendar.add_event(_USER, summary="Plan", **_TIMES)
    if not world.choose(_USER, event):
        raise BenchFailure("no conference was made")
    world.settle()
    calendar.patch(_USER, event, summary="New plan")
    world.settle()
    if [room.title for room in rooms.having(None)] != ["New plan"]:
        raise BenchFailure("the conference did not follow its event")
    calendar.delete(_USER, event)
    world.settle()
    world.clock.sleep(HOUR)
    world.sweep()
    world.simulator.triggers.daily(_USER)
    world.settle()
    if len(rooms):
        raise BenchFailure("the conference was not deleted with its event")


def _dirty(world: Followed) -> tuple[int, int]:
    """Reads and writes of a notification that finds its calendar marked."""
    event = world.simulator.calendar.add_event(_USER, summary="Dentist", **_TIMES)
    world.simulator.push.deliver_all()
    reads, writes = world.outside.reads, world.outside.writes
    world.simulator.calendar.patch(_USER, event, summary="Doctor")
    answers = world.simulator.push.deliver_all()
    if answers != [204]:
        raise BenchFailure(f"a notification was answered {answers}")
    return world.outside.reads - reads, world.outside.writes - writes


def measure(folder: Path, _: int) -> Iterator[tuple[str, float]]:
    """The figures, followed by a channel and by triggers."""
    for delegation, beside in ((True, ""), (False, ".relay")):
        own = folder / f"store{beside}"
        own.mkdir()
        world = Followed(own, delegation, random.Random(1))
        _lifecycle(world)
        yield f"sync.store.reads{beside}", world.outside.reads
        yield f"sync.store.writes{beside}", world.outside.writes
        if delegation:
            reads, writes = _dirty(world)
            yield "sync.store.dirty.reads", reads
            yield "sync.store.dirty.writes", writes
        world.close()

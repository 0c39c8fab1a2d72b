"""`sync.calls`: a day of many calendars, with losses, errors and deaths, on a clock that is set: its calls of Calendar.

It is a day like any other: the calendars are followed when it begins, their channels are of every age, and each has
three changes at random moments, some of them creates. Then comes a quiet time in which whatever was lost must be found.
"""

import heapq
import itertools
import logging
import random
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bench.followed import DOMAIN, Followed
from bench.in_step import adrift
from bench.outside import START, Died
from bench.progress import say
from simulator import faults

CHANGES = 3
"""Of each calendar and day."""
DROPPED = 0.01
"""Of the signals."""
REFUSED = 0.01
"""Of the conferencing system's answers; half of these say so after they did what was asked."""
DEADLY = 0.0005
"""Of what a sync asks of the outside, the store included."""
SWEEP = 300.0
DAY = 86400.0
QUIET = {True: 1.125 * DAY, False: 3 * DAY}
"""With channels a calendar is polled within a day; with triggers a change is seen by the next daily one, and what it
cancelled is deleted by the one after it."""
_WEEK = 7 * DAY
_TRIES = 3
_TOGETHER = 100
"""Calendars that begin within the same minute."""
_SHOWN = 20
_WAYS = ["move", "rename", "plain", "cancel", "create"]
_WEIGHTS = [6, 4, 5, 2, 3]


class Day:
    """One day of `calendars` users with a calendar each; everything random comes from `chance`."""

    def __init__(self, folder: Path, delegation: bool, calendars: int, chance: random.Random) -> None:
        self._chance = chance
        self._world = Followed(folder, delegation, random.Random(chance.random()))
        self._users = [f"user{number}@{DOMAIN}" for number in range(calendars)]
        self._held: dict[str, list[str]] = {user: [] for user in self._users}
        self._agenda: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._waited_for = False
        self._name = f"sync.calls with {'channels' if delegation else 'triggers'}"

    def live(self) -> tuple[float, list[str]]:
        """Calendar calls for each calendar in the day, and after the quiet time what is not in step."""
        for number, user in enumerate(self._users, 1):
            self._begin(user)
            if number % _TOGETHER == 0 or number == len(self._users):
                self._world.settle()
        begins = self._world.clock.monotonic()
        ends = begins + DAY + QUIET[self._world.delegation]
        self._plan(begins, ends)
        before = self._world.outside.calendar
        self._world.outside.before = self._trouble
        self._pass_until(begins + DAY)
        calls = (self._world.outside.calendar - before) / len(self._users)
        self._world.outside.before = lambda call: None
        self._pass_until(ends)
        say(f"{self._name}: {self._world.died} instances died")
        held = [(user, event) for user, events in self._held.items() for event in events]
        lines = list(adrift(self._world.simulator, held))
        self._world.close()
        return calls, lines

    def _begin(self, user: str) -> None:
        """A calendar with a meeting that is followed, by a channel of any age."""
        say(f"{self._name}: {user} begins")
        self._world.simulator.add_user(user)
        self._create(user)
        self._world.simulator.push.lifetime = self._chance.uniform(0.01, 1) * _WEEK
        self._world.deliver()
        self._world.simulator.push.lifetime = _WEEK

    def _plan(self, begins: float, ends: float) -> None:
        for user in self._users:
            for _ in range(CHANGES):
                self._at(begins + self._chance.uniform(0, DAY), partial(self._change, user))
            if not self._world.delegation:
                self._daily(user, begins + self._chance.uniform(0, DAY), ends)
        self._at(begins + SWEEP, self._sweep)

    def _at(self, moment: float, action: Callable[[], object]) -> None:
        heapq.heappush(self._agenda, (moment, next(self._order), action))

    def _daily(self, user: str, moment: float, ends: float) -> None:
        while moment < ends:
            self._at(moment, partial(self._world.simulator.triggers.daily, user))
            moment += DAY

    def _sweep(self) -> None:
        self._world.sweep()
        self._at(self._world.clock.monotonic() + SWEEP, self._sweep)

    def _pass_until(self, ends: float) -> None:
        """Do everything at its time, until that moment."""
        clock = self._world.clock
        while clock.monotonic() < ends:
            say(f"{self._name}: hour {clock.monotonic() / 3600:.1f} of {ends / 3600:.1f}")
            waiting = self._world.next_moment()
            moment = min(self._agenda[0][0], ends if waiting is None else waiting, ends)
            clock.reach(moment)
            if self._agenda[0][0] <= moment:
                heapq.heappop(self._agenda)[2]()
            self._lose()
            self._world.deliver()

    def _lose(self) -> None:
        """Some signals are never delivered; those that come again because an instance died are."""
        push, triggers = self._world.simulator.push, self._world.simulator.triggers
        for number, message in reversed(list(enumerate(push.pending))):
            if not message.attempts and self._chance.random() < DROPPED:
                push.drop(number)
        for number in reversed(range(len(triggers.pending))):
            if self._chance.random() < DROPPED:
                triggers.drop(number)

    def _trouble(self, call: str) -> None:
        """What happens before a call to the outside. Instances die in the background only: a user would ask again."""
        if call.startswith("/rooms-api/") and self._chance.random() < REFUSED:
            fault = faults.status(500, acted=self._chance.random() < 0.5)
            self._world.simulator.faults.clear()
            self._world.simulator.faults.add(fault, "/rooms-api/*")
        if not self._waited_for and self._chance.random() < DEADLY:
            raise Died(call)

    def _change(self, user: str) -> None:
        held, calendar = self._held[user], self._world.simulator.calendar
        [way] = self._chance.choices(_WAYS, _WEIGHTS)
        if way == "plain" or (way != "create" and not held):
            calendar.add_event(user, summary="Dentist", **self._times())
        elif way == "create":
            self._create(user)
        elif way == "move":
            calendar.patch(user, self._chance.choice(held), **self._times())
        elif way == "rename":
            calendar.patch(user, self._chance.choice(held), summary=f"Plan {self._chance.randrange(10**6)}")
        else:
            calendar.delete(user, held.pop(self._chance.randrange(len(held))))

    def _create(self, user: str) -> None:
        """A new event, for which the user picks the solution, again when that failed."""
        event = self._world.simulator.calendar.add_event(user, summary="Plan", **self._times())
        self._waited_for = True
        if any(self._world.choose(user, event) for _ in range(_TRIES)):
            self._held[user].append(event)
        self._waited_for = False

    def _times(self) -> dict[str, Any]:
        start = START + timedelta(days=10, minutes=15 * self._chance.randrange(1000))
        end = start + timedelta(minutes=45)
        return {"start": {"dateTime": start.isoformat()}, "end": {"dateTime": end.isoformat()}}


def measure(folder: Path, calendars: int) -> Iterator[tuple[str, float]]:
    """The figures, with channels and with triggers; what is not in step is told on standard error."""
    logging.getLogger("anyroom").setLevel(logging.CRITICAL)
    for delegation, name in ((True, "sync.calls"), (False, "sync.calls.relay")):
        own = folder / name
        own.mkdir()
        calls, lines = Day(own, delegation, calendars, random.Random(20260302)).live()
        for line in lines[:_SHOWN]:
            print(f"{name}: {line}", file=sys.stderr)
        yield name, calls
        yield f"{name}.adrift", len(lines)

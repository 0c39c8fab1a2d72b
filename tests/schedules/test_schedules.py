"""Whoever comes first at each outside call: two instances end in step in every order with at most two preemptions.

A worker that waits for the other one lets it go on, which is no preemption.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inside import Mortal, inside
from tests.schedules.baton import Baton, taking_turns
from tests.schedules.flows import FLOWS, Flow, Pair
from tests.thorough import PREEMPTIONS
from tests.world import Instance

WORLD = 20
"""Schedules that are tried in one world, each with an event of its own."""


class Explorer:
    """Tries a flow in one world after the other."""

    def __init__(self, flow: Flow, folder: Path) -> None:
        self._flow = flow
        self._folder = folder
        self._waiting: list[tuple[int, ...]] = [()]
        self.tried = 0

    def explore(self) -> Iterator[str]:
        """Every breach, with its schedule."""
        while self._waiting:
            folder = self._folder / str(self.tried)
            folder.mkdir()
            with inside(folder, True) as mortal:
                other = mortal.world.instance()
                for schedule in self._waiting[:WORLD]:
                    self._waiting.remove(schedule)
                    yield from self._tried(mortal, other, schedule)

    def _tried(self, mortal: Mortal, other: Instance, schedule: tuple[int, ...]) -> Iterator[str]:
        self.tried += 1
        pair = Pair(mortal, other, self._flow.before(mortal))
        mortal.simulator.requests.clear()
        baton = Baton(schedule)
        with taking_turns(baton, mortal.clock, mortal.instance, other):
            baton.run(lambda: self._flow.first(pair), lambda: self._flow.second(pair))
        mortal.settle()
        found = self._flow.breaches(pair) + mortal.breaches()
        yield from (f"{schedule}: {breach}" for breach in found)
        if len(schedule) < PREEMPTIONS:
            first = schedule[-1] + 1 if schedule else 0
            self._waiting += [(*schedule, point) for point in baton.points if point >= first]


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_two_instances_end_in_step_in_every_order(flow: Flow, tmp_path: Path) -> None:
    explorer = Explorer(flow, tmp_path)
    assert not list(explorer.explore())
    assert explorer.tried > 5

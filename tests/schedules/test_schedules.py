"""Whoever comes first at each outside call: two instances end in step in every order with at most two preemptions.

A worker that waits for the other one lets it go on, which is no preemption.
"""

import secrets
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from sync.store import Store
from sync.store.firestore import FirestoreStore
from tests.inside import Mortal, inside
from tests.schedules.baton import Baton, taking_turns
from tests.schedules.flows import FLOWS, Flow, Pair
from tests.thorough import PREEMPTIONS, THOROUGH, takes_long
from tests.world import Instance

WORLD = 20
"""Schedules that are tried in one world, each with an event of its own."""
QUIET = 600.0
"""Seconds between two of them, so that no user's budget is spent."""
MODES = [
    pytest.param(flow, mode, id=f"{flow.name}, {mode}")
    for flow in FLOWS
    for mode in ("relay", "delegation")
    if flow.relayed or mode == "delegation"
]


class Explorer:
    """Tries a flow in one world after the other: one in `every` schedules that follow from another one.

    `open_store` opens the store of the world that has that folder; SQLite's file in it unless it is given.
    """

    def __init__(
        self,
        flow: Flow,
        folder: Path,
        delegation: bool,
        open_store: Callable[[Path], Store] | None = None,
        preemptions: int = PREEMPTIONS,
        every: int = 1,
    ) -> None:
        self._flow = flow
        self._folder = folder
        self._delegation = delegation
        self._open_store = open_store
        self._preemptions = preemptions
        self._every = every
        self._waiting: list[tuple[int, ...]] = [()]
        self.tried = 0

    def explore(self) -> Iterator[str]:
        """Every breach, with its schedule."""
        while self._waiting:
            folder = self._folder / str(self.tried)
            folder.mkdir()
            opened = partial(self._open_store, folder) if self._open_store else None
            with inside(folder, self._delegation, open_store=opened) as mortal:
                other = mortal.world.instance()
                for schedule in self._waiting[:WORLD]:
                    self._waiting.remove(schedule)
                    yield from self._tried(mortal, other, schedule)

    def _tried(self, mortal: Mortal, other: Instance, schedule: tuple[int, ...]) -> Iterator[str]:
        self.tried += 1
        mortal.clock.advance(QUIET)
        pair = Pair(mortal, other, self._flow.before(mortal))
        mortal.simulator.requests.clear()
        baton = Baton(schedule)
        with taking_turns(baton, mortal.clock, mortal.instance, other):
            baton.run(lambda: self._flow.first(pair), lambda: self._flow.second(pair))
        mortal.settle()
        found = self._flow.breaches(pair) + mortal.breaches()
        yield from (f"{schedule}: {breach}" for breach in found)
        if len(schedule) < self._preemptions:
            first = schedule[-1] + 1 if schedule else 0
            self._waiting += [(*schedule, point) for point in baton.points if point >= first][
                self._every - 1 :: self._every
            ]


class NearFirestore(FirestoreStore):
    """Firestore taken for a store of this machine: each worker then keeps to one thread."""

    local = True


@pytest.mark.parametrize(("flow", "mode"), MODES)
def test_two_instances_end_in_step_in_every_order(flow: Flow, mode: str, tmp_path: Path) -> None:
    explorer = Explorer(flow, tmp_path, mode == "delegation")
    assert not list(explorer.explore())
    assert explorer.tried > 5


@takes_long
@pytest.mark.parametrize("name", ["two creates of one event", "a deletion and a create"])
def test_on_firestore_too_two_instances_end_in_step(name: str, tmp_path: Path, firestore_emulator: str) -> None:
    [flow] = [flow for flow in FLOWS if flow.name == name]
    project = f"test-{secrets.token_hex(6)}"
    explorer = Explorer(
        flow,
        tmp_path,
        True,
        lambda folder: NearFirestore(project=f"{project}-{folder.name}", emulator=firestore_emulator),
        preemptions=2,  # one alone is never refused a replace
        every=1 if THOROUGH else 3,
    )
    assert not list(explorer.explore())
    assert explorer.tried > 2

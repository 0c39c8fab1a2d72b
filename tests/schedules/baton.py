"""Two workers in turns: one runs, the other waits, and which one goes on is decided before each outside call."""

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from tests.inside import StillClock
from tests.world import Instance

Worker = Callable[[], None]
PATIENCE = 30.0
"""Seconds that a worker may take for one turn."""


class Baton:
    """Runs two workers in threads of which only one ever runs.

    `turns` are the numbers of the points at which the other one goes on. `points` are, after a run, the points at which
    there was another one to go on.
    """

    def __init__(self, turns: Collection[int]) -> None:
        self.points: list[int] = []
        self._turns = turns
        self._count = 0
        self._running = 0
        self._alive = {0, 1}
        self._ready = (threading.Semaphore(0), threading.Semaphore(0))
        self._errors: list[BaseException] = []

    def run(self, first: Worker, second: Worker) -> None:
        """Run both to their ends. Raises what one of them raised."""
        threads = [
            threading.Thread(target=self._work, args=(number, work)) for number, work in enumerate((first, second))
        ]
        for thread in threads:
            thread.start()
        self._ready[0].release()
        for thread in threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def point(self) -> None:
        """Called by whoever runs, before an outside call: perhaps the other one goes on first."""
        number, self._count = self._count, self._count + 1
        if len(self._alive) > 1:
            self.points.append(number)
            if number in self._turns:
                self.give_way()

    def give_way(self) -> None:
        """Called by whoever runs and has to wait: the other one goes on, if there is one."""
        if len(self._alive) > 1:
            mine, self._running = self._running, 1 - self._running
            self._ready[self._running].release()
            self._wait(mine)

    def _work(self, number: int, work: Worker) -> None:
        try:
            self._wait(number)
            work()
        except BaseException as error:  # noqa: BLE001  # it is raised where both are waited for
            self._errors.append(error)
        finally:
            self._alive.discard(number)
            self._running = 1 - number
            self._ready[1 - number].release()

    def _wait(self, number: int) -> None:
        if not self._ready[number].acquire(timeout=PATIENCE):
            raise TimeoutError("the other worker does not give way")


@contextmanager
def taking_turns(baton: Baton, clock: StillClock, *instances: Instance) -> Iterator[None]:
    """Meanwhile each outside call of the instances is a point, and whoever sleeps gives way."""

    def point(when: str, call: str) -> None:
        if when == "before":
            baton.point()

    before = [instance.outside.script for instance in instances]
    clock.sleeping = baton.give_way
    for instance in instances:
        instance.outside.script = point
    try:
        yield
    finally:
        clock.sleeping = lambda: None
        for instance, script in zip(instances, before, strict=True):
            instance.outside.script = script

"""A round of checks: all at once, each within its time, told in order, whatever one of them runs into."""

import threading
from collections.abc import Callable, Iterator, Sequence

from conference.clock import Clock, Deadline
from conference.errors import AnyroomError
from dev.progress import Progress
from doctor.finding import Check, Finding, problem
from doctor.remedy import advice

LIMIT = 20.0
"""Seconds that a check has, and, as they run beside each other, all of them."""
GRACE = 5.0
"""Seconds beyond them in which a check may come to its own end."""
LAST = 3.0
"""Seconds that those which clean up are given when the end is asked for."""


class Round:
    """The checks, each in a thread of its own, which a process that ends does not wait for."""

    def __init__(self, checks: Sequence[Check], clock: Clock, limit: float = LIMIT, grace: float = GRACE) -> None:
        self._limit = limit
        self._whole = Deadline(clock, limit + grace)
        self._running = [_Running(check, Deadline(clock, limit)) for check in checks]

    def findings(self, pause: Callable[[float], None]) -> Iterator[Finding]:
        """What was found, in the order of the checks, as soon as it is known. `pause` lets seconds
        pass, and may raise when somebody asks for the end.
        """
        for running in self._running:
            with Progress(f"checking {running.check.what}"):
                while not running.done.is_set() and self._whole.left():
                    pause(0.02)
            yield from running.found if running.done.is_set() else [self._late(running.check)]

    def settle(self, clock: Clock) -> None:
        """Give what cleans up a moment to do so."""
        last = Deadline(clock, LAST)
        for running in self._running:
            if running.check.cleans_up:
                running.done.wait(last.left())

    def _late(self, check: Check) -> Finding:
        return problem(check.what, f"no answer within {self._limit:.0f} s; check the network and try again")


class _Running:
    def __init__(self, check: Check, deadline: Deadline) -> None:
        self.check = check
        self.found: list[Finding] = []
        self.done = threading.Event()
        threading.Thread(target=self._run, args=(deadline,), name=check.what, daemon=True).start()

    def _run(self, deadline: Deadline) -> None:
        try:
            self.found = self.check.find(deadline)
        except AnyroomError as error:
            self.found = [problem(self.check.what, advice(error))]
        except Exception as error:  # noqa: BLE001  # one check that fails must not hide what the others find
            defect = f"make doctor itself failed ({type(error).__name__}); please open an issue"
            self.found = [problem(self.check.what, defect)]
        finally:
            self.done.set()

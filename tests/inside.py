"""A followed world without sockets and real time: the simulator is called as a function, on a clock that stands still.

An instance may die at any outside call; whoever called it sees no answer, and another instance takes its place.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import httplib2
from googleapiclient.discovery import Resource, build
from requests.structures import CaseInsensitiveDict
from werkzeug.test import EnvironBuilder, run_wsgi_app

from conference import exchange
from conference.endpoint import Answer
from conference.errors import OutcomeUnknown, RequestRefused
from conference.providers.base import Reply, Request
from simulator.wire import ConnectionCut, Wire
from sync.store import Store
from sync.store.sqlite import SqliteStore
from tests import invariants, simulating
from tests.followed import SWEEP, Followed
from tests.heard import Heard
from tests.outside import Died
from tests.world import ADA, MovedClock, World

BEGIN = datetime(2027, 1, 4, 9, tzinfo=UTC)
PORT = 9
"""Nobody listens there: nothing of this world leaves the process."""
T = TypeVar("T")

PRIVATE = ("Plan", "Better plan", "This one only", "Moved", "Saved at last")
"""Titles of events."""
DEAD = 500
"""What the front end answers for an instance that died."""
_DAY = 86400.0


class StillClock(MovedClock):
    """A clock that moves only when it is told to, and that a sleep moves; `sleeping` is what others do meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.sleeping: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return self.ahead

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)
        self.sleeping()


class InsideClient:
    """Carries an exchange to the simulator without a connection."""

    def __init__(self, app: Wire) -> None:
        self._app = app

    def exchange(self, request: Request, seconds: float, origins: frozenset[str], repeatable: bool) -> Reply:
        target = exchange._target(request.url, origins)
        body, headers = exchange._content(request)
        environ = EnvironBuilder(
            path=request.url.removeprefix(f"http://127.0.0.1:{PORT}"),
            base_url=f"http://127.0.0.1:{PORT}",
            method=request.method,
            headers=list(headers.items()),
            data=body,
        ).get_environ()
        try:
            chunks, status, given = run_wsgi_app(self._app, environ)
        except ConnectionCut as cut:
            raise OutcomeUnknown("connection-closed", target) from cut
        return Reply(int(status.split()[0]), CaseInsensitiveDict(given), b"".join(chunks))


class Mortal(Followed):
    """A followed world whose instance may die; `died` counts how often it did.

    `users` are those whose daily triggers fire. `most` is the largest number of outside calls that one entry made, and
    `longest` the most seconds that one took on the clock.
    """

    def __init__(self, world: World, delegation: bool, clock: StillClock, heard: Heard) -> None:
        super().__init__(world, delegation)
        self.clock = clock
        self.heard = heard
        self.users = [ADA]
        self.entries = 0
        self.died = 0
        self.most = 0
        self.longest = 0.0

    def choose(self, event: str, **how: Any) -> Answer | None:  # type: ignore[override]  # the instance may die
        """As Followed.choose; None when the instance died, and the user saw no answer."""
        return self._living(lambda: self._answered(lambda: Followed.choose(self, event, **how)), None)

    def ask(self, event: str) -> Answer | None:
        """A user chooses the solution for an event, and does not save it; None as in `choose`."""
        return self._living(lambda: self._answered(lambda: self.world.ask(self.instance, event)), None)

    def relay(self, body: dict[str, Any], bearer: str) -> tuple[int, Any]:
        return self._living(lambda: Followed.relay(self, body, bearer), (DEAD, None))

    def sweep(self) -> int:
        return self._living(lambda: Followed.sweep(self), DEAD)

    def daily(self) -> None:
        for user in self.users:
            self.simulator.triggers.daily(user)

    def wait(self, **time: float) -> None:
        left, day = timedelta(**time).total_seconds(), 0.0
        step = max(SWEEP, left / 12)
        while left > 0:
            self.world.clock.advance(min(left, step))
            left, day = left - step, day + step
            self.sweep()
            self.settle()
            if day >= _DAY:
                day = 0.0
                self.daily()

    def die_at(self, number: int, when: str) -> None:
        """Have the instance die before or after its outside call of that number from now on; 0 is the first.

        It stays dead: what is done while it unwinds reaches nobody.
        """
        calls = -1

        def count(at: str, call: str) -> None:
            nonlocal calls
            calls += at == "before"
            if calls > number or (calls == number and (at == when or when == "before")):
                raise Died(call)

        self.instance.outside.script = count

    def heal(self) -> None:
        """Everything works again, every signal arrives, and enough time passes for all that can be done to be done."""
        self.simulator.faults.clear()
        self.instance.outside.script = lambda when, call: None
        self.settle()
        self.wait(hours=3)
        self.daily()
        self.wait(days=3)
        self.daily()
        self.settle()
        self.sweep()
        self.settle()
        self.daily()

    def breaches(self) -> list[str]:
        """Every breach of what must hold at rest."""
        found = invariants.at_rest(self.simulator, self.world.store)
        found += invariants.unbounded(self.most, self.longest)
        found += invariants.revealed(self._private(), self.heard.lines)
        return found + [f"a defect: {line}" for line in self.heard.defects]

    def _private(self) -> list[str]:
        """What no log may tell."""
        secrets = [channel.token for channel in self.simulator.push.channels if channel.token]
        return [*self.simulator.tokens._grants, *secrets, *self.users, *PRIVATE]

    def _answered(self, ask: Callable[[], Answer]) -> Answer | None:
        try:
            return ask()
        except RequestRefused:
            return None

    def _status(self, call: Any) -> int:
        def status() -> int:
            try:
                answer: Answer = call()
            except RequestRefused as refused:
                return refused.status
            return answer.status

        return self._living(status, DEAD)

    def _living(self, call: Callable[[], T], dead: T) -> T:
        """What the call answers, `dead` when the instance died of it."""
        self.entries += 1
        calls, began = len(self.instance.outside.calls), self.world.clock.monotonic()
        try:
            return call()
        except Died:
            self.died += 1
            self.restart()
            return dead
        finally:
            self.most = max(self.most, len(self.instance.outside.calls) - calls)
            self.longest = max(self.longest, self.world.clock.monotonic() - began)


@contextmanager
def inside(
    folder: Path, delegation: bool, seed: int = 0, open_store: Callable[[], Store] | None = None
) -> Iterator[Mortal]:
    """Such a world, with seeded randomness, over a new SQLite file in the folder unless another store is given."""
    clock = StillClock()
    simulator = simulating.simulator(clock=clock, randomness=random.Random(seed), port=PORT)
    simulator.rooms.base_url = simulator.url
    world = World(simulator, folder, clock, open_store or (lambda: SqliteStore(str(folder / "anyroom.db"))))
    world.client = lambda: InsideClient(simulator.app)
    documents = patch("sync.calendar.build", _built), patch("sync.cloud_tasks.build", _built)
    with closing(simulator), Heard() as heard, documents[0], documents[1], _seeded(seed):
        yield Mortal(world, delegation, clock, heard)
        world.close()


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """The jitter of an instance is the same whenever the same is told."""
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)


def _built(name: str, version: str, *, client_options: Mapping[str, str], **how: object) -> Resource:
    """What describes one of Google's APIs, once for all instances: it keeps nothing of any of them."""
    return _described(name, version, client_options["api_endpoint"])


@cache
def _described(name: str, version: str, endpoint: str) -> Resource:
    return build(name, version, http=httplib2.Http(), static_discovery=True, client_options={"api_endpoint": endpoint})

"""A simulator whose every Calendar reply is checked, on a clock that stands still until it is moved."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from simulator import ids
from simulator.server import Simulator
from tests import simulating
from tests.simulator.oauth import FUNCTION, Party

ADA = "ada@example.com"
BOB = "bob@example.com"
TIMED: dict[str, Any] = {
    "start": {"dateTime": "2026-03-10T10:00:00+01:00", "timeZone": "Europe/Zurich"},
    "end": {"dateTime": "2026-03-10T11:00:00+01:00", "timeZone": "Europe/Zurich"},
}


class StandingClock:
    """The time of day that the test says."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class Caller:
    """Calls the simulator as one user's program does."""

    def __init__(self, sim: Simulator, token: str | None) -> None:
        self.url = sim.url
        self.token = token
        self.session = requests.Session()
        self.session.trust_env = False

    def __call__(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> requests.Response:
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        url = path if path.startswith("http") else f"{self.url}/calendar/v3/calendars/{path}"
        return self.session.request(method, url, headers={**bearer, **(headers or {})}, timeout=60, **more)


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def sim(clock: StandingClock) -> Iterator[Simulator]:
    with simulating.simulator(clock=clock, randomness=random.Random(7), validate=True) as simulator:
        simulator.add_user(ADA, time_zone="Europe/Zurich")
        yield simulator


@pytest.fixture
def caller(sim: Simulator) -> Iterator[Callable[..., Caller]]:
    """Programs of any user; without an address, of nobody."""
    made = []

    def make(email: str | None = None, scopes: tuple[str, ...] = ids.EDITOR_SCOPES) -> Caller:
        made.append(Caller(sim, sim.access_token(email, scopes) if email else None))
        return made[-1]

    yield make
    for each in made:
        each.session.close()


@pytest.fixture
def ada(caller: Callable[..., Caller]) -> Caller:
    """A program that may do what Ada may."""
    return caller(ADA)


@pytest.fixture
def meet(sim: Simulator) -> Iterator[Callable[[str], Party]]:
    """Anyroom, registered with every vendor."""
    sim.register_clients(FUNCTION)
    made: list[Party] = []

    def party(vendor: str) -> Party:
        made.append(Party(sim, vendor))
        return made[-1]

    yield party
    for each in made:
        each.close()

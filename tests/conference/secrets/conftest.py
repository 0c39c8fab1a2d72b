"""A clock that stands still and a Secret Manager on loopback, for the tests of secrets."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.secret_manager import SecretManagerStandIn, running


class StoppedClock:
    """A clock that moves only when it is told to, or by sleeping."""

    def __init__(self) -> None:
        self.seconds = 1_000.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def stand_in() -> Iterator[SecretManagerStandIn]:
    with running(SecretManagerStandIn()) as served:
        yield served

"""The served function with every vendor's solution, and a clock for it and the simulator."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browsing import Browser, vendors
from tests.served import Function, serving
from tests.world import MovedClock


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: MovedClock) -> Iterator[Function]:
    solutions, environment = vendors()
    with serving(tmp_path, monkeypatch, solutions, environment, clock) as function:
        yield function


@pytest.fixture
def browser(function: Function) -> Browser:
    """Ada's browser."""
    return Browser(function)

"""Keys come from Google for as long as its headers say, or from the simulator's file, never from a bad reply."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from conference.certificates import google_keys, local_keys
from conference.errors import Unavailable
from conference.exchange import HttpClient
from simulator import faults
from simulator.server import Simulator
from tests import simulating
from tests.world import MovedClock


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with simulating.simulator() as running:
        yield running


@pytest.mark.parametrize(("max_age", "kept"), [(7200, 7200), (1, 60), (10**9, 86_400)])
def test_google_says_how_long_its_keys_may_be_kept(
    simulator: Simulator, clock: MovedClock, max_age: int, kept: int
) -> None:
    simulator.identity.max_age = max_age
    keys = google_keys(simulator.url, HttpClient(), clock)
    assert keys.having(simulator.identity.key.kid)
    clock.advance(kept - 5)
    keys.having(simulator.identity.key.kid)
    assert len(simulator.requests) == 1
    clock.advance(66)
    keys.having(simulator.identity.key.kid)
    assert len(simulator.requests) == 2


def test_keys_that_were_fetched_before_are_not_fetched_again(simulator: Simulator, clock: MovedClock) -> None:
    keys = google_keys(simulator.url, HttpClient(), clock)
    keys.prefetch()
    assert keys.having(simulator.identity.key.kid)
    assert len(simulator.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [faults.status(500), faults.status(404, b"{}"), faults.malformed(), faults.status(200, b"[]"), faults.reset()],
    ids=["500", "404", "html", "list", "reset"],
)
def test_f25_a_bad_reply_is_no_key(simulator: Simulator, clock: MovedClock, fault: faults.Fault) -> None:
    simulator.faults.add(fault, times=None)
    with pytest.raises(Unavailable):
        google_keys(simulator.url, HttpClient(), clock).having(simulator.identity.key.kid)


def test_the_key_file_is_read_again_for_a_key_that_is_not_in_it(tmp_path: Path, clock: MovedClock) -> None:
    with simulating.simulator() as simulator:
        path = tmp_path / "keys.json"
        simulator.identity.write_keyfile(str(path))
        keys = local_keys(str(path), clock)
        keys.prefetch()
        simulator.identity.rotate(forget=True)
        simulator.identity.write_keyfile(str(path))
        clock.advance(61)
        assert keys.having(simulator.identity.key.kid)


@pytest.mark.parametrize("content", ["", "{", json.dumps({"keys": []}), json.dumps({"script": "x"})])
def test_a_key_file_without_keys_lets_nobody_in(tmp_path: Path, clock: MovedClock, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content, "utf-8")
    with pytest.raises(Unavailable):
        local_keys(str(path), clock).having("any")
    with pytest.raises(Unavailable):
        local_keys(str(tmp_path / "missing.json"), clock).having("any")

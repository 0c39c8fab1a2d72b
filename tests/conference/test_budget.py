"""Each user has a budget of requests: bursts pass, floods do not, and others do not notice."""

import contextlib

import pytest

from conference.budget import BURST, REFILL, TURNS, Budget
from conference.errors import Temporary
from tests.inside import StillClock
from tests.world import MovedClock


@pytest.fixture
def clock() -> MovedClock:
    return StillClock()


def test_a_burst_passes_and_the_next_waits_for_its_turn(clock: MovedClock) -> None:
    budget = Budget(clock)
    assert [budget.spend("ada") for _ in range(BURST)] == [0.0] * BURST
    wait = budget.spend("ada")
    assert 0 < wait <= 1 / REFILL
    clock.advance(wait)
    assert budget.spend("ada") == 0.0


def test_others_do_not_notice(clock: MovedClock) -> None:
    budget = Budget(clock, burst=1)
    budget.spend("ada")
    assert budget.spend("ada") > 0
    assert budget.spend("bob") == 0.0


def test_a_budget_never_grows_past_its_burst(clock: MovedClock) -> None:
    budget = Budget(clock, burst=2)
    budget.spend("ada")
    clock.advance(1_000_000)
    assert [budget.spend("ada") > 0 for _ in range(3)] == [False, False, True]


def test_memory_is_bounded_and_the_longest_unseen_is_forgotten_first(clock: MovedClock) -> None:
    budget = Budget(clock, burst=1)
    budget.spend("first")
    for number in range(10_000):
        budget.spend(str(number))
    assert budget.spend("9999") > 0
    assert budget.spend("first") == 0.0


def test_a_user_works_on_a_few_requests_at_once_and_others_do_not_notice(clock: MovedClock) -> None:
    budget = Budget(clock)
    with contextlib.ExitStack() as under_way:
        for _ in range(TURNS):
            under_way.enter_context(budget.turn("ada"))
        with pytest.raises(Temporary), budget.turn("ada"):
            pass
        with budget.turn("bob"):
            pass
    with budget.turn("ada"):
        pass

"""Each try in vain is followed by a longer pause, spread by a quarter either way, and never by less than was asked."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.backoff import FIRST, LONGEST, pause


@pytest.mark.parametrize(("tries", "minutes"), [(0, 1), (1, 2), (3, 8), (8, 256), (9, 360), (10_000, 360)])
def test_a_pause_doubles_up_to_the_longest(tries: int, minutes: int) -> None:
    assert pause(tries, 0.5) == timedelta(minutes=minutes)


@given(st.integers(0, 100), st.floats(0, 1))
def test_a_pause_is_spread_by_a_quarter_either_way(tries: int, spread: float) -> None:
    planned = pause(tries, 0.5)
    assert planned * 0.7499 <= pause(tries, spread) <= planned * 1.2501
    assert FIRST * 0.75 <= pause(tries, spread) <= LONGEST * 1.25


def test_a_pause_is_never_shorter_than_was_asked() -> None:
    assert pause(0, 0.0, 90.0) == timedelta(seconds=90)
    assert pause(3, 0.5, 90.0) == timedelta(minutes=8)
    assert pause(0, 0.5, None) == FIRST

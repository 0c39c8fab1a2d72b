"""A command's terminal: its lines are one line each, and when the end is asked for no more is begun."""

from datetime import UTC, datetime

import pytest

from conference.clock import SystemClock
from conference.errors import Temporary
from dev.stop import Stopped
from operations.console import Console, number, shown


def test_a_deadline_is_over_when_the_end_is_asked_for() -> None:
    asked = [False]
    console = Console(lambda seconds: None, lambda: asked[0], lambda line: None)
    deadline = console.deadline(SystemClock(), 60.0)
    assert deadline.left() > 50
    asked[0] = True
    assert deadline.left() == 0
    with pytest.raises(Temporary):
        deadline.check()


def test_a_check_says_that_the_end_was_asked_for() -> None:
    def pause(seconds: float) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        Console(pause, lambda: True, lambda line: None).check()


def test_a_line_is_one_line() -> None:
    lines: list[str] = []
    Console(lambda seconds: None, lambda: False, lines.append).say("a\nb  c")
    assert lines == ["a b c"]


def test_counts_and_times_read_well() -> None:
    assert [number(count, "try", "tries") for count in (0, 1, 2)] == ["no tries", "1 try", "2 tries"]
    assert shown(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02 03:04 UTC"
    assert shown(None) == "never"

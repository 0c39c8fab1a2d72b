"""A calendar that is queued is synced at its time, once, and nothing that fails keeps the next one away."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from conference.errors import Temporary
from sync.background import Background
from sync.queue import InlineQueue
from tests.world import MovedClock

ONE, OTHER = "1" * 32, "2" * 32


class Desk:
    """A queue, its clock, and the runs so far; `meanwhile` happens within each run."""

    def __init__(self) -> None:
        self.clock = MovedClock()
        self.runs: list[str] = []
        self.ran = threading.Semaphore(0)
        self.meanwhile: Callable[[str], object] = lambda calendar: None
        self.queue = InlineQueue(self._run, self.clock)

    def after(self, seconds: float) -> datetime:
        return self.clock.now() + timedelta(seconds=seconds)

    def _run(self, calendar: str) -> None:
        self.runs.append(calendar)
        self.ran.release()
        self.meanwhile(calendar)


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.queue.close()


@pytest.fixture
def unattended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue's own thread is away: nothing runs but what the test has run."""
    monkeypatch.setattr(Background, "start", lambda background: None)


@pytest.mark.usefixtures("unattended")
def test_nothing_runs_before_its_time(desk: Desk) -> None:
    desk.queue.enqueue(ONE, desk.after(60))
    desk.clock.advance(58)
    desk.queue.run_due()
    assert desk.runs == []
    desk.clock.advance(2)
    desk.queue.run_due()
    assert desk.runs == [ONE]


def test_a_thread_runs_what_is_due_without_being_asked(desk: Desk) -> None:
    desk.queue.enqueue(ONE, desk.after(-5))
    assert desk.ran.acquire(timeout=10)
    desk.queue.enqueue(OTHER, desk.after(0.05))
    assert desk.ran.acquire(timeout=10)
    assert desk.runs == [ONE, OTHER]


@pytest.mark.usefixtures("unattended")
@pytest.mark.parametrize("times", [(60, 300), (300, 60), (60, 60)])
def test_a_calendar_queued_twice_runs_once_at_the_earliest_time(desk: Desk, times: tuple[int, int]) -> None:
    for seconds in times:
        desk.queue.enqueue(ONE, desk.after(seconds))
    desk.clock.advance(61)
    desk.queue.run_due()
    assert desk.runs == [ONE]
    desk.clock.advance(600)
    desk.queue.run_due()
    assert desk.runs == [ONE]


@pytest.mark.usefixtures("unattended")
def test_a_calendar_that_is_queued_while_it_runs_runs_again(desk: Desk) -> None:
    def again(calendar: str) -> None:
        if len(desk.runs) == 1:
            desk.queue.enqueue(calendar, desk.after(60))

    desk.meanwhile = again
    desk.queue.enqueue(ONE, desk.after(60))
    for _ in range(3):
        desk.clock.advance(61)
        desk.queue.run_due()
    assert desk.runs == [ONE, ONE]


@pytest.mark.usefixtures("unattended")
def test_the_longest_waiting_runs_first(desk: Desk) -> None:
    desk.queue.enqueue(ONE, desk.after(120))
    desk.queue.enqueue(OTHER, desk.after(60))
    desk.clock.advance(130)
    desk.queue.run_due()
    assert desk.runs == [OTHER, ONE]


@pytest.mark.parametrize("error", [Temporary("calendar-unavailable"), ValueError("a defect")])
def test_a_run_that_fails_keeps_no_other_away_and_is_not_repeated(desk: Desk, error: Exception) -> None:
    def fail(calendar: str) -> None:
        if calendar == ONE:
            raise error

    desk.meanwhile = fail
    desk.queue.enqueue(ONE, desk.after(-2))
    desk.queue.enqueue(OTHER, desk.after(-1))
    assert desk.ran.acquire(timeout=10)
    assert desk.ran.acquire(timeout=10)
    desk.queue.run_due()
    assert desk.runs == [ONE, OTHER]


def test_nothing_runs_once_it_is_closed(desk: Desk) -> None:
    desk.queue.enqueue(ONE, desk.after(60))
    desk.queue.close()
    desk.queue.enqueue(OTHER, desk.after(-1))
    desk.clock.advance(61)
    desk.queue.run_due()
    assert desk.runs == []


def test_a_run_under_way_is_finished_before_it_is_closed(desk: Desk) -> None:
    finished, go = threading.Event(), threading.Event()

    def wait(calendar: str) -> None:
        go.wait(10)
        finished.set()

    desk.meanwhile = wait
    desk.queue.enqueue(ONE, desk.after(-1))
    assert desk.ran.acquire(timeout=10)
    threading.Timer(0.05, go.set).start()
    desk.queue.close()
    assert finished.is_set()

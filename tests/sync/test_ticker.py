"""Sweeps come again and again, a quarter apart at most, until they are told to end."""

import threading

import pytest

from sync.ticker import Ticker


@pytest.mark.parametrize(("spread", "pause"), [(0.0, 225.0), (0.5, 300.0), (1.0, 375.0)])
def test_a_pause_is_up_to_a_quarter_shorter_or_longer(spread: float, pause: float) -> None:
    assert Ticker(lambda: None, 300.0, lambda: spread).pause() == pause


def test_a_sweep_that_fails_does_not_end_the_others() -> None:
    swept = threading.Semaphore(0)

    def sweep() -> None:
        swept.release()
        raise ValueError("a defect")

    ticker = Ticker(sweep, 0.001, lambda: 0.5)
    ticker.start()
    try:
        assert all(swept.acquire(timeout=10) for _ in range(3))
    finally:
        ticker.close()


def test_nothing_is_swept_before_the_start_or_after_the_end() -> None:
    swept = threading.Event()
    ticker = Ticker(swept.set, 0.05, lambda: 0.5)
    assert not swept.wait(0.1)
    ticker.start()
    ticker.close()
    swept.clear()
    assert not swept.wait(0.1)


def test_an_end_does_not_wait_for_the_next_sweep() -> None:
    ticker = Ticker(lambda: None, 3600.0, lambda: 0.5)
    ticker.start()
    ticker.close()
    assert "ticker" not in {thread.name for thread in threading.enumerate()}

"""When to try again: later each time, never all at once."""

from datetime import timedelta

FIRST = timedelta(minutes=1)
LONGEST = timedelta(hours=6)


def spread_out(after: timedelta, spread: float) -> timedelta:
    """That long, a quarter more or less, so that what came together does not come together again.

    `spread` is from 0 to 1.
    """
    return after * (0.75 + spread / 2)


def pause(tries: int, spread: float, least: float | None = None) -> timedelta:
    """How long to wait after so many tries in vain, at least `least` seconds; `spread` is from 0 to 1.

    Source: Handle API errors (Calendar API guides), exponential backoff; a quarter either way as for all periodic work.
    """
    planned = min(FIRST * (1 << min(tries, 16)), LONGEST)
    return max(spread_out(planned, spread), timedelta(seconds=least or 0.0))

"""When to try again: later each time, never all at once."""

from datetime import timedelta

FIRST = timedelta(minutes=1)
LONGEST = timedelta(hours=6)


def pause(tries: int, spread: float, least: float | None = None) -> timedelta:
    """How long to wait after so many tries in vain, at least `least` seconds; `spread` is from 0 to 1.

    Source: Handle API errors (Calendar API guides), exponential backoff; a quarter either way as for all periodic work.
    """
    planned = min(FIRST * (1 << min(tries, 16)), LONGEST)
    return max(planned * (0.75 + spread / 2), timedelta(seconds=least or 0.0))

"""What the bench is doing, on standard error, about every two seconds."""

import sys
import time

_EVERY = 2.0
_last = float("-inf")


def say(text: str) -> None:
    """Print the text unless something was printed less than two seconds ago."""
    global _last
    if time.monotonic() - _last >= _EVERY:
        _last = time.monotonic()
        print(text, file=sys.stderr, flush=True)

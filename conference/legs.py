"""The legs of a request and how long each took, for the log line and the Server-Timing header."""

from collections.abc import Iterator
from contextlib import contextmanager

from conference.clock import Clock


class Legs:
    """Milliseconds by leg; the same leg taken twice adds up. Legs may overlap and come from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spent: dict[str, float] = {}

    @contextmanager
    def leg(self, name: str) -> Iterator[None]:
        """Time what is done inside."""
        start = self._clock.monotonic()
        try:
            yield
        finally:
            self._spent[name] = self._spent.get(name, 0.0) + (self._clock.monotonic() - start) * 1000

    def milliseconds(self) -> dict[str, float]:
        """What each leg took, in milliseconds to a tenth."""
        return {name: round(spent, 1) for name, spent in list(self._spent.items())}

    def server_timing(self) -> str:
        """The value of a Server-Timing header (W3C Server Timing)."""
        return ", ".join(f"{name};dur={spent}" for name, spent in self.milliseconds().items())

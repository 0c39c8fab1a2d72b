"""How a command talks: one line for each thing on standard output, how far it is on standard error, one clear end."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import logs
from conference.clock import Clock, Deadline
from dev.progress import Progress
from dev.stop import Stop

DONE, LEFT, REFUSED, STOPPED = 0, 1, 2, 130
"""Exit codes: nothing is left to do, something is that the lines name, it could not begin, the end was asked for."""

_CLEAR = "\r\x1b[K"


class Mistake(Exception):
    """The command cannot begin; the message is one line that says what to do."""


class Console:
    """One command's terminal. `pause` lets seconds pass and raises Stopped when the end was asked for."""

    def __init__(self, pause: Callable[[float], None], asked: Callable[[], bool], say: Callable[[str], None]) -> None:
        self.pause = pause
        self._asked = asked
        self._say = say
        self._progress: Progress | None = None

    def say(self, line: str) -> None:
        """Print one line."""
        if self._progress and sys.stderr.isatty():
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()
        self._say(" ".join(line.split()))

    def check(self) -> None:
        """Raise Stopped when the end was asked for."""
        self.pause(0.0)

    @contextmanager
    def working(self, what: str) -> Iterator[Callable[[str], None]]:
        """Say from time to time how far it is: what is given is told that."""
        with Progress(what) as progress:
            self._progress = progress

            def at(where: str) -> None:
                progress.what = f"{what}: {where}"

            try:
                yield at
            finally:
                self._progress = None

    def deadline(self, clock: Clock, seconds: float) -> Deadline:
        """A deadline that is over at once when the end is asked for."""
        return _UntilStopped(clock, seconds, self._asked)


class _UntilStopped(Deadline):
    def __init__(self, clock: Clock, seconds: float, asked: Callable[[], bool]) -> None:
        super().__init__(clock, seconds)
        self._stopped = asked

    def left(self) -> float:
        return 0.0 if self._stopped() else super().left()


class AuditLines(logging.Handler):
    """Writes the audit lines of this process to standard error, as the function writes its own, with the time."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line of JSON, on a line of its own."""
        moment = datetime.fromtimestamp(record.created, UTC)
        fields = {"time": moment.isoformat(timespec="milliseconds"), **getattr(record, "fields", {})}
        line = logs.JsonFormatter().format(logging.makeLogRecord({**record.__dict__, "fields": fields}))
        sys.stderr.write(f"{_CLEAR if sys.stderr.isatty() else ''}{line}\n")
        sys.stderr.flush()


def console(stop: Stop) -> Console:
    """The terminal of this process."""
    return Console(stop.pause, lambda: stop.asked, lambda line: print(line, flush=True))


def shown(moment: datetime | None) -> str:
    """A time as people read it."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment else "never"


def number(count: int, what: str, several: str = "") -> str:
    """A count and its word."""
    return f"{count or 'no'} {what if count == 1 else several or what + 's'}"

"""Turns Ctrl-C, SIGTERM and a closed terminal into one exception, raised only where it is asked for."""

import signal
import time
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PAUSE = 0.1


class Stopped(Exception):
    """Somebody asked for the end."""


class Stop:
    """Remembers that the end was asked for. A signal that was ignored from the start (nohup) stays so."""

    def __init__(self) -> None:
        self._asked = False
        for number in SIGNALS:
            # A shell starts a program in the background with SIGINT ignored; who sends it one still means it.
            if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._remember)

    @property
    def asked(self) -> bool:
        """Whether the end was asked for."""
        return self._asked

    def pause(self, seconds: float = PAUSE) -> None:
        """Let `seconds` pass. Raises Stopped when the end was asked for, before or meanwhile."""
        if not self._asked:
            time.sleep(seconds)
        if self._asked:
            raise Stopped

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self._asked = True

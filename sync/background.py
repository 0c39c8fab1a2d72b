"""Threads beside the requests: started in the process that uses them, and not ended by what goes wrong in them."""

import logging
import threading
from collections.abc import Callable

from conference.errors import AnyroomError

_PATIENCE = 5.0
"""Seconds to wait for a thread that has been told to end."""

_log = logging.getLogger("anyroom.background")


class Background:
    """One loop in a daemon thread of its own.

    The thread begins at the first `start` in a process: gunicorn forks, and no thread survives a fork.
    """

    def __init__(self, name: str, loop: Callable[[], None]) -> None:
        self._name = name
        self._loop = loop
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Have the loop run, unless it does."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._loop, name=self._name, daemon=True)
                self._thread.start()

    def join(self) -> None:
        """Wait some seconds until the loop, which has been told to end, has ended."""
        with self._lock:
            if self._thread is not None:
                self._thread.join(_PATIENCE)


def survive(what: str, work: Callable[[], object]) -> None:
    """Do the work; a failure is logged by its reason, a defect by its place, and raised to nobody."""
    try:
        work()
    except AnyroomError as error:
        _log.warning("%s failed: %s", what, error.reason)
    except Exception as error:  # noqa: BLE001  # nobody is there to catch it
        _log.warning("%s failed: %s", what, type(error).__name__, exc_info=True)

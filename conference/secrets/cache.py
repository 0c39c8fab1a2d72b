"""Each secret is read once for all who ask, kept for five minutes, and read again at once when it was turned away.

A source that is down does not take away what was read before: the old value serves on, for an hour at most. A source
that says no (missing, forbidden, disabled) does.
"""

import logging
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from threading import Lock

from conference.clock import Clock
from conference.errors import SecretUnavailable, Temporary
from conference.secrets.source import Source, check_name, text_of

FRESH = 300.0
"""Seconds for which a value is served without asking its source."""
SERVES = 3600.0
"""Seconds for which a value is served while its source does not answer."""
PAUSE = 20.0
"""Seconds between two readings of a secret that failed or was renewed; as long as the longest create, so that whoever
used the value before a change learns of the change."""
NAMES = 256
"""The most secrets kept; past it the one that was asked for longest ago is forgotten."""

_log = logging.getLogger("anyroom.secrets")


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why there is no value; kept in place of the exception, whose traceback would keep frames alive."""

    kind: type[SecretUnavailable] | type[Temporary]
    reason: str
    detail: str

    def error(self) -> SecretUnavailable | Temporary:
        return self.kind(self.reason, self.detail)


@dataclass(frozen=True, slots=True)
class _State:
    """What one reading left behind: a value or a failure. Times are the clock's monotonic seconds."""

    due: float
    value: str = field(default="", repr=False)
    read: float = 0.0
    changed: float | None = None
    failure: _Failure | None = None

    def serves(self, now: float) -> bool:
        return self.failure is None and now < self.read + SERVES

    def answer(self) -> str:
        if self.failure is not None:
            raise self.failure.error()
        return self.value


class _Entry:
    """One secret: its state, replaced as a whole, and the lock of whoever reads it."""

    __slots__ = ("lock", "readings", "renewed", "state")

    def __init__(self) -> None:
        self.lock = Lock()
        self.readings = 0
        self.renewed: float | None = None
        self.state: _State | None = None


class Secrets:
    """The secrets of one process; safe to share between threads."""

    def __init__(self, source: Source, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._lock = Lock()

    def read(self, name: str) -> str:
        """The value of the secret `name`.

        Raises SecretUnavailable, whose detail names the secret and says what to do; Temporary when its source does not
        answer and no earlier value may serve.
        """
        check_name(name)
        entry = self._entry(name)
        # The count before the state: a reading that ends in between is then seen in one of them.
        readings = entry.readings
        state, now = entry.state, self._clock.monotonic()
        if state is not None and now < state.due:
            return state.answer()
        if state is None or not state.serves(now):
            entry.lock.acquire()
        elif not entry.lock.acquire(blocking=False):
            return state.answer()
        try:
            if entry.readings == readings or entry.state is None:
                return self._reread(name, entry).answer()
            return entry.state.answer()
        finally:
            entry.lock.release()

    def renew(self, name: str) -> bool:
        """Read `name` again because somebody turned its value away; say whether it is another now.

        It is read at most once in PAUSE seconds, however many ask; True also when it changed less than PAUSE seconds
        ago, because the asker may have used the value before. Never raises for a source's sake: a failure is logged,
        and the next `read` tells.
        """
        check_name(name)
        entry = self._entry(name)
        with entry.lock:
            state = entry.state
            if state is None or entry.renewed is None or self._clock.monotonic() - entry.renewed >= PAUSE:
                state = self._reread(name, entry)
                entry.renewed = self._clock.monotonic()
            return state.changed is not None and self._clock.monotonic() - state.changed < PAUSE

    def _entry(self, name: str) -> _Entry:
        with self._lock:
            entry = self._entries.setdefault(name, _Entry())
            self._entries.move_to_end(name)
            if len(self._entries) > NAMES:
                self._entries.popitem(last=False)
            return entry

    def _reread(self, name: str, entry: _Entry) -> _State:
        """Ask the source, with the entry's lock held, and keep what it said."""
        try:
            entry.state = self._known(name, text_of(name, self._source.fetch(name)), entry.state)
        except (SecretUnavailable, Temporary) as error:
            entry.state = self._failed(_Failure(type(error), error.reason, error.detail), entry.state)
        entry.readings += 1
        return entry.state

    def _known(self, name: str, value: str, before: _State | None) -> _State:
        now = self._clock.monotonic()
        changed = before.changed if before else None
        if before is not None and before.value != value:
            _log.info("secret %s: read again, with another value", name)
            changed = now
        return _State(due=now + FRESH, value=value, read=now, changed=changed)

    def _failed(self, failure: _Failure, before: _State | None) -> _State:
        now = self._clock.monotonic()
        if failure.kind is SecretUnavailable:
            _log.error("%s", failure.detail)
            return _State(due=now + PAUSE, failure=failure)
        if before is not None and before.serves(now):
            _log.warning("%s; the value read %d s ago serves on", failure.detail, now - before.read)
            return replace(before, due=min(now + PAUSE, before.read + SERVES))
        _log.warning("%s", failure.detail)
        return _State(due=now, failure=failure)

"""Signals: something changed in a calendar. Each is proved, then marked in the store, and a run follows or is queued.

A signal never says what changed (Push notifications, Calendar API guides; Sync calendar changes, Workspace add-ons).
"""

import logging
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from conference.clock import Clock, Deadline
from conference.create import KEEPERS
from conference.errors import AnyroomError, ConferenceFailure, NotFound, StoreUnavailable, Unavailable
from conference.identity import User
from sync import channel, keepers, lease, records
from sync.access import Relayed
from sync.calendar import GoogleCalendar
from sync.pull import Outcome, Puller
from sync.queue import Queue
from sync.records import CALENDARS, CalendarRecord, Channel, Keeper
from sync.store import Store

FIRST = timedelta(seconds=2)
"""How long after a first notification its run begins: what comes meanwhile is in it."""
BETWEEN = timedelta(seconds=60)
"""The least time between the beginnings of two runs of one calendar."""
RELAY_PAGES = 10
"""Pages that one request of a trigger lists; the trigger asks again while there are more."""
WAIT, LEAST = 1.0, 3.0
"""Seconds between two looks at a lease that somebody else has, and those without which no run is begun."""

_TOKEN = re.compile(r"([0-9a-f]{32})\.[A-Za-z0-9_-]{16,128}")
_log = logging.getLogger("anyroom.signals")


class Notification(msgspec.Struct, frozen=True):
    """The X-Goog headers of a push notification that count."""

    channel: str
    token: str
    resource: str
    state: str


def notification(header: Callable[[str], str | None]) -> Notification:
    """Read the headers of a push notification, which `header` gives in any case; what is missing is ""."""
    return Notification(
        channel=header("X-Goog-Channel-ID") or "",
        token=header("X-Goog-Channel-Token") or "",
        resource=header("X-Goog-Resource-ID") or "",
        state=header("X-Goog-Resource-State") or "",
    )


class Signals:
    """Takes notifications and relayed changes. `queue` is None where changes are relayed."""

    def __init__(
        self, store: Store, clock: Clock, calendar: GoogleCalendar, puller: Puller, queue: Queue | None
    ) -> None:
        self._store = store
        self._clock = clock
        self._calendar = calendar
        self._puller = puller
        self._queue = queue

    def notify(self, message: Notification) -> None:
        """Mark the calendar dirty and queue its run; one read, and no write when it is marked already.

        Raises NotFound, the same for unknown, forged and expired channels, and Unavailable only when the mark could
        not be stored, so that Calendar tells us again: the store is away, or the record cannot be read. Where changes
        are relayed nothing is marked, but the store is asked all the same: so the smoke check sees whether it answers.
        """
        found = _TOKEN.fullmatch(message.token)
        if found is None:
            raise NotFound("no-channel")
        key = found[1]
        try:
            document = self._store.get(CALENDARS, key)
            if document is None or self._queue is None:
                raise NotFound("no-channel")
            record, now = records.calendar(document.body), self._clock.now()
            proved = channel.recognised(record, message.channel, message.token, message.resource, now)
            if proved is None:
                raise NotFound("no-channel")
            if message.state == "sync" or record.refused:
                return  # a refused keeper's next run, or the next keeper's first, lists what this is about
            at = max(now + FIRST, record.ran + BETWEEN) if record.ran else now + FIRST
            first = lease.mark(self._store, key, document, at, **_learned(record, proved, message))
        except StoreUnavailable as unavailable:
            raise Unavailable("store-unavailable", unavailable.reason) from unavailable
        except msgspec.ValidationError as defect:
            _log.error("a calendar cannot be read: %s", key, exc_info=defect)
            raise Unavailable("calendar-record", "it is of a shape that is not known here") from defect
        if first:
            self._enqueue(key, at)

    def relay(self, user: User, calendar: str, token: str, deadline: Deadline) -> Outcome | None:
        """Run a calendar within this request, with the token that came along. None when there is nothing to do.

        That is so for calendars that hold no conference, and for anybody but the keeper, unless the keeper's credential
        fails or has been silent. Raises Unavailable when the store cannot be reached, so that the trigger's next firing
        counts.
        """
        try:
            document = self._store.get(CALENDARS, records.key(calendar))
            if document is None:
                return None
            record, keeper = records.calendar(document.body), Keeper(user.sub, user.email)
            known = record.keeper is not None and record.keeper.sub == user.sub
            if not known and not self._may_keep(record, token, deadline):
                return None
            relayed = Relayed(keeper, token)
            outcome = self._puller.run(document.key, relayed, deadline, RELAY_PAGES)
            return outcome if outcome.ran else self._after(document.key, relayed, deadline)
        except StoreUnavailable as unavailable:
            raise Unavailable("store-unavailable", unavailable.reason) from unavailable

    def begin(self, key: str) -> None:
        """Have a calendar followed from now on; whatever fails, the sweep does it later. Raises no AnyroomError."""
        self._enqueue(key, self._clock.now())

    def _after(self, key: str, relayed: Relayed, deadline: Deadline) -> Outcome:
        """The run, once whoever has the lease lets go; nothing when they saw our mark, and asked again in the end.

        A sweep holds it without a credential, and a dead run until it expires: neither lists what we were told of.
        """
        while deadline.left() > WAIT + LEAST:
            self._clock.sleep(WAIT)
            document = self._store.get(CALENDARS, key)
            if document is None or not records.calendar(document.body).dirty:
                return Outcome()
            outcome = self._puller.run(key, relayed, deadline, RELAY_PAGES)
            if outcome.ran:
                return outcome
        return Outcome(more=True, ran=True)

    def _may_keep(self, record: CalendarRecord, token: str, deadline: Deadline) -> bool:
        """Whether somebody else may take the calendar over: nobody reliable has it, and they see all of it."""
        if not keepers.is_replaceable(record, self._clock.now()):
            return False
        try:
            return self._calendar.access_role(record.calendar, token, deadline) in KEEPERS
        except ConferenceFailure as failure:
            _log.info("no keeper: %s", failure.reason)
            return False

    def _enqueue(self, key: str, at: datetime) -> None:
        """Queue a run. The mark is stored: a task that is lost, or could not be made, is made up for by the sweep."""
        if self._queue is None:
            return
        try:
            self._queue.enqueue(key, at)
        except AnyroomError as failure:
            _log.warning("not queued: %s", failure.reason)


def _learned(record: CalendarRecord, proved: Channel, message: Notification) -> Mapping[str, Any]:
    """What a message tells of a channel whose opening nobody answered for: the id that it can be stopped by."""
    if proved.resource or not message.resource:
        return {}
    known = msgspec.structs.replace(proved, resource=message.resource)
    if record.channel == proved:
        return {"channel": known}
    return {"previous_channels": [known if one == proved else one for one in record.previous_channels]}

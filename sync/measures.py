"""What the log says of a sync in numbers: how late a change was told, what is parked, what a sweep saw of the rest.

A sweep counts what it meets as due, which costs nothing, and the orphans in one page, those that are not due with them.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from conference.event import Event
from sync import records
from sync.records import CALENDARS, MAPPINGS, CalendarRecord, MappingRecord
from sync.store import Document

_log = logging.getLogger("anyroom.measures")


def told(record: MappingRecord, event: Event, now: datetime) -> None:
    """A change reached the system: how long that took, from Calendar's clock to the system's reply."""
    if event.updated is not None:
        lag = max(0, round((now - event.updated).total_seconds() * 1000))
        line = {"kind": "told", "solution": record.solution, "lag_milliseconds": lag}
        _log.info("told: %s", record.solution, extra={"fields": line})


def parked(record: MappingRecord, reason: str, waited: timedelta) -> None:
    """A change, or that the event is gone, could not be told, once more perhaps: for how long that has been so."""
    line = {"kind": "parked", "solution": record.solution, "reason": reason, "age_seconds": _seconds(waited)}
    _log.warning("parked: %s %s", record.solution, reason, extra={"fields": line})


class Swept(msgspec.Struct):
    """What one sweep met: how many documents it took on, and what waited among them. Ages are the oldest's, in seconds.

    `parked` were to be told again now. `orphans` are all that stand in one page, None where time was over before.
    `channel_age_seconds` is of calendars that were due, as one is whose channel is to be renewed, and `behind_seconds`
    how long ago that was.
    """

    documents: int = 0
    parked: int = 0
    parked_age_seconds: int | None = None
    orphans: int | None = None
    orphan_age_seconds: int | None = None
    channel_age_seconds: int | None = None
    behind_seconds: int | None = None

    def fields(self) -> dict[str, Any]:
        """The fields of the log line; what was not met has none."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}

    def meet(self, document: Document, now: datetime) -> None:
        """See what is due as it is before it is dealt with. Raises ValidationError."""
        if document.kind == CALENDARS:
            self._calendar(records.calendar(document.body), now)
        elif document.kind == MAPPINGS and (parked := records.mapping(document).parked):
            self.parked += 1
            self.parked_age_seconds = _older(self.parked_age_seconds, now - parked.since)

    def count_orphans(self, orphans: Sequence[Document], now: datetime) -> None:
        """See how many there are, due or not."""
        self.orphans = len(orphans)
        for document in orphans:
            since = document.body.get("since")
            if isinstance(since, datetime):
                self.orphan_age_seconds = _older(self.orphan_age_seconds, now - since)

    def _calendar(self, record: CalendarRecord, now: datetime) -> None:
        """Nobody can renew the channel of a calendar that its keeper may not read any more."""
        if record.keeper is None or record.refused:
            return
        if record.due:
            self.behind_seconds = _older(self.behind_seconds, now - record.due)
        opened = [one.opened for one in (record.channel, *record.previous_channels) if one and one.resource]
        if opened:
            self.channel_age_seconds = _older(self.channel_age_seconds, now - max(opened))


def _older(oldest: int | None, age: timedelta) -> int:
    return max(oldest or 0, _seconds(age))


def _seconds(age: timedelta) -> int:
    return max(0, round(age.total_seconds()))

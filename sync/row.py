"""What Calendar shows of one event, in a list or a look: whether it is there, and which conference of ours it names."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from conference import event as events
from conference.errors import Permanent, Temporary
from conference.event import Event


class Row(msgspec.Struct, frozen=True):
    """One event as a run sees it.

    `state`: "there"; "cancelled", with its details; "vanished", when at most its id is left: it may be on another
    calendar now. `pointer` is our conference parameter, "" without one, `conference` the id of whatever conference it
    carries. `series` is the event that it is an occurrence of, or "", and `original` when that has it begin, as an
    EXDATE writes it. `event` is None unless it is there and can be read; otherwise `fault` says why.
    """

    id: str
    state: Literal["there", "cancelled", "vanished"]
    series: str = ""
    pointer: str = ""
    conference: str = ""
    event: Event | None = None
    fault: str = ""
    original: str = ""

    def goes_with(self, pointer: str) -> bool:
        """Whether an occurrence of the series with that conference of ours has it too, or none: a series may have got
        its own later, and what is cancelled shows none. One that cannot be read is as it was.
        """
        return not self.fault and (self.pointer == pointer or not (self.pointer or self.conference))


class Rows:
    """The events of one page, in order, each read when it is its turn: all at once would take five times its bytes.

    `items` are JSON; `zone` is the calendar's own.
    """

    def __init__(self, calendar: str, items: Sequence[msgspec.Raw], zone: str) -> None:
        self._calendar = calendar
        self._items = items
        self._zone = zone

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Row]:
        """Raises Temporary at what is no event."""
        for item in self._items:
            body = json.loads(bytes(item))
            if not isinstance(body, dict):
                raise Temporary("calendar-malformed", "a list without events")
            yield read(self._calendar, body, self._zone)


def vanished(event: str) -> Row:
    """What is left of an event that Calendar does not know, or not any more."""
    return Row(event, "vanished")


def read(calendar: str, body: Mapping[str, Any], zone: str) -> Row:
    """Read an item of events.list or the body of events.get; `zone` is the calendar's own.

    Deleted events guarantee only their id, and an occurrence of a series that goes on also which it is (Events
    resource, status). Raises nothing for odd times: they are a fault.
    """
    event_id, series = str(body.get("id", "")), str(body.get("recurringEventId", ""))
    original = events.original_start(body) if series else ""
    if body.get("status") == "cancelled":
        return Row(event_id, "cancelled" if "start" in body else "vanished", series, original=original)
    data = body.get("conferenceData")
    conference = str(data.get("conferenceId", "")) if isinstance(data, Mapping) else ""
    pointer = events.pointer(body)
    try:
        event = events.from_calendar(calendar, body, zone)
        return Row(event_id, "there", series, pointer, conference, event, original=original)
    except Permanent as unreadable:
        return Row(event_id, "there", series, pointer, conference, fault=unreadable.reason)

"""The link to our own join page, and what the page knows of an event: nobody reads either in the store.

A link ends in 128 random bits. The store has a hash of them, by which the page finds the conference, and the link
itself sealed, with the event's title and times.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from conference.data import ConferenceData
from conference.errors import SecretUnavailable, Unsealable
from conference.event import Event
from conference.solution import Solution
from conference.zone import named_zone

if TYPE_CHECKING:
    from conference.seal import Seal  # only those who seal load what seals

_PLACE = "meeting"
_WHOLE, _CUT = "{link}", "{join}"
"""What stands for a link, or for its random part alone, in an answer that is stored: no such token is ever made."""


MOST_MOVED = 100
"""Occurrences that were moved by themselves, or cancelled: of each, the page knows those that were told last."""


class Moved(msgspec.Struct, frozen=True):
    """An occurrence that was moved by itself: when its series has it begin, as an EXDATE writes that, and its times."""

    original: str
    start: datetime
    end: datetime


class Meeting(msgspec.Struct, frozen=True):
    """`token` is the random part of the link. `start`, `end` (in `zone`) and `recurrence` are the event's, as in
    conference.event; both times are None while they are not known, and `zone` is "" where Calendar named none that is.
    `cancelled` are the occurrences that were cancelled by themselves, as `Moved.original` writes them.
    """

    token: str
    summary: str = ""
    start: datetime | None = None
    end: datetime | None = None
    zone: str = ""
    recurrence: tuple[str, ...] = ()
    moved: tuple[Moved, ...] = ()
    cancelled: tuple[str, ...] = ()


class Kept(NamedTuple):
    """What a mapping keeps of a link: the hash by which it is found, and the meeting, sealed; "" where it has none."""

    link: str = ""
    meeting: str = ""


class JoinLinks:
    """Makes the links, at `public_url`. `joins` says whether a solution's conferences are entered by our page; `seal`
    is None where none is. `new_token` gives 128 random bits as text.

    What every method that opens what was sealed may raise: SecretUnavailable, and Temporary.
    """

    def __init__(
        self,
        public_url: str,
        seal: "Seal | None",
        joins: Callable[[Solution], bool],
        new_token: Callable[[], str],
    ) -> None:
        self._public_url = public_url
        self._seal = seal
        self._joins = joins
        self._new_token = new_token

    def begin(self, solution: Solution) -> Kept:
        """A new link for a conference of that solution; none where it is entered without us."""
        if not self._joins(solution):
            return Kept()
        token = self._new_token()
        return self._kept(found_by(token), Meeting(token))

    def suits(self, kept: Kept, solution: Solution) -> bool:
        """Whether the solution's conferences are entered, by our page or without, as that one was to be."""
        return bool(kept.link) == self._joins(solution)

    def url(self, kept: Kept) -> str:
        """The address of the page, "" where there is none."""
        return f"{self._public_url}/join/{self.meeting(kept).token}" if kept.link else ""

    def meeting(self, kept: Kept) -> Meeting:
        """What the page knows."""
        assert self._seal, "settings.load asks for keys"
        try:
            text = self._seal.open(kept.meeting, _PLACE, kept.link)
        except Unsealable as closed:
            raise SecretUnavailable(closed.reason, f"ANYROOM_KEYS: a join link is {closed.detail}") from closed
        return _in_its_zone(msgspec.json.decode(text, type=Meeting))

    def following(self, kept: Kept, event: Event) -> Kept:
        """The same link, and what the event is now, but for the times that stand in for an event that is not there yet.

        What is as it was is not sealed anew: a mapping that did not change is not written again.
        """
        if not kept.link:
            return kept
        known = self.meeting(kept)
        meeting = Meeting(known.token)
        if not event.placeholder:
            zone = "" if event.zone_guessed else event.zone
            moved, cancelled = (known.moved, known.cancelled) if event.recurrence else ((), ())
            times = (event.start, event.end, zone, event.recurrence)
            meeting = Meeting(known.token, event.summary, *times, moved, cancelled)
        return kept if meeting == known else self._kept(kept.link, meeting)

    def moving(self, kept: Kept, original: str, event: Event | None) -> Kept:
        """The same link, and when the occurrence `event` of the series is now, which has it begin at `original`; None
        when it was cancelled.
        """
        known = self.meeting(kept)
        meeting = _moved(known, original, event)
        return kept if meeting == known else self._kept(kept.link, meeting)

    def occurring(self, kept: Kept, occurrences: Mapping[str, Event | None]) -> Kept:
        """The same link, and that these are all the occurrences that were moved or cancelled: as in `moving`, by when
        the series has them begin. Of too many the first are not known.
        """
        if not kept.link:
            return kept
        known = self.meeting(kept)
        meeting = msgspec.structs.replace(known, moved=(), cancelled=())
        for original in sorted(occurrences):
            meeting = _moved(meeting, original, occurrences[original])
        return kept if meeting == known else self._kept(kept.link, meeting)

    def again(self, kept: Kept) -> Kept:
        """The same, sealed anew with the first key. Raises Unsealable too."""
        assert self._seal, "settings.load asks for keys"
        text = self._seal.open(kept.meeting, _PLACE, kept.link)
        return kept._replace(meeting=self._seal.seal(text, _PLACE, kept.link))

    def stored(self, answer: ConferenceData, kept: Kept) -> dict[str, Any]:
        """An answer as a record, without its link."""
        record = answer.to_record()
        if not kept.link:
            return record
        return _replaced(_replaced(record, self.url(kept), _WHOLE), self.meeting(kept).token, _CUT)

    def answered(self, record: Mapping[str, Any], kept: Kept) -> ConferenceData:
        """The answer that `stored` wrote, with the link at our present address. Raises InvalidConferenceData for
        anything else.
        """
        if kept.link:
            record = _replaced(_replaced(record, _WHOLE, self.url(kept)), _CUT, self.meeting(kept).token)
        return ConferenceData.from_record(record)

    def _kept(self, link: str, meeting: Meeting) -> Kept:
        assert self._seal, "settings.load asks for keys"
        return Kept(link, self._seal.seal(msgspec.json.encode(meeting).decode(), _PLACE, link))


def found_by(token: str) -> str:
    """The hash by which a link is found."""
    return hashlib.sha256(token.encode()).hexdigest()


def _moved(known: Meeting, original: str, event: Event | None) -> Meeting:
    moved, cancelled = {one.original: one for one in known.moved}, dict.fromkeys(known.cancelled)
    if event is None:
        cancelled[original] = None
        moved.pop(original, None)
    else:
        cancelled.pop(original, None)
        moved[original] = Moved(original, event.start.astimezone(UTC), event.end.astimezone(UTC))
        if event.starts() == original:
            del moved[original]
    last = tuple(moved.values())[-MOST_MOVED:], tuple(cancelled)[-MOST_MOVED:]
    return msgspec.structs.replace(known, moved=last[0], cancelled=last[1])


def _in_its_zone(meeting: Meeting) -> Meeting:
    """JSON keeps of a time only the offset, by which a series would not go along when the clocks change."""
    zone = named_zone(meeting.zone) if meeting.zone else None
    if zone is None:
        return meeting
    start, end = (time and time.astimezone(zone) for time in (meeting.start, meeting.end))
    return msgspec.structs.replace(meeting, start=start, end=end)


def _replaced(record: Mapping[str, Any], text: str, by: str) -> dict[str, Any]:
    replaced = json.loads(json.dumps(record).replace(text, by))
    assert isinstance(replaced, dict)
    return replaced

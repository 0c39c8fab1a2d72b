"""Which occurrence of an event is on or comes next, as Calendar shows it, found by work that is bounded beforehand.

Where RFC 5545 leaves room, or Calendar differs from it, this is what Calendar shows:
- The event's own start is an occurrence even where its rule does not name it, and is not one of the rule's COUNT
  (googleapis/google-api-nodejs-client #2214, fmeringdal/rust-rrule #119).
- A wall clock time that the clocks skip is moved past the gap, and counts (ical-org/ical.net #681); one that comes
  twice is the first.
- UNTIL without a time, for an event that has one, is the beginning of that day in UTC (google-rfc-2445, Google's own
  library).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from heapq import merge
from typing import NamedTuple

from conference import rule as rules
from conference.rule import Rule
from conference.zone import named_zone

_AHEAD = timedelta(days=30 * 366)
"""How far an occurrence is looked for: nobody waits for a later one."""
MOST_DAYS = 100_000
"""How many days all rules of an event may make us look at: a daily one from 240 years ago, four from 37 years ago."""
_DAY = timedelta(days=1)
_MIDNIGHT = time()
_WRITTEN = re.compile(r"[0-9]{8}(T[0-9]{6}Z?)?")
_DURATION = re.compile(
    r"\+?P(?=[0-9T])((?P<weeks>[0-9]{1,5})W)?((?P<days>[0-9]{1,5})D)?"
    r"(T(?=[0-9])((?P<hours>[0-9]{1,5})H)?((?P<minutes>[0-9]{1,5})M)?((?P<seconds>[0-9]{1,5})S)?)?"
)


class Occurrence(NamedTuple):
    """When one occurrence begins and ends, aware, in the event's zone."""

    start: datetime
    end: datetime


def current_or_next(start: datetime, end: datetime, recurrence: Sequence[str], now: datetime) -> Occurrence | None:
    """The occurrence that is on (start <= now < end), the latest to start of several, else the next to start.

    None when all are over, or the next is more than 30 years away. `start` and `end` are aware, in the event's zone,
    which may be a fixed offset; `recurrence` is Google's own lines. Each occurrence begins at the wall clock time of
    `start` and really lasts as long as from `start` to `end`, or as many days where both are midnights (RFC 5545,
    3.8.5.3).

    Raises ValueError when the lines make no sense, come more often than once a day, or would take too much work: then
    nobody knows, which is not the same as that all are over.
    """
    try:
        series = _Series(start, end, now.astimezone(UTC) + _AHEAD)
        for line in recurrence:
            series.add(line)
        return series.current_or_next(now.astimezone(UTC))
    except OverflowError as error:
        raise ValueError("a date beyond the calendar") from error


class _Series:
    """An event with its lines. Moments are in UTC, as Python compares times of one zone by the wall clock."""

    def __init__(self, start: datetime, end: datetime, horizon: datetime) -> None:
        assert start.tzinfo is not None
        self._zone: tzinfo = start.tzinfo
        self._start, self._end, self._horizon = start.astimezone(UTC), end.astimezone(UTC), horizon
        first, last = self._local(self._start), self._local(self._end)
        self._days = (last.date() - first.date()).days if self._is_midnight(first) and self._is_midnight(last) else 0
        self._wall = datetime.combine(first.date(), _MIDNIGHT) if self._days else first.replace(tzinfo=None)
        self._rules: list[Rule] = []
        self._exceptions: list[Rule] = []
        self._added: dict[datetime, datetime | None] = {self._start: None}
        self._removed: set[datetime] = set()
        self._removed_days: set[date] = set()

    def add(self, line: str) -> None:
        """Take one line of the recurrence. Raises ValueError, OverflowError."""
        head, _, values = line.strip().partition(":")
        name, *parameters = head.split(";")
        match name.upper():
            case "RRULE":
                self._rules.append(rules.read(values))
            case "EXRULE":
                self._exceptions.append(rules.read(values))
            case "RDATE":
                zone = self._zone_of(parameters)
                for value in values.split(","):
                    self._add_date(value, zone)
            case "EXDATE":
                zone = self._zone_of(parameters)
                for value in values.split(","):
                    self._remove_date(value, zone)
            case _:
                raise ValueError("a line that is no part of a recurrence")

    def current_or_next(self, now: datetime) -> Occurrence | None:
        """See the function of that name. Raises ValueError, OverflowError."""
        if sum(self._days_to_look_at(rule) for rule in (*self._rules, *self._exceptions)) > MOST_DAYS:
            raise ValueError("a recurrence that takes too much work")
        current = None
        for start in self._starts():
            if start > now:
                return current or self._occurrence(start)
            if now < self._end_of(start):
                current = self._occurrence(start)
        return current

    def _starts(self) -> Iterator[datetime]:
        starts = merge(sorted(self._added), *map(self._starts_of, self._rules))
        exceptions = merge(sorted(self._removed), *map(self._starts_of, self._exceptions))
        for start in _without(starts, exceptions):
            if not self._removed_days or self._local(start).date() not in self._removed_days:
                yield start

    def _starts_of(self, rule: Rule) -> Iterator[datetime]:
        until = self._until(rule)
        for wall in rule.starts(self._wall, self._last_wall(rule)):
            start = self._start if wall == self._wall else self._moment(wall)
            if self._start <= start <= until:
                yield start

    def _days_to_look_at(self, rule: Rule) -> int:
        return rule.days_to_look_at(self._wall, self._last_wall(rule))

    def _last_wall(self, rule: Rule) -> datetime:
        """A wall clock time that is not before the last moment: no clock is changed by more than a day."""
        return self._local(self._until(rule)).replace(tzinfo=None) + _DAY

    def _until(self, rule: Rule) -> datetime:
        if not rule.until:
            return self._horizon
        moment, is_day = self._read(rule.until, self._zone)
        if is_day and not self._days:
            moment = datetime.combine(_date(rule.until), _MIDNIGHT, UTC)
        return min(moment, self._horizon)

    def _add_date(self, value: str, zone: tzinfo) -> None:
        first, _, last = value.partition("/")
        start, is_day = self._read(first, zone)
        if is_day and not self._days:
            raise ValueError("an added date without a time, for an event that has one")
        if last:
            self._added[start] = start + _duration(last) if "P" in last.upper() else self._read(last, zone)[0]
            if self._end_of(start) < start:
                raise ValueError("an added period that ends before it starts")
        else:
            self._added.setdefault(start, None)

    def _remove_date(self, value: str, zone: tzinfo) -> None:
        moment, is_day = self._read(value, zone)
        if is_day:
            self._removed_days.add(_date(value))
        else:
            self._removed.add(moment)

    def _read(self, text: str, zone: tzinfo) -> tuple[datetime, bool]:
        """The moment that is written, and whether it means a day: some write midnight in UTC for that."""
        if not _WRITTEN.fullmatch(text.upper()):
            raise ValueError("a date that cannot be read")
        try:
            written = datetime.fromisoformat(text.upper())
        except ValueError as error:
            raise ValueError("a date that is in no calendar") from error
        wall = written.replace(tzinfo=None)
        if len(text) == len("20260310") or (self._days and wall.time() == _MIDNIGHT):
            return self._moment(wall), True
        return (written if written.tzinfo else wall.replace(tzinfo=zone)).astimezone(UTC), False

    def _zone_of(self, parameters: Sequence[str]) -> tzinfo:
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.upper() == "TZID":
                zone = named_zone(value.strip('"'))
                if zone is None:
                    raise ValueError("a zone that is not known")
                return zone
        return self._zone

    def _occurrence(self, start: datetime) -> Occurrence:
        return Occurrence(self._local(start), self._local(self._end_of(start)))

    def _end_of(self, start: datetime) -> datetime:
        end = self._added.get(start)
        if end is not None:
            return end
        if not self._days:
            return start + (self._end - self._start)
        return self._moment(datetime.combine(self._local(start).date() + self._days * _DAY, _MIDNIGHT))

    def _is_midnight(self, local: datetime) -> bool:
        """Whether this is the first moment of its day, which is not 0:00 where the clocks skip that."""
        return self._moment(datetime.combine(local.date(), _MIDNIGHT)) == local.astimezone(UTC)

    def _moment(self, wall: datetime) -> datetime:
        return wall.replace(tzinfo=self._zone).astimezone(UTC)

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone)


def _without(starts: Iterable[datetime], exceptions: Iterator[datetime]) -> Iterator[datetime]:
    """The starts that are no exceptions. Both are in order."""
    exception = next(exceptions, None)
    for start in starts:
        while exception is not None and exception < start:
            exception = next(exceptions, None)
        if exception != start:
            yield start


def _date(written: str) -> date:
    return date.fromisoformat(written[: len("20260310")])


def _duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text.upper())
    if not found:
        raise ValueError("a duration that cannot be read")
    return timedelta(**{unit: int(number) for unit, number in found.groupdict(default="0").items()})

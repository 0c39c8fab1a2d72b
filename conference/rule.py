"""When a recurrence rule says that events start, by the wall clock, in order, by no more work than was counted."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

_FREQUENCIES = {"YEARLY": (0, 365, 366), "MONTHLY": (1, 28, 31), "WEEKLY": (2, 7, 7), "DAILY": (3, 1, 1)}
"""dateutil's number of each, and of how many days such a period is, at the least and at the most."""
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")
_WEEKDAY = re.compile(rf"([+-]?[0-9]{{1,2}})?({'|'.join(_WEEKDAYS)})")


def _either_end(most: int) -> frozenset[int]:
    return frozenset(range(-most, most + 1)) - {0}


_LISTS: Mapping[str, frozenset[int]] = {
    "BYMONTH": frozenset(range(1, 13)),
    "BYMONTHDAY": _either_end(31),
    "BYYEARDAY": _either_end(366),
    "BYWEEKNO": _either_end(53),
    "BYSETPOS": _either_end(366),
}
_TIMES: Mapping[str, frozenset[int]] = {
    "BYHOUR": frozenset(range(24)),
    "BYMINUTE": frozenset(range(60)),
    "BYSECOND": frozenset(range(60)),
}


class Rule(NamedTuple):
    """A rule that was read: `until` as it is written ("" without one), `arguments` as dateutil's rrule takes them."""

    frequency: str
    interval: int
    until: str
    arguments: Mapping[str, Any]

    def days_to_look_at(self, first: datetime, last: datetime) -> int:
        """How many days `starts` tests at the most."""
        return (self._jumps(first, last) + 1) * _FREQUENCIES[self.frequency][2]

    def starts(self, first: datetime, last: datetime) -> Iterator[datetime]:
        """The starts from `first`, that of the series, to `last`, both without a zone."""
        from dateutil.rrule import rrule

        interval = _Interval(self.interval)
        interval.jumps = self._jumps(first, last)
        if interval.jumps < 0:
            return
        try:
            for start in rrule(dtstart=first, interval=interval, **self.arguments):
                if start > last:
                    return
                yield start
        except _FarEnough:
            return

    def _jumps(self, first: datetime, last: datetime) -> int:
        """How many periods after the first one may hold a start; -1 where not even that may."""
        _, shortest, longest = _FREQUENCIES[self.frequency]
        days = (last - first).days
        return (days + longest - 1) // (shortest * self.interval) if days >= 0 else -1


def read(text: str) -> Rule:
    """Read what stands after the colon of an RRULE or EXRULE line (RFC 5545, 3.3.10).

    Raises ValueError for a rule that makes no sense, and for one that comes more often than once a day.
    """
    parts = _parts(text.upper())
    frequency = parts.pop("FREQ", "")
    if frequency not in _FREQUENCIES:
        raise ValueError("a rule without a frequency, or more often than daily")
    interval = _positive(parts.pop("INTERVAL", "1"))
    until = parts.pop("UNTIL", "")
    arguments: dict[str, Any] = {"freq": _FREQUENCIES[frequency][0], "wkst": _week_start(parts.pop("WKST", "MO"))}
    if "COUNT" in parts:
        arguments["count"] = _positive(parts.pop("COUNT"))
    if "BYDAY" in parts:
        within_month = frequency == "MONTHLY" or "BYMONTH" in parts
        arguments["byweekday"] = _weekdays(parts.pop("BYDAY"), 5 if within_month else 53)
    for name, value in parts.items():
        arguments[name.lower()] = _numbers(name, value)
    return Rule(frequency, interval, until, arguments)


class _FarEnough(Exception):
    """Every period that may hold a start was looked at."""


class _Interval(int):
    """The interval of a rule, which ends the walk after so many `jumps`.

    A rule that never matches is walked to the year 9999 by dateutil, for seconds, without giving anything back. It adds
    its interval exactly once from one period to the next, which is where it can be stopped.
    """

    jumps = 0

    def __radd__(self, other: int) -> int:
        return other + self._jumped()

    def __mul__(self, other: int) -> int:
        return self._jumped() * other

    def _jumped(self) -> int:
        self.jumps -= 1
        if self.jumps < 0:
            raise _FarEnough
        return int(self)


def _parts(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(";") if part]
    parts = {name: value for name, _, value in pairs}
    if len(parts) < len(pairs):
        raise ValueError("a rule that says something twice")
    return parts


def _positive(text: str) -> int:
    if not _NUMBER.fullmatch(text) or int(text) < 1:
        raise ValueError("a rule with a number that makes no sense")
    return int(text)


def _numbers(name: str, text: str) -> tuple[int, ...]:
    allowed = _LISTS.get(name) or _TIMES.get(name)
    if allowed is None:
        raise ValueError("a rule with a part that is not known")
    values = text.split(",")
    if not all(_NUMBER.fullmatch(value) and int(value) in allowed for value in values):
        raise ValueError("a rule with a number that makes no sense")
    if name in _TIMES and len(values) > 1:
        raise ValueError("a rule that comes more often than daily")
    return tuple(int(value) for value in values)


def _week_start(text: str) -> int:
    if text not in _WEEKDAYS:
        raise ValueError("a rule whose week begins on no day")
    return _WEEKDAYS.index(text)


def _weekdays(text: str, most: int) -> list[Any]:
    from dateutil.rrule import weekday

    found = [_WEEKDAY.fullmatch(value) for value in text.split(",")]
    days = [(int(match[1] or 0), match[1] is None, _WEEKDAYS.index(match[2])) for match in found if match]
    if len(days) < len(found) or not all(every or 1 <= abs(which) <= most for which, every, _ in days):
        raise ValueError("a rule with a weekday that makes no sense")
    return [weekday(day, which or None) for which, _, day in days]

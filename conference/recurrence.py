"""When a series is over at the latest: an upper bound from its rules, which are never expanded (RFC 5545, 3.3.10)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

_SPACING = {
    "SECONDLY": timedelta(seconds=1),
    "MINUTELY": timedelta(minutes=1),
    "HOURLY": timedelta(hours=1),
    "DAILY": timedelta(days=1),
    "WEEKLY": timedelta(weeks=1),
    "MONTHLY": timedelta(days=31),
    "YEARLY": timedelta(days=366),
}
_FILTERS = {
    "BYSECOND": "MINUTELY",
    "BYMINUTE": "HOURLY",
    "BYHOUR": "DAILY",
    "BYDAY": "WEEKLY",
    "BYMONTHDAY": "MONTHLY",
    "BYMONTH": "YEARLY",
    "BYYEARDAY": "YEARLY",
    "BYWEEKNO": "YEARLY",
}
"""In how long a period what such a part names comes again: a daily rule with BYMONTH leaves out most of a year."""
_SKIPPED = 8
"""How many periods a rule may leave out at the most: 29 February leaves out seven years around a century's end."""
_DAY = timedelta(days=1)


def last_end(start: datetime, end: datetime, recurrence: Sequence[str]) -> datetime | None:
    """When the event that repeats by these lines is over at the latest; None where that is never, or not known."""
    last = start
    for line in recurrence:
        name, _, value = line.partition(":")
        if name.upper().startswith("RRULE"):
            until = _last_of_rule(start, value.upper())
        elif name.upper().startswith("RDATE"):
            until = _last_of(value)
        else:
            continue
        if until is None:
            return None
        last = max(last, until)
    try:
        return last + (end - start)
    except OverflowError:
        return None


def _last_of_rule(start: datetime, rule: str) -> datetime | None:
    parts = dict(part.split("=", 1) for part in rule.split(";") if "=" in part)
    if "UNTIL" in parts:
        return _last_of(parts["UNTIL"])
    if "BYDAY" in parts and "BYMONTHDAY" in parts:
        return None  # Friday the 13th: nothing short of the calendar tells when it comes
    try:
        return start + _spacing(parts) * int(parts["COUNT"]) * int(parts.get("INTERVAL", "1"))
    except (KeyError, ValueError, OverflowError):
        return None


def _spacing(parts: dict[str, str]) -> timedelta:
    """The longest time between two occurrences of a rule without an interval."""
    filters = [_SPACING[period] for name, period in _FILTERS.items() if name in parts]
    longest = max([_SPACING[parts["FREQ"]], *filters])
    return longest * _SKIPPED if filters or parts["FREQ"] in ("MONTHLY", "YEARLY") else longest


def _last_of(dates: str) -> datetime | None:
    """The latest of such dates and times, a day later where they say no time or no zone."""
    try:
        return max(_moment(date) for date in dates.split(","))
    except (ValueError, OverflowError):
        return None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.partition("/")[0])
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC) + _DAY

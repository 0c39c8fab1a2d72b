"""When the occurrences of a series begin: simple recurrence rules are expanded, others are refused and not feigned.

Source: RFC 5545, section 3.3.10; FREQ of a day or longer, with INTERVAL, COUNT, UNTIL and BYDAY, and EXDATE lines.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import count
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from simulator.errors import ErrorReply, GoogleError
from simulator.event import Json, aware

DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
UNDERSTOOD: Final = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST"})
TOO_HARD: Final = ErrorReply(501, "notImplemented", "The simulator does not expand recurrence rules of this kind.")


class _Rule(NamedTuple):
    frequency: str
    interval: int
    times: int | None
    until: str
    days: tuple[tuple[int, int], ...]
    """Which of the weekdays (0 all, 1 the first, -1 the last of a month), and the weekday."""


def starts(body: Json, zone: str, before: datetime) -> list[Json]:
    """The starts of a series' occurrences that begin before a moment, in order, as `originalStartTime` names them.

    `zone` is the calendar's. Raises GoogleError 501 for a rule that is not understood.
    """
    start = body["start"]
    whole_days = "date" in start
    own = start.get("timeZone", zone)
    first = aware(start, zone).astimezone(ZoneInfo(own)).replace(tzinfo=None)
    bound = before.astimezone(ZoneInfo(own)).replace(tzinfo=None)
    found = _expanded(tuple(body["recurrence"]), first, bound, own, whole_days)
    if whole_days:
        return [{"date": moment.date().isoformat()} for moment in found]
    return [{"dateTime": moment.replace(tzinfo=ZoneInfo(own)).isoformat(), "timeZone": own} for moment in found]


def ended(recurrence: list[str], at: Json, done: int) -> tuple[list[str], list[str]]:
    """The lines of a series that ends before the occurrence `at`, and those of the series that goes on from there.

    `done` is how many occurrences of a COUNT lie before `at`.
    """
    if "date" in at:
        until = (datetime.fromisoformat(at["date"]) - timedelta(days=1)).strftime("%Y%m%d")
    else:
        until = (datetime.fromisoformat(at["dateTime"]).astimezone(UTC) - timedelta(seconds=1)).strftime(
            "%Y%m%dT%H%M%SZ"
        )
    before, after = [], []
    for line in recurrence:
        kind, _, value = line.partition(":")
        if kind != "RRULE":
            before.append(line)
            after.append(line)
            continue
        parts = _parts(value)
        rest = {**parts, "COUNT": str(int(parts["COUNT"]) - done)} if "COUNT" in parts else parts
        parts = {name: text for name, text in parts.items() if name != "COUNT"} | {"UNTIL": until}
        before.append("RRULE:" + ";".join(f"{name}={text}" for name, text in parts.items()))
        after.append("RRULE:" + ";".join(f"{name}={text}" for name, text in rest.items()))
    return before, after


@lru_cache(maxsize=256)
def _expanded(
    lines: tuple[str, ...], first: datetime, bound: datetime, zone: str, whole_days: bool
) -> tuple[datetime, ...]:
    rules = [_rule(line) for line in lines if line.startswith("RRULE:")]
    excluded = {moment for line in lines if line.startswith("EXDATE") for moment in _excluded(line, zone)}
    if len(rules) != 1 or not all(line.startswith(("RRULE:", "EXDATE")) for line in lines):
        raise GoogleError(TOO_HARD)
    rule = rules[0]
    until = _local(rule.until, zone, whole_days) if rule.until else bound
    found: list[datetime] = []
    for number, moment in enumerate(_moments(first, rule, bound)):
        if moment >= bound or moment > until or (rule.times is not None and number >= rule.times):
            break
        found.append(moment)
    return tuple(moment for moment in found if moment not in excluded)


def _moments(first: datetime, rule: _Rule, bound: datetime) -> Iterator[datetime]:
    for number in count(0, rule.interval):
        period, moments = _period(first, rule, number)
        if period > bound:
            return
        yield from (moment for moment in moments if moment >= first)


def _period(first: datetime, rule: _Rule, number: int) -> tuple[datetime, list[datetime]]:
    """When the day, week, month or year begins that is `number` after the first, and what falls into it."""
    wanted = {day for _, day in rule.days}
    if rule.frequency == "DAILY":
        moment = first + timedelta(days=number)
        return moment, [moment] if not wanted or moment.weekday() in wanted else []
    if rule.frequency == "WEEKLY":
        monday = first + timedelta(weeks=number, days=-first.weekday())
        return monday, [monday + timedelta(days=day) for day in sorted(wanted or {first.weekday()})]
    months = number if rule.frequency == "MONTHLY" else 12 * number
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    begin = first.replace(year=year, month=month + 1, day=1)
    month_days = [begin + timedelta(days=day) for day in range(31) if (begin + timedelta(days=day)).month == month + 1]
    if not rule.days:
        return begin, [moment for moment in month_days if moment.day == first.day]
    return begin, sorted({moment for which, day in rule.days for moment in _chosen(month_days, which, day)})


def _chosen(month_days: list[datetime], which: int, day: int) -> list[datetime]:
    such = [moment for moment in month_days if moment.weekday() == day]
    if not which:
        return such
    place = which - 1 if which > 0 else which
    return such[place : place + 1 or None] if -len(such) <= place < len(such) else []


def _rule(line: str) -> _Rule:
    parts = _parts(line.partition(":")[2])
    frequency = parts.get("FREQ", "")
    days = tuple((int(day[:-2] or "0"), DAYS.index(day[-2:])) for day in parts.get("BYDAY", "").split(",") if day)
    ordinal = any(which for which, _ in days)
    if (
        not UNDERSTOOD.issuperset(parts)
        or frequency not in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
        or parts.get("WKST", "MO") != "MO"
        or (frequency == "YEARLY" and days)
        or (ordinal and frequency != "MONTHLY")
    ):
        raise GoogleError(TOO_HARD)
    times = int(parts["COUNT"]) if "COUNT" in parts else None
    return _Rule(frequency, int(parts.get("INTERVAL", "1")), times, parts.get("UNTIL", ""), days)


def _parts(rule: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in rule.upper().split(";") if "=" in part)


def _excluded(line: str, zone: str) -> Iterator[datetime]:
    head, _, values = line.partition(":")
    named = next((part.removeprefix("TZID=") for part in head.split(";") if part.startswith("TZID=")), zone)
    for value in values.split(","):
        moment = datetime.fromisoformat(value.rstrip("Z"))
        if len(value) > len("20260310"):
            source = UTC if value.endswith("Z") else ZoneInfo(named)
            moment = moment.replace(tzinfo=source).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        yield moment


def _local(until: str, zone: str, whole_days: bool) -> datetime:
    """The last moment of an UNTIL, in the series' own zone."""
    moment = datetime.fromisoformat(until.rstrip("Z"))
    if len(until) == len("20260310"):
        return moment + timedelta(days=1, microseconds=-1)
    if until.endswith("Z") and not whole_days:
        return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return moment

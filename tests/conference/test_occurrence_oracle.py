"""The occurrence that is on or comes next is what an independent expansion of the series says.

recurring-ical-events is not asked where it differs from RFC 5545 or from Calendar: it ends an occurrence by the wall
clock, leaves the start out where UNTIL lies before it, takes an excluded time in UTC for one of the wall clock as well,
and excludes an added time in UTC by the day that it is there. It knows no EXRULE: one is what two expansions differ by.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
import recurring_ical_events
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from conference.occurrence import current_or_next

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]
CHANGES = ["2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01"]
"""When the clocks change in one of the zones."""
AHEAD = timedelta(days=500)
WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


class Series(NamedTuple):
    """An event, its times as its clocks show them, without a zone."""

    zone: str
    start: datetime
    lasting: timedelta
    lines: tuple[str, ...]
    whole_days: bool = False

    def starts(self, before: datetime) -> list[datetime]:
        """All starts before a moment, as the other library finds them, in UTC."""
        margin = timedelta(days=2)  # the zone in which it reads the span of a whole day is none
        span = (self.moment(self.start) - margin, before + margin)
        found = recurring_ical_events.of(self._calendar()).between(*span)
        return sorted(start for event in found if (start := self.moment(event["DTSTART"].dt)) < before)

    def moment(self, local: date) -> datetime:
        wall = local if isinstance(local, datetime) else datetime.combine(local, time())
        return (wall if wall.tzinfo else wall.replace(tzinfo=ZoneInfo(self.zone))).astimezone(UTC)

    def end_of(self, start: datetime) -> datetime:
        """When an occurrence ends: after as many days, or as much time, as the first one takes."""
        if self.whole_days:
            return self.moment(start.astimezone(ZoneInfo(self.zone)).date() + self.lasting)
        return start + self.lasting

    def _calendar(self) -> Calendar:
        written = (
            f";VALUE=DATE:{self.start:%Y%m%d}" if self.whole_days else f";TZID={self.zone}:{self.start:%Y%m%dT%H%M%S}"
        )
        length = f"P{self.lasting.days}D" if self.whole_days else f"PT{self.lasting // timedelta(minutes=1)}M"
        lines = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:test", "BEGIN:VEVENT", "UID:1", f"DTSTART{written}")
        ending = (f"DURATION:{length}", "END:VEVENT", "END:VCALENDAR", "")
        calendar = Calendar.from_ical("\r\n".join((*lines, *self.lines, *ending)))
        assert isinstance(calendar, Calendar)
        return calendar


def expected(series: Series, starts: list[datetime], now: datetime) -> tuple[datetime, datetime] | None:
    on = [start for start in starts if start <= now < series.end_of(start)]
    later = [start for start in starts if start > now]
    start = max(on, default=None) or min(later, default=None)
    return (start, series.end_of(start)) if start else None


def agrees(series: Series, starts: list[datetime], now: datetime) -> None:
    zone = ZoneInfo(series.zone)
    start = series.moment(series.start)
    found = current_or_next(start.astimezone(zone), series.end_of(start).astimezone(zone), series.lines, now)
    utc = (found.start.astimezone(UTC), found.end.astimezone(UTC)) if found else None
    wanted = expected(series, starts, now)
    if wanted:
        assert utc == wanted
    else:
        assert utc is None or utc[0] >= now + AHEAD


@st.composite
def rules(draw: st.DrawFn, start: datetime) -> str:
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    several = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=3, unique=True).map(",".join)
    ordinal = st.builds("{}{}".format, st.sampled_from([1, 2, 5, -1]), st.sampled_from(WEEKDAYS))
    month_day = st.sampled_from([1, 15, 29, 31, -1])
    own = {
        "DAILY": [several.map("BYDAY={}".format), st.sampled_from([3, 10, 11]).map("BYMONTH={}".format)],
        "WEEKLY": [several.map("BYDAY={}".format), several.map("WKST=SU;BYDAY={}".format)],
        "MONTHLY": [
            ordinal.map("BYDAY={}".format),
            month_day.map("BYMONTHDAY={}".format),
            several.map("BYSETPOS=-1;BYDAY={}".format),
        ],
        "YEARLY": [
            ordinal.map("BYMONTH=3,10;BYDAY={}".format),
            month_day.map("BYMONTH=3,11;BYMONTHDAY={}".format),
            st.sampled_from([1, 13, 43]).map("BYDAY=SU;BYWEEKNO={}".format),
        ],
    }[frequency]
    parts = [f"FREQ={frequency}", draw(st.one_of(st.just(""), *own))]
    parts.append(draw(st.sampled_from(["", "INTERVAL=2", "INTERVAL=3"])))
    until = start + timedelta(days=draw(st.integers(2, 900)), minutes=draw(st.integers(-90, 90)))
    parts.append(draw(st.sampled_from(["", f"COUNT={draw(st.integers(1, 300))}", f"UNTIL={until:%Y%m%dT%H%M%SZ}"])))
    return ";".join(filter(None, parts))


@st.composite
def timed(draw: st.DrawFn) -> Series:
    zone = draw(st.sampled_from(ZONES))
    near = datetime.fromisoformat(draw(st.sampled_from(CHANGES)))
    clock = draw(st.sampled_from(["00:00", "01:15", "01:45", "02:00", "02:10", "02:30", "03:00", "09:00", "23:45"]))
    wall = datetime.combine(near.date() - timedelta(days=draw(st.integers(0, 400))), time.fromisoformat(clock))
    # A time that the clocks skip is none that Calendar names as a start.
    start = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
    # Not a day, which is one from midnight to midnight.
    lasting = timedelta(minutes=draw(st.sampled_from([1, 45, 60, 26 * 60 + 5, 75 * 60])))
    lines = [f"RRULE:{draw(rules(start))}" for _ in range(draw(st.integers(0, 2)))]
    for day in draw(st.lists(st.integers(0, 30), max_size=3)):
        moment = start + timedelta(days=day)
        utc = moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        ways = [f";TZID={zone}:{moment:%Y%m%dT%H%M%S}", f":{utc:%Y%m%dT%H%M%SZ}", f";VALUE=DATE:{moment:%Y%m%d}"]
        lines.append("EXDATE" + draw(st.sampled_from(ways)))
    for minutes in draw(st.lists(st.integers(1, 40 * 24 * 60), max_size=2)):
        # At no time of day that an excluded date has.
        moment = start.replace(second=7) + timedelta(minutes=minutes)
        lines.append(f"RDATE;TZID={zone}:{moment:%Y%m%dT%H%M%S}")
    return Series(zone, start, lasting, tuple(lines))


@st.composite
def whole_days(draw: st.DrawFn) -> Series:
    near = datetime.fromisoformat(draw(st.sampled_from(CHANGES)))
    start = near - timedelta(days=draw(st.integers(0, 100)))
    rule = draw(rules(start)).split(";UNTIL=")
    until = f";UNTIL={rule[1][:8]}" if len(rule) > 1 else ""
    days = {name: start + timedelta(days=draw(st.integers(1, 30))) for name in ("EXDATE", "RDATE")}
    dates = draw(st.sets(st.sampled_from([f"{name};VALUE=DATE:{day:%Y%m%d}" for name, day in days.items()])))
    lines = (f"RRULE:{rule[0]}{until}", *sorted(dates))
    return Series(draw(st.sampled_from(ZONES)), start, timedelta(days=draw(st.integers(1, 3))), lines, True)


def nows(series: Series, at: int, minutes: int) -> list[datetime]:
    """Moments about one day on which the clocks change, and some days after the start."""
    change = datetime.fromisoformat(CHANGES[at]).replace(tzinfo=UTC)
    return [change + timedelta(minutes=minutes), series.moment(series.start) + timedelta(days=at * 9, minutes=minutes)]


@settings(deadline=None)
@given(series=st.one_of(timed(), timed(), whole_days()), at=st.integers(0, 5), minutes=st.integers(-2000, 2000))
def test_the_occurrence_is_the_one_of_an_independent_expansion(series: Series, at: int, minutes: int) -> None:
    moments = nows(series, at, minutes)
    starts = series.starts(max(moments) + AHEAD)
    for now in moments:
        agrees(series, [start for start in starts if start < now + AHEAD], now)


@settings(deadline=None)
@given(data=st.data(), zone=st.sampled_from(ZONES), at=st.integers(0, 5), minutes=st.integers(-2000, 2000))
def test_a_rule_of_exceptions_takes_out_what_an_independent_expansion_of_it_names(
    data: st.DataObject, zone: str, at: int, minutes: int
) -> None:
    start = datetime(2026, 3, 1, 2, 10)  # noqa: DTZ001 - as the clocks show it
    rule, exceptions = data.draw(rules(start)), data.draw(rules(start))
    lasting = timedelta(minutes=45)
    series = Series(zone, start, lasting, (f"RRULE:{rule}", f"EXRULE:{exceptions}"))
    # The other library adds the start to either, where the rule of exceptions may not name it: here it is over.
    now = max(nows(series, at, minutes)[0], series.moment(start) + timedelta(hours=1))
    all_starts = Series(zone, start, lasting, (f"RRULE:{rule}",)).starts(now + AHEAD)
    taken = Series(zone, start, lasting, (f"RRULE:{exceptions}",)).starts(now + AHEAD)
    agrees(series, [one for one in all_starts if one not in taken], now)


@pytest.mark.parametrize("zone", ZONES)
def test_every_moment_about_a_change_of_the_clocks_has_the_right_occurrence(zone: str) -> None:
    for change in CHANGES:
        start = datetime.fromisoformat(change) - timedelta(days=3) + timedelta(hours=2, minutes=10)
        series = Series(zone, start, timedelta(minutes=100), ("RRULE:FREQ=DAILY",))
        starts = series.starts(series.moment(start) + timedelta(days=8))
        for quarter in range(5 * 96):
            agrees(series, starts, series.moment(start) + timedelta(minutes=15) * quarter)

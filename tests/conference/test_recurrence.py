"""When a series is over at the latest: never too early, and None where nobody can say."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conference.recurrence import last_end
from simulator import recurrence as simulated

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday."""
HOUR = timedelta(hours=1)


def last(*lines: str, start: datetime = START) -> datetime | None:
    return last_end(start, start + HOUR, lines)


@pytest.mark.parametrize(
    ("rule", "day"),
    [
        ("FREQ=DAILY;COUNT=3", datetime(2026, 3, 4, 9, tzinfo=UTC)),
        ("FREQ=DAILY;INTERVAL=2;COUNT=3", datetime(2026, 3, 6, 9, tzinfo=UTC)),
        ("FREQ=WEEKLY;COUNT=2;BYDAY=MO", datetime(2026, 3, 9, 9, tzinfo=UTC)),
        ("FREQ=WEEKLY;INTERVAL=3;COUNT=2", datetime(2026, 3, 23, 9, tzinfo=UTC)),
        ("FREQ=DAILY;BYMONTHDAY=31;COUNT=4", datetime(2026, 8, 31, 9, tzinfo=UTC)),
        ("FREQ=DAILY;BYMONTH=3;COUNT=40", datetime(2027, 3, 10, 9, tzinfo=UTC)),
        ("FREQ=WEEKLY;BYMONTH=3;COUNT=6", datetime(2027, 3, 1, 9, tzinfo=UTC)),
        ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=7", datetime(2027, 3, 31, 9, tzinfo=UTC)),
        ("FREQ=MONTHLY;BYDAY=5MO;COUNT=4", datetime(2026, 11, 30, 9, tzinfo=UTC)),
        ("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=29;COUNT=2", datetime(2032, 2, 29, 9, tzinfo=UTC)),
        ("FREQ=YEARLY;COUNT=2", datetime(2027, 3, 2, 9, tzinfo=UTC)),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=2", datetime(2032, 2, 29, 9, tzinfo=UTC)),
        ("FREQ=YEARLY;BYWEEKNO=53;COUNT=2", datetime(2032, 12, 27, 9, tzinfo=UTC)),
        ("FREQ=HOURLY;BYDAY=MO;COUNT=30", datetime(2026, 3, 9, 23, tzinfo=UTC)),
        ("FREQ=HOURLY;BYHOUR=9;COUNT=3", datetime(2026, 3, 4, 9, tzinfo=UTC)),
        ("FREQ=DAILY;UNTIL=20260310T090000Z", datetime(2026, 3, 10, 9, tzinfo=UTC)),
        ("FREQ=DAILY;UNTIL=20260310", datetime(2026, 3, 10, 9, tzinfo=UTC)),
        ("freq=daily;count=3", datetime(2026, 3, 4, 9, tzinfo=UTC)),
    ],
)
def test_f57_the_bound_is_not_before_the_last_occurrence(rule: str, day: datetime) -> None:
    found = last(f"RRULE:{rule}")
    assert found is not None
    assert found >= day + HOUR


@pytest.mark.parametrize(
    ("rule", "most"),
    [
        ("FREQ=DAILY;COUNT=10", timedelta(days=11)),
        ("FREQ=WEEKLY;COUNT=4", timedelta(days=29)),
        ("FREQ=DAILY;UNTIL=20260310T090000Z", timedelta(days=9)),
        ("FREQ=DAILY;UNTIL=20260310", timedelta(days=9)),
        ("FREQ=YEARLY;COUNT=2", timedelta(days=2 * 8 * 366 + 1)),
    ],
)
def test_the_bound_of_a_usual_rule_is_near(rule: str, most: timedelta) -> None:
    found = last(f"RRULE:{rule}")
    assert found is not None
    assert found <= START + most + HOUR


@pytest.mark.parametrize(
    "lines",
    [
        ("RRULE:FREQ=DAILY",),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO,WE",),
        ("RRULE:FREQ=DAILY;COUNT=3", "RRULE:FREQ=WEEKLY"),
        ("RRULE:FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=3",),
        ("RRULE:FREQ=DAILY;COUNT=lots",),
        ("RRULE:FREQ=SOMETIMES;COUNT=3",),
        ("RRULE:COUNT=3",),
        ("RRULE:",),
        ("RRULE:FREQ=DAILY;UNTIL=later",),
        ("RDATE:never",),
        ("RRULE:FREQ=YEARLY;COUNT=9999999999",),
        ("RRULE:FREQ=DAILY;INTERVAL=99999999;COUNT=99999999",),
    ],
)
def test_what_never_ends_or_cannot_be_read_has_no_end(lines: tuple[str, ...]) -> None:
    assert last(*lines) is None


def test_dates_that_are_added_count_and_those_that_are_left_out_do_not() -> None:
    assert last("RDATE:20260401T090000Z,20260501T090000Z") == datetime(2026, 5, 1, 10, tzinfo=UTC)
    assert last("RRULE:FREQ=DAILY;COUNT=2", "RDATE;VALUE=PERIOD:20260401T090000Z/PT1H") == datetime(
        2026, 4, 1, 10, tzinfo=UTC
    )
    assert last("EXDATE:20270101T090000Z", "EXRULE:FREQ=DAILY") == START + HOUR


def test_a_date_without_a_zone_may_be_a_day_later() -> None:
    assert last("RDATE;TZID=Pacific/Honolulu:20260401T090000") == datetime(2026, 4, 2, 10, tzinfo=UTC)
    assert last("RDATE;VALUE=DATE:20260401") == datetime(2026, 4, 2, 1, tzinfo=UTC)


RULES = st.builds(
    lambda frequency, interval, days, count: (
        f"FREQ={frequency};INTERVAL={interval};COUNT={count}"
        + (f";BYDAY={','.join(sorted(days))}" if days and frequency != "YEARLY" else "")
    ),
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    st.integers(1, 6),
    st.sets(st.sampled_from(simulated.DAYS), max_size=3),
    st.integers(1, 12),
)


@given(rule=RULES, day=st.integers(0, 800), zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]))
def test_f57_the_bound_is_never_before_an_occurrence_that_the_simulator_expands(rule: str, day: int, zone: str) -> None:
    start = datetime(2026, 1, 1, 9, tzinfo=ZoneInfo(zone)) + timedelta(days=day)
    lines = [f"RRULE:{rule}"]
    body = {"start": {"dateTime": start.isoformat(), "timeZone": zone}, "recurrence": lines}
    starts = simulated.starts(body, zone, start + timedelta(days=4000))
    found = last_end(start, start + HOUR, lines)
    assert found is not None
    assert all(datetime.fromisoformat(one["dateTime"]) + HOUR <= found for one in starts)

"""Simple recurrence rules are expanded as RFC 5545 says; others are refused."""

from datetime import UTC, datetime

import pytest

from simulator import recurrence
from simulator.errors import GoogleError

ZURICH = "Europe/Zurich"
FAR = datetime(2027, 1, 1, tzinfo=UTC)


def days(*rules: str, first: str = "2026-03-10", before: datetime = FAR) -> list[str]:
    body = {"start": {"date": first}, "recurrence": list(rules)}
    return [start["date"][5:] for start in recurrence.starts(body, ZURICH, before)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=DAILY;COUNT=3", ["03-10", "03-11", "03-12"]),
        ("FREQ=DAILY;INTERVAL=2;UNTIL=20260314", ["03-10", "03-12", "03-14"]),
        ("FREQ=DAILY;BYDAY=TU,WE,FR;COUNT=4", ["03-10", "03-11", "03-13", "03-17"]),
        ("FREQ=WEEKLY;COUNT=2", ["03-10", "03-17"]),
        # 10 March 2026 is a Tuesday: the Monday of its week does not count.
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE;COUNT=4", ["03-10", "03-11", "03-16", "03-17"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TH,TU;COUNT=4;WKST=MO", ["03-10", "03-12", "03-24", "03-26"]),
        ("FREQ=MONTHLY;COUNT=3", ["03-10", "04-10", "05-10"]),
        ("FREQ=MONTHLY;BYDAY=2TU;COUNT=3", ["03-10", "04-14", "05-12"]),
        ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", ["03-27", "04-24"]),
        ("FREQ=MONTHLY;BYDAY=5TU;COUNT=2", ["03-31", "06-30"]),
        ("FREQ=MONTHLY;BYDAY=MO;COUNT=3", ["03-16", "03-23", "03-30"]),
        ("FREQ=YEARLY;COUNT=3", ["03-10"]),
        ("freq=daily;count=1", ["03-10"]),
    ],
)
def test_a_rule_is_expanded(rule: str, expected: list[str]) -> None:
    assert days(f"RRULE:{rule}") == expected


def test_a_month_without_such_a_day_is_left_out() -> None:
    assert days("RRULE:FREQ=MONTHLY;COUNT=3", first="2026-01-31") == ["01-31", "03-31", "05-31"]


def test_excluded_days_are_left_out_and_count() -> None:
    assert days("RRULE:FREQ=DAILY;COUNT=3", "EXDATE;VALUE=DATE:20260311,20260312") == ["03-10"]


def test_a_series_without_an_end_stops_at_the_bound() -> None:
    assert days("RRULE:FREQ=DAILY", before=datetime(2026, 3, 12, tzinfo=UTC)) == ["03-10", "03-11", "03-12"]


def test_local_time_is_kept_across_the_change_of_the_clocks() -> None:
    start = {"dateTime": "2026-03-28T09:00:00+01:00", "timeZone": ZURICH}
    lines = ["RRULE:FREQ=DAILY;UNTIL=20260330T070000Z", f"EXDATE;TZID={ZURICH}:20260328T090000"]
    found = recurrence.starts({"start": start, "recurrence": lines}, "UTC", FAR)
    assert [each["dateTime"] for each in found] == ["2026-03-29T09:00:00+02:00", "2026-03-30T09:00:00+02:00"]


@pytest.mark.parametrize(
    "lines",
    [
        ["RRULE:FREQ=HOURLY"],
        ["RRULE:FREQ=MONTHLY;BYMONTHDAY=3"],
        ["RRULE:FREQ=YEARLY;BYDAY=MO"],
        ["RRULE:FREQ=WEEKLY;BYDAY=1MO"],
        ["RRULE:FREQ=WEEKLY;WKST=SU"],
        ["RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"],
        ["RRULE:FREQ=DAILY", "RDATE;VALUE=DATE:20260401"],
    ],
)
def test_other_rules_are_refused(lines: list[str]) -> None:
    with pytest.raises(GoogleError, match="does not expand"):
        days(*lines)

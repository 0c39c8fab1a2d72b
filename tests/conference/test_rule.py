"""A recurrence rule is read strictly, and walked no further than was counted, whatever it says."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import dateutil.rrule
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conference.occurrence import MOST_DAYS, current_or_next
from conference.rule import read

FIRST = datetime(2026, 3, 2, 9)  # noqa: DTZ001 - rules know the wall clock alone
"""A Monday."""


class LookedAt:
    """Counts the days that dateutil tests, in its own sets of days."""

    def __init__(self) -> None:
        self.days = 0

    def counting(self, set_of_days: Callable[..., tuple[Any, int, int]]) -> Callable[..., tuple[Any, int, int]]:
        def counted(*arguments: Any) -> tuple[Any, int, int]:
            days, first, after_last = set_of_days(*arguments)
            self.days += after_last - first
            return days, first, after_last

        return counted


@pytest.fixture(scope="module")
def looked_at() -> Any:
    looked = LookedAt()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("ydayset", "mdayset", "wdayset", "ddayset"):
            sets_of_days = dateutil.rrule._iterinfo
            patch.setattr(sets_of_days, name, looked.counting(getattr(sets_of_days, name)))
        yield looked


@pytest.mark.parametrize("frequency", ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
def test_a_rule_that_never_matches_is_walked_to_the_last_day_and_no_further(
    frequency: str, looked_at: LookedAt
) -> None:
    before = looked_at.days
    rule = read(f"FREQ={frequency};BYMONTH=2;BYMONTHDAY=30")
    last = FIRST + timedelta(days=1000)
    assert [*rule.starts(FIRST, last)] == []
    assert 900 < looked_at.days - before <= rule.days_to_look_at(FIRST, last) <= 1000 + 2 * 366


@settings(deadline=None)
@given(
    frequency=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    interval=st.one_of(st.integers(1, 60), st.integers(1, 999_999_999)),
    part=st.sampled_from(["", ";BYDAY=MO", ";BYMONTH=2;BYMONTHDAY=30", ";BYMONTHDAY=-1", ";BYWEEKNO=53;COUNT=900"]),
    days=st.integers(-2, 9000),
)
def test_no_more_days_are_looked_at_than_was_counted_before(
    frequency: str, interval: int, part: str, days: int, looked_at: LookedAt
) -> None:
    before = looked_at.days
    rule = read(f"FREQ={frequency};INTERVAL={interval}{part}")
    last = FIRST + timedelta(days=days)
    assert all(start <= last for start in rule.starts(FIRST, last))
    assert looked_at.days - before <= rule.days_to_look_at(FIRST, last)


NEVER = ";BYMONTH=2;BYMONTHDAY=30"


@pytest.mark.parametrize(
    "lines",
    [
        *([f"RRULE:FREQ={frequency}{NEVER}"] for frequency in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")),
        ["RRULE:FREQ=DAILY", "EXRULE:FREQ=DAILY"],
        [f"RRULE:FREQ=YEARLY{NEVER}"] * 2000,
        ["RRULE:FREQ=YEARLY;UNTIL=19700101"] * 2000,
        ["RRULE:FREQ=DAILY;INTERVAL=999999999", "EXRULE:FREQ=WEEKLY;INTERVAL=999999999"],
        [f"RRULE:FREQ=DAILY;COUNT=999999999{NEVER}", f"EXRULE:FREQ=DAILY;COUNT=999999999{NEVER}"],
    ],
)
@pytest.mark.parametrize("year", [1, 1700, 1996, 2026])
def test_no_event_makes_us_look_at_more_days_than_is_allowed(lines: list[str], year: int, looked_at: LookedAt) -> None:
    before = looked_at.days
    start = FIRST.replace(year=year, tzinfo=UTC)
    with suppress(ValueError):
        assert current_or_next(start, start, lines, FIRST.replace(tzinfo=UTC)) is None
    assert looked_at.days - before <= MOST_DAYS


@settings(deadline=None)
@given(
    frequency=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    interval=st.integers(1, 6),
    part=st.sampled_from(["", ";BYDAY=TU,SU", ";BYMONTHDAY=-1", ";BYDAY=SU;WKST=SU", ";BYMONTH=1,12"]),
    first=st.integers(0, 400),
    days=st.integers(0, 3000),
)
def test_nothing_that_starts_until_the_last_day_is_missed(
    frequency: str, interval: int, part: str, first: int, days: int
) -> None:
    start = FIRST + timedelta(days=first)
    last = start + timedelta(days=days)
    text = f"FREQ={frequency};INTERVAL={interval}{part}"
    rule = dateutil.rrule.rrulestr(text, dtstart=start)
    assert [*read(text).starts(start, last)] == rule.between(start, last, inc=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "COUNT=3",
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;INTERVAL=1440",
        "FREQ=HOURLY;COUNT=2",
        "FREQ=SOMETIMES",
        "FREQ=DAILY;FREQ=WEEKLY",
        "FREQ=DAILY;BYHOUR=9,17",
        "FREQ=DAILY;BYMINUTE=0,30",
        "FREQ=DAILY;BYSECOND=0,1",
        "FREQ=DAILY;BYHOUR=24",
        "FREQ=DAILY;BYSECOND=60",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;INTERVAL=1234567890",
        "FREQ=DAILY;INTERVAL=often",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=1,2",
        "FREQ=DAILY;COUNT",
        "FREQ=DAILY;BYEASTER=0",
        "FREQ=DAILY;RSCALE=GREGORIAN",
        "FREQ=DAILY;WKST=XX",
        "FREQ=WEEKLY;BYDAY=",
        "FREQ=WEEKLY;BYDAY=MON",
        "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=YEARLY;BYMONTH=12;BYDAY=53MO",
        "FREQ=YEARLY;BYDAY=54MO",
        "FREQ=YEARLY;BYMONTH=0",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=YEARLY;BYYEARDAY=-367",
        "FREQ=YEARLY;BYWEEKNO=54",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0",
    ],
)
def test_a_rule_that_makes_no_sense_or_comes_too_often_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^a rule "):
        read(text)


def listed(values: list[int]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3).map(lambda some: ",".join(map(str, some)))


PARTS = st.fixed_dictionaries(
    {"FREQ": st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])},
    optional={
        "INTERVAL": st.integers(1, 3),
        "COUNT": st.integers(1, 9),
        "WKST": st.sampled_from(["MO", "SU", "TH"]),
        "BYMONTH": listed([1, 2, 12]),
        "BYMONTHDAY": listed([-31, -1, 1, 31]),
        "BYYEARDAY": listed([-366, -1, 1, 366]),
        "BYWEEKNO": listed([-53, -52, -1, 1, 52, 53]),
        "BYSETPOS": listed([-366, -1, 1, 366]),
        "BYDAY": st.sampled_from(["MO", "5SU", "-5MO", "1MO,FR", "53MO", "-53SU", "+52WE"]),
        "BYHOUR": st.just("23"),
    },
)


@settings(deadline=None)
@given(parts=PARTS, first=st.integers(0, 3000))
def test_whatever_rule_is_read_can_be_walked(parts: dict[str, Any], first: int) -> None:
    try:
        rule = read(";".join(f"{name}={value}" for name, value in parts.items()))
    except ValueError:
        assert "53" in parts["BYDAY"] or "52" in parts["BYDAY"]
        return
    start = FIRST + timedelta(days=first)
    starts = [*rule.starts(start, start + timedelta(days=1500))]
    assert starts == sorted(starts)

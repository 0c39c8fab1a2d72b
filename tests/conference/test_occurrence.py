"""The occurrence that is on or comes next is the one that Calendar shows; what nobody can say is refused."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conference.occurrence import MOST_DAYS, Occurrence, current_or_next

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
MONDAY = datetime(2026, 3, 2, 9, tzinfo=BERLIN)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def at(text: str, zone: tzinfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def found(*lines: str, now: datetime, start: datetime = MONDAY, lasting: timedelta = HOUR) -> Occurrence | None:
    end = (start.astimezone(UTC) + lasting).astimezone(start.tzinfo)
    return current_or_next(start, end, lines, now)


def begins(*lines: str, now: str | datetime, start: datetime = MONDAY, lasting: timedelta = HOUR) -> str:
    """The start, as the clocks show it where the event is, "" when all are over. A `now` without a zone is so too."""
    assert start.tzinfo is not None
    moment = at(now, start.tzinfo) if isinstance(now, str) else now
    occurrence = found(*lines, now=moment, start=start, lasting=lasting)
    return occurrence.start.isoformat() if occurrence else ""


def days(first: str, after_last: str, *lines: str, now: str, zone: tzinfo = BERLIN) -> tuple[str, str]:
    """The same of an all-day event, with the end."""
    occurrence = current_or_next(_first_moment(first, zone), _first_moment(after_last, zone), lines, at(now, zone))
    return (occurrence.start.isoformat(), occurrence.end.isoformat()) if occurrence else ("", "")


def _first_moment(day: str, zone: tzinfo) -> datetime:
    return at(day, zone).astimezone(UTC).astimezone(zone)


def test_an_event_that_does_not_repeat_is_next_then_on_then_over() -> None:
    occurrence = Occurrence(MONDAY, MONDAY + HOUR)
    assert found(now=MONDAY - DAY) == occurrence
    assert found(now=MONDAY) == occurrence
    assert found(now=MONDAY + HOUR - timedelta(microseconds=1)) == occurrence
    assert found(now=MONDAY + HOUR) is None


def test_an_occurrence_is_on_until_it_ends_and_then_the_next_is_next() -> None:
    assert begins("RRULE:FREQ=DAILY", now="2026-03-10T09:59:59") == "2026-03-10T09:00:00+01:00"
    assert begins("RRULE:FREQ=DAILY", now="2026-03-10T10:00:00") == "2026-03-11T09:00:00+01:00"


def test_of_several_that_are_on_it_is_the_latest_to_start() -> None:
    long = 3 * DAY - HOUR
    assert begins("RRULE:FREQ=DAILY", now="2026-03-10T08:59", lasting=long) == "2026-03-09T09:00:00+01:00"
    assert begins("RRULE:FREQ=DAILY;COUNT=3", now="2026-03-07T07:00", lasting=long) == "2026-03-04T09:00:00+01:00"


def test_an_occurrence_without_length_is_never_on() -> None:
    assert begins("RRULE:FREQ=DAILY", now=MONDAY, lasting=timedelta()) == "2026-03-03T09:00:00+01:00"


def test_now_may_be_told_in_any_zone() -> None:
    now = datetime(2026, 3, 10, 4, 30, tzinfo=NEW_YORK)
    assert begins("RRULE:FREQ=DAILY", now=now) == "2026-03-10T09:00:00+01:00"


def test_an_event_with_an_offset_for_a_zone_keeps_it() -> None:
    start = datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    assert begins("RRULE:FREQ=DAILY", now="2026-07-01T12:00", start=start) == "2026-07-02T09:00:00+05:45"


def test_the_wall_clock_stays_when_the_clocks_change() -> None:
    assert begins("RRULE:FREQ=WEEKLY", now="2026-03-30T08:00") == "2026-03-30T09:00:00+02:00"
    assert begins("RRULE:FREQ=WEEKLY", now="2026-10-26T08:00") == "2026-10-26T09:00:00+01:00"


def test_a_time_that_the_clocks_skip_is_moved_past_the_gap_and_counts() -> None:
    start = at("2026-03-28T02:30")
    assert begins("RRULE:FREQ=DAILY;COUNT=3", now="2026-03-28T12:00", start=start) == "2026-03-29T03:30:00+02:00"
    assert begins("RRULE:FREQ=DAILY;COUNT=3", now="2026-03-29T12:00", start=start) == "2026-03-30T02:30:00+02:00"
    assert begins("RRULE:FREQ=DAILY;COUNT=3", now="2026-03-30T12:00", start=start) == ""


def test_a_time_that_comes_twice_is_the_first() -> None:
    start = at("2026-10-24T02:30")
    assert begins("RRULE:FREQ=DAILY", now="2026-10-25T01:00", start=start) == "2026-10-25T02:30:00+02:00"
    second = at("2026-10-25T02:30").replace(fold=1)
    assert begins("RRULE:FREQ=DAILY", now=second, start=start, lasting=HOUR) == "2026-10-26T02:30:00+01:00"


def test_an_event_that_starts_at_the_second_of_two_such_times_does_start_there() -> None:
    start = at("2026-10-25T02:30").replace(fold=1)
    assert begins("RRULE:FREQ=DAILY", now="2026-10-25T01:00", start=start) == "2026-10-25T02:30:00+01:00"
    assert begins("RRULE:FREQ=DAILY", now="2026-10-25T12:00", start=start) == "2026-10-26T02:30:00+01:00"
    assert begins("EXRULE:FREQ=DAILY", now="2026-10-25T01:00", start=start) == ""


def test_nothing_comes_before_the_start() -> None:
    start = at("2026-10-25T02:15").replace(fold=1)
    rule = "RRULE:FREQ=DAILY;BYHOUR=2;BYMINUTE=30"
    assert begins(rule, now="2026-10-25T01:00", start=start) == "2026-10-25T02:15:00+01:00"
    assert begins(rule, now="2026-10-25T12:00", start=start) == "2026-10-26T02:30:00+01:00"


def test_an_occurrence_really_lasts_as_long_as_the_first_whatever_the_clocks_do() -> None:
    occurrence = found("RRULE:FREQ=DAILY", now=at("2026-10-25T02:45"), start=at("2026-03-02T01:00"), lasting=3 * HOUR)
    assert occurrence
    assert occurrence.start.isoformat() == "2026-10-25T01:00:00+02:00"
    assert occurrence.end.isoformat() == "2026-10-25T03:00:00+01:00"


def test_whole_days_last_from_midnight_to_midnight_whatever_the_clocks_do() -> None:
    spring = days("2026-03-02", "2026-03-03", "RRULE:FREQ=DAILY", now="2026-03-29T12:00")
    assert spring == ("2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00")
    autumn = days("2026-03-02", "2026-03-04", "RRULE:FREQ=WEEKLY;BYDAY=SU", now="2026-10-25T12:00")
    assert autumn == ("2026-10-25T00:00:00+02:00", "2026-10-27T00:00:00+01:00")


def test_whole_days_that_begin_where_midnight_is_skipped_begin_at_midnight_afterwards() -> None:
    cairo = ZoneInfo("Africa/Cairo")
    on = days("2026-04-24", "2026-04-25", "RRULE:FREQ=DAILY", now="2026-04-24T12:00", zone=cairo)
    assert on == ("2026-04-24T01:00:00+03:00", "2026-04-25T00:00:00+03:00")
    later = days("2026-04-24", "2026-04-25", "RRULE:FREQ=DAILY", now="2026-04-26T00:30", zone=cairo)
    assert later == ("2026-04-26T00:00:00+03:00", "2026-04-27T00:00:00+03:00")


@pytest.mark.parametrize("until", ["20260304", "20260304T000000Z"])
@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK])
def test_the_last_of_whole_days_is_the_day_that_until_names(until: str, zone: tzinfo) -> None:
    rule = f"RRULE:FREQ=DAILY;UNTIL={until}"
    on = days("2026-03-02", "2026-03-03", rule, now="2026-03-04T23:30", zone=zone)
    assert on[0].startswith("2026-03-04T00:00:00")
    assert days("2026-03-02", "2026-03-03", rule, now="2026-03-05T00:00", zone=zone) == ("", "")


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20260304T080000Z", "2026-03-04T09:00:00+01:00"),
        ("20260304T075959Z", "2026-03-03T09:00:00+01:00"),
        ("20260304T090000", "2026-03-04T09:00:00+01:00"),
        ("20260304T085959", "2026-03-03T09:00:00+01:00"),
        ("20260304", "2026-03-03T09:00:00+01:00"),
    ],
)
def test_until_is_the_last_moment_at_which_one_may_start(until: str, last: str) -> None:
    rule = f"RRULE:FREQ=DAILY;UNTIL={until}"
    end = datetime.fromisoformat(last) + HOUR
    assert begins(rule, now=end - timedelta(seconds=1)) == last
    assert begins(rule, now=end) == ""


def test_until_without_a_time_is_the_beginning_of_that_day_in_utc() -> None:
    start = at("2026-03-02T20:00", NEW_YORK)
    rule = "RRULE:FREQ=DAILY;UNTIL=20260304"
    assert begins(rule, now="2026-03-02T21:00", start=start) == ""
    assert begins(rule, now="2026-03-02T21:00", start=start.replace(hour=18)) == "2026-03-03T18:00:00-05:00"


def test_until_may_be_as_far_as_one_likes() -> None:
    rule = "RRULE:FREQ=DAILY;UNTIL=99991231T000000Z"
    assert begins(rule, now="2026-03-02T12:00") == "2026-03-03T09:00:00+01:00"


def test_until_tells_the_two_times_apart_that_the_clock_shows_twice() -> None:
    rule = "RRULE:FREQ=DAILY;UNTIL=20261025T011500Z"
    assert begins(rule, now="2026-10-25T01:00", start=at("2026-10-20T02:30")) == "2026-10-25T02:30:00+02:00"


def test_a_start_that_the_rule_does_not_name_is_one_more_than_its_count() -> None:
    rule = "RRULE:FREQ=WEEKLY;BYDAY=WE;COUNT=2"
    assert begins(rule, now="2026-03-01T00:00") == "2026-03-02T09:00:00+01:00"
    assert begins(rule, now="2026-03-05T00:00") == "2026-03-11T09:00:00+01:00"
    assert begins(rule, now="2026-03-12T00:00") == ""


def test_an_excluded_occurrence_counts_all_the_same() -> None:
    lines = ("RRULE:FREQ=DAILY;COUNT=3", "EXDATE;TZID=Europe/Berlin:20260303T090000")
    assert begins(*lines, now="2026-03-02T12:00") == "2026-03-04T09:00:00+01:00"
    assert begins(*lines, now="2026-03-04T12:00") == ""


@pytest.mark.parametrize(
    "line",
    [
        "EXDATE:20260303T080000Z,20260304T080000Z",
        "EXDATE;TZID=Europe/Berlin:20260303T090000,20260304T090000",
        'EXDATE;TZID="America/New_York":20260303T030000,20260304T030000',
        "EXDATE;TZID=W. Europe Standard Time:20260303T090000,20260304T090000",
        "EXDATE:20260303T090000,20260304T090000",
        "EXDATE;VALUE=DATE:20260303,20260304",
        "exdate;value=date-time:20260303t080000z,20260304t080000z",
    ],
)
def test_dates_are_excluded_in_whatever_way_they_are_written(line: str) -> None:
    assert begins("RRULE:FREQ=DAILY", line, now="2026-03-02T12:00") == "2026-03-05T09:00:00+01:00"


def test_a_date_that_is_excluded_in_utc_is_no_wall_clock_time() -> None:
    lines = ("RRULE:FREQ=DAILY", "EXDATE:20260303T090000Z")
    assert begins(*lines, now="2026-03-02T12:00") == "2026-03-03T09:00:00+01:00"


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK])
@pytest.mark.parametrize("line", ["EXDATE;VALUE=DATE:20260303", "EXDATE:20260303T000000Z", "EXDATE:20260303T000000"])
def test_a_whole_day_is_excluded_where_it_is_the_day_that_is_written(line: str, zone: tzinfo) -> None:
    on = days("2026-03-02", "2026-03-03", "RRULE:FREQ=DAILY", line, now="2026-03-03T12:00", zone=zone)
    assert on[0].startswith("2026-03-04T00:00:00")


def test_the_day_that_is_excluded_is_that_of_the_event_s_zone() -> None:
    lines = ("RDATE:20260304T233000Z", "EXDATE;VALUE=DATE:20260305")
    assert begins(*lines, now="2026-03-04T00:00") == ""
    assert begins(*lines[:1], "EXDATE;VALUE=DATE:20260304", now="2026-03-04T00:00") == "2026-03-05T00:30:00+01:00"


def test_the_start_itself_can_be_excluded() -> None:
    lines = ("RRULE:FREQ=DAILY", "EXDATE:20260302T080000Z")
    assert begins(*lines, now="2026-03-01T12:00") == "2026-03-03T09:00:00+01:00"
    assert begins("EXDATE:20260302T080000Z", now="2026-03-01T12:00") == ""


def test_added_dates_count_with_the_others() -> None:
    lines = ("RRULE:FREQ=WEEKLY", "RDATE:20260305T080000Z,20260306T080000Z", "RDATE;TZID=Asia/Kolkata:20260304T120000")
    assert begins(*lines, now="2026-03-02T12:00") == "2026-03-04T07:30:00+01:00"
    assert begins(*lines, now="2026-03-04T12:00") == "2026-03-05T09:00:00+01:00"
    assert begins(*lines, now="2026-03-06T12:00") == "2026-03-09T09:00:00+01:00"
    assert begins("RDATE:20260305T080000Z", now="2026-03-05T09:30") == "2026-03-05T09:00:00+01:00"


@pytest.mark.parametrize("period", ["20260305T080000Z/20260305T110000Z", "20260305T080000Z/PT3H"])
def test_an_added_period_has_an_end_of_its_own(period: str) -> None:
    occurrence = found(f"RDATE;VALUE=PERIOD:{period}", "RDATE:20260305T080000Z", now=at("2026-03-05T11:30"))
    assert occurrence == Occurrence(at("2026-03-05T09:00"), at("2026-03-05T12:00"))


@pytest.mark.parametrize(("duration", "hours"), [("P1W", 168), ("P1DT2H", 26), ("+PT90M", 1.5), ("pt3600s", 1)])
def test_a_duration_is_read_in_all_its_units(duration: str, hours: float) -> None:
    occurrence = found(f"RDATE;VALUE=PERIOD:20260305T080000Z/{duration}", now=at("2026-03-04T00:00"))
    assert occurrence
    assert occurrence.end - occurrence.start == timedelta(hours=hours)


def test_an_added_whole_day_is_as_long_as_the_others() -> None:
    on = days("2026-03-02", "2026-03-03", "RDATE;VALUE=DATE:20260329", now="2026-03-20T12:00")
    assert on == ("2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00")


def test_lines_may_be_written_small() -> None:
    assert begins("rrule:freq=weekly;byday=we", now="2026-03-03T12:00") == "2026-03-04T09:00:00+01:00"


def test_several_rules_are_one_series() -> None:
    lines = ("RRULE:FREQ=WEEKLY;BYDAY=TU", "RRULE:FREQ=MONTHLY;BYMONTHDAY=5")
    assert begins(*lines, now="2026-03-03T12:00") == "2026-03-05T09:00:00+01:00"
    assert begins(*lines, now="2026-03-05T12:00") == "2026-03-10T09:00:00+01:00"


def test_a_rule_of_exceptions_takes_out_what_it_names() -> None:
    lines = ("RRULE:FREQ=DAILY", "EXRULE:FREQ=WEEKLY;BYDAY=TU,WE;UNTIL=20260310T080000Z")
    assert begins(*lines, now="2026-03-02T12:00") == "2026-03-05T09:00:00+01:00"
    assert begins(*lines, now="2026-03-09T12:00") == "2026-03-11T09:00:00+01:00"


def test_exceptions_may_be_more_than_the_occurrences() -> None:
    lines = ("RRULE:FREQ=WEEKLY", "EXRULE:FREQ=DAILY;COUNT=8")
    assert begins(*lines, now="2026-03-01T12:00") == "2026-03-16T09:00:00+01:00"


def test_a_rule_may_name_the_time_of_day() -> None:
    assert begins("RRULE:FREQ=DAILY;BYHOUR=11;BYMINUTE=30", now="2026-03-02T10:00") == "2026-03-02T11:30:00+01:00"


def test_the_31st_is_left_out_in_short_months_and_29_february_in_short_years() -> None:
    monthly = begins("RRULE:FREQ=MONTHLY", now="2026-01-31T12:00", start=at("2026-01-31T09:00"))
    assert monthly == "2026-03-31T09:00:00+02:00"
    yearly = begins("RRULE:FREQ=YEARLY", now="2096-03-01T00:00", start=at("2024-02-29T09:00", UTC))
    assert yearly == "2104-02-29T09:00:00+00:00"


def test_a_daily_series_that_began_thirty_years_ago_is_found() -> None:
    assert begins("RRULE:FREQ=DAILY", now="2026-03-02T08:00", start=at("1996-03-02T09:00")) == (
        "2026-03-02T09:00:00+01:00"
    )


def test_what_comes_in_more_than_thirty_years_is_not_waited_for() -> None:
    assert begins("RRULE:FREQ=YEARLY;INTERVAL=29", now="2026-06-01T00:00") == "2055-03-02T09:00:00+01:00"
    assert begins("RRULE:FREQ=YEARLY;INTERVAL=31", now="2026-06-01T00:00") == ""


@pytest.mark.parametrize(
    "lines",
    [
        ("RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",),
        ("RRULE:FREQ=DAILY", "EXRULE:FREQ=DAILY"),
        ("RRULE:FREQ=DAILY;UNTIL=20200101T000000Z",),
    ],
)
def test_a_series_of_which_nothing_is_left_is_over(lines: tuple[str, ...]) -> None:
    assert begins(*lines, now="2026-03-02T12:00") == ""


@pytest.mark.parametrize(
    "line",
    [
        "",
        "FREQ=DAILY",
        "DTSTART:20260302T080000Z",
        "X-RULE:FREQ=DAILY",
        "RRULE:FREQ=HOURLY",
        "RRULE:FREQ=MINUTELY",
        "RRULE:FREQ=SECONDLY",
        "EXRULE:FREQ=HOURLY",
        "RRULE:FREQ=DAILY;UNTIL=later",
        "RRULE:FREQ=DAILY;UNTIL=20260230",
        "RRULE:FREQ=DAILY;UNTIL=2026-03-10",
        "RDATE:never",
        "RDATE:20260305T080000Z,",
        "RDATE;VALUE=DATE:20260305",
        "RDATE;TZID=Nowhere/Land:20260305T080000",
        "EXDATE;TZID=Nowhere/Land:20260305T080000",
        "EXDATE:20260305T250000Z",
        "RDATE;VALUE=PERIOD:20260305T080000Z/P",
        "RDATE;VALUE=PERIOD:20260305T080000Z/PT",
        "RDATE;VALUE=PERIOD:20260305T080000Z/-PT1H",
        "RDATE;VALUE=PERIOD:20260305T080000Z/20260305T070000Z",
        "RDATE;TZID=America/New_York:99991231T235959",
    ],
)
def test_lines_that_make_no_sense_are_told_from_a_series_that_is_over(line: str) -> None:
    with pytest.raises(ValueError, match=r"^an? "):
        begins("RRULE:FREQ=DAILY", line, now="2026-03-02T12:00")


def test_more_work_than_is_allowed_is_refused_before_it_begins() -> None:
    assert begins("RRULE:FREQ=DAILY", now="2026-03-02T08:00", start=at("1790-03-02T09:00", UTC))
    for lines, year in ((["RRULE:FREQ=DAILY"], 1700), (["RRULE:FREQ=DAILY"] * (MOST_DAYS // 10_000), 2026)):
        with pytest.raises(ValueError, match="too much work"):
            begins(*lines, now="2026-03-02T08:00", start=at(f"{year}-03-02T09:00", UTC))


NAMES = st.sampled_from(["RRULE", "EXRULE", "RDATE", "EXDATE", "RDATE;VALUE=PERIOD", "EXDATE;TZID=UTC", "RDATE;TZID="])
WORDS = st.lists(
    st.sampled_from(
        [*"0123456789TZP/,;=:-", "FREQ=", "DAILY", ";UNTIL=", ";BYDAY=", "20260305", "T080000Z", "00010101"]
    ),
    max_size=9,
).map("".join)


@settings(deadline=None)
@given(lines=st.lists(st.builds("{}:{}".format, NAMES, WORDS), max_size=3))
def test_whatever_the_lines_are_there_is_an_answer_or_they_are_refused(lines: list[str]) -> None:
    for start in (MONDAY, at("0001-01-01T00:00", UTC), at("9999-12-31T22:00", UTC)):
        refusal, occurrence = "", None
        try:
            occurrence = found(*lines, now=MONDAY, start=start)
        except ValueError as error:
            refusal = str(error)
        assert refusal[:2] in ("", "a ", "an")
        assert occurrence is None or occurrence.end > MONDAY


def test_a_moment_at_the_end_of_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="beyond the calendar"):
        begins("RRULE:FREQ=DAILY", now="9999-01-01T00:00")

"""Who follows a calendar is replaced when nobody does, when the credential fails, or after two days of silence."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync import keepers, records
from sync.records import CalendarRecord, Keeper, Page

NOW = datetime(2027, 3, 1, tzinfo=UTC)
ADA, BOB = Keeper("1", "ada@example.com"), Keeper("2", "bob@example.com")


@pytest.mark.parametrize(
    ("fields", "replaceable"),
    [
        ({"keeper": None}, True),
        ({"keeper": ADA, "heard": NOW}, False),
        ({"keeper": ADA, "heard": None}, False),
        ({"keeper": ADA, "heard": NOW - timedelta(days=2)}, False),
        ({"keeper": ADA, "heard": NOW - timedelta(days=2, seconds=1)}, True),
        ({"keeper": ADA, "heard": NOW, "refused": True}, True),
        ({"keeper": ADA, "heard": NOW, "reason": "calendar-unavailable", "failures": 7}, False),
    ],
)
def test_who_is_replaced(fields: dict[str, Any], replaceable: bool) -> None:
    assert keepers.is_replaceable(CalendarRecord(calendar=ADA.email, **fields), NOW) is replaceable


def test_the_next_keeper_begins_with_a_full_list_and_a_clean_record() -> None:
    before = CalendarRecord(
        calendar=ADA.email, keeper=ADA, cursor="c", page=Page("p"), refused=True, reason="x", failures=3, pace=7.0
    )
    after = records.calendar({**records.to_body(before), **keepers.kept_by(BOB, before, NOW)})
    assert (after.keeper, after.cursor, after.page, after.refused, after.reason) == (BOB, "", None, False, "")
    assert (after.failures, after.heard, after.due, after.pace) == (0, NOW, NOW, 7.0)
    assert not keepers.is_replaceable(after, NOW)
    assert records.calendar({**records.to_body(after), **keepers.kept_by(None, after, NOW)}).keeper is None

"""The store keeps every value as it was written, whichever adapter keeps it."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.store import Delete, Store
from tests.contracts.changing import create
from tests.contracts.place import Place

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -(2**63),
        2**63 - 1,
        0.1,
        -1.5e300,
        "",
        "Ünïcödé \N{FAMILY} 日本語 \U0001f469\u200d\U0001f680 e\u0301",
        "nul \0 and 'quotes\" and \\ and\nlines",
        '{"$time": "2025-06-01T12:00:00+00:00"}',
        "2025-06-01T12:00:00.000000+00:00",
        [],
        {},
        [None, "a", 1, {"b": [2.5, {"c": []}]}],
        {"with.dot": 1, "with `tick`": 2, "größe": 3, "1": 4, " ": 5},
        NOON,
        [NOON, {"at": NOON}],
        datetime(2025, 6, 1, 12, 0, 0, 1, tzinfo=UTC),
        datetime(2025, 6, 1, 12, 0, 0, 999_999, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
    ids=repr,
)
def test_a_value_is_read_as_it_was_written(store: Store, value: object) -> None:
    written = create(store, "a", {"value": value})
    read = store.get("thing", "a")
    assert read == written
    assert read.body == {"value": value, "rev": 1}
    assert type(read.body["value"]) is type(value)


TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.datetimes(timezones=st.just(UTC))
)
NAMES = TEXT.filter(lambda name: name != "" and name[0] not in "_$")
MAPPINGS = st.dictionaries(NAMES, st.deferred(lambda: VALUES), max_size=4)
VALUES: st.SearchStrategy[Any] = st.deferred(lambda: SCALARS | MAPPINGS | st.lists(SCALARS | MAPPINGS, max_size=4))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=MAPPINGS, key=st.from_regex(r"[A-Za-z0-9_-]{1,128}", fullmatch=True))
def test_any_body_and_any_key_are_read_as_they_were_written(store: Store, body: dict[str, Any], key: str) -> None:
    written = create(store, key, body)
    assert store.get("thing", key) == written
    assert written.body == {**body, "rev": 1}
    store.commit([Delete(written)])


def test_a_time_of_another_zone_is_the_same_moment_in_utc(store: Store) -> None:
    create(store, "a", {"at": NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))})
    read = store.get("thing", "a")
    assert read is not None
    assert read.body["at"] == NOON
    assert read.body["at"].utcoffset() == timedelta(0)


def test_a_document_does_not_change_with_the_mapping_it_was_made_from(store: Store) -> None:
    body = {"list": [1]}
    written = create(store, "a", body)
    body["list"].append(2)
    assert written.body["list"] == [1]


def test_a_document_that_does_not_exist_is_none(store: Store) -> None:
    create(store, "a")
    assert store.get("thing", "b") is None
    assert store.get("other", "a") is None


def test_another_instance_reads_at_once_what_one_wrote(place: Place) -> None:
    written = create(place.open(), "a", {"n": 1})
    assert place.open().get("thing", "a") == written


def test_a_store_opens_and_closes_as_often_as_it_is_told(store: Store) -> None:
    store.close()
    store.open()
    store.open()
    written = create(store, "a")
    store.close()
    store.close()
    assert store.get("thing", "a") == written

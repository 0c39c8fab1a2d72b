"""Documents are found by one field, by what is due and page by page, whichever adapter keeps the store."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from sync.store import Create, Delete, Replace, Store
from tests.contracts.changing import create, keys, replace

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_find_gives_the_documents_of_the_kind_whose_field_is_equal_by_key(store: Store) -> None:
    for key, colour in [
        ("b", "red"),
        ("a", "red"),
        ("c", "blue"),
        ("B", "red"),
        ("_", "red"),
        ("-", "red"),
        ("0", "Red"),
    ]:
        create(store, key, {"colour": colour})
    create(store, "d", {"colour": "red"}, kind="other")
    assert keys(store.find("thing", "colour", "red", 10)) == ["-", "B", "_", "a", "b"]
    assert store.find("thing", "colour", "re", 10) == []
    assert store.find("thing", "shape", "red", 10) == []
    assert store.find("nothing", "colour", "red", 10) == []


def test_find_sees_text_at_the_top_only(store: Store) -> None:
    create(store, "number", {"f": 5})
    create(store, "true", {"f": True})
    create(store, "none", {"f": None})
    create(store, "list", {"f": ["5"]})
    create(store, "map", {"f": {"f": "5"}})
    create(store, "text", {"f": "5"})
    assert keys(store.find("thing", "f", "5", 10)) == ["text"]
    assert store.find("thing", "f", "1", 10) == []


@pytest.mark.parametrize("field", ["calendar", "room", "solution"])
def test_find_follows_every_change_of_a_mapping(store: Store, field: str) -> None:
    one, two = create(store, "one", {field: "x"}, kind="mapping"), create(store, "two", {field: "x"}, kind="mapping")
    assert store.find("mapping", field, "x", 10) == [one, two]
    one = replace(store, one, {field: "y"})
    assert store.find("mapping", field, "x", 10) == [two]
    assert store.find("mapping", field, "y", 10) == [one]
    store.commit([Replace(one, {}), Delete(two)])
    assert store.find("mapping", field, "x", 10) == []
    assert store.find("mapping", field, "y", 10) == []


def test_find_gives_pages(store: Store) -> None:
    expected = [f"k{n:02}" for n in range(12)]
    store.commit([Create("thing", key, {"colour": "red"}) for key in reversed(expected)])
    assert keys(store.find("thing", "colour", "red", 5)) == expected[:5]
    assert keys(store.find("thing", "colour", "red", 5, "k04")) == expected[5:10]
    assert keys(store.find("thing", "colour", "red", 5, "k09")) == expected[10:]
    assert keys(store.find("thing", "colour", "red", 5, "k11")) == []
    assert keys(store.find("thing", "colour", "red", 2, "k04z")) == expected[5:7]
    assert keys(store.find("thing", "colour", "red", 1000)) == expected


def test_a_page_goes_on_after_a_document_that_is_gone(store: Store) -> None:
    made = [create(store, key, {"colour": "red"}) for key in ("a", "b", "c")]
    store.commit([Delete(made[1])])
    assert keys(store.find("thing", "colour", "red", 10, "b")) == ["c"]


def test_due_gives_the_oldest_first_and_ties_by_key(store: Store) -> None:
    moments = {"late": 3, "z": 1, "a": 1, "B": 1, "early": -(10**9), "second": 2}
    for key, seconds in moments.items():
        create(store, key, {"due": NOON + seconds * SECOND})
    create(store, "other", {"due": NOON}, kind="other")
    assert keys(store.due("thing", NOON + 3 * SECOND, 10)) == ["early", "B", "a", "z", "second", "late"]
    assert keys(store.due("thing", NOON + 3 * SECOND, 3)) == ["early", "B", "a"]
    assert keys(store.due("thing", NOON + 2 * SECOND, 10)) == ["early", "B", "a", "z", "second"]
    assert keys(store.due("thing", NOON, 10)) == ["early"]


def test_due_is_exact_to_the_microsecond_and_includes_before_itself(store: Store) -> None:
    moment = NOON.replace(microsecond=500_000)
    create(store, "a", {"due": moment})
    assert keys(store.due("thing", moment, 10)) == ["a"]
    assert store.due("thing", moment - timedelta(microseconds=1), 10) == []
    assert keys(store.due("thing", moment.astimezone(timezone(timedelta(hours=-8))), 10)) == ["a"]


def test_due_leaves_out_what_has_no_time(store: Store) -> None:
    for key, value in [("none", None), ("text", "2000-01-01T00:00:00Z"), ("number", 0), ("map", {"due": NOON})]:
        create(store, key, {"due": value})
    create(store, "absent")
    assert store.due("thing", NOON, 10) == []


def test_due_follows_every_change(store: Store) -> None:
    one, two = create(store, "one", {"due": NOON}), create(store, "two", {"due": NOON + SECOND})
    one = replace(store, one, {"due": NOON + 2 * SECOND})
    assert store.due("thing", NOON + 2 * SECOND, 10) == [two, one]
    store.commit([Replace(one, {"due": None}), Delete(two)])
    assert store.due("thing", NOON + 2 * SECOND, 10) == []


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_of_an_odd_size_is_refused(store: Store, limit: int) -> None:
    with pytest.raises(ValueError, match="page"):
        store.find("thing", "colour", "red", limit)
    with pytest.raises(ValueError, match="page"):
        store.due("thing", NOON, limit)
    with pytest.raises(ValueError, match="page"):
        store.page("thing", limit)


def test_pages_of_a_kind_give_each_of_its_documents_once_by_key(store: Store) -> None:
    expected = [f"k{n:02}" for n in range(12)]
    for key in reversed(expected):
        create(store, key, {"due": None} if key < "k06" else {"due": NOON})
    store.commit([Create("other", "k02x", {})])
    assert keys(store.page("thing", 5)) == expected[:5]
    assert keys(store.page("thing", 5, "k04")) == expected[5:10]
    assert keys(store.page("thing", 5, "k09")) == expected[10:]
    assert keys(store.page("thing", 5, "k11")) == []
    assert keys(store.page("thing", 2, "k04z")) == expected[5:7]
    assert keys(store.page("none", 5)) == []


def test_what_a_page_gave_can_be_replaced(store: Store) -> None:
    create(store, "a", {"n": 1})
    [found] = store.page("thing", 10)
    store.commit([Replace(found, {"n": 2})])
    assert store.page("thing", 10)[0].body == {"n": 2, "rev": 2}


@pytest.mark.parametrize("field", ["", "a.b", "a`b", "_write", "__name__", "a'b", 'a"b', "größe", "f" * 65])
def test_an_odd_field_is_not_looked_for(store: Store, field: str) -> None:
    with pytest.raises(ValueError, match="field"):
        store.find("thing", field, "red", 10)


def test_text_is_found_up_to_the_length_that_firestore_indexes(store: Store) -> None:
    create(store, "a", {"f": "é" * 512})
    assert keys(store.find("thing", "f", "é" * 512, 10)) == ["a"]
    with pytest.raises(ValueError, match="1024 bytes"):
        store.find("thing", "f", "é" * 512 + "x", 10)


def test_a_time_without_a_zone_is_not_looked_for(store: Store) -> None:
    with pytest.raises(ValueError, match="datetime"):
        store.due("thing", NOON.replace(tzinfo=None), 10)

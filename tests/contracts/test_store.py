"""The store's contract: what claims, leases and records may rely on, whichever adapter keeps it."""

import base64
import hashlib
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conference.errors import Conflict, Permanent, StoreUnavailable
from sync.store import Body, Change, Create, Delete, Document, Replace, Store
from sync.store.documents import MAX_BYTES
from tests.contracts.place import Place

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
T = TypeVar("T")


def create(store: Store, key: str, body: Body | None = None, kind: str = "thing") -> Document:
    (made,) = store.commit([Create(kind, key, body or {})])
    assert made is not None
    return made


def replace(store: Store, read: Document, body: Body | None = None) -> Document:
    (made,) = store.commit([Replace(read, body or {})])
    assert made is not None
    return made


def keys(found: list[Document]) -> list[str]:
    return [document.key for document in found]


def winners(racers: int, race: Callable[[int], object]) -> list[int]:
    """Who of so many threads, let go at once, was not refused."""
    gate = threading.Barrier(racers)

    def run(racer: int) -> bool:
        gate.wait()
        try:
            race(racer)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(racers) as pool:
        return [racer for racer, won in enumerate(pool.map(run, range(racers))) if won]


def at_rest(read: Callable[[], T]) -> T:
    """What is read twice in a row: a commit may still be on its way when the process that sent it is dead."""
    before, now = read(), read()
    while before != now:
        time.sleep(0.05)
        before, now = now, read()
    return now


# What is written is what is read


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


# Changes


def test_rev_is_one_and_then_one_more_each_time_whatever_the_body_says(store: Store) -> None:
    document = create(store, "a", {"rev": 70})
    for rev in (2, 3, 4):
        assert document.body == {"rev": rev - 1}
        document = replace(store, document, {"rev": 70})
    assert store.get("thing", "a") == document


def test_a_written_document_can_be_replaced_and_deleted_without_reading_it_again(store: Store) -> None:
    document = replace(store, replace(store, create(store, "a", {"n": 1}), {"n": 2}), {"n": 3})
    assert document.body == {"n": 3, "rev": 3}
    assert store.commit([Delete(document)]) == [None]
    assert store.get("thing", "a") is None


def test_a_replaced_body_keeps_nothing_of_the_old_one(store: Store) -> None:
    replace(store, create(store, "a", {"old": {"x": 1}, "due": NOON}), {"old": {"y": 2}})
    read = store.get("thing", "a")
    assert read is not None
    assert read.body == {"old": {"y": 2}, "rev": 2}


def test_what_was_found_can_be_replaced(store: Store) -> None:
    create(store, "a", {"colour": "red", "due": NOON})
    (found,) = store.find("thing", "colour", "red", 1)
    replace(store, found, {"due": NOON})
    (due,) = store.due("thing", NOON, 1)
    assert replace(store, due).body == {"rev": 3}


def test_a_commit_answers_in_the_order_of_its_changes(store: Store) -> None:
    old, gone = create(store, "old"), create(store, "gone")
    answered = store.commit([Create("thing", "z", {}), Delete(gone), Replace(old, {}), Create("other", "a", {})])
    assert [document and (document.kind, document.key, document.body["rev"]) for document in answered] == [
        ("thing", "z", 1),
        None,
        ("thing", "old", 2),
        ("other", "a", 1),
    ]
    assert answered == [store.get("thing", "z"), None, store.get("thing", "old"), store.get("other", "a")]


def test_no_changes_are_made_at_once(store: Store) -> None:
    assert store.commit([]) == []


def _create_again(store: Store, read: Document) -> Change:
    return Create("thing", read.key, {})


def _replace_replaced(store: Store, read: Document) -> Change:
    replace(store, read)
    return Replace(read, {})


def _replace_deleted(store: Store, read: Document) -> Change:
    store.commit([Delete(read)])
    return Replace(read, {})


def _replace_made_anew(store: Store, read: Document) -> Change:
    store.commit([Delete(read)])
    create(store, read.key, {"n": 1})
    return Replace(read, {})


def _delete_replaced(store: Store, read: Document) -> Change:
    replace(store, read)
    return Delete(read)


def _delete_deleted(store: Store, read: Document) -> Change:
    store.commit([Delete(read)])
    return Delete(read)


def _delete_made_anew(store: Store, read: Document) -> Change:
    store.commit([Delete(read)])
    create(store, read.key, {"n": 1})
    return Delete(read)


@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
@pytest.mark.parametrize(
    "refused",
    [
        _create_again,
        _replace_replaced,
        _replace_deleted,
        _replace_made_anew,
        _delete_replaced,
        _delete_deleted,
        _delete_made_anew,
    ],
)
def test_one_refused_change_leaves_everything_as_it_was(
    store: Store, refused: Callable[[Store, Document], Change], first: bool
) -> None:
    kept, doomed = create(store, "kept", {"n": 1}), create(store, "doomed", {"n": 1})
    change = refused(store, create(store, "a", {"n": 1}))
    before = store.get("thing", "a")
    good: list[Change] = [Create("thing", "new", {}), Replace(kept, {"n": 2}), Delete(doomed)]
    with pytest.raises(Conflict):
        store.commit([change, *good] if first else [*good, change])
    assert store.get("thing", "new") is None
    assert store.get("thing", "kept") == kept
    assert store.get("thing", "doomed") == doomed
    assert store.get("thing", "a") == before


# Races


def test_32_racing_creators_have_one_winner(place: Place) -> None:
    stores = [place.open(), place.open()]
    won = winners(32, lambda racer: create(stores[racer % 2], "a", {"by": racer}))
    assert len(won) == 1
    read = stores[0].get("thing", "a")
    assert read is not None
    assert read.body == {"by": won[0], "rev": 1}


def test_16_replacements_of_one_reading_have_one_winner_even_with_equal_content(place: Place) -> None:
    stores = [place.open(), place.open()]
    read = create(stores[0], "a", {"n": 1})
    assert len(winners(16, lambda racer: replace(stores[racer % 2], read, {"n": 1}))) == 1
    now = stores[0].get("thing", "a")
    assert now is not None
    assert now.body == {"n": 1, "rev": 2}


def test_16_deleters_of_one_reading_have_one_winner(store: Store) -> None:
    read = create(store, "a")
    assert len(winners(16, lambda _: store.commit([Delete(read)]))) == 1


def test_16_commits_of_the_same_two_documents_have_one_winner_and_no_half(place: Place) -> None:
    stores = [place.open(), place.open()]
    left, right = create(stores[0], "left"), create(stores[0], "right", kind="other")

    def both(racer: int) -> None:
        changes = [Replace(left, {"by": racer}), Replace(right, {"by": racer})]
        stores[racer % 2].commit(changes if racer % 4 < 2 else changes[::-1])

    won = winners(16, both)
    assert len(won) == 1
    for kind, key in (("thing", "left"), ("other", "right")):
        now = stores[0].get(kind, key)
        assert now is not None
        assert now.body == {"by": won[0], "rev": 2}


def test_racing_commits_that_overlap_in_a_ring_are_each_made_whole_or_not_at_all(store: Store) -> None:
    ring = [create(store, f"d{n}") for n in range(8)]
    won = winners(8, lambda n: store.commit([Replace(ring[n], {"by": n}), Replace(ring[(n + 1) % 8], {"by": n})]))
    expected: dict[int, int | None] = dict.fromkeys(range(8))
    for n in won:
        expected[n] = expected[(n + 1) % 8] = n
    assert won
    assert {n: (store.get("thing", f"d{n}") or ring[n]).body.get("by") for n in range(8)} == expected
    assert len([by for by in expected.values() if by is not None]) == 2 * len(won)


def test_two_processes_that_add_to_one_counter_lose_nothing(place: Place) -> None:
    store = place.open()
    create(store, "counter", {"n": 0})
    processes = [place.process("count", "25") for _ in range(2)]
    assert [process.wait(20) for process in processes] == [0, 0]
    counter = store.get("thing", "counter")
    assert counter is not None
    assert counter.body == {"n": 50, "rev": 51}


# Crashes


@pytest.mark.parametrize("after", [1, 20])
def test_a_process_that_is_killed_loses_no_commit_and_leaves_no_half_of_one(place: Place, after: int) -> None:
    process = place.process("pairs")
    assert process.stdout is not None
    told = [int(process.stdout.readline()) for _ in range(after)]
    process.send_signal(signal.SIGKILL)
    told += [int(line) for line in process.stdout.read().split()]
    store = place.open()
    left, right = at_rest(lambda: (store.get("thing", "left"), store.get("other", "right")))
    assert left is not None
    assert right is not None
    assert left.body == right.body
    assert left.body["n"] - told[-1] in (0, 1)
    store.commit([Replace(left, {"n": 0}), Replace(right, {"n": 0})])


def test_a_store_made_before_a_fork_works_on_both_sides_of_it(place: Place) -> None:
    process = place.process("fork", "a")
    told, _ = process.communicate(timeout=20)
    assert (told, process.returncode) == ("child\n", 0)


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.get("thing", "a"),
        lambda store: store.find("thing", "colour", "red", 10),
        lambda store: store.due("thing", NOON, 10),
        lambda store: store.page("thing", 10),
        lambda store: store.commit([Create("thing", "a", {})]),
    ],
    ids=["get", "find", "due", "page", "commit"],
)
def test_f22_a_store_that_cannot_be_reached_says_so(place: Place, use: Callable[[Store], object]) -> None:
    with pytest.raises(StoreUnavailable):
        use(place.unreachable(0.3))


# Looking for documents


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


# Limits


def of_size(size: int, filler: str = "x") -> dict[str, Any]:
    """A body that, with its rev, is so many bytes as JSON."""
    body: dict[str, Any] = {"text": "", "rev": 1}
    body["text"] = filler * ((size - len(msgspec.json.encode(body))) // len(filler.encode()))
    body["text"] += "x" * (size - len(msgspec.json.encode(body)))
    assert len(msgspec.json.encode(body)) == size
    return body


@pytest.mark.parametrize("filler", ["x", "é", "\U0001f469"])
def test_a_body_may_have_256_kib_and_not_a_byte_more(store: Store, filler: str) -> None:
    body = of_size(MAX_BYTES, filler)
    written = create(store, "a", body)
    assert store.get("thing", "a") == written
    with pytest.raises(Permanent, match="document-too-large"):
        create(store, "b", of_size(MAX_BYTES + 1, filler))
    with pytest.raises(Permanent, match="document-too-large"):
        store.commit([Create("thing", "c", {}), Replace(written, of_size(MAX_BYTES + 1, filler))])
    assert store.get("thing", "b") is None
    assert store.get("thing", "c") is None
    assert store.get("thing", "a") == written


def test_twenty_changes_are_possible_and_no_more(store: Store) -> None:
    changes = [Create("thing", f"k{n}", of_size(MAX_BYTES) if n < 4 else {}) for n in range(21)]
    with pytest.raises(ValueError, match="21 changes"):
        store.commit(changes)
    assert store.get("thing", "k20") is None
    assert len(store.commit(changes[:20])) == 20
    assert store.get("thing", "k19") is not None


def nested(depth: int) -> Any:
    """A value with so many lists and mappings in each other."""
    value: Any = "x"
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


def test_a_value_may_be_20_deep_and_no_deeper(store: Store) -> None:
    written = create(store, "a", {"value": nested(20)})
    assert store.get("thing", "a") == written
    with pytest.raises(ValueError, match="cannot hold"):
        create(store, "b", {"value": nested(21)})


def test_a_name_may_have_1500_bytes_and_not_a_byte_more(store: Store) -> None:
    written = create(store, "a", {"é" * 750: 1})
    assert store.get("thing", "a") == written
    with pytest.raises(ValueError, match="names"):
        create(store, "b", {"é" * 750 + "x": 1})


@pytest.mark.parametrize(
    "value",
    [
        2**63,
        -(2**63) - 1,
        float("nan"),
        float("inf"),
        NOON.replace(tzinfo=None),
        b"bytes",
        (1, 2),
        {1, 2},
        pytest.param(object(), id="object"),
        NOON.date(),
        [[1]],
        [{"a": [[1]]}],
        "\ud800",
        {"\ud800": 1},
        {1: 2},
        {"": 1},
        {"_a": 1},
        {"__a__": 1},
        {"$time": "2025-06-01T12:00:00+00:00"},
    ],
    ids=repr,
)
def test_what_one_of_the_stores_could_not_hold_is_refused_by_both(store: Store, value: object) -> None:
    kept = create(store, "kept")
    alone: list[Change] = [Create("thing", "a", {"value": value})]
    with_another: list[Change] = [Create("thing", "a", {}), Replace(kept, {"value": value})]
    for changes in (alone, with_another):
        with pytest.raises(ValueError, match=r"cannot hold|names are|surrogates"):
            store.commit(changes)
    assert store.get("thing", "a") is None
    assert store.get("thing", "kept") == kept


def test_two_changes_to_one_document_are_refused(store: Store) -> None:
    read = create(store, "a")
    same: list[Change] = [Replace(read, {}), Delete(read)]
    new: list[Change] = [Create("thing", "b", {}), Create("thing", "b", {})]
    for changes in (same, new):
        with pytest.raises(ValueError, match="two changes"):
            store.commit(changes)
    assert store.get("thing", "a") == read


ODD = ["", ".", "..", "a/b", "a b", "a.b", "é", "a\n", "a\0", "k" * 129, "user@example.com"]


@pytest.mark.parametrize("key", ODD, ids=repr)
def test_an_odd_key_is_refused(store: Store, key: str) -> None:
    create(store, "a", {"colour": "red"})
    for use in (
        lambda: store.get("thing", key),
        lambda: create(store, key),
        lambda: store.find("thing", "colour", "red", 10, key),
    ):
        with pytest.raises(ValueError, match="key"):
            use()


@pytest.mark.parametrize("kind", ["", "A", "a/b", "a'b", "_a", "1a", "a-b", "k" * 33], ids=repr)
def test_an_odd_kind_is_refused(store: Store, kind: str) -> None:
    for use in (
        lambda: store.get(kind, "a"),
        lambda: create(store, "a", kind=kind),
        lambda: store.find(kind, "colour", "red", 10),
        lambda: store.due(kind, NOON, 10),
    ):
        with pytest.raises(ValueError, match="kind"):
            use()


DIGEST = hashlib.sha256(b"calendar, event, solution").digest()


@pytest.mark.parametrize(
    "key",
    [
        DIGEST.hex(),
        base64.urlsafe_b64encode(DIGEST).rstrip(b"=").decode(),
        "__" + "a" * 39 + "__",
        "__id7__",
        "-",
        "k" * 128,
    ],
)
def test_a_hash_in_any_of_its_spellings_is_a_key(store: Store, key: str) -> None:
    written = create(store, key, {"colour": "red", "due": NOON})
    assert store.get("thing", key) == written
    assert store.find("thing", "colour", "red", 10) == [written]
    assert store.due("thing", NOON, 10) == [written]
    assert store.find("thing", "colour", "red", 10, key) == []
    store.commit([Delete(written)])
    assert store.get("thing", key) is None

"""What a store could not hold is refused before anything is sent, by both adapters alike."""

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from conference.errors import Permanent
from sync.store import Change, Create, Delete, Replace, Store
from sync.store.documents import MAX_BYTES
from tests.contracts.changing import create

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


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

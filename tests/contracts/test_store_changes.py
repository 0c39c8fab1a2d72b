"""A commit is made whole or not at all, and only on what was read, whichever adapter keeps the store."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from conference.errors import Conflict
from sync.store import Change, Create, Delete, Document, Replace, Store
from tests.contracts.changing import create, replace

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


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

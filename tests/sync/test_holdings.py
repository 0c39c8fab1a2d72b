"""Holdings show each event its own mappings, read one by one or all at once, as a run has changed them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import ValidationError

from sync import records
from sync.holdings import ONE_BY_ONE, Holdings
from sync.records import MAPPINGS, MappingRecord
from sync.store import Create, Delete, Store
from sync.store.sqlite import SqliteStore
from tests.outside import Outside, SeenStore

ADA = "ada@example.com"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = SqliteStore(str(tmp_path / "anyroom.db"))
    yield made
    made.close()


NOW = datetime(2027, 1, 1, tzinfo=UTC)


def put(store: Store, event: str, calendar: str = ADA, solution: str = "demo", **fields: Any) -> str:
    """Store a mapping; its key."""
    key = records.key(calendar, event, solution)
    record = {"state": "live", "attempt": "a", "pointer": key, "place": records.key(calendar, event), **fields}
    mapping = MappingRecord(calendar=calendar, event=event, solution=solution, **record)
    store.commit([Create(MAPPINGS, key, records.to_body(mapping))])
    return key


def spoil(store: Store, key: str) -> None:
    """Have a mapping be of a shape that this version does not know."""
    document = store.get(MAPPINGS, key)
    assert document
    store.commit([Delete(document)])
    store.commit([Create(MAPPINGS, key, {**document.body, "state": "of a later version"})])


def many(store: Store) -> list[str]:
    """So many events that they are not looked up one by one."""
    events = [f"e{number}" for number in range(ONE_BY_ONE + 1)]
    for event in events:
        put(store, event)
    return events


def test_an_event_has_the_mappings_of_its_calendar(store: Store) -> None:
    ours = {put(store, "e"), put(store, "e", solution="jitsi")}
    put(store, "e", calendar="team@example.com")
    put(store, "other")
    assert {one.key for one in Holdings(store, ADA).of("e")} == ours
    assert Holdings(store, ADA).of("unknown") == []


def test_a_few_events_are_read_one_by_one_and_each_once(store: Store) -> None:
    put(store, "e")
    outside = Outside()
    held = Holdings(SeenStore(store, outside, local=True), ADA)
    held.expect(["e", "f"])
    for _ in range(2):
        assert len(held.of("e")) == 1
        assert held.of("f") == []
    assert outside.calls == ["find mapping place"] * 2


def test_many_events_are_read_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    events = many(store)
    put(store, "e1", calendar="team@example.com")
    monkeypatch.setattr("sync.store.find_all.PAGE", 10)
    outside = Outside()
    held = Holdings(SeenStore(store, outside, local=True), ADA)
    held.expect(events)
    held.expect(events)
    assert [len(held.of(event)) for event in [*events, "unknown"]] == [1] * len(events) + [0]
    assert outside.calls == ["find mapping calendar"] * 5


def test_what_a_run_has_changed_is_what_it_sees_from_then_on(store: Store) -> None:
    put(store, "e")
    held = Holdings(store, ADA)
    [one] = held.of("e")
    held.put(one, one.becoming(reason="new"))
    assert [other.record.reason for other in held.of("e")] == ["new"]
    [changed] = held.of("e")
    store.commit([Delete(changed.document)])
    assert held.again(changed) is None
    assert held.of("e") == []


def test_what_somebody_else_has_changed_is_read_again(store: Store) -> None:
    put(store, "e")
    mine, theirs = Holdings(store, ADA), Holdings(store, ADA)
    [one] = mine.of("e")
    theirs.put(theirs.of("e")[0], one.becoming(reason="theirs"))
    again = mine.again(one)
    assert again
    assert again.record.reason == mine.of("e")[0].record.reason == "theirs"


def test_the_others_hold_the_same_conference_and_have_not_let_go(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.store.find_all.PAGE", 2)
    room = records.room("demo", "1")
    put(store, "e", room=room)
    kept = {
        put(store, "copy", room=room),
        put(store, "moved", calendar="team@example.com", room=room, state="offered"),
        put(store, "leaving", room=room, state="leaving"),
        put(store, "unmanaged", room=room, state="unmanaged"),
    }
    for state in ("gone", "lost", "failed", "deleting", "claimed"):
        put(store, state, room=room, state=state)
    put(store, "another", room=records.room("demo", "2"))
    held = Holdings(store, ADA)
    assert {other.key for other in held.others(held.of("e")[0])} == kept


def test_a_mapping_without_a_conference_has_no_others(store: Store) -> None:
    put(store, "e", state="claimed")
    put(store, "f", state="offered")
    held = Holdings(store, ADA)
    assert held.others(held.of("e")[0]) == []


def test_what_waits_for_a_look_is_found_by_its_calendar(store: Store) -> None:
    waiting = put(store, "e", look=records.key(ADA))
    put(store, "f")
    put(store, "g", calendar="team@example.com", look=records.key("team@example.com"))
    assert [one.key for one in Holdings(store, ADA).to_look_at(records.key(ADA), NOW)] == [waiting]


def test_more_events_wait_for_a_look_than_a_page_has(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.store.find_all.PAGE", 2)
    look, later = records.key(ADA), NOW + timedelta(hours=1)
    waiting = {put(store, f"e{number}", look=look, until=NOW) for number in range(5)}
    for number in range(4):
        put(store, f"later{number}", look=look, until=later)
    found = [one.key for one in Holdings(store, ADA).to_look_at(look, NOW)]
    assert (len(found), set(found)) == (5, waiting)
    assert len(list(Holdings(store, ADA).to_look_at(look, later))) == 9


def test_a_pointer_names_a_mapping_on_whatever_calendar(store: Store) -> None:
    key = put(store, "e", calendar="team@example.com")
    held = Holdings(store, ADA)
    found = held.by_pointer(key)
    assert found
    assert found.record.calendar == "team@example.com"
    assert held.by_pointer("0" * 32) is None


def test_f63_a_mapping_that_cannot_be_read_hides_no_other_and_is_shown(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    look, room = records.key(ADA), records.room("demo", "1")
    events = many(store)
    kept = put(store, "e", look=look, room=room)
    bad = put(store, "e", solution="jitsi", look=look, room=room)
    spoil(store, bad)
    held = Holdings(store, ADA)
    assert [one.key for one in held.of("e")] == [one.key for one in held.to_look_at(look, NOW)] == [kept]
    all_at_once = Holdings(store, ADA)
    all_at_once.expect(events)
    assert [one.key for one in all_at_once.of("e")] == [kept]
    assert f"a mapping cannot be read: {bad}" in caplog.text
    with pytest.raises(ValidationError):  # it may hold the conference, which is therefore not deleted
        held.others(held.of("e")[0])

"""What the systems tell of their own accord: a conference that is gone there is lost for each event that held it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sync import records
from sync.apply import KEPT, THERE
from sync.once import Once
from sync.records import MAPPINGS, MappingRecord
from sync.store import Create, Replace, Store
from sync.there import Heard
from tests.contracts.conftest import place as place
from tests.contracts.place import Place
from tests.emulator import firestore_emulator as firestore_emulator
from tests.outside import Outside, SeenStore
from tests.world import MovedClock

SOON = datetime(2030, 5, 1, 9, tzinfo=UTC)


class Desk:
    """What is heard, over a store of which every operation is seen; `erased` are the accounts that were purged."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = MovedClock()
        self.outside = Outside()
        self.erased: list[tuple[str, str]] = []
        seen = SeenStore(store, self.outside, local=True)
        self.heard = Heard(seen, self.clock, Once(seen), self)

    def deauthorized(self, solution: str, account: str) -> int:
        self.erased.append((solution, account))
        return 2

    def holder(self, event: str, state: Any = "live", conference: str = "123", solution: str = "zoom") -> str:
        """Keep a mapping that holds the conference: its key."""
        key = records.key("ada@example.com", event, solution)
        record = MappingRecord(
            calendar="ada@example.com",
            event=event,
            solution=solution,
            attempt=event,
            state=state,
            look="run",
            conference=conference,
            room=records.room(solution, conference),
            due=SOON,
        )
        self.store.commit([Create(MAPPINGS, key, records.to_body(record))])
        return key

    def record(self, key: str) -> MappingRecord:
        document = self.store.get(MAPPINGS, key)
        assert document
        return records.mapping(document)


@pytest.fixture
def desk(place: Place) -> Desk:
    return Desk(place.open())


@pytest.mark.parametrize("state", ["offered", "live", "unmanaged"])
def test_a_conference_that_was_deleted_there_is_lost_and_no_run_looks_at_it(desk: Desk, state: str) -> None:
    key = desk.holder("event", state)
    assert desk.heard.deleted("zoom", "123") == 1
    record = desk.record(key)
    assert (record.state, record.reason, record.look, record.parked) == ("lost", THERE, "", None)
    assert record.forget == record.due
    assert record.due
    assert abs((record.due - desk.clock.now() - KEPT).total_seconds()) < 60


@pytest.mark.parametrize("state", ["claimed", "leaving", "deleting", "gone", "failed", "lost"])
def test_what_we_let_go_of_ourselves_is_as_it_was(desk: Desk, state: str) -> None:
    key = desk.holder("event", state)
    before = desk.record(key)
    assert desk.heard.deleted("zoom", "123") == 0
    assert desk.record(key) == before


def test_every_event_that_held_it_has_lost_it_and_no_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.there._PAGE", 3)
    holders = [desk.holder(f"event-{number}") for number in range(8)]
    others = [desk.holder("another", conference="124"), desk.holder("elsewhere", solution="webex")]
    assert desk.heard.deleted("zoom", "123") == 8
    assert {desk.record(key).state for key in holders} == {"lost"}
    assert {desk.record(key).state for key in others} == {"live"}


def test_what_changes_meanwhile_is_lost_with_its_change(desk: Desk) -> None:
    key = desk.holder("event")
    acts = iter([1])

    def change() -> None:
        for _ in acts:
            document = desk.store.get(MAPPINGS, key)
            assert document
            desk.store.commit([Replace(document, {**document.body, "tries": 7})])

    desk.outside.on("before", "commit replace mapping", change)
    assert desk.heard.deleted("zoom", "123") == 1
    assert (desk.record(key).state, desk.record(key).tries) == ("lost", 7)


def test_what_is_let_go_of_meanwhile_is_not_lost(desk: Desk) -> None:
    key = desk.holder("event")
    acts = iter([1])

    def leave() -> None:
        for _ in acts:
            document = desk.store.get(MAPPINGS, key)
            assert document
            desk.store.commit([Replace(document, {**document.body, "state": "deleting"})])

    desk.outside.on("before", "commit replace mapping", leave)
    assert desk.heard.deleted("zoom", "123") == 0
    assert desk.record(key).state == "deleting"


def test_a_conference_of_nobody_is_nobodys_loss(desk: Desk) -> None:
    assert desk.heard.deleted("zoom", "999") == 0


def test_who_took_our_access_away_is_purged_where_users_connect(desk: Desk) -> None:
    assert desk.heard.deauthorised("zoom", "account-7") == 2
    assert desk.erased == [("zoom", "account-7")]
    alone = Heard(desk.store, desk.clock, Once(desk.store), None)
    assert alone.deauthorised("zoom", "account-7") == 0


def test_a_call_is_spent_once(desk: Desk) -> None:
    assert not desk.heard.is_spent("call")
    assert desk.heard.spend("call", SOON)
    assert desk.heard.is_spent("call")
    assert not desk.heard.spend("call", SOON)

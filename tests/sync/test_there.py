"""What was deleted at the conferencing system is recorded for every event that has it, and nobody is given it again."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from conference.clock import Deadline
from conference.errors import StoreUnavailable, Temporary
from sync import records
from sync.holdings import Holdings
from sync.once import Once
from sync.records import MAPPINGS, Parked
from sync.store import Delete
from sync.there import Heard
from tests.heard import Heard as Log
from tests.outside import SeenStore
from tests.sync.rooms import HOUR, ROOM, Desk, key

KEPT = timedelta(days=30)


class Removed:
    """The tokens, which note whom they were told of."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, datetime | None]] = []

    def deauthorized(self, solution: str, account: str, since: datetime | None) -> int:
        self.told.append((solution, account, since))
        return 3


def heard(rooms: Desk, tokens: Removed | None = None) -> Heard:
    store = SeenStore(rooms.store, rooms.outside, local=True)
    return Heard(store, rooms.clock, Once(store), tokens)


@pytest.mark.parametrize("state", ["offered", "live", "unmanaged"])
def test_a_conference_that_an_event_holds_is_lost(rooms: Desk, state: Any) -> None:
    rooms.put(state=state, look="x", until=rooms.clock.now() + HOUR, tries=3)
    before = rooms.of()
    assert heard(rooms).deleted("demo", ROOM.id) == 1
    due = rooms.clock.now() + KEPT
    assert rooms.of() == replace(
        before, state="lost", reason="deleted-there", look="", until=None, tries=0, due=due, forget=due
    )


def test_what_is_parked_for_a_lost_conference_is_erased(rooms: Desk) -> None:
    rooms.put(parked=Parked({"summary": "Plan"}, ["summary"], 1, rooms.clock.now()))
    heard(rooms).deleted("demo", ROOM.id)
    assert rooms.of().parked is None


def test_a_conference_that_is_leaving_is_gone_and_not_shown(rooms: Desk) -> None:
    rooms.put(state="leaving", look="x", until=rooms.clock.now() + HOUR)
    assert heard(rooms).deleted("demo", ROOM.id) == 0
    record, due = rooms.of(), rooms.clock.now() + KEPT
    assert (record.state, record.reason, record.look, record.until) == ("gone", "deleted-there", "", None)
    assert (record.due, record.forget) == (due, due)


def test_an_event_that_comes_back_does_not_get_the_deleted_conference_back(rooms: Desk) -> None:
    rooms.declared = {"idempotency": "searchable"}
    rooms.put(state="leaving", until=rooms.clock.now() + HOUR)
    heard(rooms).deleted("demo", ROOM.id)
    rooms.applier().apply(rooms.row())
    assert (rooms.of().state, rooms.asked) == ("lost", ["find"])


@pytest.mark.parametrize("state", ["claimed", "deleting", "gone", "failed", "lost"])
def test_what_we_delete_ourselves_and_what_has_ended_is_no_news(rooms: Desk, state: Any) -> None:
    rooms.put(state=state, reason="before")
    before = rooms.one().document
    assert heard(rooms).deleted("demo", ROOM.id) == 0
    assert rooms.one().document == before


@pytest.mark.parametrize(("solution", "conference"), [("demo", "room-2"), ("other", ROOM.id), ("demo", "")])
def test_other_conferences_stay(rooms: Desk, solution: str, conference: str) -> None:
    rooms.put()
    assert heard(rooms).deleted(solution, conference) == 0
    assert rooms.of().state == "live"


def test_every_event_that_has_the_conference_loses_it(rooms: Desk) -> None:
    events = [f"e{number:03}" for number in range(501)]
    for event in events:
        rooms.put(event)
    assert heard(rooms).deleted("demo", ROOM.id) == 501
    assert {rooms.of(event).state for event in events} == {"lost"}
    assert Holdings(rooms.store, "ada@example.com").holders(records.room("demo", ROOM.id)) == []


def test_a_lost_conference_is_left_alone_by_what_the_event_does(rooms: Desk) -> None:
    rooms.put()
    heard(rooms).deleted("demo", ROOM.id)
    before = rooms.one().document
    rooms.applier(deadline=Deadline(rooms.clock, 100.0)).apply(rooms.row(summary="Another plan"))
    assert (rooms.one().document, rooms.asked) == (before, [])


def test_what_changes_meanwhile_is_decided_again(rooms: Desk) -> None:
    rooms.put()
    changes = [lambda: rooms.change(MAPPINGS, key("e"), etag="2")]
    rooms.outside.on("before", "commit replace", lambda: changes.pop()() if changes else None)
    assert heard(rooms).deleted("demo", ROOM.id) == 1
    assert (rooms.of().state, rooms.of().etag) == ("lost", "2")


def test_what_we_begin_to_delete_meanwhile_is_no_news(rooms: Desk) -> None:
    rooms.put()
    changes = [lambda: rooms.change(MAPPINGS, key("e"), state="deleting")]
    rooms.outside.on("before", "commit replace", lambda: changes.pop()() if changes else None)
    assert heard(rooms).deleted("demo", ROOM.id) == 0
    assert rooms.of().state == "deleting"


def test_what_vanishes_meanwhile_is_no_news(rooms: Desk) -> None:
    rooms.put()
    document = rooms.document(MAPPINGS, key("e"))
    rooms.outside.on("before", "get mapping", lambda: rooms.store.commit([Delete(document)]))
    assert heard(rooms).deleted("demo", ROOM.id) == 0


def test_what_changes_for_ever_is_told_again_later(rooms: Desk) -> None:
    rooms.put()
    etags = iter(range(1000))
    rooms.outside.on("before", "commit replace", lambda: rooms.change(MAPPINGS, key("e"), etag=str(next(etags))))
    with pytest.raises(Temporary, match="contention"):
        heard(rooms).deleted("demo", ROOM.id)
    assert len(rooms.outside.calls) < 20


def test_a_mapping_that_cannot_be_read_holds_up_no_other(rooms: Desk) -> None:
    rooms.put("a")
    rooms.put("b")
    rooms.change(MAPPINGS, key("a"), state="of a later version")
    assert heard(rooms).deleted("demo", ROOM.id) == 1
    assert rooms.of("b").state == "lost"


def test_while_the_store_is_down_it_is_said(rooms: Desk) -> None:
    rooms.put()
    rooms.outside.fail("before", "commit", StoreUnavailable("down"))
    with pytest.raises(StoreUnavailable):
        heard(rooms).deleted("demo", ROOM.id)


def test_the_log_names_the_solution_and_no_event(rooms: Desk) -> None:
    rooms.put()
    with Log() as log:
        heard(rooms).deleted("demo", ROOM.id)
    assert log.lines == ["lost: demo: deleted-there"]


def test_who_took_our_access_away_is_told_to_the_tokens(rooms: Desk) -> None:
    tokens = Removed()
    assert heard(rooms, tokens).deauthorised("zoom", "zoom-user-7", rooms.clock.now()) == 3
    assert tokens.told == [("zoom", "zoom-user-7", rooms.clock.now())]


def test_where_nobody_connects_nobody_is_purged(rooms: Desk) -> None:
    assert heard(rooms).deauthorised("zoom", "zoom-user-7", None) == 0


def test_a_call_is_spent_once(rooms: Desk) -> None:
    calls = heard(rooms)
    assert not calls.is_spent("call")
    assert calls.spend("call", rooms.clock.now() + HOUR)
    assert calls.is_spent("call")
    assert not calls.spend("call", rooms.clock.now() + HOUR)

"""A claim is one compare-and-set: one holder at a time, every end recorded, nothing lost to a later holder."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from conference.create import Claim, Offer, Wanted
from conference.data import ConferenceData, EntryPoint, Parameter
from conference.errors import Temporary
from conference.event import placeholder
from conference.identity import User
from conference.providers.base import Conference
from conference.solution import Solution
from sync import records
from sync.claims import StoredClaims
from sync.records import MAPPINGS, MappingRecord, State
from sync.store import Create, Replace
from sync.store.sqlite import SqliteStore
from tests.world import MovedClock

ADA = User("1", "ada@example.com", "example.com")
DEMO = Solution("demo", "Demo", "logo", "demo", None)
WANTED = Wanted(ADA, DEMO, ADA.email, "event-1", "token")
KEY = records.key(WANTED.calendar, WANTED.event, DEMO.id)


class Desk:
    """The claims over a store, and one clock."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.clock = MovedClock()
        self._attempts = iter(range(1, 1000))
        self.claims = StoredClaims(store, self.clock, lambda: f"attempt-{next(self._attempts)}", lambda: 0.5)

    def taken(self) -> Claim:
        claim = self.claims.take(WANTED)
        assert isinstance(claim, Claim)
        return claim

    def mapping(self) -> MappingRecord:
        document = self.store.get(MAPPINGS, KEY)
        assert document
        return records.mapping(document.body)

    def become(self, state: State, **changes: object) -> None:
        """Bring the mapping into a state that a later part of its life would."""
        document = self.store.get(MAPPINGS, KEY)
        assert document
        record = msgspec.structs.replace(records.mapping(document.body), state=state, **changes)
        self.store.commit([Replace(document, records.to_body(record))])

    def offer(self, room: str = "room-1") -> Offer:
        answer = ConferenceData(
            room, "demo", (EntryPoint("VIDEO", "https://x.example/r"),), (Parameter("anyroom", KEY),)
        )
        event = placeholder(ADA.email, "event-1", self.clock.now())
        return Offer(WANTED, Conference(room, answer.entry_points), answer, event, ADA)

    def orphans(self) -> list[str]:
        later = self.clock.now() + timedelta(days=99)
        return [document.body["attempt"] for document in self.store.due(records.ORPHANS, later, 9)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    store = SqliteStore(str(tmp_path / "anyroom.db"))
    yield Desk(store)
    store.close()


def test_only_one_may_hold_a_claim(desk: Desk) -> None:
    assert desk.taken().resumed is False
    assert desk.claims.take(WANTED) is None


def test_an_expired_claim_is_taken_over_under_the_same_attempt(desk: Desk) -> None:
    first = desk.taken()
    desk.clock.advance(61)
    second = desk.taken()
    assert (second.attempt, second.resumed) == (first.attempt, True)
    assert desk.claims.take(WANTED) is None


def test_what_was_answered_is_answered_again(desk: Desk) -> None:
    offer = desk.offer()
    assert desk.claims.record(desk.taken(), offer) == offer.answer
    assert desk.claims.take(WANTED) == offer.answer
    assert desk.mapping().state == "offered"


def test_a_conference_about_to_leave_becomes_what_it_was(desk: Desk) -> None:
    offer = desk.offer()
    desk.claims.record(desk.taken(), offer)
    for seen, was in ((False, "offered"), (True, "live")):
        desk.become("leaving", seen=seen)
        assert desk.claims.take(WANTED) == offer.answer
        assert desk.mapping().state == was


def test_a_conference_that_is_being_deleted_is_waited_for(desk: Desk) -> None:
    desk.claims.record(desk.taken(), desk.offer())
    desk.become("deleting")
    assert desk.claims.take(WANTED) is None


@pytest.mark.parametrize("end", ["failed", "unmanaged", "lost"])
def test_an_end_gives_way_to_a_new_attempt_in_the_same_record(desk: Desk, end: State) -> None:
    first = desk.taken()
    desk.claims.record(first, desk.offer())
    desk.become(end)
    again = desk.taken()
    assert (again.mapping, again.resumed) == (first.mapping, False)
    assert again.attempt != first.attempt


@pytest.mark.parametrize("end", ["failed", "unmanaged", "lost"])
def test_a_failure_after_an_end_leaves_the_end_as_it_was(desk: Desk, end: State) -> None:
    desk.claims.record(desk.taken(), desk.offer())
    desk.become(end)
    desk.claims.free(desk.taken(), uncertain=False)
    assert (desk.mapping().state, desk.mapping().conference) == (end, "room-1")


def test_a_freed_claim_leaves_nothing(desk: Desk) -> None:
    desk.claims.free(desk.taken(), uncertain=False)
    assert desk.store.get(MAPPINGS, KEY) is None


def test_an_uncertain_claim_is_freed_for_the_same_attempt(desk: Desk) -> None:
    first = desk.taken()
    desk.claims.free(first, uncertain=True)
    desk.clock.advance(0.001)
    second = desk.taken()
    assert (second.attempt, second.resumed) == (first.attempt, True)


def test_a_failure_is_kept_with_its_reason_and_an_uncertain_one_is_listed(desk: Desk) -> None:
    claim = desk.taken()
    desk.claims.fail(claim, "too-long", uncertain=True)
    assert (desk.mapping().state, desk.mapping().reason) == ("failed", "too-long")
    assert desk.orphans() == [claim.attempt]


def test_a_restart_lists_the_old_attempt_and_goes_on_under_a_new_one(desk: Desk) -> None:
    first = desk.taken()
    second = desk.claims.restart(first)
    assert desk.orphans() == [first.attempt]
    assert desk.mapping().attempt == second.attempt != first.attempt
    assert desk.claims.record(second, desk.offer()) == desk.offer().answer


def test_who_lost_the_claim_gives_the_answer_of_who_has_it(desk: Desk) -> None:
    slow = desk.taken()
    desk.clock.advance(61)
    quick = desk.claims.restart(desk.taken())
    stands = desk.claims.record(quick, desk.offer("theirs"))
    assert desk.claims.record(slow, desk.offer("mine")) == stands
    assert desk.orphans() == [slow.attempt]


def test_who_lost_the_claim_to_one_still_at_work_is_asked_to_try_again(desk: Desk) -> None:
    slow = desk.taken()
    desk.clock.advance(61)
    desk.taken()
    with pytest.raises(Temporary):
        desk.claims.record(slow, desk.offer())


def test_an_end_that_comes_too_late_changes_nothing(desk: Desk) -> None:
    slow = desk.taken()
    desk.clock.advance(61)
    quick = desk.taken()
    desk.claims.free(slow, uncertain=False)
    desk.claims.fail(slow, "late", uncertain=False)
    assert desk.mapping().state == "claimed"
    desk.claims.record(quick, desk.offer())
    assert desk.mapping().state == "offered"


def test_the_calendars_record_may_change_meanwhile(desk: Desk) -> None:
    claim = desk.taken()
    known = records.CalendarRecord(calendar=ADA.email)
    desk.store.commit([Create(records.CALENDARS, records.key(ADA.email), records.to_body(known))])
    desk.claims.record(claim, desk.offer())
    document = desk.store.get(records.CALENDARS, records.key(ADA.email))
    assert document
    assert document.body["keeper"] == {"sub": "1", "email": ADA.email}


def test_fields_of_a_later_version_survive_a_change_of_keeper(desk: Desk) -> None:
    known = {**records.to_body(records.CalendarRecord(calendar=ADA.email)), "cursor": "token", "v": 2}
    desk.store.commit([Create(records.CALENDARS, records.key(ADA.email), known)])
    desk.claims.record(desk.taken(), desk.offer())
    document = desk.store.get(records.CALENDARS, records.key(ADA.email))
    assert document
    assert (document.body["cursor"], document.body["v"]) == ("token", 2)


def test_keys_are_hashes_that_keep_their_parts_apart() -> None:
    assert records.key("ab", "c", "d") != records.key("a", "bc", "d")
    assert ADA.email not in KEY
    assert KEY.isalnum()
    assert len(KEY) == 32


def test_everything_is_due_some_time_and_not_all_at_once(desk: Desk) -> None:
    until = desk.taken()
    claimed = desk.mapping()
    assert claimed.until
    assert claimed.due
    assert claimed.until <= claimed.due <= claimed.until + timedelta(seconds=15)
    desk.claims.record(until, desk.offer())
    due = desk.mapping().due
    assert due
    assert timedelta(hours=18) <= due - desk.clock.now() <= timedelta(hours=30)

"""A claim is one compare-and-set: one holder at a time, every end recorded, nothing lost to a later holder."""

import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from conference.clock import Deadline, SystemClock
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
from sync.store import Create, Replace, Store
from sync.store.sqlite import SqliteStore
from tests.linkless import NO_LINKS
from tests.outside import Outside, SeenStore
from tests.world import MovedClock

ADA = User("1", "ada@example.com", "example.com")
DEMO = Solution("demo", "Demo", "logo", "demo", None)
WANTED = Wanted(ADA, DEMO, ADA.email, "event-1", "token")
KEY = records.key(WANTED.calendar, WANTED.event, DEMO.id)


def soon() -> Deadline:
    """A request that has only begun."""
    return Deadline(SystemClock(), 15.0)


class Desk:
    """The claims over a store, and one clock; `outside` lets another desk act before or after an operation of ours."""

    def __init__(self, store: Store, clock: MovedClock | None = None, name: str = "attempt") -> None:
        self.store = store
        self.clock = clock or MovedClock()
        self.outside = Outside()
        attempts = (f"{name}-{number}" for number in itertools.count(1))
        seen = SeenStore(store, self.outside, local=True)
        self.claims = StoredClaims(seen, self.clock, lambda: next(attempts), lambda: 0.5, NO_LINKS)

    def another(self) -> "Desk":
        """The desk of another instance on the same store."""
        return Desk(self.store, self.clock, "other")

    def meanwhile(self, call: str, act: Callable[[], object]) -> None:
        """Have somebody act just before our next such operation."""
        acts = iter([act])

        def once() -> None:
            for happens in acts:
                happens()

        self.outside.on("before", call, once)

    def taken(self) -> Claim:
        claim = self.claims.take(WANTED, soon())
        assert isinstance(claim, Claim)
        return claim

    def mapping(self) -> MappingRecord:
        document = self.store.get(MAPPINGS, KEY)
        assert document
        return records.mapping(document)

    def become(self, state: State, **changes: object) -> None:
        """Bring the mapping into a state that a later part of its life would."""
        document = self.store.get(MAPPINGS, KEY)
        assert document
        record = msgspec.structs.replace(records.mapping(document), state=state, **changes)
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
    assert desk.claims.take(WANTED, soon()) is None


def test_an_expired_claim_is_taken_over_under_the_same_attempt(desk: Desk) -> None:
    first = desk.taken()
    desk.clock.advance(61)
    second = desk.taken()
    assert (second.attempt, second.resumed) == (first.attempt, True)
    assert desk.claims.take(WANTED, soon()) is None


def test_what_was_answered_is_answered_again(desk: Desk) -> None:
    offer = desk.offer()
    assert desk.claims.record(desk.taken(), offer, soon()) == offer.answer
    assert desk.claims.take(WANTED, soon()) == offer.answer
    assert desk.mapping().state == "offered"


@pytest.mark.parametrize("state", ["live", "leaving"])
def test_a_conference_that_is_chosen_again_waits_to_be_seen_on_the_event(desk: Desk, state: State) -> None:
    offer = desk.offer()
    desk.claims.record(desk.taken(), offer, soon())
    desk.become(state, seen=True, look="x", until=desk.clock.now())
    assert desk.claims.take(WANTED, soon()) == offer.answer
    mapping = desk.mapping()
    assert (mapping.state, mapping.seen, mapping.look, mapping.until) == ("offered", False, "", None)


def test_a_conference_that_is_being_deleted_is_waited_for(desk: Desk) -> None:
    desk.claims.record(desk.taken(), desk.offer(), soon())
    desk.become("deleting")
    assert desk.claims.take(WANTED, soon()) is None


@pytest.mark.parametrize("end", ["failed", "unmanaged", "lost"])
def test_an_end_gives_way_to_a_new_attempt_in_the_same_record(desk: Desk, end: State) -> None:
    first = desk.taken()
    desk.claims.record(first, desk.offer(), soon())
    desk.become(end)
    again = desk.taken()
    assert (again.mapping, again.resumed) == (first.mapping, False)
    assert again.attempt != first.attempt


@pytest.mark.parametrize("end", ["failed", "unmanaged", "lost"])
def test_a_failure_after_an_end_leaves_the_end_as_it_was(desk: Desk, end: State) -> None:
    desk.claims.record(desk.taken(), desk.offer(), soon())
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
    second = desk.claims.restart(first, ADA)
    assert desk.orphans() == [first.attempt]
    assert desk.mapping().attempt == second.attempt != first.attempt
    assert desk.claims.record(second, desk.offer(), soon()) == desk.offer().answer


def test_who_lost_the_claim_gives_the_answer_of_who_has_it(desk: Desk) -> None:
    slow = desk.taken()
    desk.clock.advance(61)
    quick = desk.claims.restart(desk.taken(), ADA)
    stands = desk.claims.record(quick, desk.offer("theirs"), soon())
    assert desk.claims.record(slow, desk.offer("mine"), soon()) == stands
    assert desk.orphans() == [slow.attempt]


def test_who_lost_the_claim_to_one_still_at_work_is_asked_to_try_again(desk: Desk) -> None:
    slow = desk.taken()
    desk.clock.advance(61)
    desk.taken()
    with pytest.raises(Temporary):
        desk.claims.record(slow, desk.offer(), soon())


def test_an_end_that_comes_too_late_changes_nothing(desk: Desk) -> None:
    slow = desk.taken()
    desk.clock.advance(61)
    quick = desk.taken()
    desk.claims.free(slow, uncertain=False)
    desk.claims.fail(slow, "late", uncertain=False)
    assert desk.mapping().state == "claimed"
    desk.claims.record(quick, desk.offer(), soon())
    assert desk.mapping().state == "offered"


def test_a_restart_that_was_overtaken_changes_nothing(desk: Desk) -> None:
    slow = desk.taken()
    desk.clock.advance(61)
    desk.another().taken()
    stands = desk.mapping()
    with pytest.raises(Temporary, match="overtaken"):
        desk.claims.restart(slow, ADA)
    assert (desk.mapping(), desk.orphans()) == (stands, [])


def test_a_claim_that_is_gone_by_the_time_it_is_read_can_be_had_the_next_time(desk: Desk) -> None:
    other = desk.another()
    theirs = other.taken()
    desk.meanwhile("get mapping", lambda: other.claims.free(theirs, uncertain=False))
    assert desk.claims.take(WANTED, soon()) is None
    assert desk.store.get(MAPPINGS, KEY) is None
    assert desk.taken().resumed is False


def test_of_two_who_take_an_expired_claim_over_one_gets_it(desk: Desk) -> None:
    first = desk.taken()
    desk.clock.advance(61)
    others: list[Claim] = []
    desk.meanwhile("commit replace mapping", lambda: others.append(desk.another().taken()))
    assert desk.claims.take(WANTED, soon()) is None
    assert [(claim.attempt, claim.resumed) for claim in others] == [(first.attempt, True)]
    assert desk.another().claims.record(others[0], desk.offer(), soon()) == desk.claims.take(WANTED, soon())


@pytest.mark.parametrize("end", ["failed", "unmanaged", "lost"])
def test_of_two_who_begin_anew_after_an_end_one_gets_the_claim(desk: Desk, end: State) -> None:
    desk.claims.record(desk.taken(), desk.offer(), soon())
    desk.become(end)
    others: list[Claim] = []
    desk.meanwhile("commit replace mapping", lambda: others.append(desk.another().taken()))
    assert desk.claims.take(WANTED, soon()) is None
    assert [claim.attempt for claim in others] == [desk.mapping().attempt]


def test_of_two_who_want_a_leaving_conference_again_both_get_it(desk: Desk) -> None:
    offer = desk.offer()
    desk.claims.record(desk.taken(), offer, soon())
    desk.become("leaving")
    desk.meanwhile("commit replace mapping", lambda: desk.another().claims.take(WANTED, soon()))
    assert desk.claims.take(WANTED, soon()) is None
    assert desk.mapping().state == "offered"
    assert desk.claims.take(WANTED, soon()) == offer.answer


def test_a_leaving_conference_that_a_worker_begins_to_delete_is_waited_for(desk: Desk) -> None:
    desk.claims.record(desk.taken(), desk.offer(), soon())
    desk.become("leaving")
    desk.meanwhile("commit replace mapping", lambda: desk.become("deleting"))
    assert desk.claims.take(WANTED, soon()) is None
    assert (desk.claims.take(WANTED, soon()), desk.mapping().state) == (None, "deleting")


def test_a_record_whose_claim_is_gone_is_listed(desk: Desk) -> None:
    claim = desk.taken()
    desk.another().claims.free(claim, uncertain=False)
    with pytest.raises(Temporary, match="overtaken"):
        desk.claims.record(claim, desk.offer(), soon())
    assert (desk.store.get(MAPPINGS, KEY), desk.orphans()) == (None, [claim.attempt])


def test_a_calendar_that_changes_before_every_commit_keeps_the_claim(desk: Desk) -> None:
    claim = desk.taken()
    key = records.key(ADA.email)
    desk.store.commit([Create(records.CALENDARS, key, records.to_body(records.CalendarRecord(calendar=ADA.email)))])

    def change() -> None:
        document = desk.store.get(records.CALENDARS, key)
        assert document
        desk.store.commit([Replace(document, document.body)])

    desk.outside.on("before", "commit replace mapping", change)
    with pytest.raises(Temporary, match="contention"):
        desk.claims.record(claim, desk.offer(), soon())
    assert (desk.mapping().state, desk.mapping().attempt, desk.orphans()) == ("claimed", claim.attempt, [])
    desk.outside.on("before", "", lambda: None)
    assert desk.claims.record(claim, desk.offer(), soon()) == desk.offer().answer


def test_the_calendars_record_may_change_meanwhile(desk: Desk) -> None:
    claim = desk.taken()
    known = records.CalendarRecord(calendar=ADA.email)
    desk.store.commit([Create(records.CALENDARS, records.key(ADA.email), records.to_body(known))])
    desk.claims.record(claim, desk.offer(), soon())
    document = desk.store.get(records.CALENDARS, records.key(ADA.email))
    assert document
    assert document.body["keeper"] == {"sub": "1", "email": ADA.email}


def test_fields_of_a_later_version_survive_a_change_of_keeper(desk: Desk) -> None:
    known = {**records.to_body(records.CalendarRecord(calendar=ADA.email)), "later": "text"}
    desk.store.commit([Create(records.CALENDARS, records.key(ADA.email), known)])
    desk.claims.record(desk.taken(), desk.offer(), soon())
    document = desk.store.get(records.CALENDARS, records.key(ADA.email))
    assert document
    assert document.body["later"] == "text"


@pytest.mark.parametrize(("proved", "anew"), [(True, True), (False, False)], ids=["keeper", "no keeper"])
def test_a_refused_keeper_who_creates_again_makes_the_calendar_followed_anew(
    desk: Desk, proved: bool, anew: bool
) -> None:
    keeper = records.Keeper(ADA.sub, ADA.email)
    refused = records.CalendarRecord(calendar=ADA.email, keeper=keeper, cursor="old", refused=True)
    key = records.key(ADA.email)
    desk.store.commit([Create(records.CALENDARS, key, records.to_body(refused))])
    offer = msgspec.structs.replace(desk.offer(), keeper=ADA if proved else None)
    desk.claims.record(desk.taken(), offer, soon())
    document = desk.store.get(records.CALENDARS, key)
    assert document
    record = records.calendar(document.body)
    assert (record.refused, record.cursor, record.due is not None) == (not anew, "" if anew else "old", anew)
    assert record.keeper == keeper


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
    desk.claims.record(until, desk.offer(), soon())
    due = desk.mapping().due
    assert due
    assert timedelta(hours=18) <= due - desk.clock.now() <= timedelta(hours=30)


def test_a_room_that_was_unmanaged_is_listed_when_a_new_one_takes_its_place(desk: Desk) -> None:
    first = desk.taken()
    desk.claims.record(first, desk.offer("old"), soon())
    desk.become("unmanaged")
    desk.claims.record(desk.taken(), desk.offer("new"), soon())
    assert desk.orphans() == [first.attempt]


def test_two_rooms_of_one_attempt_are_not_taken_for_one(desk: Desk) -> None:
    slow = desk.taken()
    desk.clock.advance(61)
    quick = desk.taken()
    stands = desk.claims.record(quick, desk.offer("theirs"), soon())
    assert desk.claims.record(slow, desk.offer("mine"), soon()) == stands
    assert desk.orphans() == [slow.attempt]


def test_a_claim_is_not_taken_when_there_is_no_time_to_use_it(desk: Desk) -> None:
    desk.claims.record(desk.taken(), desk.offer(), soon())
    with pytest.raises(Temporary):
        desk.claims.take(WANTED, Deadline(SystemClock(), 0.0))

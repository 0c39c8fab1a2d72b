"""What is stored of one user is shown to them, taken up when they connect, and erased whole: nobody else's, ever."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from conference.errors import Temporary
from conference.identity import User
from conference.settings_page import Troubled
from sync import records
from sync.apply import THERE
from sync.records import CALENDARS, MAPPINGS, ORPHANS, CalendarRecord, Channel, Keeper, Lease, MappingRecord, Parked
from sync.store import Create, Document, Replace, Store
from sync.users import StoredOfUsers
from tests.contracts.conftest import place as place
from tests.contracts.place import Place
from tests.emulator import firestore_emulator as firestore_emulator
from tests.outside import Outside, SeenStore
from tests.world import MovedClock

ADA = User("1001", "ada@example.com", "example.com")
BOB = User("1002", "bob@example.com", "example.com")
TEAM = "team@group.calendar.example.com"
FAR = datetime(9000, 1, 1, tzinfo=UTC)
SOON = datetime(2030, 5, 1, 9, tzinfo=UTC)


class Desk:
    """The store, what is done to it seen, and short ways to fill it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = MovedClock()
        self.outside = Outside()
        self.users = StoredOfUsers(SeenStore(store, self.outside, local=True), self.clock)

    def mapping(self, event: str, user: User = ADA, calendar: str = "", **fields: Any) -> str:
        """Keep a live mapping with those fields: its key."""
        calendar = calendar or user.email
        key = records.key(calendar, event, "zoom")
        known: dict[str, Any] = {"state": "live", "solution": "zoom", "account": user.email, "due": FAR, **fields}
        record = MappingRecord(
            calendar=calendar, event=event, user=user.sub, attempt=f"attempt-{event}", pointer=key, **known
        )
        self.store.commit([Create(MAPPINGS, key, records.to_body(record))])
        return key

    def calendar(self, calendar: str, keeper: User | None = None, **fields: Any) -> None:
        kept = Keeper(keeper.sub, keeper.email) if keeper else None
        record = CalendarRecord(calendar=calendar, keeper=kept, due=FAR, **fields)
        self.store.commit([Create(CALENDARS, records.key(calendar), records.to_body(record))])

    def orphan(self, event: str, user: User) -> None:
        record = records.OrphanRecord(
            calendar=user.email,
            event=event,
            solution="zoom",
            attempt=event,
            reason="x",
            since=FAR,
            user=user.sub,
            due=FAR,
        )
        self.store.commit([Create(ORPHANS, records.key(event), records.to_body(record))])

    def of_calendar(self, calendar: str) -> CalendarRecord | None:
        document = self.store.get(CALENDARS, records.key(calendar))
        return records.calendar(document.body) if document else None

    def all(self) -> list[Document]:
        return [one for kind in (MAPPINGS, CALENDARS, ORPHANS) for one in self.store.due(kind, FAR, 1000)]

    def meanwhile(self, call: str, act: Callable[[], object], times: int = 1) -> None:
        """Have somebody act just before our next such operations."""
        acts = iter([act] * times)
        self.outside.on("before", call, lambda: next(acts, lambda: None)())

    def touch(self, kind: str, key: str) -> None:
        document = self.store.get(kind, key)
        assert document
        self.store.commit([Replace(document, {**document.body, "tries": 7, "failures": 7})])


@pytest.fixture
def desk(place: Place) -> Desk:
    return Desk(place.open())


def told(start: datetime, **more: object) -> dict[str, Any]:
    return {"start": start.isoformat(), **more}


PARKED = Parked({"summary": "Plan"}, ["summary"], 1, SOON)


@pytest.mark.parametrize(
    ("fields", "state", "title"),
    [
        ({"parked": PARKED}, "parked", "Plan"),
        ({"state": "lost", "reason": "deleted"}, "lost", ""),
        ({"state": "lost", "reason": THERE}, "gone_there", ""),
        ({"state": "unmanaged", "reason": "connection-gone"}, "unmanaged", ""),
    ],
)
def test_what_needs_attention_is_shown_with_its_reason(
    desk: Desk, fields: dict[str, Any], state: Any, title: str
) -> None:
    desk.mapping("event", told=told(SOON), **fields)
    assert desk.users.troubled(ADA) == [Troubled(title, SOON, "zoom", state)]
    assert desk.users.troubled(BOB) == []


@pytest.mark.parametrize("state", ["claimed", "offered", "live", "leaving", "deleting", "gone", "failed"])
def test_what_goes_its_way_is_not_shown(desk: Desk, state: str) -> None:
    desk.mapping("event", state=state)
    assert desk.users.troubled(ADA) == []


def test_conferences_on_a_calendar_that_cannot_be_read_are_shown_while_they_live(desk: Desk) -> None:
    desk.calendar(TEAM, BOB, refused=True)
    for state in ("offered", "live", "leaving", "gone", "failed"):
        desk.mapping(f"event-{state}", calendar=TEAM, state=state)
    desk.mapping("elsewhere")
    assert [one.state for one in desk.users.troubled(ADA)] == ["unreachable"] * 3


def test_the_soonest_come_first_and_those_without_a_time_last(desk: Desk) -> None:
    for day, more in ((3, {}), (1, {}), (2, {"recurrence": ["RRULE:FREQ=DAILY"]})):
        desk.mapping(f"event-{day}", state="unmanaged", told=told(SOON + timedelta(days=day), **more))
    desk.mapping("untold", state="unmanaged")
    starts = [one.start for one in desk.users.troubled(ADA)]
    assert starts == [SOON + timedelta(days=1), SOON + timedelta(days=3), None, None]


def test_at_most_fifty_are_shown(desk: Desk) -> None:
    for number in range(60):
        desk.mapping(f"event-{number}", state="unmanaged")
    assert len(desk.users.troubled(ADA)) == 50


def test_connecting_has_the_sweep_take_up_that_solutions_conferences_now(desk: Desk) -> None:
    zoom = desk.mapping("one", state="unmanaged")
    others = [
        desk.mapping("two", state="unmanaged", solution="webex"),
        desk.mapping("three"),
        desk.mapping("four", BOB, state="unmanaged"),
    ]
    desk.users.take_up(ADA, "zoom")
    due = {one.key: one.body["due"] for one in desk.store.due(MAPPINGS, FAR, 9)}
    assert due[zoom] <= desk.clock.now()
    assert [due[key] for key in others] == [FAR] * 3


def test_what_changes_meanwhile_is_not_taken_up_by_force(desk: Desk) -> None:
    key = desk.mapping("one", state="unmanaged")
    desk.meanwhile("commit", lambda: desk.touch(MAPPINGS, key))
    desk.users.take_up(ADA, "zoom")
    document = desk.store.get(MAPPINGS, key)
    assert document
    assert (document.body["tries"], document.body["due"]) == (7, FAR)


def filled(desk: Desk) -> list[Document]:
    """Documents of Ada's and Bob's; those that must stay just as they are."""
    desk.mapping("mine")
    desk.mapping("mine-on-bobs", calendar=BOB.email)
    desk.orphan("orphan", ADA)
    desk.calendar(ADA.email, ADA)
    before = {(one.kind, one.key) for one in desk.all()}
    desk.mapping("bobs", BOB)
    desk.orphan("bobs-orphan", BOB)
    desk.calendar(BOB.email, BOB)
    return [one for one in desk.all() if (one.kind, one.key) not in before]


def test_erasing_leaves_no_word_of_the_user_and_everybody_elses_as_it_was(desk: Desk) -> None:
    others = filled(desk)
    desk.users.forget(ADA)
    assert [(one.kind, one.key, one.body) for one in desk.all()] == [(one.kind, one.key, one.body) for one in others]
    assert not any(word in str(one.body) for one in desk.all() for word in (ADA.sub, ADA.email))


def test_a_calendar_with_others_conferences_waits_for_another_keeper(desk: Desk) -> None:
    desk.calendar(TEAM, ADA, cursor="token", lease=Lease("me", FAR, 4))
    desk.mapping("mine", calendar=TEAM, keeper=ADA.sub)
    bobs = desk.mapping("bobs", BOB, calendar=TEAM, keeper=ADA.sub)
    desk.users.forget(ADA)
    calendar, left = desk.of_calendar(TEAM), desk.store.get(MAPPINGS, bobs)
    assert calendar
    assert (calendar.keeper, calendar.cursor, calendar.lease) == (None, "", Lease("", calendar.lease.until, 5))  # type: ignore[union-attr]  # it has one
    assert left
    assert (left.body["keeper"], left.body["user"]) == ("", BOB.sub)
    assert ADA.sub not in str([one.body for one in desk.all()])


def test_a_calendar_that_is_kept_by_somebody_else_is_left_to_them(desk: Desk) -> None:
    desk.calendar(TEAM, BOB, cursor="token")
    desk.mapping("mine", calendar=TEAM, keeper=BOB.sub)
    desk.mapping("bobs", BOB, calendar=TEAM, keeper=BOB.sub)
    desk.users.forget(ADA)
    calendar = desk.of_calendar(TEAM)
    assert calendar
    assert (calendar.keeper, calendar.cursor) == (Keeper(BOB.sub, BOB.email), "token")


def test_channels_that_the_user_opened_are_forgotten_with_them(desk: Desk) -> None:
    mine, theirs = (Channel(f"id-{user.sub}", "t", "a", user.sub, SOON, FAR) for user in (ADA, BOB))
    desk.calendar(TEAM, BOB, channel=mine, previous_channels=[mine, theirs])
    desk.mapping("mine", calendar=TEAM)
    desk.mapping("bobs", BOB, calendar=TEAM)
    desk.users.forget(ADA)
    calendar = desk.of_calendar(TEAM)
    assert calendar
    assert (calendar.channel, calendar.previous_channels) == (None, [theirs])


def test_more_than_a_page_is_erased(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.store.find_all.PAGE", 3)
    for number in range(8):
        desk.mapping(f"event-{number}")
        desk.mapping(f"kept-{number}", BOB, calendar=TEAM, keeper=ADA.sub)
    desk.users.forget(ADA)
    left = [msgspec.convert(one.body, MappingRecord) for one in desk.all()]
    assert [(one.user, one.keeper) for one in left] == [(BOB.sub, "")] * 8


@pytest.mark.parametrize("call", ["commit delete mapping", "commit delete calendar"])
def test_what_changes_meanwhile_is_erased_all_the_same(desk: Desk, call: str) -> None:
    key = desk.mapping("event")
    desk.calendar(ADA.email, ADA)
    kind = call.rpartition(" ")[2]
    desk.meanwhile(call, lambda: desk.touch(kind, key if kind == MAPPINGS else records.key(ADA.email)))
    desk.users.forget(ADA)
    assert desk.all() == []


def test_what_never_stands_still_is_told(desk: Desk) -> None:
    key = desk.mapping("event")
    desk.meanwhile("commit delete mapping", lambda: desk.touch(MAPPINGS, key), times=99)
    with pytest.raises(Temporary, match="contention"):
        desk.users.forget(ADA)

"""A look decides one event by itself: one that fails holds up no other, and nothing is deleted that is still used."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from conference.clock import Deadline
from conference.errors import ConferenceFailure, OverQuota, Permanent, PermissionDenied, Temporary
from sync.calendar import UNAUTHENTICATED
from sync.look import Looker
from sync.outside import KEPT
from sync.records import MAPPINGS
from sync.row import Row, vanished
from tests.sync.rooms import HOUR, KEY, Desk

MINUTE = timedelta(minutes=1)
Shown = Mapping[str, Row | ConferenceFailure]


def looker(rooms: Desk, shown: Shown, series: tuple[Row, ...] | None = None) -> Looker:
    """What looks in a new run, at events that Calendar shows so, and at a series that is asked for or must not be."""

    def look(event: str) -> Row:
        row = shown[event]
        if isinstance(row, ConferenceFailure):
            raise row
        return row

    def of_series(uid: str) -> tuple[Row, ...]:
        assert series is not None, "nobody wants to know"
        return series

    deadline = Deadline(rooms.clock, 100.0)
    return Looker(KEY, rooms.applier(deadline=deadline), rooms.ports, deadline, look, of_series)


def leaving(rooms: Desk, event: str = "e", **changes: Any) -> None:
    """A mapping whose conference may be deleted now."""
    now = rooms.clock.now()
    rooms.put(event, **{"state": "leaving", "reason": "removed", "until": now, "due": now, "look": KEY, **changes})


@pytest.mark.parametrize("failure", [Permanent("calendar-refused"), PermissionDenied("x"), Temporary("y")], ids=repr)
def test_a_look_that_fails_for_one_event_is_put_off_and_holds_up_no_other(
    rooms: Desk, failure: ConferenceFailure
) -> None:
    leaving(rooms, "bad", conference="room-2", room="2")
    leaving(rooms, "good")
    looking = looker(rooms, {"bad": failure, "good": vanished("good")})
    for event in ("bad", "good"):
        looking.look(rooms.one(event))
    bad = rooms.of("bad")
    assert (bad.state, bad.reason, bad.tries, bad.look) == ("leaving", failure.reason, 1, KEY)
    assert bad.due == bad.until == rooms.clock.now() + MINUTE
    assert (rooms.of("good").state, rooms.asked) == ("gone", ["delete"])


def test_an_event_that_cannot_be_looked_at_leaves_no_sooner_for_it(rooms: Desk) -> None:
    until = rooms.clock.now() + HOUR
    leaving(rooms, until=until)
    looker(rooms, {"e": Temporary("y")}).look(rooms.one())
    assert (rooms.of().until, rooms.of().due) == (until, until)


@pytest.mark.parametrize(
    "failure", [OverQuota("calendar-unavailable", "", "user"), PermissionDenied(UNAUTHENTICATED)], ids=repr
)
def test_what_speaks_of_the_calendar_and_not_of_the_event_ends_the_run(rooms: Desk, failure: ConferenceFailure) -> None:
    leaving(rooms)
    before = rooms.of()
    with pytest.raises(type(failure)):
        looker(rooms, {"e": failure}).look(rooms.one())
    assert rooms.of() == before


def test_a_look_that_fails_while_the_mapping_changes_is_left_to_the_next_run(rooms: Desk) -> None:
    leaving(rooms)
    read = rooms.one()
    rooms.change(MAPPINGS, read.key, state="live")
    looker(rooms, {"e": Temporary("y")}).look(read)
    assert (rooms.of().state, rooms.of().tries) == ("live", 0)


@pytest.mark.parametrize("days", [10, None], ids=["known", "unknown"])
def test_a_deleted_conference_that_was_looked_at_is_forgotten_when_it_was_to_be(rooms: Desk, days: int | None) -> None:
    forget = rooms.clock.now() + timedelta(days=days) if days else None
    leaving(rooms, state="gone", forget=forget)
    looker(rooms, {"e": vanished("e")}).look(rooms.one())
    assert (rooms.of().look, rooms.of().until, rooms.of().forget) == ("", None, forget)
    assert rooms.of().due == (forget or rooms.clock.now() + KEPT)


def test_what_ended_otherwise_is_due_when_it_was(rooms: Desk) -> None:
    due = rooms.clock.now() + HOUR
    leaving(rooms, state="lost", due=due, forget=due + HOUR)
    looker(rooms, {"e": vanished("e")}).look(rooms.one())
    assert (rooms.of().look, rooms.of().due) == ("", due)


def series_of(rooms: Desk) -> dict[str, Any]:
    """What a mapping of a series says."""
    return {"told": rooms.event(recurrence=("RRULE:FREQ=DAILY;COUNT=9",)).told(), "end": rooms.clock.now() - KEPT}


@pytest.mark.parametrize("reason", ["removed", "vanished"])
def test_a_series_that_is_gone_keeps_its_conference_while_an_occurrence_carries_it(rooms: Desk, reason: str) -> None:
    leaving(rooms, reason=reason, **series_of(rooms))
    looker(rooms, {"e": vanished("e")}, (rooms.row("e_1", rooms.one().key),)).look(rooms.one())
    assert (rooms.of().state, rooms.of().reason, rooms.asked) == ("leaving", "series-in-use", [])
    assert rooms.of().due == rooms.clock.now() + timedelta(days=7)


@pytest.mark.parametrize("state", ["leaving", "deleting"])
def test_a_series_that_is_over_is_deleted_whatever_its_occurrences_carry(rooms: Desk, state: str) -> None:
    leaving(rooms, state=state, reason="over", **series_of(rooms))
    looker(rooms, {"e": vanished("e")}).look(rooms.one())
    assert (rooms.of().state, rooms.of().reason, rooms.asked) == ("gone", "over", ["delete"])


@pytest.mark.parametrize(("outlives", "asked"), [(True, ["delete"]), (False, [])])
def test_a_conference_that_is_over_is_deleted_only_where_it_would_stay(
    rooms: Desk, outlives: bool, asked: list[str]
) -> None:
    rooms.declared["outlives_event"] = outlives
    leaving(rooms, reason="over")
    looker(rooms, {"e": vanished("e")}).look(rooms.one())
    assert (rooms.of().state, rooms.of().reason, rooms.asked) == ("gone", "over", asked)


def test_a_conference_that_was_taken_off_is_deleted_also_where_it_would_not_stay(rooms: Desk) -> None:
    rooms.declared["outlives_event"] = False
    leaving(rooms, reason="removed")
    looker(rooms, {"e": vanished("e")}).look(rooms.one())
    assert rooms.asked == ["delete"]

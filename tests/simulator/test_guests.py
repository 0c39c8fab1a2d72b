"""Guests have copies that follow the organizer; what they do with their copy never changes the organizer's event."""

from typing import Any

import pytest

from simulator.server import Simulator

ADA = "ada@example.com"
BOB = "bob@example.com"
EVE = "eve@example.com"
TIMED: dict[str, Any] = {
    "start": {"dateTime": "2026-03-10T10:00:00+01:00", "timeZone": "Europe/Zurich"},
    "end": {"dateTime": "2026-03-10T11:00:00+01:00", "timeZone": "Europe/Zurich"},
}
LATER = {"dateTime": "2026-03-10T12:00:00+01:00"}
DAILY: dict[str, Any] = {**TIMED, "recurrence": ["RRULE:FREQ=DAILY"]}
SECOND = {"dateTime": "2026-03-11T10:00:00+01:00", "timeZone": "Europe/Zurich"}


@pytest.fixture(autouse=True)
def _users(sim: Simulator) -> None:
    sim.add_user(BOB, time_zone="America/New_York")
    sim.add_user(EVE)


@pytest.fixture
def event(sim: Simulator) -> str:
    return invite(sim)


def invite(sim: Simulator, **more: Any) -> str:
    point = {"entryPointType": "video", "uri": "https://rooms.example/a"}
    solution = {"key": {"type": "addOn"}, "name": "Demo"}
    data = sim.conferences.signed({"conferenceId": "c1", "conferenceSolution": solution, "entryPoints": [point]})
    guests = [{"email": BOB}, {"email": "stranger@example.org"}]
    return sim.calendar.add_event(ADA, **{"summary": "Review", **TIMED, **more}, attendees=guests, conference=data)


def status(sim: Simulator, calendar: str, event: str, guest: str = BOB) -> str:
    people = sim.calendar.get(calendar, event)["attendees"]
    return next(str(person["responseStatus"]) for person in people if person["email"] == guest)


def test_a_guest_has_a_copy(sim: Simulator, event: str, caller: Any) -> None:
    original = sim.calendar.get(ADA, event)
    copy = caller(BOB)("GET", f"{BOB}/events/{event}").json()
    assert (copy["id"], copy["iCalUID"], copy["conferenceData"]) == (
        event,
        original["iCalUID"],
        original["conferenceData"],
    )
    assert copy["organizer"] == {"email": ADA}
    assert copy["start"]["dateTime"] == "2026-03-10T05:00:00-04:00"
    assert [person.get("self") for person in copy["attendees"]] == [True, None]


def test_a_copy_follows_the_organizer(sim: Simulator, event: str) -> None:
    sim.calendar.patch(ADA, event, end=LATER, location="Hall")
    sim.calendar.set_conference(ADA, event, None)
    copy = sim.calendar.get(BOB, event)
    assert (copy["end"]["dateTime"], copy["location"], "conferenceData" in copy) == (LATER["dateTime"], "Hall", False)


def test_what_concerns_one_copy_stays_there(sim: Simulator, event: str) -> None:
    own = {"useDefault": False, "overrides": [{"method": "popup", "minutes": 5}]}
    changes = sim.calendar.calendar(BOB).change
    sim.calendar.patch(ADA, event, reminders=own, colorId="7", extendedProperties={"private": {"a": "b"}})
    assert sim.calendar.calendar(BOB).change == changes
    sim.calendar.patch(BOB, event, extendedProperties={"private": {"mine": "1"}})
    sim.calendar.patch(ADA, event, extendedProperties={"shared": {"ours": "2"}})
    assert sim.calendar.get(BOB, event)["extendedProperties"] == {"private": {"mine": "1"}, "shared": {"ours": "2"}}


def test_a_cancelled_event_leaves_its_guests_the_id(sim: Simulator, event: str, caller: Any) -> None:
    sim.calendar.delete(ADA, event)
    shown = caller(BOB)("GET", f"{BOB}/events/{event}").json()
    assert {"id": event, "status": "cancelled", "etag": shown["etag"]} == shown
    sim.calendar.restore(ADA, event)
    assert sim.calendar.get(BOB, event)["summary"] == "Review"


def test_who_is_uninvited_loses_the_copy_and_who_is_invited_gets_one(sim: Simulator, event: str) -> None:
    sim.calendar.patch(ADA, event, attendees=[{"email": EVE}])
    assert sim.calendar.get(BOB, event)["status"] == "cancelled"
    assert sim.calendar.get(EVE, event)["summary"] == "Review"


@pytest.mark.parametrize("answer", ["declined", "accepted", "tentative"])
def test_an_answer_reaches_the_organizer_and_the_other_guests(sim: Simulator, event: str, answer: str) -> None:
    sim.calendar.patch(ADA, event, attendees=[{"email": BOB}, {"email": EVE}])
    sim.calendar.respond(BOB, event, answer)
    assert [status(sim, calendar, event) for calendar in (ADA, BOB, EVE)] == [answer] * 3


def test_an_answer_through_the_api_reaches_the_organizer(sim: Simulator, event: str, caller: Any) -> None:
    people = [{"email": BOB, "responseStatus": "accepted"}]
    assert caller(BOB)("PATCH", f"{BOB}/events/{event}", json={"attendees": people}).status_code == 200
    assert status(sim, ADA, event) == "accepted"
    assert len(sim.calendar.get(ADA, event)["attendees"]) == 2


def test_only_who_was_invited_can_answer(sim: Simulator, event: str) -> None:
    with pytest.raises(ValueError, match="invited"):
        sim.calendar.respond(ADA, event, "accepted")


def test_a_deleted_copy_is_declined_and_gone_from_its_calendar_only(sim: Simulator, event: str, caller: Any) -> None:
    bob = caller(BOB)
    assert bob("DELETE", f"{BOB}/events/{event}").status_code == 204
    assert bob("GET", f"{BOB}/events").json()["items"] == []
    assert (sim.calendar.get(ADA, event)["status"], status(sim, ADA, event)) == ("confirmed", "declined")
    sim.calendar.patch(ADA, event, location="Hall")
    assert sim.calendar.get(BOB, event)["status"] == "cancelled"


def test_a_renamed_copy_is_renamed_for_its_guest_only(sim: Simulator, event: str) -> None:
    sim.calendar.patch(BOB, event, summary="Boring")
    sim.calendar.patch(ADA, event, end=LATER)
    assert sim.calendar.get(ADA, event)["summary"] == "Review"
    copy = sim.calendar.get(BOB, event)
    assert (copy["summary"], copy["end"]["dateTime"]) == ("Boring", LATER["dateTime"])


def test_a_duplicated_copy_is_the_guests_own_event(sim: Simulator, event: str) -> None:
    copy = sim.calendar.duplicate(BOB, event)
    assert sim.calendar.get(BOB, copy)["organizer"]["email"] == BOB
    assert sim.calendar.get(BOB, copy)["conferenceData"] == sim.calendar.get(ADA, event)["conferenceData"]
    assert copy not in sim.calendar.calendar(ADA).events


def test_a_guest_cannot_move_the_event(sim: Simulator, event: str, caller: Any) -> None:
    sim.calendar.add_calendar("other@group.calendar.google.com", BOB)
    reply = caller(BOB)("POST", f"{BOB}/events/{event}/move?destination=other@group.calendar.google.com")
    assert (reply.status_code, reply.json()["error"]["errors"][0]["reason"]) == (403, "forbiddenForNonOrganizer")


def test_a_guests_copy_becomes_the_event_when_it_is_moved_there(sim: Simulator, event: str) -> None:
    sim.calendar.move(ADA, event, BOB)
    assert sim.calendar.get(BOB, event)["organizer"]["email"] == BOB
    assert sim.calendar.get(ADA, event)["status"] == "cancelled"


def test_occurrences_are_copied_too(sim: Simulator, caller: Any) -> None:
    series = invite(sim, **DAILY)
    moved = sim.calendar.add_occurrence(ADA, series, SECOND, summary="x")
    assert sim.calendar.get(BOB, moved)["summary"] == "x"
    sim.calendar.add_occurrence(ADA, series, SECOND, status="cancelled")
    shown = caller(BOB)("GET", f"{BOB}/events/{moved}").json()
    assert (shown["status"], shown["recurringEventId"]) == ("cancelled", series)
    sim.calendar.add_occurrence(ADA, series, SECOND)
    assert sim.calendar.get(BOB, moved)["status"] == "confirmed"


def test_an_occurrence_that_is_cancelled_at_once_is_off_for_guests(sim: Simulator) -> None:
    series = invite(sim, **DAILY)
    off = sim.calendar.add_occurrence(ADA, series, SECOND, status="cancelled")
    assert sim.calendar.get(BOB, off)["status"] == "cancelled"


def test_a_guests_own_event_of_the_same_id_is_left_alone(sim: Simulator) -> None:
    sim.calendar.add_event(BOB, id="abcdef12345", summary="Mine", **TIMED)
    sim.calendar.add_event(ADA, id="abcdef12345", attendees=[{"email": BOB}], **TIMED)
    assert sim.calendar.get(BOB, "abcdef12345")["summary"] == "Mine"

"""What a person does in the web interface leaves in the calendars what Google leaves there."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator.errors import GoogleError
from simulator.server import Simulator

ADA = "ada@example.com"
BOB = "bob@example.com"
TEAM = "team@group.calendar.google.com"
TIMED: dict[str, Any] = {
    "start": {"dateTime": "2026-03-10T10:00:00+01:00", "timeZone": "Europe/Zurich"},
    "end": {"dateTime": "2026-03-10T11:00:00+01:00", "timeZone": "Europe/Zurich"},
}
DAILY: dict[str, Any] = {**TIMED, "recurrence": ["RRULE:FREQ=DAILY"]}
POINT = {"entryPointType": "video", "uri": "https://rooms.example/a"}
SOLUTION = {"key": {"type": "addOn"}, "name": "Demo"}


def at(day: int) -> dict[str, str]:
    return {"dateTime": f"2026-03-{day}T10:00:00+01:00", "timeZone": "Europe/Zurich"}


@pytest.fixture
def conference(sim: Simulator) -> dict[str, Any]:
    return sim.conferences.signed({"conferenceId": "c1", "conferenceSolution": SOLUTION, "entryPoints": [POINT]})


@pytest.fixture
def team(sim: Simulator) -> str:
    return sim.calendar.add_calendar(TEAM, ADA, summary="Team").id


@pytest.fixture
def since(ada: Any) -> Callable[[], list[Any]]:
    """What changed on Ada's calendar since the last time."""
    token = ""

    def changed() -> list[Any]:
        nonlocal token
        page = ada("GET", f"{ADA}/events?showDeleted=true", params={"syncToken": token} if token else {}).json()
        token = page["nextSyncToken"]
        return list(page["items"])

    return changed


def test_a_restored_event_is_what_it_was(sim: Simulator) -> None:
    event = sim.calendar.add_event(ADA, summary="Review", **TIMED)
    sim.calendar.delete(ADA, event)
    restored = sim.calendar.restore(ADA, event)
    assert (restored["status"], restored["summary"]) == ("confirmed", "Review")


def test_a_stub_cannot_be_restored(sim: Simulator) -> None:
    event = sim.calendar.add_event(ADA, **TIMED)
    sim.calendar.delete(ADA, event, stub=True)
    with pytest.raises(GoogleError):
        sim.calendar.restore(ADA, event)


def test_a_purged_event_was_never_there(sim: Simulator, ada: Any, since: Any) -> None:
    event = sim.calendar.add_event(ADA, **DAILY)
    sim.calendar.add_occurrence(ADA, event, at(12), summary="x")
    with pytest.raises(ValueError, match="bin"):
        sim.calendar.purge(ADA, event)
    sim.calendar.delete(ADA, event)
    sim.calendar.purge(ADA, event)
    assert ada("GET", f"{ADA}/events/{event}").status_code == 404
    assert ada("GET", f"{ADA}/events?showDeleted=true").json()["items"] == []
    assert since() == []


def test_a_sync_token_that_has_not_told_of_a_deletion_does_not_outlive_the_bin(sim: Simulator, ada: Any) -> None:
    def listed(token: str = "") -> Any:
        return ada(
            "GET", f"{ADA}/events?showDeleted=true&syncToken={token}" if token else f"{ADA}/events?showDeleted=true"
        )

    event = sim.calendar.add_event(ADA, **TIMED)
    before = listed().json()["nextSyncToken"]
    sim.calendar.delete(ADA, event)
    after = listed(before).json()["nextSyncToken"]
    sim.calendar.purge(ADA, event)
    assert (listed(before).status_code, listed(after).json()["items"]) == (410, [])


def test_a_list_of_changes_does_not_pass_over_a_deletion_that_is_purged_between_its_pages(
    sim: Simulator, ada: Any
) -> None:
    query = f"{ADA}/events?showDeleted=true&maxResults=1"
    first, second = (sim.calendar.add_event(ADA, **TIMED) for _ in range(2))
    page = ada("GET", query).json()
    token = ada("GET", f"{query}&pageToken={page['nextPageToken']}").json()["nextSyncToken"]
    sim.calendar.patch(ADA, first, summary="Renamed")
    sim.calendar.delete(ADA, second)
    page = ada("GET", f"{query}&syncToken={token}").json()
    sim.calendar.purge(ADA, second)
    rest = f"{query}&syncToken={token}&pageToken={page['nextPageToken']}"
    assert ada("GET", rest).status_code == 410


def test_a_calendar_that_is_removed_is_reached_by_nobody(sim: Simulator, ada: Any, team: str) -> None:
    assert ada("GET", f"{team}/events").status_code == 200
    sim.calendar.remove(team)
    assert ada("GET", f"{team}/events").status_code == 404
    with pytest.raises(ValueError, match="primary"):
        sim.calendar.remove(ADA)


def test_a_discarded_draft_cannot_be_saved(sim: Simulator, ada: Any) -> None:
    draft = sim.calendar.reserve(ADA)
    sim.calendar.discard(ADA, draft)
    assert ada("GET", f"{ADA}/events/{draft}").status_code == 404
    with pytest.raises(KeyError):
        sim.calendar.save(ADA, draft, **TIMED)


def test_a_series_takes_its_occurrences_into_the_bin_and_out_of_it(sim: Simulator) -> None:
    series = sim.calendar.add_event(ADA, **DAILY)
    moved = sim.calendar.add_occurrence(ADA, series, at(12), summary="x")
    off = sim.calendar.add_occurrence(ADA, series, at(13), status="cancelled")

    def states() -> list[str]:
        return [sim.calendar.get(ADA, event)["status"] for event in (series, moved, off)]

    sim.calendar.delete(ADA, series)
    assert states() == ["cancelled", "cancelled", "cancelled"]
    sim.calendar.restore(ADA, series)
    assert states() == ["confirmed", "confirmed", "cancelled"]


def test_an_occurrence_can_be_changed_twice(sim: Simulator) -> None:
    series = sim.calendar.add_event(ADA, **DAILY)
    first = sim.calendar.add_occurrence(ADA, series, at(12), summary="x")
    same_moment = {"dateTime": "2026-03-12T09:00:00Z", "timeZone": "Europe/Zurich"}
    assert sim.calendar.add_occurrence(ADA, series, same_moment, location="y") == first
    held = sim.calendar.get(ADA, first)
    assert (held["summary"], held["location"]) == ("x", "y")


def test_only_a_series_has_occurrences(sim: Simulator) -> None:
    event = sim.calendar.add_event(ADA, **TIMED)
    with pytest.raises(ValueError, match="series"):
        sim.calendar.add_occurrence(ADA, event, at(12), summary="x")


def test_a_moved_event_leaves_only_its_id_behind(
    sim: Simulator, ada: Any, team: str, conference: Any, since: Any
) -> None:
    event = sim.calendar.add_event(ADA, summary="Review", conference=conference, **TIMED)
    before = sim.calendar.get(ADA, event)
    since()
    after = ada("POST", f"{ADA}/events/{event}/move?destination={team}").json()
    assert (after["id"], after["iCalUID"]) == (event, before["iCalUID"])
    assert after["organizer"] == {"email": team, "displayName": "Team", "self": True}
    assert after["conferenceData"] == conference
    (stub,) = since()
    assert {"id": event, "status": "cancelled", "etag": stub["etag"]} == stub


def test_a_moved_series_takes_its_occurrences_along(sim: Simulator, team: str) -> None:
    series = sim.calendar.add_event(ADA, **DAILY)
    moved = sim.calendar.add_occurrence(ADA, series, at(12), summary="x")
    sim.calendar.move(ADA, series, team)
    assert sim.calendar.get(team, moved)["summary"] == "x"
    assert sim.calendar.get(ADA, moved)["status"] == "cancelled"


def test_an_event_can_be_moved_back(sim: Simulator, team: str) -> None:
    event = sim.calendar.add_event(ADA, summary="Review", **TIMED)
    sim.calendar.move(ADA, event, team)
    sim.calendar.move(team, event, ADA)
    assert sim.calendar.get(ADA, event)["organizer"]["email"] == ADA
    assert sim.calendar.get(team, event)["status"] == "cancelled"


def test_who_is_a_guest_keeps_a_copy_of_what_was_moved_away(sim: Simulator, team: str) -> None:
    event = sim.calendar.add_event(ADA, attendees=[{"email": ADA}, {"email": BOB}], **TIMED)
    sim.calendar.move(ADA, event, team)
    copy = sim.calendar.get(ADA, event)
    assert (copy["status"], copy["organizer"]["email"]) == ("confirmed", team)


@pytest.mark.parametrize("case", ["occurrence", "deleted", "in use", "same calendar"])
def test_what_cannot_be_moved_stays(sim: Simulator, ada: Any, team: str, case: str) -> None:
    event = sim.calendar.add_event(ADA, **DAILY)
    if case == "occurrence":
        event = sim.calendar.add_occurrence(ADA, event, at(12), summary="x")
    elif case == "deleted":
        sim.calendar.delete(ADA, event)
    elif case == "in use":
        sim.calendar.add_event(team, id=event, **TIMED)
    before = sim.calendar.get(ADA, event)
    target = ADA if case == "same calendar" else team
    assert ada("POST", f"{ADA}/events/{event}/move?destination={target}").status_code in (400, 409)
    assert sim.calendar.get(ADA, event) == before


def test_a_move_needs_a_destination_that_the_caller_may_write_to(sim: Simulator, ada: Any) -> None:
    sim.add_user(BOB)
    event = sim.calendar.add_event(ADA, **TIMED)
    assert ada("POST", f"{ADA}/events/{event}/move").status_code == 400
    assert ada("POST", f"{ADA}/events/{event}/move?destination={BOB}").status_code == 404
    sim.calendar.share(BOB, ADA, "reader")
    assert ada("POST", f"{ADA}/events/{event}/move?destination={BOB}").status_code == 403


def test_a_duplicate_is_another_event_with_the_same_conference(sim: Simulator, conference: Any) -> None:
    event = sim.calendar.add_event(ADA, summary="Review", location="Hall", conference=conference, **TIMED)
    copy = sim.calendar.duplicate(ADA, event, summary="Copy")
    old, new = sim.calendar.get(ADA, event), sim.calendar.get(ADA, copy)
    assert (new["summary"], new["location"], new["conferenceData"]) == ("Copy", "Hall", conference)
    assert copy != event
    assert new["iCalUID"] != old["iCalUID"]


def test_a_split_series_is_two(sim: Simulator, ada: Any, conference: Any) -> None:
    series = sim.calendar.add_event(ADA, conference=conference, summary="Daily", **DAILY)
    kept = sim.calendar.add_occurrence(ADA, series, at(11), summary="kept")
    overridden = sim.calendar.add_occurrence(ADA, series, at(15), summary="overridden")
    rest = sim.calendar.split(ADA, series, at(14), summary="Later")
    old, new = sim.calendar.get(ADA, series), sim.calendar.get(ADA, rest)
    assert old["recurrence"] == ["RRULE:FREQ=DAILY;UNTIL=20260314T085959Z"]
    assert (new["recurrence"], new["start"], new["summary"]) == (["RRULE:FREQ=DAILY"], at(14), "Later")
    assert new["end"]["dateTime"] == "2026-03-14T11:00:00+01:00"
    assert new["conferenceData"] == old["conferenceData"] == conference
    assert [sim.calendar.get(ADA, event)["status"] for event in (kept, overridden)] == ["confirmed", "cancelled"]
    starts = [item["start"]["dateTime"][:10] for item in ada("GET", f"{ADA}/events/{series}/instances").json()["items"]]
    assert starts == [f"2026-03-{day}" for day in (10, 11, 12, 13)]


def test_a_counted_series_is_split_without_losing_an_occurrence(sim: Simulator) -> None:
    days: dict[str, Any] = {"start": {"date": "2026-03-10"}, "end": {"date": "2026-03-11"}}
    series = sim.calendar.add_event(ADA, **days, recurrence=["RRULE:FREQ=DAILY;COUNT=5"])
    rest = sim.calendar.split(ADA, series, {"date": "2026-03-13"})
    assert sim.calendar.get(ADA, series)["recurrence"] == ["RRULE:FREQ=DAILY;UNTIL=20260312"]
    assert sim.calendar.get(ADA, rest)["recurrence"] == ["RRULE:FREQ=DAILY;COUNT=2"]


def test_an_excluded_day_counts_when_a_series_is_split(sim: Simulator) -> None:
    days: dict[str, Any] = {"start": {"date": "2026-03-10"}, "end": {"date": "2026-03-11"}}
    lines = ["RRULE:FREQ=DAILY;COUNT=5", "EXDATE;VALUE=DATE:20260311"]
    series = sim.calendar.add_event(ADA, **days, recurrence=lines)
    rest = sim.calendar.split(ADA, series, {"date": "2026-03-13"})
    assert sim.calendar.get(ADA, rest)["recurrence"] == ["RRULE:FREQ=DAILY;COUNT=2", lines[1]]


@pytest.mark.parametrize("start", [at(10), {**at(12), "dateTime": "2026-03-12T11:00:00+01:00"}])
def test_a_series_is_split_at_a_later_occurrence_only(sim: Simulator, start: dict[str, str]) -> None:
    series = sim.calendar.add_event(ADA, **DAILY)
    with pytest.raises(ValueError, match="later occurrences"):
        sim.calendar.split(ADA, series, start)


def test_one_change_is_told_once_however_much_it_touches(sim: Simulator, ada: Any, team: str) -> None:
    series = sim.calendar.add_event(ADA, **DAILY)
    sim.calendar.add_occurrence(ADA, series, at(12), summary="x")
    told: list[tuple[str, bool]] = []
    sim.calendar.listeners.append(lambda calendar, by_program: told.append((calendar.id, by_program)))
    sim.calendar.move(ADA, series, team)
    assert told == [(ADA, False), (team, False)]
    ada("DELETE", f"{team}/events/{series}")
    assert told[2:] == [(team, True)]

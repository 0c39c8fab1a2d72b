"""events.list returns what its parameters ask for, in a stable order."""

from typing import Any

import pytest

from simulator.server import Simulator

ADA = "ada@example.com"


def day(number: int, **more: Any) -> dict[str, Any]:
    return {"start": {"date": f"2026-03-{number:02d}"}, "end": {"date": f"2026-03-{number + 1:02d}"}, **more}


@pytest.fixture
def titles(ada: Any) -> Any:
    def ask(query: str = "") -> list[str]:
        reply = ada("GET", f"primary/events?{query}")
        assert reply.status_code == 200, reply.text
        return [item.get("summary", item["id"]) for item in reply.json()["items"]]

    return ask


def test_events_come_in_the_order_they_were_made(sim: Simulator, titles: Any) -> None:
    made = [sim.calendar.add_event(ADA, **day(number, summary=str(number))) for number in (5, 3, 4)]
    sim.calendar.patch(ADA, made[0], location="Hall")
    assert titles() == ["5", "3", "4"]


def test_order_by_updated(sim: Simulator, titles: Any, clock: Any) -> None:
    first = sim.calendar.add_event(ADA, **day(3, summary="first"))
    sim.calendar.add_event(ADA, **day(4, summary="second"))
    clock.sleep(60)
    sim.calendar.patch(ADA, first, location="Hall")
    assert titles("orderBy=updated") == ["second", "first"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        # The calendar is in Zurich: its 10 March is from 23:00 UTC to 23:00 UTC.
        ("timeMin=2026-03-10T23:00:00Z", ["12", "series"]),
        ("timeMin=2026-03-10T22:59:59Z", ["10", "12", "series"]),
        ("timeMax=2026-03-09T23:00:00Z", ["series"]),
        ("timeMax=2026-03-09T23:00:01Z", ["10", "series"]),
        ("timeMin=2026-03-10T00:00:00.999%2B01:00&timeMax=2026-03-11T00:00:00%2B01:00", ["10", "series"]),
    ],
)
def test_a_window_of_time_excludes_its_bounds(sim: Simulator, titles: Any, query: str, found: list[str]) -> None:
    for number in (10, 12):
        sim.calendar.add_event(ADA, **day(number, summary=str(number)))
    sim.calendar.add_event(ADA, **day(1, summary="series", recurrence=["RRULE:FREQ=DAILY"]))
    sim.calendar.add_event(ADA, **day(1, summary="old series", recurrence=["RRULE:FREQ=DAILY;COUNT=2"]))
    assert [title for title in titles(query) if title != "old series"] == found
    assert ("old series" in titles(query)) == ("timeMin" not in query)


def test_deleted_events_are_shown_when_asked_for(sim: Simulator, titles: Any) -> None:
    event = sim.calendar.add_event(ADA, **day(3, summary="gone"))
    sim.calendar.delete(ADA, event)
    assert (titles(), titles("showDeleted=true")) == ([], ["gone"])


def test_a_stub_is_shown_by_its_id_only(sim: Simulator, titles: Any) -> None:
    event = sim.calendar.add_event(ADA, **day(3, summary="moved"))
    sim.calendar.delete(ADA, event, stub=True)
    assert titles("showDeleted=true") == [event]
    assert titles("showDeleted=true&timeMin=2026-03-01T00:00:00Z") == []


def test_a_cancelled_occurrence_is_listed_with_its_series(sim: Simulator, ada: Any, titles: Any) -> None:
    series = sim.calendar.add_event(ADA, **day(3, summary="series", recurrence=["RRULE:FREQ=DAILY"]))
    gone = sim.calendar.add_occurrence(ADA, series, {"date": "2026-03-05"}, status="cancelled")
    assert titles() == ["series", gone]
    assert series not in gone
    shown = ada("GET", f"primary/events/{gone}").json()
    assert sorted(shown) == ["etag", "id", "kind", "originalStartTime", "recurringEventId", "status"]
    sim.calendar.delete(ADA, series)
    assert titles() == []


def test_a_moved_occurrence_has_its_series_uid_and_an_id_of_its_own(sim: Simulator, ada: Any) -> None:
    series = sim.calendar.add_event(ADA, **day(3, summary="series", recurrence=["RRULE:FREQ=DAILY"]))
    moved = sim.calendar.add_occurrence(ADA, series, {"date": "2026-03-05"}, **day(6))
    shown, whole = (ada("GET", f"primary/events/{event}").json() for event in (moved, series))
    assert (shown["recurringEventId"], shown["iCalUID"]) == (series, whole["iCalUID"])
    assert (shown["originalStartTime"], shown["start"]) == ({"date": "2026-03-05"}, {"date": "2026-03-06"})
    assert "recurrence" not in shown


def test_updated_min_includes_what_was_deleted_since(sim: Simulator, titles: Any, clock: Any) -> None:
    sim.calendar.add_event(ADA, **day(3, summary="old"))
    gone = sim.calendar.add_event(ADA, **day(4, summary="gone"))
    clock.sleep(60)
    sim.calendar.delete(ADA, gone)
    assert titles("updatedMin=2026-03-02T09:00:30Z") == ["gone"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=engine", ["Review"]),
        ("q=ENGINE+library", ["Review"]),
        ("q=bob@example", ["Review"]),
        ("q=nothing", []),
        ("iCalUID=uid-1@example.com", ["Review"]),
        ("eventTypes=default", ["Review", "Leave"]),
        ("eventTypes=outOfOffice&eventTypes=focusTime", []),
        ("privateExtendedProperty=room%3D7", ["Review"]),
        ("privateExtendedProperty=room%3D8", []),
        ("sharedExtendedProperty=room%3D7", []),
    ],
)
def test_events_are_found_by_what_they_hold(sim: Simulator, titles: Any, query: str, found: list[str]) -> None:
    sim.calendar.add_event(
        ADA,
        **day(3, summary="Review", description="The engine", location="Library", iCalUID="uid-1@example.com"),
        attendees=[{"email": "bob@example.com"}],
        extendedProperties={"private": {"room": "7"}},
    )
    sim.calendar.add_event(ADA, **day(4, summary="Leave"))
    assert titles(query) == found


def test_words_of_hidden_events_cannot_be_searched_for(sim: Simulator, caller: Any) -> None:
    sim.calendar.add_event(ADA, **day(3, summary="Surgery", visibility="private"))
    sim.calendar.share(ADA, "bob@example.com", "reader")
    assert caller("bob@example.com")("GET", f"{ADA}/events?q=surgery").json()["items"] == []

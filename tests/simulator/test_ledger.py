"""Changes are atomic and told once, whoever makes them at the same time."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from simulator.calendar import Calendar
from simulator.errors import GoogleError
from simulator.server import Simulator

ADA = "ada@example.com"
BOB = "bob@example.com"
DAY: dict[str, Any] = {"start": {"date": "2026-03-10"}, "end": {"date": "2026-03-11"}}


def test_many_writers_lose_no_change(sim: Simulator, caller: Any) -> None:
    sim.add_user(BOB)
    sim.push.send = lambda address, headers: 200
    hook = {"id": "c", "type": "web_hook", "address": "https://rooms.example/hook"}
    assert caller(ADA)("POST", f"{ADA}/events/watch", json=hook).status_code == 200
    token = caller(ADA)("GET", f"{ADA}/events").json()["nextSyncToken"]

    def write(number: int) -> list[int]:
        event = sim.calendar.add_event(ADA, **DAY, attendees=[{"email": BOB}])
        sim.calendar.respond(BOB, event, "accepted")
        patched = caller(ADA)("PATCH", f"{ADA}/events/{event}", json={"summary": str(number)})
        assert patched.json()["attendees"][0]["responseStatus"] == "accepted"
        return sim.push.deliver_all()

    with ThreadPoolExecutor(8) as pool:
        delivered = [status for statuses in pool.map(write, range(40)) for status in statuses]
    assert len(delivered) + len(sim.push.pending) == 1 + 3 * 40
    changed = caller(ADA)("GET", f"{ADA}/events?syncToken={token}").json()["items"]
    assert sorted(int(item["summary"]) for item in changed) == list(range(40))
    assert {event.body["summary"] for event in sim.calendar.calendar(BOB).events.values()} == set(map(str, range(40)))


def test_a_refused_change_is_not_told(sim: Simulator) -> None:
    told: list[Calendar] = []
    sim.calendar.listeners.append(lambda calendar, by_program: told.append(calendar))
    with pytest.raises(GoogleError):
        sim.calendar.add_event(ADA, start={"date": "2026-03-10"})
    assert told == []


def test_listeners_see_the_change_and_who_made_it(sim: Simulator, ada: Any) -> None:
    told: list[tuple[str, int, bool]] = []
    sim.calendar.listeners.append(lambda calendar, by_program: told.append((calendar.id, calendar.change, by_program)))
    event = sim.calendar.add_event(ADA, **DAY)
    ada("PATCH", f"{ADA}/events/{event}", json={"summary": "x"})
    assert told == [(ADA, 1, False), (ADA, 2, True)]

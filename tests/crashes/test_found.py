"""What the deaths, the orders and the machine have found, told as it happened."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator import faults
from sync import records
from tests.inside import Mortal, inside
from tests.outside import Died
from tests.world import ADA, MINUTE, error_type

ROOMS = "/rooms-api/*"


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Mortal]:
    with inside(tmp_path, True) as mortal:
        yield mortal


@pytest.fixture
def event(mortal: Mortal) -> str:
    """An event with its conference, which a sync has seen."""
    event = mortal.world.event(attendees=[{"email": "guest@example.com"}])
    mortal.choose(event)
    mortal.settle()
    return event


def rename(mortal: Mortal, event: str, title: str) -> None:
    mortal.simulator.calendar.patch(ADA, event, summary=title)


def run(mortal: Mortal) -> None:
    mortal.world.instance().service.following.run(records.key(ADA))


def test_f06_a_room_that_was_made_before_a_502_is_found_again(mortal: Mortal) -> None:
    event = mortal.world.event()
    mortal.simulator.faults.add(faults.status(502, acted=True), ROOMS, "POST", times=3)
    answer = mortal.choose(event)
    assert answer
    assert error_type(answer) == "TEMPORARY"
    mortal.choose(event)
    assert mortal.world.rooms() == 1


def test_f63_a_change_that_was_refused_is_parked_with_its_values(mortal: Mortal, event: str) -> None:
    mortal.simulator.faults.add(faults.status(503), ROOMS, "PATCH")
    rename(mortal, event, "Renamed")
    mortal.settle()
    parked = mortal.of(event).parked
    assert parked
    assert records.parked_event(parked).summary == "Renamed"
    assert [guest.email for guest in records.parked_event(parked).attendees] == ["guest@example.com"]
    assert not mortal.heard.defects
    mortal.wait(minutes=10)
    assert (mortal.titles(), mortal.of(event).parked) == (["Renamed"], None)


def test_f77_a_parked_change_is_not_told_after_a_newer_one(mortal: Mortal, event: str) -> None:
    mortal.simulator.faults.add(faults.status(503), ROOMS, "PATCH")
    rename(mortal, event, "Older")
    mortal.settle()
    assert mortal.of(event).parked
    mortal.clock.advance(3 * MINUTE)
    rename(mortal, event, "Newer")
    first = mortal.instance.outside
    first.on("before", "get calendar", lambda: run(mortal))
    mortal.sweep()
    first.on("before", "none", lambda: None)
    mortal.settle()
    assert mortal.titles() == ["Newer"]


def test_f37_a_change_that_comes_while_a_sweep_tells_a_parked_one_is_run_soon(mortal: Mortal, event: str) -> None:
    mortal.simulator.faults.add(faults.status(503), ROOMS, "PATCH")
    rename(mortal, event, "Older")
    mortal.settle()
    assert mortal.of(event).parked
    mortal.clock.advance(3 * MINUTE)
    rename(mortal, event, "Newer")
    mortal.simulator.push.drop()
    mortal.instance.outside.on("after", "PATCH", lambda: run(mortal))
    mortal.sweep()
    mortal.instance.outside.on("before", "none", lambda: None)
    mortal.settle()
    assert mortal.titles() == ["Newer"]


def test_f01_a_claim_that_cannot_be_found_out_is_asked_about_less_and_less(mortal: Mortal) -> None:
    event = mortal.world.event()
    mortal.instance.outside.die("after", "POST /rooms-api")
    with pytest.raises(Died):
        mortal.world.ask(mortal.instance, event)
    mortal.restart()
    mortal.simulator.faults.add(faults.status(503), ROOMS, "GET", times=None)
    mortal.simulator.requests.clear()
    for _ in range(48):
        mortal.clock.advance(300)
        mortal.sweep()
    assert len(mortal.simulator.requests.under("/rooms-api")) < 10
    mortal.simulator.faults.clear()
    mortal.wait(hours=8)
    assert mortal.of(event).state == "offered"


def test_f49_a_title_that_was_told_by_a_run_that_died_is_taken_back_with_the_event(mortal: Mortal, event: str) -> None:
    mortal.instance.outside.die("after", "PATCH")
    rename(mortal, event, "Better plan")
    mortal.simulator.push.deliver_all()
    mortal.clock.advance(MINUTE)
    mortal.simulator.cloud_tasks.run_due()
    assert (mortal.died, mortal.titles()) == (1, ["Better plan"])
    rename(mortal, event, "Plan")
    mortal.wait(minutes=10)
    assert mortal.titles() == ["Plan"]


def test_f63_a_title_that_was_told_without_an_answer_is_taken_back_with_the_event(mortal: Mortal, event: str) -> None:
    mortal.simulator.faults.add(faults.reset(acted=True), ROOMS, "PATCH")
    rename(mortal, event, "Better plan")
    mortal.settle()
    assert mortal.titles() == ["Better plan"]
    rename(mortal, event, "Plan")
    mortal.settle()
    assert mortal.titles() == ["Plan"]


def test_f06_a_room_that_is_found_again_is_told_what_changed_since(mortal: Mortal) -> None:
    event = mortal.world.event()
    mortal.instance.outside.die("after", "POST /rooms-api")
    mortal.choose(event)
    rename(mortal, event, "Renamed")
    mortal.clock.advance(MINUTE)
    mortal.choose(event)
    mortal.settle()
    assert mortal.titles() == ["Renamed"]

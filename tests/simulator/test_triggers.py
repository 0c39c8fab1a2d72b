"""Apps Script's triggers post a user's changed calendars to the function, as the add-on's script does."""

from datetime import timedelta
from typing import Any

import pytest

from simulator import ids
from simulator.server import Simulator
from simulator.triggers import Answer, Firing

ADA = "ada@example.com"
BOB = "bob@example.com"
TEAM = "team@group.calendar.google.com"
DAY: dict[str, Any] = {"start": {"date": "2026-03-10"}, "end": {"date": "2026-03-11"}}


class Function:
    """Answers in turn, with 204 when it has nothing prepared, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[tuple[dict[str, Any], str]] = []

    def __call__(self, body: dict[str, Any], bearer: str) -> Answer:
        self.asked.append((body, bearer))
        return self.answers.pop(0) if self.answers else (204, None)

    @property
    def calendars(self) -> list[str]:
        return [body["calendarId"] for body, _ in self.asked]


@pytest.fixture
def function(sim: Simulator) -> Function:
    made = Function()
    sim.triggers.post = made
    return made


@pytest.fixture
def followed(sim: Simulator, function: Function) -> Function:
    sim.triggers.follow(ADA, ADA)
    return function


def test_a_change_makes_one_firing_for_each_users_trigger(sim: Simulator, function: Function) -> None:
    sim.calendar.share(ADA, BOB, "writer")
    for email in (ADA, BOB):
        sim.triggers.follow(email, ADA)
    sim.add_user(BOB)
    event = sim.calendar.add_event(ADA, **DAY)
    sim.calendar.add_event(BOB, **DAY)
    sim.calendar.patch(ADA, event, summary="x")
    assert sim.triggers.pending == [Firing(ADA, ADA), Firing(BOB, ADA)] * 2


def test_a_firing_brings_the_users_own_tokens(sim: Simulator, followed: Function, caller: Any) -> None:
    sim.calendar.add_event(ADA, **DAY)
    assert sim.triggers.deliver() == [(204, None)]
    ((body, bearer),) = followed.asked
    assert sorted(body) == ["calendarId", "oauthToken"]
    program = caller()
    program.token = body["oauthToken"]
    assert program("GET", f"{ADA}/events").status_code == 200
    assert bearer.count(".") == 2


def test_the_function_is_asked_again_while_it_has_more(sim: Simulator, followed: Function) -> None:
    followed.answers = [(200, {"more": True}), (200, {"more": True}), (200, {"more": False})]
    sim.calendar.add_event(ADA, **DAY)
    assert [status for status, _ in sim.triggers.deliver()] == [200, 200, 200]
    assert len({body["oauthToken"] for body, _ in followed.asked}) == 3


@pytest.mark.parametrize("answer", [(200, None), (200, {}), (200, {"more": 1}), (503, {"more": True}), (0, None)])
def test_any_other_answer_ends_the_run(sim: Simulator, followed: Function, answer: Answer) -> None:
    followed.answers = [answer]
    sim.calendar.add_event(ADA, **DAY)
    assert sim.triggers.deliver_all() == [[answer]]
    assert sim.triggers.pending == []


def test_a_run_ends_after_twelve_rounds(sim: Simulator, followed: Function) -> None:
    followed.answers = [(200, {"more": True})] * 20
    sim.calendar.add_event(ADA, **DAY)
    assert len(sim.triggers.deliver()) == 12


def test_the_daily_run_visits_each_calendar_and_begins_with_another_one_each_day(
    sim: Simulator, followed: Function, clock: Any
) -> None:
    sim.calendar.add_calendar(TEAM, ADA)
    sim.triggers.follow(ADA, TEAM)
    runs = []
    for _ in range(2):
        sim.triggers.daily(ADA)
        runs.append(followed.calendars)
        followed.asked.clear()
        clock.sleep(86400)
    assert sorted(runs[0]) == [ADA, TEAM]
    assert runs[1] == runs[0][::-1]


def test_who_has_no_triggers_has_no_daily_run(sim: Simulator, function: Function) -> None:
    assert sim.triggers.daily(ADA) == []


def test_an_uninstalled_script_fires_no_more_and_remembers_for_a_week(
    sim: Simulator, followed: Function, clock: Any
) -> None:
    sim.calendar.add_event(ADA, **DAY)
    sim.triggers.remove(ADA)
    assert (sim.triggers.pending, sim.triggers.daily(ADA)) == ([], [])
    sim.triggers.follow(ADA, ADA)
    assert sim.triggers.followed(ADA) == []
    clock.sleep(timedelta(days=7).total_seconds())
    sim.triggers.follow(ADA, ADA)
    assert sim.triggers.followed(ADA) == [ADA]


def test_a_twentieth_calendar_is_served_daily_only(sim: Simulator, function: Function) -> None:
    for number in range(20):
        sim.triggers.follow(ADA, f"c{number}@group.calendar.google.com")
    assert len(sim.triggers.followed(ADA)) == 19
    sim.triggers.daily(ADA)
    assert len(function.calendars) == 20


def test_a_calendar_is_followed_once(sim: Simulator, followed: Function, clock: Any) -> None:
    clock.sleep(timedelta(days=8).total_seconds())
    sim.triggers.follow("Ada@Example.com", ADA)
    assert sim.triggers.followed(ADA) == [ADA]


def test_who_lost_sight_of_a_calendar_hears_no_more_of_it(sim: Simulator, function: Function) -> None:
    sim.calendar.share(ADA, BOB, "writer")
    sim.triggers.follow(BOB, ADA)
    sim.calendar.share(ADA, BOB, "none")
    sim.calendar.add_event(ADA, **DAY)
    assert sim.triggers.pending == []


@pytest.mark.parametrize("fires", [True, False])
def test_whether_programs_fire_triggers_is_scripted(
    sim: Simulator, followed: Function, caller: Any, fires: bool
) -> None:
    sim.triggers.on_api_changes = fires
    assert caller(ADA, ids.EDITOR_SCOPES)("POST", f"{ADA}/events", json=DAY).status_code == 200
    assert sim.triggers.pending == [Firing(ADA, ADA)] * fires
    sim.calendar.add_event(ADA, **DAY)
    assert sim.triggers.pending == [Firing(ADA, ADA)] * (fires + 1)


def test_a_draft_fires_when_it_is_saved(sim: Simulator, followed: Function) -> None:
    draft = sim.calendar.reserve(ADA)
    sim.calendar.set_conference(ADA, draft, None)
    assert sim.triggers.pending == []
    sim.calendar.save(ADA, draft, **DAY)
    assert len(sim.triggers.pending) == 1


def test_without_a_function_nothing_is_asked(sim: Simulator) -> None:
    sim.triggers.follow(ADA, ADA)
    assert sim.triggers.daily(ADA) == [(0, None)]

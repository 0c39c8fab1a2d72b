"""What is counted of a sync is counted right, and a world that is out of step is seen to be."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench import calls, connected, lifecycle, linear, notify, simulated, story
from bench.figures import COUNTS, GOALS
from bench.followed import DOMAIN, Followed
from bench.in_step import adrift
from bench.outside import CountedStore, Died, Outside
from bench.size import Size
from bench.world import World
from conference.errors import Conflict
from sync.store import Create, Delete, Replace
from sync.store.sqlite import SqliteStore
from tests.thorough import takes_long

USER = f"user@{DOMAIN}"
TINY = Size(warm={}, starts=1, fills=1, bursts=1, runs=1, calendars=5)


@pytest.fixture(params=[True, False], ids=["channels", "triggers"])
def followed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Followed]:
    world = Followed(tmp_path, request.param, random.Random(1))
    world.simulator.add_user(USER)
    yield world
    world.close()


def with_conference(world: Followed) -> str:
    times: dict[str, Any] = {"start": {"dateTime": "2026-03-09T09:00:00Z"}, "end": {"dateTime": "2026-03-09T10:00:00Z"}}
    event = world.simulator.calendar.add_event(USER, summary="Plan", **times)
    assert world.choose(USER, event)
    world.settle()
    return event


def test_a_room_that_its_event_left_behind_is_told_and_one_that_follows_is_not(followed: Followed) -> None:
    event = with_conference(followed)
    assert list(adrift(followed.simulator, [(USER, event)])) == []
    followed.simulator.calendar.patch(USER, event, summary="New plan")
    [line] = adrift(followed.simulator, [(USER, event)])
    assert line.startswith(f"{USER} {event}: its room was told Plan")
    followed.settle()
    assert list(adrift(followed.simulator, [(USER, event)])) == []


def test_a_room_without_an_event_and_an_event_without_a_room_are_told(followed: Followed) -> None:
    event = with_conference(followed)
    [room] = followed.simulator.rooms.having(None)
    assert list(adrift(followed.simulator, [])) == [f"room {room.id}: no event has it any more"]
    followed.simulator.rooms.delete(room.id)
    assert list(adrift(followed.simulator, [(USER, event)])) == [f"{USER} {event}: its room is gone"]


def test_an_instance_that_dies_of_a_signal_is_followed_by_another(followed: Followed) -> None:
    event = with_conference(followed)
    deaths = iter([Died()])

    def die_once(call: str) -> None:
        for death in deaths:
            raise death

    followed.outside.before = die_once
    followed.simulator.calendar.patch(USER, event, summary="New plan")
    followed.settle()
    assert followed.died == 1
    followed.simulator.triggers.daily(USER)
    followed.settle()
    assert list(adrift(followed.simulator, [(USER, event)])) == []


def test_an_empty_query_is_one_read_and_any_other_as_many_as_it_finds(tmp_path: Path) -> None:
    outside = Outside()
    store = CountedStore(SqliteStore(str(tmp_path / "anyroom.db")), outside)
    made = [store.commit([Create("mapping", f"key{number}", {"event": "same"})])[0] for number in range(3)]
    assert (outside.reads, outside.writes) == (0, 3)
    assert len(store.find("mapping", "event", "same", 10)) == 3
    assert store.find("mapping", "event", "another", 10) == []
    assert store.get("mapping", "absent") is None
    assert outside.reads == 5
    first, second, _ = made
    assert first
    assert second
    store.commit([Replace(first, {"event": "new"}), Delete(second)])
    assert outside.writes == 5
    with pytest.raises(Conflict):
        store.commit([Delete(first)])
    store.close()


@takes_long
def test_a_day_of_few_calendars_ends_in_step(tmp_path: Path) -> None:
    figures = dict(calls.measure(tmp_path, TINY.calendars))
    assert set(figures) == {name for name in COUNTS if name.startswith("sync.calls")}
    assert figures["sync.calls.adrift"] == figures["sync.calls.relay.adrift"] == 0
    assert figures["sync.calls"] >= calls.CHANGES - 1


@takes_long
def test_a_conference_costs_the_store_no_more_than_it_may(tmp_path: Path) -> None:
    figures = dict(lifecycle.measure(tmp_path, 0))
    assert set(figures) == {name for name in COUNTS if name.startswith("sync.store")}
    goals = {name: goal for name, goal in GOALS.items() if goal is not None}
    assert {name: value for name, value in figures.items() if name in goals and value > goals[name]} == {}
    assert (figures["sync.store.dirty.reads"], figures["sync.store.dirty.writes"]) == (1, 0)


@takes_long
def test_the_story_goes_on_where_the_sample_loses_changes(tmp_path: Path) -> None:
    figures = dict(story.measure(tmp_path, 0))
    assert set(figures) == {name for name in COUNTS if name.startswith("sync.story")}
    assert figures["sync.story.lost"] == 0
    assert figures["sync.story.sample.lost"] == 3


def test_figures_of_a_process_of_its_own_are_those_that_were_asked_for(world: World) -> None:
    asked = ["sync.store.reads", "sync.store.dirty.reads"]
    figures = {figure.name: figure for figure in simulated.measure(world, asked, TINY)}
    assert sorted(figures) == sorted(asked)
    assert {figure.unit for figure in figures.values()} == {""}


@takes_long
def test_notifications_and_runs_stand_beside_what_they_are_measured_by(world: World) -> None:
    notified = [figure.name for figure in notify.measure(world, ["sync.notify"], TINY)]
    assert notified == ["sync.notify.hello", "sync.notify"]
    run = [figure.name for figure in linear.measure(world, ["sync.linear.time"], TINY)]
    assert run[-2:] == ["sync.linear.time", "sync.linear.memory"]


@pytest.mark.parametrize("part", [simulated, notify, linear])
def test_nothing_is_done_for_figures_that_were_not_asked_for(world: World, part: object) -> None:
    assert list(part.measure(world, ["create.cpu.sqlite"], TINY)) == []  # type: ignore[attr-defined]  # each is a module


def test_a_connection_costs_no_call_beside_calendars_and_the_vendors(tmp_path: Path) -> None:
    figures = dict(connected.measure(tmp_path, 1))
    assert figures["create.connected.calls"] == figures["create.connected.calls.without"] == 2
    assert figures["create.connected.reads"] == figures["create.connected.reads.without"]
    assert figures["create.connected.secrets"] == 1

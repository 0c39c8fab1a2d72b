"""What two instances do at the same time: what went before, what each does, and what must have come of it."""

import json
from collections.abc import Callable
from typing import NamedTuple

from conference.endpoint import Answer
from conference.errors import RequestRefused
from simulator import builder, faults
from simulator.triggers import ROUNDS
from sync import records
from tests.inside import Mortal
from tests.outside import Died
from tests.world import ADA, MINUTE, Instance, error_type, uri

ROOMS = "/rooms-api/*"


class Pair(NamedTuple):
    """A followed world, another instance of the function, and the event that both are after."""

    mortal: Mortal
    other: Instance
    event: str


class Flow(NamedTuple):
    """`before` makes the event; `first` and `second` run at the same time; `breaches` says what is wrong afterwards.

    `relayed`: it is another story where runs are asked for by triggers, with a user's token.
    """

    name: str
    before: Callable[[Mortal], str]
    first: Callable[[Pair], None]
    second: Callable[[Pair], None]
    breaches: Callable[[Pair], list[str]]
    relayed: bool = False


def fresh(mortal: Mortal) -> str:
    """A saved event on a calendar that is followed."""
    if not mortal.simulator.calendar.calendar(ADA).events:
        seen(mortal)
    return mortal.world.event()


def seen(mortal: Mortal) -> str:
    """An event with its conference."""
    event = mortal.world.event()
    mortal.choose(event)
    mortal.settle()
    return event


def renamed(mortal: Mortal) -> str:
    """One whose new title nobody has heard of."""
    event = seen(mortal)
    mortal.simulator.calendar.patch(ADA, event, summary="v1")
    _nobody_hears(mortal)
    return event


def parked(mortal: Mortal) -> str:
    """One whose new title the conferencing system did not take, and which is due again."""
    event = renamed(mortal)
    mortal.simulator.faults.add(faults.status(503), ROOMS, "PATCH")
    _run(mortal, mortal.instance)
    assert mortal.of(event).parked
    mortal.world.clock.advance(3 * MINUTE)
    return event


def taken_off(mortal: Mortal) -> str:
    """One that gave its conference up longer ago than the grace."""
    event = seen(mortal)
    mortal.simulator.calendar.set_conference(ADA, event, None)
    mortal.settle()
    mortal.world.clock.advance(2 * 3600)
    return event


def cancelled(mortal: Mortal) -> str:
    """One that has lain in the bin for longer than the grace."""
    event = seen(mortal)
    mortal.simulator.calendar.delete(ADA, event)
    mortal.settle()
    mortal.world.clock.advance(2 * 3600)
    return event


def unfinished(mortal: Mortal) -> str:
    """One for which a room was made by an instance that then died, some time ago."""
    event = fresh(mortal)
    dying = mortal.world.instance()
    dying.outside.die("after", "POST /rooms-api")
    try:
        mortal.world.ask(dying, event)
    except Died:
        mortal.world.clock.advance(2 * MINUTE)
    return event


def choose(pair: Pair) -> None:
    """The user chooses by the one instance."""
    _choose(pair, pair.mortal.instance)


def choose_by_other(pair: Pair) -> None:
    """The user chooses by the other instance."""
    _choose(pair, pair.other)


def run(pair: Pair) -> None:
    """The one instance runs the calendar."""
    _run(pair.mortal, pair.mortal.instance)


def run_by_other(pair: Pair) -> None:
    """The other instance runs the calendar."""
    _run(pair.mortal, pair.other)


def sweep(pair: Pair) -> None:
    """The one instance sweeps."""
    pair.mortal.instance.service.sweep()


def sweep_by_other(pair: Pair) -> None:
    """The other instance sweeps."""
    pair.other.service.sweep()


def rename_and_run(pair: Pair) -> None:
    """The user renames the event again, and the other instance runs the calendar."""
    _unhurried(pair)
    pair.mortal.simulator.calendar.patch(ADA, pair.event, summary="v2")
    _run(pair.mortal, pair.other)


def restore_and_run(pair: Pair) -> None:
    """The user takes the event out of the bin, and the other instance runs the calendar."""
    _unhurried(pair)
    pair.mortal.simulator.calendar.restore(ADA, pair.event)
    _run(pair.mortal, pair.other)


def one_room(pair: Pair) -> list[str]:
    """The event has a conference, whose room is there, and no room was made twice."""
    record = pair.mortal.of(pair.event)
    rooms = [room.id for room in pair.mortal.simulator.rooms.having(record.attempt)]
    posts = [1 for title in _told(pair, "POST") if title == "Plan"]
    wrong = [] if record.state in ("offered", "live") and rooms == [record.conference] else [f"{record.state}: {rooms}"]
    return wrong + ([f"{len(posts)} rooms were made"] if len(posts) > 1 else [])


def room_is_there(pair: Pair) -> list[str]:
    """Whatever conference the event carries, its room is there."""
    held = pair.mortal.simulator.calendar.get(ADA, pair.event).get("conferenceData", {}).get("conferenceId")
    rooms = [room.id for room in pair.mortal.simulator.rooms.having(None)]
    if held is None or held in rooms or pair.mortal.of(pair.event).state == "lost":
        return []
    return [f"the event carries {held}, which is not there"]


def newest_last(pair: Pair) -> list[str]:
    """The conferencing system was told in the order in which things happened, and the newest is what it knows."""
    titles = _told(pair, "PATCH")
    wrong = [] if titles == sorted(titles) else [f"told {titles}"]
    room = pair.mortal.simulator.rooms.get(pair.mortal.of(pair.event).conference)
    return wrong + ([] if room.title == "v2" else [f"the room is {room.title}"])


FLOWS = (
    Flow("two creates of one event", fresh, choose, choose_by_other, one_room),
    Flow("two syncs of one calendar", renamed, run, rename_and_run, newest_last, relayed=True),
    Flow("a create and a sync", fresh, choose, run_by_other, one_room, relayed=True),
    Flow("a deletion and a create", taken_off, run, choose_by_other, room_is_there, relayed=True),
    Flow("a deletion and a restored event", cancelled, run, restore_and_run, room_is_there, relayed=True),
    Flow("a parked change and a newer one", parked, sweep, rename_and_run, newest_last, relayed=True),
    Flow("a claim's end and a create", unfinished, sweep, choose_by_other, one_room),
    Flow("two sweeps", unfinished, sweep, sweep_by_other, lambda pair: []),
)


def _choose(pair: Pair, instance: Instance) -> None:
    mortal = pair.mortal
    try:
        answer: Answer = mortal.world.ask(instance, pair.event)
    except RequestRefused:
        return
    if error_type(answer):
        return
    assert uri(answer)
    data = builder.check(answer.body, "script", "demo")
    kept = mortal.simulator.conferences.of_addon(data, "demo", script=True)
    mortal.simulator.calendar.set_conference(ADA, pair.event, kept)


def _run(mortal: Mortal, instance: Instance) -> None:
    """A run by an instance: of a task, or asked for by Ada's trigger as often as there is more to do."""
    if mortal.delegation:
        instance.service.following.run(records.key(ADA))
        return
    body = json.dumps({"calendarId": ADA, "oauthToken": mortal.simulator.access_token(ADA)}).encode()
    for _ in range(ROUNDS):
        incoming = mortal.incoming("/calendar-changes", mortal.simulator.identity.script_token(ADA), body)
        answer = instance.service.following.calendar_changes(incoming)
        if not answer.body.get("more"):
            return


def _unhurried(pair: Pair) -> None:
    """A user who may do it before or after whatever the instances do."""
    pair.other.outside.around("user", lambda: None)


def _nobody_hears(mortal: Mortal) -> None:
    for outbox in (mortal.simulator.push, mortal.simulator.triggers):
        while outbox.pending:
            outbox.drop()


def _told(pair: Pair, method: str) -> list[str]:
    """The titles that the conferencing system was told, in order, since the flow began."""
    requests = pair.mortal.simulator.requests.under("/rooms-api")
    return [request.json["title"] for request in requests if request.method == method and "title" in request.json]

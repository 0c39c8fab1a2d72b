"""What people do, as stories: what went before, what is done while the process may die, and how it must have ended."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator import faults
from tests.inside import Mortal
from tests.world import ADA, BOB, MINUTE, NONE

Step = Callable[[Mortal], object]
TEAM = "team@group.calendar.example.com"
ROOMS = "/rooms-api/*"


@dataclass(frozen=True)
class Story:
    """`before` happens undisturbed; the process may die in `act`; `ends` says how many rooms there are then.

    `of` is the mode of "relay" and "delegation" in which the story can be told, both when it is "".
    """

    name: str
    before: Step
    act: Step
    ends: int
    of: str = ""


def create(mortal: Mortal) -> str:
    """An event gets a conference, which the user chooses again until there is an answer."""
    event = mortal.world.event()
    ask(mortal, event)
    return event


def ask(mortal: Mortal, event: str, **how: Any) -> None:
    """A user chooses, and once more a minute later when no answer came."""
    for _ in range(3):
        answer = mortal.choose(event, **how)
        if answer is not None and "error" not in answer.body["conferenceData"]:
            return
        mortal.world.clock.advance(MINUTE)


def created(mortal: Mortal) -> None:
    """An event with its conference, which a sync has seen."""
    create(mortal)
    mortal.settle()


def only(mortal: Mortal) -> str:
    """The first event that was made on Ada's calendar."""
    return next(iter(mortal.simulator.calendar.calendar(ADA).events))


def draft(mortal: Mortal) -> None:
    """The conference is chosen before the event is saved, and a sync runs in between."""
    calendar = mortal.simulator.calendar
    event = calendar.reserve(ADA)
    ask(mortal, event)
    mortal.settle()
    calendar.save(
        ADA,
        event,
        summary="Saved at last",
        start={"dateTime": "2027-03-01T09:00:00Z"},
        end={"dateTime": "2027-03-01T10:00:00Z"},
    )
    mortal.settle()


def thrown_away(mortal: Mortal) -> None:
    """The conference is chosen, and the event never saved."""
    event = mortal.simulator.calendar.reserve(ADA)
    ask(mortal, event)
    mortal.simulator.calendar.discard(ADA, event)
    mortal.settle()


def move(mortal: Mortal) -> None:
    """The event gets another time and another title."""
    times = {"start": {"dateTime": "2027-03-02T09:00:00Z"}, "end": {"dateTime": "2027-03-02T11:00:00Z"}}
    mortal.simulator.calendar.patch(ADA, only(mortal), summary="Moved", **times)
    mortal.settle()


def cancel(mortal: Mortal) -> None:
    """The event goes into the bin."""
    mortal.simulator.calendar.delete(ADA, only(mortal))
    mortal.settle()


def cancelled(mortal: Mortal) -> None:
    """An event with a conference, in the bin."""
    created(mortal)
    cancel(mortal)


def pass_grace(mortal: Mortal) -> None:
    """Enough time passes for the deletion."""
    mortal.wait(hours=2)
    mortal.daily()


def over_soon(mortal: Mortal) -> None:
    """An event of the same morning, with its conference."""
    times: dict[str, Any] = {"start": {"dateTime": "2027-01-04T10:00:00Z"}, "end": {"dateTime": "2027-01-04T11:00:00Z"}}
    ask(mortal, mortal.world.event(**times))
    mortal.settle()


def vanish(mortal: Mortal) -> None:
    """Only the id is left of the event, and its end passes."""
    mortal.simulator.calendar.delete(ADA, only(mortal), stub=True)
    mortal.settle()
    mortal.wait(hours=4)
    mortal.daily()


def take_off(mortal: Mortal) -> None:
    """The user takes the conference off the event."""
    mortal.simulator.calendar.set_conference(ADA, only(mortal), None)
    mortal.settle()


def copy_and_delete(mortal: Mortal) -> None:
    """The event is duplicated, the copy renamed, and the first one deleted."""
    calendar, event = mortal.simulator.calendar, only(mortal)
    copy = calendar.duplicate(ADA, event)
    mortal.settle()
    calendar.delete(ADA, event)
    mortal.settle()
    calendar.patch(ADA, copy, summary="The copy")
    mortal.settle()
    pass_grace(mortal)


def copy_inherited(mortal: Mortal) -> None:
    """A copy whose original is gone."""
    created(mortal)
    copy_and_delete(mortal)


def delete_copy(mortal: Mortal) -> None:
    """The copy is deleted too."""
    [copy] = [event for event in mortal.simulator.calendar.calendar(ADA).events if event != only(mortal)]
    mortal.simulator.calendar.delete(ADA, copy)
    mortal.settle()
    pass_grace(mortal)


def restore(mortal: Mortal) -> None:
    """The event comes out of the bin."""
    mortal.simulator.calendar.restore(ADA, only(mortal))
    mortal.settle()


def deleted(mortal: Mortal) -> None:
    """An event in the bin whose conference is deleted."""
    cancelled(mortal)
    pass_grace(mortal)


def lose_token(mortal: Mortal) -> None:
    """One of two events is deleted for ever while nobody hears of it, and the sync token is lost."""
    calendar = mortal.simulator.calendar
    calendar.delete(ADA, only(mortal))
    while mortal.simulator.push.pending:
        mortal.simulator.push.drop()
    while mortal.simulator.triggers.pending:
        mortal.simulator.triggers.drop()
    calendar.purge(ADA, only(mortal))
    calendar.expire_sync_tokens(ADA)
    calendar.patch(ADA, only(mortal), summary="The other")
    mortal.settle()


def two(mortal: Mortal) -> None:
    """Two events with conferences, the first of the same morning."""
    over_soon(mortal)
    create(mortal)
    mortal.settle()


def followed_for_days(mortal: Mortal) -> None:
    """An event with its conference, and a channel that has lived for most of its time."""
    created(mortal)
    mortal.wait(days=6)


def renew(mortal: Mortal) -> None:
    """The channel's time comes."""
    mortal.wait(hours=8)


def refused(mortal: Mortal) -> None:
    """The conferencing system is away while the event changes twice, and is back some hours later."""
    mortal.simulator.faults.add(faults.status(503), ROOMS, "PATCH", times=3)
    mortal.simulator.calendar.patch(ADA, only(mortal), summary="Once")
    mortal.settle()
    mortal.simulator.calendar.patch(ADA, only(mortal), summary="Twice")
    mortal.settle()
    mortal.wait(hours=3)


def orphaned(mortal: Mortal) -> None:
    """A deletion dies on its way, and the user chooses again: the room before is a suspected orphan."""
    created(mortal)
    take_off(mortal)
    mortal.instance.outside.die("before", "DELETE")
    pass_grace(mortal)
    mortal.world.clock.advance(MINUTE)
    ask(mortal, only(mortal))
    mortal.settle()


def unfinished(mortal: Mortal) -> None:
    """A process makes a room for a second event, dies of it, and nobody asks again."""
    created(mortal)
    event = mortal.world.event()
    mortal.instance.outside.die("after", "POST /rooms-api")
    mortal.choose(event)


def unfinished_keyless(mortal: Mortal) -> None:
    """The same at a system that takes no keys: nobody can find what was made."""
    mortal.world.become(NONE)
    mortal.restart()
    unfinished(mortal)


def next_day(mortal: Mortal) -> None:
    """The next day comes, on which what was made and not used is looked at."""
    mortal.world.clock.advance(29 * 3600)
    mortal.sweep()
    mortal.settle()
    mortal.daily()


def team(mortal: Mortal) -> None:
    """A calendar of Ada's and Bob's, where Ada has made a conference."""
    calendar = mortal.simulator.calendar
    calendar.add_calendar(TEAM, ADA)
    calendar.share(TEAM, BOB, "owner")
    mortal.users = [ADA, BOB]
    event = mortal.world.event(TEAM)
    ask(mortal, event, calendar=TEAM)
    mortal.settle()


def left(mortal: Mortal) -> None:
    """Ada has left it, and some days have passed."""
    team(mortal)
    calendar = mortal.simulator.calendar
    calendar.share(TEAM, ADA, "none")
    calendar.patch(TEAM, next(iter(calendar.calendar(TEAM).events)), summary="Without Ada")
    mortal.settle()
    mortal.wait(days=3)


def take_over(mortal: Mortal) -> None:
    """Bob makes a conference and renames Ada's event."""
    calendar = mortal.simulator.calendar
    first = next(iter(calendar.calendar(TEAM).events))
    ask(mortal, mortal.world.event(TEAM), calendar=TEAM, user=BOB)
    mortal.settle()
    calendar.patch(TEAM, first, summary="Bob's now")
    mortal.settle()


def series(mortal: Mortal) -> None:
    """A series with a conference."""
    event = mortal.world.event(
        recurrence=["RRULE:FREQ=WEEKLY;COUNT=10"],
        start={"dateTime": "2027-03-01T09:00:00Z", "timeZone": "UTC"},
        end={"dateTime": "2027-03-01T10:00:00Z", "timeZone": "UTC"},
    )
    ask(mortal, event)
    mortal.settle()


def split(mortal: Mortal) -> None:
    """The series is split, and its first half deleted."""
    calendar, event = mortal.simulator.calendar, only(mortal)
    calendar.split(ADA, event, {"dateTime": "2027-03-22T09:00:00Z", "timeZone": "UTC"}, summary="The rest")
    mortal.settle()
    calendar.delete(ADA, event)
    mortal.settle()
    pass_grace(mortal)


def rehome(mortal: Mortal) -> None:
    """The event moves to another calendar of Ada's that is followed."""
    mortal.simulator.calendar.move(ADA, only(mortal), TEAM)
    mortal.settle()
    mortal.wait(hours=2)
    mortal.daily()


def at_home_twice(mortal: Mortal) -> None:
    """Ada's own calendar and another one of hers, both followed."""
    mortal.simulator.calendar.add_calendar(TEAM, ADA)
    create(mortal)
    ask(mortal, mortal.world.event(TEAM), calendar=TEAM)
    mortal.settle()


def nothing(mortal: Mortal) -> None:
    """Nothing went before."""


STORIES = (
    Story("create", nothing, create, 1),
    Story("draft saved", nothing, draft, 1),
    Story("draft thrown away", nothing, thrown_away, 0),
    Story("first sync", create, Mortal.settle, 1),
    Story("move", created, move, 1),
    Story("cancel", created, cancel, 0),
    Story("grace", cancelled, pass_grace, 0),
    Story("vanish", over_soon, vanish, 0),
    Story("taken off", created, take_off, 0),
    Story("copy, original deleted", created, copy_and_delete, 1),
    Story("copy, both deleted", copy_inherited, delete_copy, 0),
    Story("restored in time", cancelled, restore, 1),
    Story("restored too late", deleted, restore, 0),
    Story("410 with a deletion in the gap", two, lose_token, 1),
    Story("channel renewed", followed_for_days, renew, 1, "delegation"),
    Story("parked", created, refused, 1),
    Story("orphan", orphaned, next_day, 1),
    Story("unfinished claim", unfinished, next_day, 1),
    Story("unfinished claim without keys", unfinished_keyless, next_day, 2),
    Story("keeper replaced", left, take_over, 2),
    Story("series split, head deleted", series, split, 1),
    Story("moved to another calendar", at_home_twice, rehome, 2),
)

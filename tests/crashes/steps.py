"""What people do, what time does and what breaks: the steps of which stories are made."""

from collections.abc import Callable
from typing import Any

from simulator import faults
from tests.inside import Mortal
from tests.world import ADA, BOB, MINUTE, Kind

Step = Callable[[Mortal], object]
TEAM = "team@group.calendar.example.com"
ROOMS = "/rooms-api/*"

settle: Step = Mortal.settle
sweep: Step = Mortal.sweep
daily: Step = Mortal.daily


def wait(**time: float) -> Step:
    """So much time passes, with sweeps and daily triggers."""

    def waited(mortal: Mortal) -> None:
        mortal.wait(**time)
        mortal.daily()

    return waited


def later(seconds: float) -> Step:
    """So many seconds pass in which nothing happens."""
    return lambda mortal: mortal.world.clock.advance(seconds)


def made(mortal: Mortal, number: int = 0, calendar: str = ADA) -> str:
    """The event that was made on a calendar as the first one, or the one of that place; `number` counts from 0."""
    return [*mortal.simulator.calendar.calendar(calendar).events][number]


def at(day: str, hour: int = 9) -> dict[str, Any]:
    """Start and end of an hour."""
    return {
        "start": {"dateTime": f"{day}T{hour:02d}:00:00Z", "timeZone": "UTC"},
        "end": {"dateTime": f"{day}T{hour + 1:02d}:00:00Z", "timeZone": "UTC"},
    }


def event(calendar: str = ADA, **body: Any) -> Step:
    """An event is saved."""
    return lambda mortal: mortal.world.event(calendar, **body)


def reserve(mortal: Mortal) -> None:
    """Somebody begins to write an event, chooses a conference, and has not saved it."""
    _ask(mortal, mortal.simulator.calendar.reserve(ADA))


def save(mortal: Mortal) -> None:
    """The event that was begun is saved."""
    calendar = mortal.simulator.calendar
    calendar.save(ADA, next(iter(calendar.calendar(ADA).drafts)), summary="Saved at last", **at("2027-03-01"))


def discard(mortal: Mortal) -> None:
    """The event that was begun is thrown away."""
    calendar = mortal.simulator.calendar
    calendar.discard(ADA, next(iter(calendar.calendar(ADA).drafts)))


def choose(number: int = 0, calendar: str = ADA, **how: Any) -> Step:
    """A user chooses, and once more a minute later when no answer came."""
    return lambda mortal: _ask(mortal, made(mortal, number, calendar), calendar=calendar, **how)


def choose_once(number: int = 0) -> Step:
    """A user chooses, and does not care what becomes of it."""
    return lambda mortal: mortal.choose(made(mortal, number))


def choose_unsaved(number: int = 0) -> Step:
    """A user chooses, gets an answer, and does not save the event with it."""
    return lambda mortal: _ask(mortal, made(mortal, number), saved=False)


def patch(number: int = 0, calendar: str = ADA, **changes: Any) -> Step:
    """An event gets other values."""
    return lambda mortal: mortal.simulator.calendar.patch(calendar, made(mortal, number, calendar), **changes)


def delete(number: int = 0, calendar: str = ADA, **how: bool) -> Step:
    """An event goes into the bin."""
    return lambda mortal: mortal.simulator.calendar.delete(calendar, made(mortal, number, calendar), **how)


def restore(mortal: Mortal) -> None:
    """The event comes out of the bin."""
    mortal.simulator.calendar.restore(ADA, made(mortal))


def purge(mortal: Mortal) -> None:
    """The event is deleted for ever, and nobody hears of it."""
    calendar = mortal.simulator.calendar
    calendar.delete(ADA, made(mortal))
    unheard(mortal)
    calendar.purge(ADA, made(mortal))


def unheard(mortal: Mortal) -> None:
    """Every signal that waits is lost."""
    for outbox in (mortal.simulator.push, mortal.simulator.triggers):
        while outbox.pending:
            outbox.drop()


def lose_token(mortal: Mortal) -> None:
    """Calendar forgets the sync token."""
    mortal.simulator.calendar.expire_sync_tokens(ADA)


def take_off(number: int = 0) -> Step:
    """The user takes the conference off an event."""
    return lambda mortal: mortal.simulator.calendar.set_conference(ADA, made(mortal, number), None)


def duplicate(number: int = 0, calendar: str = ADA) -> Step:
    """Whose calendar it is duplicates an event."""

    def duplicated(mortal: Mortal) -> None:
        mortal.simulator.calendar.duplicate(calendar, made(mortal, number, calendar), attendees=None)

    return duplicated


def move(mortal: Mortal) -> None:
    """The event moves to the team's calendar."""
    mortal.simulator.calendar.move(ADA, made(mortal), TEAM)


def split(mortal: Mortal) -> None:
    """The series is split."""
    start = at("2027-03-22")["start"]
    mortal.simulator.calendar.split(ADA, made(mortal), start, summary="Better plan")


def occurrence(day: str, **changes: Any) -> Step:
    """One occurrence of the series becomes another one."""
    return lambda mortal: mortal.simulator.calendar.add_occurrence(ADA, made(mortal), at(day)["start"], **changes)


def team(mortal: Mortal) -> None:
    """Ada has another calendar."""
    mortal.simulator.calendar.add_calendar(TEAM, ADA)


def remove(mortal: Mortal) -> None:
    """That calendar is deleted."""
    mortal.simulator.calendar.remove(TEAM)


def share(user: str, role: str) -> Step:
    """A user has another role on that calendar from now on."""

    def shared(mortal: Mortal) -> None:
        mortal.simulator.calendar.share(TEAM, user, role)
        mortal.users = [ADA, BOB]

    return shared


def pages(size: int, empty: int = 0) -> Step:
    """Calendar lists so many events a page, after so many pages that hold none."""

    def small(mortal: Mortal) -> None:
        mortal.simulator.calendar.largest_page = size
        mortal.simulator.pages.empty = empty

    return small


def kind(kind: Kind) -> Step:
    """The conferencing system is of that kind."""

    def became(mortal: Mortal) -> None:
        mortal.world.become(kind)
        mortal.restart()

    return became


def without_demo(mortal: Mortal) -> None:
    """The deployer takes the solution out of the configuration."""
    mortal.world.solutions.pop("demo")
    mortal.restart()


def with_demo(mortal: Mortal) -> None:
    """The deployer puts it back."""
    mortal.world.solutions["demo"] = {**mortal.world.solutions["signin"], "sign_in": False}
    mortal.restart()


def die(when: str, call: str) -> Step:
    """The process dies there. For what goes before: in what is told, it dies elsewhere."""
    return lambda mortal: mortal.instance.outside.die(when, call)


def die_deleting(mortal: Mortal) -> None:
    """The grace is over, and the process dies before it deletes."""
    mortal.world.clock.advance(2 * 3600)
    mortal.sweep()
    mortal.instance.outside.die("before", "DELETE")
    mortal.world.clock.advance(2)
    mortal.simulator.cloud_tasks.run_due()
    mortal.daily()


def away(method: str, times: int) -> Step:
    """The conferencing system is away for so many requests."""
    return lambda mortal: mortal.simulator.faults.add(faults.status(503), ROOMS, method, times=times)


def unmapped(mortal: Mortal) -> list[str]:
    """What is wrong unless every mapping of Ada's is forgotten."""
    return [f"{one.state} {one.reason} is not forgotten" for one in mortal.mappings()]


def held(*states: str, calendar: str = ADA) -> Callable[[Mortal], list[str]]:
    """What is wrong unless the events of a calendar have mappings in these states, in the order they were made."""

    def wrong(mortal: Mortal) -> list[str]:
        found = {one.event: one.state for one in map(mortal.mapping, mortal.keys(calendar))}
        events = mortal.simulator.calendar.calendar(calendar).events
        ended = [found.get(event, "") for event in events]
        return [] if ended == list(states) else [f"{ended} instead of {list(states)}"]

    return wrong


def _ask(mortal: Mortal, event: str, saved: bool = True, **how: Any) -> None:
    choose = mortal.choose if saved else mortal.ask
    for _ in range(3):
        answer = choose(event, **how)
        if answer is not None and "error" not in answer.body["conferenceData"]:
            return
        mortal.world.clock.advance(MINUTE)

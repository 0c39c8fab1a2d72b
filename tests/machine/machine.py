"""Any order of what users do, what becomes of the signals, and what breaks; in the end everything is in step.

Ada owns her calendar and a team's, Bob edits the team's, Carol is invited and has a calendar with conferences of her
own, Dave reads Ada's. Hypothesis finds the order, and shortens it when something does not hold.
"""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from simulator import faults
from simulator.errors import GoogleError
from tests import invariants
from tests.inside import Mortal, inside
from tests.world import ADA, BOB, KEYED, SEARCHABLE, Kind

CAROL, DAVE, TEAM = "carol@example.com", "dave@example.com", "team@group.calendar.example.com"
HOMES = (ADA, TEAM, CAROL)
"""Calendars on which events are made."""
AHEAD = (timedelta(hours=2), timedelta(days=1), timedelta(days=12), timedelta(days=45))
TITLES = ("Plan", "Better plan", "Zürich ♥", "")
DAILY = "RRULE:FREQ=DAILY;COUNT=6"
STEPS = (3.0, 70.0, 700.0, 2 * 3600.0, 26 * 3600.0, 4 * 86400.0)
"""Seconds that pass in one step."""

PICK = st.integers(0, 7)
Then = str | int
THEN: st.SearchStrategy[Then] = st.one_of(
    st.sampled_from(["heard", "late"]), st.sampled_from(["heard", "lost", "refused"]), st.integers(0, 11)
)
"""What becomes of the signals of a change; a number is the outside call before which their receiver dies."""
METHODS = st.sampled_from(["*", "POST", "PATCH", "DELETE"])
MODES = st.sampled_from(["relay", "delegation"])


class Place(NamedTuple):
    """An event, and the calendar that it was last known on."""

    calendar: str
    event: str


class Machine(RuleBasedStateMachine):
    """The rules; each does nothing where Calendar would not let the user do so."""

    def __init__(self) -> None:
        super().__init__()
        self.open = ExitStack()
        self.places: list[Place] = []
        self.drafts: list[Place] = []
        self.occurrences: list[Place] = []

    @initialize(mode=MODES, kind=st.sampled_from([KEYED, SEARCHABLE]))
    def begin(self, mode: str, kind: Kind) -> None:
        folder = self.open.enter_context(tempfile.TemporaryDirectory())
        self.mortal: Mortal = self.open.enter_context(inside(Path(folder), mode == "delegation"))
        self.mortal.world.become(kind)
        self.mortal.world.solutions["second"] = self.mortal.world.solutions["demo"]
        self.mortal.restart()
        self.calendar = self.mortal.simulator.calendar
        for user in (CAROL, DAVE):
            self.mortal.simulator.add_user(user)
        self.calendar.add_calendar(TEAM, ADA)
        self.calendar.share(TEAM, BOB, "writer")
        self.calendar.share(ADA, DAVE, "reader")
        self.mortal.users = [ADA, BOB, CAROL, DAVE]
        for home in (ADA, ADA, TEAM):
            self._make(home, AHEAD[1], [], {})
            self.mortal.choose(self.places[-1].event, calendar=home)
        self.mortal.settle()

    # What users do to events.

    @rule(
        home=st.sampled_from(HOMES),
        ahead=st.sampled_from(AHEAD),
        invited=st.booleans(),
        series=st.booleans(),
        then=THEN,
    )
    def make(self, home: str, ahead: timedelta, invited: bool, series: bool, then: Then) -> None:
        guests = [{"email": ADA if home == CAROL else CAROL}] if invited else []
        recurring: dict[str, Any] = {"recurrence": [DAILY]} if series else {}
        self._make(home, ahead, guests, recurring)
        self._then(then)

    @rule(home=st.sampled_from(HOMES), then=THEN)
    def draft(self, home: str, then: Then) -> None:
        self.drafts.append(Place(home, self.calendar.reserve(home)))
        self._then(then)

    @precondition(lambda self: self.drafts)
    @rule(pick=PICK, ahead=st.sampled_from(AHEAD), then=THEN)
    def save(self, pick: int, ahead: timedelta, then: Then) -> None:
        place = self.drafts.pop(pick % len(self.drafts))
        self.calendar.save(place.calendar, place.event, summary="Saved", **self._times(ahead))
        self.places.append(place)
        self._then(then)

    @precondition(lambda self: self.drafts)
    @rule(pick=PICK, then=THEN)
    def throw_away(self, pick: int, then: Then) -> None:
        self.calendar.discard(*self.drafts.pop(pick % len(self.drafts)))
        self._then(then)

    @precondition(lambda self: self.places or self.drafts)
    @rule(pick=PICK, of_bob=st.booleans(), solution=st.sampled_from(["demo", "demo", "second", "jitsi"]), then=THEN)
    def choose(self, pick: int, of_bob: bool, solution: str, then: Then) -> None:
        every = self.drafts + self.places
        place = every[-1 - pick % len(every)]
        user = CAROL if place.calendar == CAROL else BOB if of_bob and place.calendar == TEAM else ADA
        if place in self.drafts or self._is_there(place):
            self.mortal.choose(place.event, calendar=place.calendar, user=user, solution=solution)
        self._then(then)

    @precondition(lambda self: self.places)
    @rule(pick=PICK, title=st.sampled_from(TITLES), then=THEN)
    def rename(self, pick: int, title: str, then: Then) -> None:
        self._on(pick, lambda place: self.calendar.patch(*place, summary=title))
        self._then(then)

    @precondition(lambda self: self.places)
    @rule(pick=PICK, ahead=st.sampled_from(AHEAD), then=THEN)
    def move_in_time(self, pick: int, ahead: timedelta, then: Then) -> None:
        self._on(pick, lambda place: self.calendar.patch(*place, **self._times(ahead)))
        self._then(then)

    @precondition(lambda self: self.places)
    @rule(pick=PICK, on=st.booleans(), then=THEN)
    def recur(self, pick: int, on: bool, then: Then) -> None:
        self._on(pick, lambda place: self.calendar.patch(*place, recurrence=[DAILY] if on else None))
        self._then(then)

    @precondition(lambda self: self.places)
    @rule(pick=PICK, colour=st.booleans(), then=THEN)
    def change_what_nobody_is_told(self, pick: int, colour: bool, then: Then) -> None:
        self._on(pick, lambda place: self.calendar.patch(*place, colorId="4" if colour else "5"))
        self._then(then)

    @precondition(lambda self: self.places)
    @rule(pick=PICK, stub=st.booleans(), then=THEN)
    def cancel(self, pick: int, stub: bool, then: Then) -> None:
        self._on(pick, lambda place: self.calendar.delete(*place, stub=stub))
        self._then(then)

    @precondition(lambda self: self.places)
    @rule(pick=PICK, then=THEN)
    def restore(self, pick: int, then: Then) -> None:
        place = self._pick(pick)
        if place.event in self._events(place) and not self._is_there(place):
            self._allowed(lambda: self.calendar.restore(*place))
        self._then(then)

    @precondition(lambda self: self.places)
    @rule(pick=PICK, then=THEN)
    def purge(self, pick: int, then: Then) -> None:
        """The bin is emptied; a sync token that has not told of the deletion is good no more."""
        place = self._pick(pick)
        if place.event in self._events(place) and not self._is_there(place):
            self.calendar.purge(*place)
        self._then(then)

    @precondition(lambda self: self.places)
    @rule(pick=PICK, title=st.sampled_from(TITLES), then=THEN)
    def duplicate(self, pick: int, title: str, then: Then) -> None:
        self._on(
            pick,
            lambda place: self.places.append(
                Place(place.calendar, self.calendar.duplicate(*place, summary=title, attendees=None))
            ),
        )
        self._then(then)

    @precondition(lambda self: self.places)
    @rule(pick=PICK, number=st.integers(1, 4), title=st.sampled_from(TITLES), then=THEN)
    def split(self, pick: int, number: int, title: str, then: Then) -> None:
        def split(place: Place) -> None:
            if "recurrence" not in self.calendar.get(*place):
                return
            at = self._occurrence(place, number)
            self.places.append(Place(place.calendar, self.calendar.split(*place, at, summary=title)))

        self._on(pick, split)
        self._then(then)

    @precondition(lambda self: self.places)
    @rule(pick=PICK, home=st.sampled_from(HOMES), then=THEN)
    def move(self, pick: int, home: str, then: Then) -> None:
        def move(place: Place) -> None:
            self.calendar.move(*place, home)
            self.places[self.places.index(place)] = Place(home, place.event)

        self._on(pick, move)
        self._then(then)

    @precondition(lambda self: self.places)
    @rule(pick=PICK, number=st.integers(0, 4), how=st.sampled_from(["moved", "cancelled", "bare"]), then=THEN)
    def except_occurrence(self, pick: int, number: int, how: str, then: Then) -> None:
        every: dict[str, dict[str, Any]] = {
            "moved": {"summary": "This one only"},
            "cancelled": {"status": "cancelled"},
            "bare": {"conferenceData": None},
        }
        changes = every[how]
        self._on(pick, lambda place: self.calendar.add_occurrence(*place, self._occurrence(place, number), **changes))
        self._then(then)

    @precondition(lambda self: self.places)
    @rule(pick=PICK, then=THEN)
    def take_off(self, pick: int, then: Then) -> None:
        self._on(pick, lambda place: self.calendar.set_conference(*place, None))
        self._then(then)

    @precondition(lambda self: self.places)
    @rule(pick=PICK, what=st.sampled_from(["declined", "accepted", "rename", "duplicate", "delete"]), then=THEN)
    def guest(self, pick: int, what: str, then: Then) -> None:
        """A guest does something to their copy."""
        place = self._pick(pick)
        copy = Place(ADA if place.calendar == CAROL else CAROL, place.event)
        do: dict[str, Callable[[], object]] = {
            "rename": lambda: self.calendar.patch(*copy, summary="Mine"),
            "duplicate": lambda: self.calendar.duplicate(*copy, attendees=None),
            "delete": lambda: self.calendar.delete(*copy),
        }
        if self._is_there(copy) and copy not in self.places:
            self._allowed(do.get(what, lambda: self.calendar.respond(*copy, what)))
        self._then(then)

    # What becomes of the signals.

    @rule()
    def settle(self) -> None:
        self.mortal.settle()

    @rule(pick=PICK, what=st.sampled_from(["deliver", "drop", "double", "shuffle"]))
    def signal(self, pick: int, what: str) -> None:
        for outbox in (self.mortal.simulator.push, self.mortal.simulator.triggers):
            if waiting := outbox.pending:
                if what == "shuffle":
                    outbox.shuffle()
                else:
                    getattr(outbox, what)(pick % len(waiting))

    @rule()
    def run_tasks(self) -> None:
        self.mortal.simulator.cloud_tasks.run_due()

    @rule(user=st.sampled_from([ADA, BOB, CAROL, DAVE]))
    def fire_daily(self, user: str) -> None:
        self.mortal.simulator.triggers.daily(user)

    @rule(home=st.sampled_from(HOMES))
    def lose_token(self, home: str) -> None:
        self.calendar.expire_sync_tokens(home)

    @rule(home=st.sampled_from(HOMES), on=st.booleans())
    def answer_410_to_all(self, home: str, on: bool) -> None:
        self.calendar.always_gone(home, on)

    # What breaks.

    @rule(
        code=st.sampled_from([503, 429, 404, 500, 0]),
        times=st.sampled_from([1, 3, None]),
        acted=st.booleans(),
        method=METHODS,
    )
    def conferencing_is_away(self, code: int, times: int | None, acted: bool, method: str) -> None:
        if code == 404 and method in ("*", "DELETE"):
            method = "PATCH"  # a system that says of a room that it is not there has it deleted for us
        trouble = faults.status(code, acted=acted and code == 500) if code else faults.reset(acted=acted)
        self.mortal.simulator.faults.add(trouble, "/rooms-api/*", method, times=times)

    @precondition(lambda self: self.mortal.simulator.faults._script)
    @rule()
    def all_works_again(self) -> None:
        self.mortal.simulator.faults.clear()

    @rule(times=st.integers(1, 3), quota=st.booleans())
    def calendar_is_away(self, times: int, quota: bool) -> None:
        self.mortal.simulator.faults.add(
            faults.quota() if quota else faults.backend_error(), "/calendar/*", times=times
        )

    @rule(number=st.integers(0, 12), when=st.sampled_from(["before", "after"]))
    def die_soon(self, number: int, when: str) -> None:
        self.mortal.die_at(number, when)

    @precondition(lambda self: self.mortal.instance.outside.calls)
    @rule()
    def restart(self) -> None:
        self.mortal.restart()

    @rule(role=st.sampled_from(["none", "reader", "writer", "owner"]))
    def share_with_bob(self, role: str) -> None:
        self.calendar.share(TEAM, BOB, role)

    @rule(seconds=st.sampled_from(STEPS), swept=st.booleans())
    def pass_time(self, seconds: float, swept: bool) -> None:
        self.mortal.world.clock.advance(seconds)
        if swept:
            self.mortal.sweep()

    # What holds.

    @invariant()
    def nothing_is_broken_for_ever(self) -> None:
        if hasattr(self, "mortal"):
            assert not invariants.at_any_time(self.mortal.simulator, self.mortal.world.store)

    @rule()
    def come_to_rest(self) -> None:
        """Everything works again, and some days pass."""
        for home in HOMES:
            self.calendar.always_gone(home, False)
        self.mortal.heal()
        breaches = self.mortal.breaches()
        assert not breaches, "\n".join(breaches)

    def teardown(self) -> None:
        with self.open:
            if hasattr(self, "mortal"):
                self.come_to_rest()

    def _make(self, home: str, ahead: timedelta, guests: list[dict[str, str]], recurring: dict[str, Any]) -> None:
        event = self.calendar.add_event(home, summary="Plan", attendees=guests, **self._times(ahead), **recurring)
        self.places.append(Place(home, event))

    def _then(self, then: Then) -> None:
        """The signals of what was just done arrive at once, wait, are lost, or arrive in trouble."""
        if then == "refused":
            self.mortal.simulator.faults.add(faults.status(503), "/rooms-api/*", times=2)
        elif isinstance(then, int):
            self.mortal.die_at(then, "before")
        if then not in ("late", "lost"):
            self.mortal.settle()
        elif then == "lost":
            for outbox in (self.mortal.simulator.push, self.mortal.simulator.triggers):
                while outbox.pending:
                    outbox.drop()

    def _times(self, ahead: timedelta) -> dict[str, Any]:
        start = self.mortal.world.clock.now() + ahead
        return {
            "start": {"dateTime": start.isoformat(timespec="seconds"), "timeZone": "Europe/Berlin"},
            "end": {
                "dateTime": (start + timedelta(hours=1)).isoformat(timespec="seconds"),
                "timeZone": "Europe/Berlin",
            },
        }

    def _occurrence(self, place: Place, number: int) -> dict[str, Any]:
        start = self.calendar.get(*place)["start"]
        moved = datetime.fromisoformat(start["dateTime"]) + timedelta(days=number)
        return {"dateTime": moved.isoformat(), "timeZone": start["timeZone"]}

    def _pick(self, pick: int) -> Place:
        """An event, the newest for 0."""
        return self.places[-1 - pick % len(self.places)]

    def _events(self, place: Place) -> Any:
        return self.calendar.calendar(place.calendar).events

    def _is_there(self, place: Place) -> bool:
        return place.event in self._events(place) and self.calendar.get(*place)["status"] != "cancelled"

    def _on(self, pick: int, do: Callable[[Place], object]) -> None:
        """Do that to an event that is there."""
        place = self._pick(pick)
        if self._is_there(place):
            self._allowed(lambda: do(place))

    def _allowed(self, do: Callable[[], object]) -> None:
        """Do it unless Calendar says no."""
        try:
            do()
        except (GoogleError, ValueError):
            return

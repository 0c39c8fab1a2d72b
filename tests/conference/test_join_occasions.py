"""Which of the events behind one link people enter, and until when that is on, as the system is told."""

import base64
import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from conference.browser import Sent, Visit
from conference.clock import Deadline, SystemClock
from conference.identity import User
from conference.join import Joining, Occasion
from conference.legs import Legs
from conference.meeting import Meeting, Moved
from conference.providers.base import Visitor
from conference.seal import Seal
from conference.secrets.cache import Secrets
from conference.secrets.local import Environment
from conference.session import Sessions
from conference.solution import Solution
from tests.inside import BEGIN, StillClock

DAY = datetime(2027, 3, 1, tzinfo=UTC)
ROOMS = Solution("rooms", "Rooms", "logo", "demo", None)
HOST = User("7", "ada@example.com")
KEY = base64.b64encode(bytes(range(32))).decode()


def meeting(summary: str, starts: str, ends: str, *recurrence: str) -> Meeting:
    """A meeting of that day."""
    return Meeting("token", summary, at(starts), at(ends), "UTC", recurrence)


def at(time: str) -> datetime:
    hours, minutes = map(int, time.split(":"))
    return DAY + timedelta(hours=hours, minutes=minutes)


class Door:
    """The join page over given meetings, and whom it let in."""

    def __init__(self, *meetings: Meeting) -> None:
        self.clock = StillClock()
        self.meetings = meetings
        self.entered: list[Visitor] = []
        self.opened: datetime | None = None
        self.kept_by = ""
        numbers = itertools.count()
        seal = Seal("keys", Secrets(Environment({"KEYS": KEY}), SystemClock()), lambda n: next(numbers).to_bytes(n))
        self.sessions = Sessions(seal, self.clock, lambda: "text", secure=True)
        self._joining = Joining({"rooms": ROOMS}, self, self.sessions, _nobody_signs_in, self.clock, lambda: "text")

    def of(self, link: str) -> list[Occasion]:
        return [Occasion("rooms", one, "7", self.opened, None) for one in self.meetings]

    def keeper(self, occasion: Occasion) -> str:
        return self.kept_by

    def enter(self, occasion: Occasion, visitor: Visitor, deadline: Deadline) -> str:
        self.entered.append(visitor)
        return "https://rooms.example/1"

    def open(self, occasion: Occasion, until: datetime) -> None:
        self.opened = until

    def come(self, time: str, cookies: Mapping[str, str] | None = None, **form: str) -> Visitor | None:
        """Who was let in at that time, None who was not."""
        self._turn_to(time)
        self.entered.clear()
        told = {"name": "Gus", "as": "guest", **form}
        deadline = Deadline(self.clock, 10)
        self._joining.enter(Visit("", {}, lambda: told, cookies or {}, "en", "n", deadline, Legs(self.clock), "token"))
        return self.entered[0] if self.entered else None

    def host_comes(self, time: str, host: User = HOST) -> Visitor | None:
        """Who signs in and enters as host at that time, None who may not."""
        self._turn_to(time)
        cookie = self.sessions.begin(host)
        return self.come(time, {cookie.name: cookie.value}, **{"as": "host", "form": self.sessions.form(host)})

    def _turn_to(self, time: str) -> None:
        self.clock.ahead = (at(time) - BEGIN).total_seconds()


def _nobody_signs_in(visit: Visit, choose: bool) -> Sent:
    raise AssertionError("nobody is sent to Google")


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("time", "title"),
    [
        ("8:50", "first"),
        ("9:30", "first"),
        ("9:50", "first"),
        ("10:00", "second"),
        ("10:05", "second"),
        ("11:30", "second"),
        ("11:46", "third"),
        ("12:01", "third"),
        ("13:30", "third"),
    ],
)
def test_people_enter_the_event_that_is_on_though_another_one_runs_over(time: str, title: str, turned: bool) -> None:
    day = [meeting("first", "9:00", "10:00"), meeting("second", "10:00", "11:00"), meeting("third", "12:00", "13:00")]
    door = Door(*(reversed(day) if turned else day))

    visitor = door.come(time)
    assert visitor
    assert visitor.summary == title


@pytest.mark.parametrize(
    ("time", "until"),
    [
        ("9:30", "10:00"),
        ("10:10", "10:00"),
        ("10:15", "11:30"),
        ("10:20", "11:30"),
        ("11:00", "11:30"),
        ("13:29", "11:30"),
        ("13:31", ""),
    ],
)
def test_of_a_series_with_two_on_a_day_people_enter_the_one_that_is_on(time: str, until: str) -> None:
    door = Door(meeting("series", "9:00", "10:00", "RRULE:FREQ=DAILY", "RDATE:20270301T103000Z"))

    visitor = door.come(time)
    assert (visitor.until if visitor else None) == (at(until) if until else None)


@pytest.mark.parametrize(
    ("time", "title"), [("9:59", "long"), ("10:00", "short"), ("10:30", "short"), ("11:00", "long")]
)
def test_of_two_that_are_on_people_enter_the_one_that_began_last(time: str, title: str) -> None:
    visitor = Door(meeting("long", "9:00", "12:00"), meeting("short", "10:00", "11:00")).come(time)
    assert visitor
    assert visitor.summary == title


@pytest.mark.parametrize(
    ("starts", "ends", "closes"),
    [("15:00", "16:00", "18:00"), ("18:00", "20:00", "21:00"), ("81:00", "82:00", "21:00")],
)
def test_a_host_who_comes_early_lets_guests_in_for_half_a_day_and_not_past_the_meeting(
    starts: str, ends: str, closes: str
) -> None:
    door = Door(meeting("later", starts, ends))

    assert door.host_comes("9:00")
    assert door.opened == at(closes)
    assert door.come("10:00")


def test_who_asked_and_who_keeps_the_calendar_now_are_hosts_and_nobody_else() -> None:
    door, other = Door(meeting("plan", "9:00", "10:00")), User("8", "bob@example.com")

    assert door.host_comes("9:00")
    assert not door.host_comes("9:00", other)
    door.kept_by = "8"
    assert door.host_comes("9:00", other)
    door.kept_by = "9"
    assert not door.host_comes("9:00", other)


@pytest.mark.parametrize(
    ("time", "until"),
    [
        ("9:30", ""),
        ("13:30", ""),
        ("13:50", "15:00"),
        ("14:30", "15:00"),
        ("16:30", "15:00"),
        ("33:30", "34:00"),
        ("38:30", ""),
    ],
)
def test_an_occurrence_that_was_moved_is_on_when_it_is_and_not_when_it_was(time: str, until: str) -> None:
    series = meeting("series", "9:00", "10:00", "RRULE:FREQ=DAILY")
    door = Door(replace(series, moved=(Moved("20270301T090000Z", at("14:00"), at("15:00")),)))

    visitor = door.come(time)
    assert (visitor.until if visitor else None) == (at(until) if until else None)


def test_an_occurrence_that_was_cancelled_is_not_on() -> None:
    series = replace(meeting("series", "9:00", "10:00", "RRULE:FREQ=DAILY"), cancelled=("20270302T090000Z",))

    assert [bool(Door(series).come(time)) for time in ("9:30", "33:30", "57:30")] == [True, False, True]


def test_an_event_at_the_beginning_of_the_calendar_keeps_nobody_out() -> None:
    first = datetime.min.replace(tzinfo=UTC)

    assert Door(Meeting("token", "old", first, datetime.max.replace(tzinfo=UTC), "UTC")).come("9:00")

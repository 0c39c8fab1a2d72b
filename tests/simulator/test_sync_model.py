"""Whoever applies incremental lists, whatever happened meanwhile, holds what a full list holds."""

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from simulator.errors import GoogleError
from simulator.server import Simulator
from tests import simulating

ADA = "ada@example.com"
BOB = "bob@example.com"
TEAM = "team@group.calendar.google.com"
DAYS: dict[str, Any] = {"start": {"date": "2026-03-10"}, "end": {"date": "2026-03-11"}}
ACTS = (
    "add",
    "invite",
    "series",
    "occurrence",
    "rename",
    "delete",
    "stub",
    "restore",
    "purge",
    "move",
    "back",
    "split",
)
STEPS = st.lists(st.tuples(st.sampled_from((*ACTS, "duplicate", "respond", "sync")), st.integers(0, 9)), max_size=40)
GONE = 410


class Expired(Exception):
    """The sync token is good no more."""


class Follower:
    """Holds Ada's events as a program does that begins with a full list and goes on with changes, in small pages."""

    def __init__(self, sim: Simulator) -> None:
        self.client = Client(sim.app)
        self.headers = {"Authorization": f"Bearer {sim.access_token(ADA)}", "Host": "127.0.0.1"}
        self.held: dict[str, Mapping[str, Any]] = {}
        self.token = ""

    def pages(self, **query: str) -> Iterator[Any]:
        query = {"maxResults": "3", "showDeleted": "true", **query}
        while True:
            path = f"/calendar/v3/calendars/{ADA}/events"
            reply = self.client.get(path, query_string=query, headers=self.headers)
            page = reply.get_json()
            if reply.status_code == GONE:
                raise Expired
            yield page
            if "nextPageToken" not in page:
                return
            query["pageToken"] = page["nextPageToken"]

    def sync(self) -> None:
        """List what changed; everything, when the token is good no more."""
        try:
            self._list()
        except Expired:
            self.held, self.token = {}, ""
            self._list()

    def _list(self) -> None:
        seen: list[str] = []
        for page in self.pages(**({"syncToken": self.token} if self.token else {})):
            self.held |= {item["id"]: item for item in page["items"]}
            seen += [item["id"] for item in page["items"]]
            self.token = page.get("nextSyncToken", "")
        assert len(seen) == len(set(seen))

    def full(self) -> dict[str, Any]:
        return {item["id"]: item for page in self.pages() for item in page["items"]}


def make(sim: Simulator, what: str, number: int) -> None:
    body: dict[str, Any] = dict(DAYS)
    if what == "series":
        body["recurrence"] = ["RRULE:FREQ=DAILY;COUNT=9"]
    organizer, guest = (BOB, ADA) if what == "invite" and number % 2 else (ADA, BOB)
    if what == "invite":
        body["attendees"] = [{"email": guest}]
    sim.calendar.add_event(organizer, **body)


def act(sim: Simulator, what: str, number: int) -> None:
    calendars = sim.calendar
    events = list(calendars.calendar(TEAM if what == "back" else ADA).events)
    if not events:
        return
    event = events[number % len(events)]
    day = {"date": f"2026-03-{11 + number % 5}"}
    acts: dict[str, Callable[[], object]] = {
        "occurrence": lambda: calendars.add_occurrence(ADA, event, day, summary=str(number)),
        "rename": lambda: calendars.patch(ADA, event, summary=str(number)),
        "delete": lambda: calendars.delete(ADA, event),
        "stub": lambda: calendars.delete(ADA, event, stub=True),
        "restore": lambda: calendars.restore(ADA, event),
        "purge": lambda: calendars.purge(ADA, event),
        "move": lambda: calendars.move(ADA, event, TEAM),
        "back": lambda: calendars.move(TEAM, event, ADA),
        "split": lambda: calendars.split(ADA, event, day),
        "duplicate": lambda: calendars.duplicate(ADA, event),
        "respond": lambda: calendars.respond(ADA, event, ("accepted", "declined")[number % 2]),
    }
    acts[what]()


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_incremental_lists_add_up_to_the_full_one(steps: list[tuple[str, int]]) -> None:
    sim = simulating.simulator(randomness=random.Random(5), validate=True)
    for email in (ADA, BOB):
        sim.add_user(email)
    sim.calendar.add_calendar(TEAM, ADA)
    follower = Follower(sim)
    follower.sync()
    for what, number in steps:
        try:
            if what == "sync":
                follower.sync()
                continue
            if what in ("add", "invite", "series"):
                make(sim, what, number)
            else:
                act(sim, what, number)
        except (GoogleError, ValueError, KeyError):
            # What Calendar would not let a person do.
            continue
    follower.sync()
    full = follower.full()
    assert {key: item for key, item in follower.held.items() if key in full} == full
    assert all(item["status"] == "cancelled" for key, item in follower.held.items() if key not in full)
    sim.close()

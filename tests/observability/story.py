"""A story through the function's routes: creates that end in every way, changes told late, what waits, who did what."""

import json
import sys
from collections.abc import Mapping
from contextlib import closing
from contextvars import Context
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from google.auth import _helpers, environment_vars
from google.auth.compute_engine import _metadata

from simulator import builder, faults, ids
from simulator.zoom_api import zoom_id
from sync import records
from sync.background import Background
from sync.credentials import SCOPES
from sync.records import ORPHANS, OrphanRecord
from sync.store import Create
from sync.store.sqlite import SqliteStore
from tests.browsing import Browser, vendors
from tests.faults.connect.story import hook
from tests.served import PUBLIC_URL, Function, serving
from tests.world import ADA, BOB, LOGO, MovedClock

CANARY = "c4n4ry"
TITLE = f"Takeover of Acme {CANARY}"
KEY = records.key(ADA)
ROOMS = "/rooms-api/*"
TIMES: Mapping[str, Any] = {
    "start": {"dateTime": "2099-03-01T09:00:00Z"},
    "end": {"dateTime": "2099-03-01T10:00:00Z"},
}
TEAM = "team@example.com"
FIRST_LAG = 7.0
"""Seconds between a change and the run that sees it."""


@dataclass
class Told:
    """What was logged, and what must not have been."""

    lines: list[str] = field(default_factory=list)
    private: set[str] = field(default_factory=set)
    owners: set[str] = field(default_factory=set)
    """By what the connections of the story's users were stored."""


def told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Tell it: what the function logged. Its queue runs when the story says so, and not in a thread of its own."""
    monkeypatch.setattr(Background, "start", lambda background: None)
    solutions, environment = vendors()
    closed = {"provider": "demo", "name": "Closed", "logo": LOGO, "url": "{simulator}", "domains": ["other.example"]}
    environment |= {"ANYROOM_CREDENTIAL": f"delegation:{ids.DELEGATE_SERVICE_ACCOUNT}", "ANYROOM_GRACE": "1m"}
    clock = MovedClock()
    with serving(folder, monkeypatch, {**solutions, "closed": closed}, environment, clock) as function:
        _delegate(function, clock, monkeypatch)
        teller = _Teller(function, clock)
        teller.creates()
        teller.changes()
        teller.waits()
        teller.people()
        return Told(function.log().splitlines(), teller.private(), teller.owners)


class _Teller:
    def __init__(self, function: Function, clock: MovedClock) -> None:
        self._function = function
        self._clock = clock
        self._simulator = function.simulator
        self._events: list[str] = []
        self.owners: set[str] = set()

    def creates(self) -> None:
        """Creates that end in every way, on the caller's own calendar and on others'."""
        self.event = self._create("demo", ADA)
        self._run_queued()
        for solution in ("signin", "closed", "keyed"):
            self._create(solution, ADA)
        self._simulator.faults.add(faults.status(500), ROOMS, times=9)
        self._create("demo", ADA)
        self._simulator.faults.clear()
        self._simulator.calendar.add_calendar(TEAM, BOB)
        self._simulator.calendar.share(TEAM, ADA, "writer")
        self._create("demo", TEAM)
        self._create("demo", BOB)
        self._run_queued()

    def changes(self) -> None:
        """A change told late, one parked, tried in vain and told by a sweep, and an event deleted."""
        calendar = self._simulator.calendar
        calendar.patch(ADA, self.event, summary=f"{TITLE} moved")
        self._clock.advance(FIRST_LAG)
        self._sync()
        self._simulator.faults.add(faults.status(503), ROOMS, times=None)
        calendar.patch(ADA, self.event, summary=f"{TITLE} moved again")
        self._sync()
        self._clock.advance(160.0)
        self._sweep()
        self._simulator.faults.clear()
        self._clock.advance(400.0)
        self._sweep()
        calendar.delete(ADA, self.event)
        self._sync()
        self._clock.advance(90.0)
        self._sync()

    def waits(self) -> None:
        """An orphan, a keeper's token that cannot be had, and a channel days old."""
        self._list_orphan()
        self._simulator.delegation.authorise(ids.DELEGATE_SERVICE_ACCOUNT, (), "example.com")
        self._clock.advance(3 * 86400.0)
        self._sweep()

    def people(self) -> None:
        """Ada connects Zoom, its tokens fail her, she disconnects and has all of hers deleted; Bob removes us there."""
        browser, bob = Browser(self._function), Browser(self._function, BOB)
        browser.connect("zoom")
        bob.connect("zoom")
        self.owners.update(str(one.body["owner"]) for one in self._function.connections())
        self._create("zoom", ADA)
        self._simulator.authorization["zoom"].revoke_user(ADA)
        self._clock.advance(2 * 3600.0)
        self._create("zoom", ADA)
        self._create("zoom", ADA)
        browser.sign_in()
        browser.submit("/disconnect/zoom")
        browser.submit("/forget")
        removed = {"event": "app_deauthorized", "payload": {"user_id": zoom_id(BOB)}}
        assert hook(self._function, removed).status_code == 204

    def private(self) -> set[str]:
        """Addresses, titles, events, tokens and secrets of the story."""
        tokens = {request.headers.get("authorization", "").rpartition(" ")[2] for request in self._simulator.requests}
        secrets = {channel.token.partition(".")[2] for channel in self._simulator.push.channels}
        return {CANARY, TITLE, "@example.com", ADA, BOB, *self._events, *tokens, *secrets} - {""}

    def _create(self, solution: str, calendar: str) -> str:
        """Ada chooses a solution for a new event, and saves it when she gets a conference."""
        event = self._simulator.calendar.add_event(
            calendar, summary=TITLE, attendees=[{"email": f"guest-{CANARY}@example.com"}], **TIMES
        )
        self._events.append(event)
        body = {"calendarId": calendar, "eventId": event, "oauthToken": self._simulator.access_token(ADA)}
        response = self._function.post(f"/conferences?solution={solution}", body)
        assert response.status_code == 200
        try:
            data = builder.check(response.json, "script", solution)
        except builder.Failed:
            return event
        conference = self._simulator.conferences.of_addon(data, solution, script=True)
        self._simulator.calendar.set_conference(calendar, event, conference)
        return event

    def _sync(self) -> None:
        """A task of the calendar."""
        self._task("/sync", json.dumps({"calendar": KEY}).encode())
        self._run_queued()

    def _sweep(self) -> None:
        self._task("/sweep", b"")
        self._run_queued()

    def _run_queued(self) -> None:
        """What the function's own queue has to run by now; in a thread of its own it would know of no request."""
        Context().run(sys.modules["main"].service().parts().following.queue.run_due)

    def _task(self, path: str, content: bytes) -> None:
        token = self._simulator.identity.tasks_token(f"{PUBLIC_URL}{path}", email=ids.TASKS_SERVICE_ACCOUNT)
        assert self._function.post(path, content, token).status_code in (200, 204)

    def _list_orphan(self) -> None:
        now = self._clock.now()
        known: dict[str, Any] = {
            "since": now,
            "due": now + timedelta(days=30),
            "reason": "outcome-unknown",
            "solution": "demo",
        }
        orphan = OrphanRecord(calendar=ADA, event="e", attempt="a", **known)
        with closing(SqliteStore(str(self._function.file))) as store:
            store.commit([Create(ORPHANS, records.key("a"), records.to_body(orphan))])


def _delegate(function: Function, clock: MovedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Delegation is authorised; the function's own token comes from the simulator's metadata server."""
    address = function.simulator.url.removeprefix("http://")
    monkeypatch.delenv(environment_vars.CREDENTIALS, raising=False)
    monkeypatch.setenv(environment_vars.CLOUD_SDK_CONFIG_DIR, str(function.file.parent))
    monkeypatch.setenv(environment_vars.GCE_METADATA_IP, address)
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", address)
    monkeypatch.setattr(_helpers, "utcnow", lambda: clock.now().replace(tzinfo=None))  # else it keeps an old token
    function.simulator.delegation.authorise(ids.DELEGATE_SERVICE_ACCOUNT, SCOPES, "example.com")

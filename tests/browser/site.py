"""The function on a port, as functions-framework serves it, beside the simulator, for a real browser."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from bench.process import Running, connect, running
from dev.local import free_port
from simulator.server import Simulator
from sync import records
from sync.apply import THERE
from sync.records import CALENDARS, MAPPINGS, CalendarRecord, MappingRecord, Parked
from sync.store import Create
from sync.store.sqlite import SqliteStore
from tests import simulating
from tests.browsing import vendors
from tests.world import LOGO, toml

ROOT = Path(__file__).parents[2]
START_LIMIT = 30.0
WAIT = 10.0
"""Seconds for an answer, on a slow machine."""
LONG_TITLE = "Vorstandsklausur mit Rechtsschutzversicherungsgesellschaften"
LATER = "2099-03-01T09:00:00+00:00"
ZONE = "Europe/Berlin"
MET = {"start": "2027-03-01T09:00:00+00:00", "end": "2027-03-01T10:00:00+00:00"}


class Site:
    """The running function at `url`, and the simulator beside it."""

    def __init__(self, url: str, simulator: Simulator, server: Running, store: Path) -> None:
        self.url = url
        self.simulator = simulator
        self._server = server
        self._store = store
        self._users = 0
        self._session = requests.Session()
        self._session.trust_env = False

    def add_user(self, name: str = "ada") -> str:
        """Somebody new with a calendar."""
        self._users += 1
        return self.simulator.add_user(f"{name}{self._users}@example.com")

    def choose(self, user: str, solution: str, starts: str = LATER, summary: str = "Plan") -> Mapping[str, Any]:
        """The user chooses the solution for a new event of an hour: the ConferenceData that Calendar gets."""
        ends = datetime.fromisoformat(starts) + timedelta(hours=1)
        times: dict[str, Any] = {
            "start": {"dateTime": starts, "timeZone": ZONE},
            "end": {"dateTime": ends.isoformat(), "timeZone": ZONE},
        }
        event = self.simulator.calendar.add_event(user, summary=summary, **times)
        body = {"calendarId": user, "eventId": event, "oauthToken": self.simulator.access_token(user)}
        bearer = {"Authorization": f"Bearer {self.simulator.identity.script_token(user)}"}
        url = f"{self.url}/conferences?solution={solution}"
        reply = self._session.post(url, data=json.dumps(body), headers=bearer, timeout=WAIT)
        assert reply.status_code == 200, reply.text
        data: Mapping[str, Any] = reply.json()["conferenceData"]
        return data

    def join(self, user: str, soon: bool = True) -> str:
        """The link of a conference of that user's that is entered by our page, soon or much later."""
        starts = datetime.now(UTC).isoformat() if soon else LATER
        [video] = [
            one
            for one in self.choose(user, "rooms", starts, LONG_TITLE)["entryPoints"]
            if one["entryPointType"] == "VIDEO"
        ]
        return str(video["uri"])

    def link(self, user: str, solution: str) -> str:
        """Where Calendar sends that user to connect the solution."""
        return str(self.choose(user, solution)["error"]["authenticationUrl"])

    def trouble(self, user: str) -> None:
        """A conference of the user's in each state that needs attention, one with a title that nothing can break."""
        untold = Parked({"summary": LONG_TITLE}, ["summary"], 3, datetime.now(UTC))
        with closing(SqliteStore(str(self._store))) as store:
            changes = [
                self._mapping(user, "parked", state="live", parked=untold),
                self._mapping(user, "lost", state="lost"),
                self._mapping(user, "there", state="lost", reason=THERE),
                self._mapping(user, "unmanaged", state="unmanaged"),
                self._mapping(user, "unreachable", state="live", calendar=f"team-of-{user}"),
            ]
            refused = CalendarRecord(calendar=f"team-of-{user}", refused=True)
            calendar = Create(CALENDARS, records.key(refused.calendar), records.to_body(refused))
            store.commit([*changes, calendar])

    def log(self) -> str:
        """What the function has said."""
        return self._server.log.read_text("utf-8")

    def _mapping(self, user: str, event: str, calendar: str = "", **fields: Any) -> Create:
        calendar = calendar or user
        subject = self.simulator.identity.subject(user)
        record = MappingRecord(
            calendar=calendar, event=event, solution="zoom", user=subject, attempt=event, told=MET, **fields
        )
        return Create(MAPPINGS, records.key(calendar, event, "zoom"), records.to_body(record))


@contextmanager
def site(folder: Path, connects: bool = True) -> Iterator[Site]:
    """The function with the demonstration rooms and, where it `connects` users, with all vendors."""
    with simulating.simulator() as simulator:
        port = free_port()
        url = f"http://localhost:{port}"
        simulator.register_clients(url)
        solutions, environment = vendors() if connects else ({}, {})
        demo = {"provider": "demo", "name": "Demo rooms", "logo": LOGO, "url": simulator.url}
        rooms = {"rooms": {**demo, "name": "Rooms", "join_page": True}} if connects else {}
        tables = {"demo": demo} | rooms | {name: _located(table, simulator.url) for name, table in solutions.items()}
        config, keys, store = folder / "anyroom.toml", folder / "keys.json", folder / "anyroom.db"
        config.write_text(toml(tables), "utf-8")
        simulator.identity.write_keyfile(str(keys))
        environment = {name: value for name, value in os.environ.items() if name not in ("DEBUG", "K_SERVICE")} | {
            "ANYROOM_CONFIG": str(config),
            "ANYROOM_IDENTITY": f"local:{keys}",
            "ANYROOM_GOOGLE_API": simulator.url,
            "ANYROOM_PUBLIC_URL": url,
            "ANYROOM_STORE": f"sqlite:{store}",
            "ANYROOM_SECRETS": "env:",
            "HOST": "127.0.0.1",
            "THREADS": "8",
            **environment,
        }
        command = [sys.executable, "-m", "functions_framework", "--target=anyroom", f"--source={ROOT / 'main.py'}"]
        command += ["--host=127.0.0.1", f"--port={port}"]
        with running(command, environment, ROOT, port, folder / "function.log") as server:
            connect(server, START_LIMIT).close()
            yield Site(url, simulator, server, store)


def _located(table: Mapping[str, Any], simulator: str) -> Mapping[str, Any]:
    return {
        name: value.format(simulator=simulator) if isinstance(value, str) else value for name, value in table.items()
    }

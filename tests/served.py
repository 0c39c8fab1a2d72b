"""The deployed function in this process: main.py as functions-framework serves it, beside the simulator."""

import io
import json
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from functions_framework import create_app
from werkzeug.test import Client, TestResponse

import logs
from conference.clock import Clock
from simulator.server import Simulator
from sync.records import CALENDARS, CONNECTIONS, MAPPINGS, ONCE, ORPHANS
from sync.store import Document
from sync.store.sqlite import SqliteStore
from sync.ticker import Ticker
from tests import simulating
from tests.world import ADA, BOB, LOGO, toml

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

CREATE = "/conferences?solution=demo"
PUBLIC_URL = "http://localhost:8080"


class Function:
    """The deployed function, in this process, and what it logged."""

    def __init__(self, client: Client, simulator: Simulator, log: io.StringIO, file: Path) -> None:
        self.client = client
        self.simulator = simulator
        self.file = file
        self._log = log

    def post(self, path: str = CREATE, body: Any = None, token: str | None = "", **headers: str) -> TestResponse:
        """POST as Ada's add-on; `token` None sends none, "" a good one."""
        if token is not None:
            headers["Authorization"] = f"Bearer {token or self.simulator.identity.script_token(ADA)}"
        content = body if isinstance(body, bytes) else json.dumps(self.ids() if body is None else body).encode()
        return self.client.post(path, data=content, headers=headers)

    def ids(self, event: str = "event1") -> dict[str, str]:
        return {"calendarId": ADA, "eventId": event, "oauthToken": self.simulator.access_token(ADA)}

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._log.getvalue().splitlines()]

    def log(self) -> str:
        return self._log.getvalue()

    def stored(self) -> list[Document]:
        """Every record that the function has kept."""
        with closing(SqliteStore(str(self.file))) as store:
            far = datetime.now(UTC) + timedelta(days=3650)
            return [found for kind in (MAPPINGS, CALENDARS, ORPHANS, ONCE) for found in store.due(kind, far, 100)]

    def connections(self) -> list[Document]:
        """Every connection that the function has kept."""
        with closing(sqlite3.connect(self.file)) as file:
            keys = [key for (key,) in file.execute("SELECT key FROM documents WHERE kind = ?", (CONNECTIONS,))]
        with closing(SqliteStore(str(self.file))) as store:
            return [found for key in keys if (found := store.get(CONNECTIONS, key))]


def served() -> "WSGIApplication":
    """main.py as functions-framework serves it."""
    app: WSGIApplication = create_app("anyroom", str(Path(__file__).parent.parent / "main.py"))  # type: ignore[no-untyped-call]  # it ships no types
    return app


@contextmanager
def serving(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    solutions: Mapping[str, Mapping[str, Any]] | None = None,
    environment: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    simulator_clock: Clock | None = None,
    sweeps: bool = False,
) -> Iterator[Function]:
    """The function with the demonstration rooms, and with those solutions; "{simulator}" is the simulator's address.

    `clock` is the function's, and the simulator's too where that has none of its own. Its own sweep, which
    comes every two minutes of the machine's time, stays away unless it `sweeps`.
    """
    with simulating.simulator(clock=simulator_clock or clock, validate=True) as simulator:
        simulator.add_user(ADA)
        simulator.add_user(BOB)
        simulator.register_clients(PUBLIC_URL)
        config = folder / "anyroom.toml"
        demo = {"provider": "demo", "name": "Demo", "logo": LOGO, "url": simulator.url}
        keyed = {**demo, "api_key": "secret:rooms-key"}
        more = {name: _located(table, simulator.url) for name, table in (solutions or {}).items()}
        tables: dict[str, Mapping[str, Any]] = {"demo": demo, "keyed": keyed, "signin": {**demo, "sign_in": True}}
        tables |= more
        config.write_text(toml(tables), "utf-8")
        simulator.identity.write_keyfile(str(folder / "keys.json"))
        for name, value in {
            "ANYROOM_CONFIG": str(config),
            "ANYROOM_IDENTITY": f"local:{folder}/keys.json",
            "ANYROOM_GOOGLE_API": simulator.url,
            "ANYROOM_PUBLIC_URL": PUBLIC_URL,
            "ANYROOM_STORE": f"sqlite:{folder}/anyroom.db",
            "HOST": "127.0.0.1",
            "THREADS": "4",
            "GOOGLE_CLOUD_PROJECT": "acme",
            **(environment or {}),
        }.items():
            monkeypatch.setenv(name, value)
        if not sweeps:
            monkeypatch.setattr(Ticker, "start", lambda ticker: None)
        app = served()
        if clock:
            monkeypatch.setattr(sys.modules["main"], "SystemClock", lambda: clock)
        log = io.StringIO()
        logs.start(log)
        yield Function(Client(app), simulator, log, folder / "anyroom.db")
        sys.modules["main"].service().close()
        logs.start(sys.stdout)


def _located(value: Any, simulator: str) -> Any:
    """The value, wherever it names the simulator, with its address."""
    if isinstance(value, dict):
        return {name: _located(inner, simulator) for name, inner in value.items()}
    if isinstance(value, list):
        return [_located(inner, simulator) for inner in value]
    return value.replace("{simulator}", simulator) if isinstance(value, str) else value

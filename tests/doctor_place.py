"""A configuration for a doctor to look at: the function over HTTP, the simulator beside it, all vendors in it."""

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from google.auth import environment_vars
from google.auth.compute_engine import _metadata
from werkzeug.serving import make_server

from conference.clock import Clock, SystemClock
from conference.exchange import HttpClient
from doctor.__main__ import checks
from doctor.round import Round
from doctor.subject import Subject
from simulator import ids
from simulator.server import Simulator
from sync.credentials import SCOPES
from tests import simulating
from tests.browsing import vendors
from tests.served import PUBLIC_URL
from tests.world import ADA, LOGO, toml

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

DELEGATION = {
    "ANYROOM_CREDENTIAL": f"delegation:{ids.DELEGATE_SERVICE_ACCOUNT}",
    "ANYROOM_QUEUE": "cloudtasks:" + "/".join(ids.TASKS_QUEUE.split("/")[1::2]),
    "ANYROOM_DOCTOR_USER": ADA,
}


@dataclass
class Place:
    """What is configured; a test breaks some of it, then asks for the `lines`. `trusted` is as HttpClient's."""

    simulator: Simulator
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    solutions: dict[str, dict[str, Any]] = field(default_factory=dict)
    trusted: str | None = None
    clock: Clock = field(default_factory=SystemClock)

    def lines(self) -> list[str]:
        """What the doctor says, "{simulator}" in place of the simulator's address."""
        path = self.folder / "anyroom.toml"
        path.write_text(toml(self.solutions), "utf-8")
        subject = Subject({"ANYROOM_CONFIG": str(path), **self.environment}, self.clock)
        subject.client = HttpClient(self.trusted)
        found = Round(list(checks(subject)), SystemClock()).findings(time.sleep)
        return [
            line.line().replace(self.simulator.url, "{simulator}").replace(str(path), "anyroom.toml") for line in found
        ]

    def about(self, what: str) -> list[str]:
        """The lines about that."""
        return [line for line in self.lines() if line[9:].startswith(what)]


@contextmanager
def place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Where everything is right."""
    solutions, environment = vendors()
    with simulating.simulator() as simulator:
        simulator.add_user(ADA)
        simulator.register_clients(PUBLIC_URL)
        simulator.identity.write_keyfile(str(folder / "keys.json"))
        simulator.delegation.authorise(ids.DELEGATE_SERVICE_ACCOUNT, SCOPES, "example.com")
        address = simulator.url.removeprefix("http://")
        monkeypatch.delenv(environment_vars.CREDENTIALS, raising=False)
        monkeypatch.setenv(environment_vars.CLOUD_SDK_CONFIG_DIR, str(folder))
        monkeypatch.setenv(environment_vars.GCE_METADATA_IP, address)
        monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", address)
        told = {
            "ANYROOM_IDENTITY": f"local:{folder}/keys.json",
            "ANYROOM_GOOGLE_API": simulator.url,
            "ANYROOM_PUBLIC_URL": PUBLIC_URL,
            "ANYROOM_STORE": f"sqlite:{folder}/anyroom.db",
            "HOST": "127.0.0.1",
            **environment,
            **DELEGATION,
        }
        tables = {
            "rooms": {
                "provider": "demo",
                "name": "Rooms",
                "logo": LOGO,
                "url": "{simulator}",
                "api_key": "secret:rooms",
            },
            **solutions,
        }
        located = {
            name: {key: _located(value, simulator.url) for key, value in table.items()}
            for name, table in tables.items()
        }
        yield Place(simulator, folder, {**told, "ROOMS": ids.ROOMS_API_KEY}, located)


def _located(value: Any, simulator: str) -> Any:
    return value.format(simulator=simulator) if isinstance(value, str) else value


@contextmanager
def answering(
    port: int, status: int = 200, body: bytes = b'{"status": "ok"}', tls: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Something that answers everything alike on a port of this machine, 0 for a free one: its port."""

    def app(environ: Any, start: Any) -> list[bytes]:
        start(f"{status} Said", [("Content-Type", "application/json")])
        return [body]

    with listening(port, app, tls) as taken:
        yield taken


@contextmanager
def listening(port: int, app: "WSGIApplication", tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """That application on a port of this machine: its port."""
    server = make_server("localhost", port, app, ssl_context=tls)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

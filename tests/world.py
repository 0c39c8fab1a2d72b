"""A whole world for a test: the simulator over HTTP, instances of the function on one store, one clock."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

import settings as knobs
from conference.certificates import google_keys
from conference.clock import Deadline, SystemClock
from conference.endpoint import Answer, Incoming
from conference.exchange import HttpClient
from conference.http import Client
from conference.legs import Legs
from conference.providers import LoadedProvider, of
from conference.providers.base import Call, Code, Conference, Idempotency, Reply, Request
from conference.solution import Solution
from service import Service
from simulator import ids
from simulator.rooms import Mode
from simulator.server import Simulator
from sync.store import Store
from tests.outside import Outside, SeenClient, SeenStore

ADA = "ada@example.com"
BOB = "bob@example.com"
LOGO = "https://lh3.googleusercontent.com/logo"
DEADLINE = 15.0
"""Seconds for an answer, as main.py gives them."""
MINUTE = 61
"""Seconds after which a claim may be taken over."""

Kind = tuple[Idempotency, Mode]
CHOSEN: Kind = ("chosen", "chosen")
KEYED: Kind = ("keyed", "keyed")
SEARCHABLE: Kind = ("searchable", "search")
NONE: Kind = ("none", "none")
EACH_KIND = pytest.mark.parametrize("kind", [KEYED, SEARCHABLE, NONE], ids=lambda kind: kind[0])
ON_SQLITE = pytest.mark.parametrize("open_store", ["sqlite"], indirect=True)
"""For a test in which the store plays no part, or that has very many cases."""


class MovedClock(SystemClock):
    """The machine's clock, moved ahead by `advance` and by every sleep, which therefore takes no time.

    With `waits` a sleep takes its time: for threads that wait for each other, and would else use up each other's time.
    """

    def __init__(self) -> None:
        self.ahead = 0.0
        self.slept: list[float] = []
        self.waits = False
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds if self.waits else 0.001)
        self.slept.append(seconds)
        if not self.waits:
            self.advance(seconds)

    def advance(self, seconds: float) -> None:
        with self._lock:
            self.ahead += seconds


@dataclass
class Instance:
    """One instance of the function, and what it did to the outside."""

    service: Service
    outside: Outside


class World:
    """One simulator, one store, and whoever asks. `open_store` opens it once more; `client` makes an HTTP client.

    `far`: later instances take the store for one that is not on this machine.
    """

    def __init__(self, simulator: Simulator, folder: Path, clock: MovedClock, open_store: Callable[[], Store]) -> None:
        self.simulator = simulator
        self.clock = clock
        self.store = open_store()
        self.client: Callable[[], Client] = HttpClient
        self.made: Callable[[Conference], Conference] = lambda conference: conference
        self._open_store = open_store
        self._instances: list[Instance] = []
        self.folder = folder
        self.far = False
        self.idempotency: Idempotency = "keyed"
        self.solutions: dict[str, dict[str, Any]] = {
            "demo": {"provider": "demo", "name": "Demo", "logo": LOGO, "url": simulator.url},
            "signin": {"provider": "demo", "name": "Sign-in", "logo": LOGO, "url": simulator.url, "sign_in": True},
            "jitsi": {"provider": "jitsi", "name": "Jitsi", "logo": LOGO, "base_url": "https://meet.example.org"},
        }
        self.environment = {
            "ANYROOM_IDENTITY": f"script={ids.SCRIPT_CLIENT_ID}",
            "ANYROOM_GOOGLE_API": simulator.url,
            "ANYROOM_PUBLIC_URL": "http://localhost:8080",
            "ANYROOM_CONFIG": str(folder / "anyroom.toml"),
            "HOST": "127.0.0.1",
        }
        simulator.add_user(ADA, time_zone="Europe/Berlin")
        simulator.add_user(BOB)

    def instance(self) -> Instance:
        """A new instance of the function, as a new process would be."""
        (self.folder / "anyroom.toml").write_text(toml(self.solutions), "utf-8")
        outside = Outside()
        settings, client = knobs.load(self.environment), SeenClient(self.client(), outside)
        keys = google_keys(settings.google_api, client, self.clock)
        opened = self._open_store()
        store = SeenStore(opened, outside, opened.local and not self.far)
        service = Service(
            settings,
            self.clock,
            8,
            client,
            keys,
            store=store,
            provider=self._provider,
            own_token=lambda deadline: self.simulator.access_token(ids.FUNCTION_SERVICE_ACCOUNT, (ids.CLOUD_PLATFORM,)),
        )
        self._instances.append(Instance(service, outside))
        return self._instances[-1]

    def close(self) -> None:
        """End every instance. Calendar was only read and watched: nothing else may have reached it (F60)."""
        for instance in self._instances:
            instance.service.close()
        self.store.close()
        written = [request for request in self.simulator.requests.under("/calendar") if request.method != "GET"]
        assert {request.path.rpartition("/")[2] for request in written} <= {"watch", "stop"}

    def become(self, kind: Kind) -> None:
        """Have the conferencing system, and the provider's declaration of it, be of that kind."""
        self.idempotency, self.simulator.rooms.mode = kind

    def ask(self, instance: Instance, event: str, **how: Any) -> Answer:
        """Choose a solution for an event of Ada's, as the Apps Script add-on does. Raises RequestRefused."""
        return instance.service.endpoint.create_conference(self.incoming(event, **how))

    def incoming(
        self, event: str, *, calendar: str = ADA, solution: str = "demo", user: str = ADA, **tokens: str
    ) -> Incoming:
        """The request of one click."""
        body = {
            "calendarId": calendar,
            "eventId": event,
            "oauthToken": tokens.get("access") or self.simulator.access_token(user),
        }
        bearer = tokens.get("bearer") or self.simulator.identity.script_token(user)
        return Incoming(
            url=f"/conferences?solution={solution}",
            authorization=f"Bearer {bearer}",
            solution=solution,
            body=lambda: json.dumps(body).encode(),
            deadline=Deadline(self.clock, DEADLINE),
            legs=Legs(self.clock),
        )

    def event(self, calendar: str = ADA, **body: Any) -> str:
        """An ordinary event, saved."""
        times = {"start": {"dateTime": "2027-03-01T09:00:00Z"}, "end": {"dateTime": "2027-03-01T10:00:00Z"}}
        return self.simulator.calendar.add_event(calendar, creator="", **{"summary": "Plan", **times, **body})

    def rooms(self) -> int:
        """How many rooms the conferencing system holds."""
        return len(self.simulator.rooms)

    def documents(self, kind: str) -> list[Mapping[str, Any]]:
        """Every record of a kind that is due some day."""
        return [document.body for document in self.store.due(kind, self.clock.now() + timedelta(days=999), 100)]

    def _provider(self, solution: Solution) -> LoadedProvider:
        """The provider, declared as the conferencing system's mode now is."""
        provider = of(solution)
        if solution.provider != "demo":
            return provider
        declared = replace(provider.declared, idempotency=self.idempotency)
        keyless = self.idempotency == "none"
        create = _keyless(provider.create) if keyless else provider.create
        find = None if keyless else provider.find
        return replace(provider, declared=declared, create=lambda *given: self.made(create(*given)), find=find)


def _keyless(create: Callable[..., Conference]) -> Callable[..., Conference]:
    """The provider's create for a system that takes no keys."""

    class Keyless:
        def __init__(self, call: Call) -> None:
            self._call = call

        def __getattr__(self, name: str) -> Any:
            return getattr(self._call, name)

        def __call__(self, request: Request, *accept: frozenset[Code]) -> Reply:
            body = {name: value for name, value in request.json.items() if name != "key"}
            return self._call(replace(request, json=body), *accept)

    return lambda event, attempt, call: create(event, attempt, Keyless(call))


def data(answer: Answer) -> Mapping[str, Any]:
    """The ConferenceData of an answer in the script's shape."""
    content = answer.body["conferenceData"]
    assert isinstance(content, dict)
    return content


def uri(answer: Answer) -> str:
    """The address of an answer's first entry point."""
    return str(data(answer)["entryPoints"][0]["uri"])


def error_type(answer: Answer) -> str:
    """The ConferenceErrorType of an answer, "" when it has none."""
    return str(data(answer).get("error", {}).get("conferenceErrorType", ""))


def toml(solutions: Mapping[str, Mapping[str, Any]]) -> str:
    """The solutions as an anyroom.toml."""
    tables = (
        f"[solutions.{name}]\n" + "".join(f"{key} = {_value(value)}\n" for key, value in table.items())
        for name, table in solutions.items()
    )
    return "\n".join(tables)


def _value(value: Any) -> str:
    """A value of TOML on one line: JSON's texts, numbers and booleans are TOML's too."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_value(inner)}" for key, inner in value.items()) + "}"
    return f"[{', '.join(map(_value, value))}]" if isinstance(value, list) else json.dumps(value)

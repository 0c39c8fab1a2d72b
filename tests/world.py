"""A whole world for a test: the simulator over HTTP, instances of the function on one store, one clock."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

import settings as knobs
from conference.certificates import google_keys
from conference.clock import Deadline, SystemClock
from conference.endpoint import Answer, Incoming
from conference.exchange import HttpClient
from conference.legs import Legs
from conference.providers import LoadedProvider, load
from conference.providers.base import Call, Code, Conference, Idempotency, Reply, Request
from service import Service
from simulator import ids
from simulator.server import Simulator
from sync.store import Change, Document, Store
from sync.store.sqlite import SqliteStore

ADA = "ada@example.com"
BOB = "bob@example.com"
LOGO = "https://lh3.googleusercontent.com/logo"


class MovedClock(SystemClock):
    """The machine's clock, moved ahead by `advance` and by every sleep, which therefore takes no time."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        super().sleep(0.001)
        self.slept.append(seconds)
        self.ahead += seconds

    def advance(self, seconds: float) -> None:
        self.ahead += seconds


class Died(BaseException):
    """The process is gone: nothing of ours catches it."""


@dataclass
class Outside:
    """Every call that an instance makes to the outside, in order; `script` may make one die or fail.

    Lines are "commit create mapping", "get calendar", "POST /rooms-api/v1/rooms". The script is asked before each call
    (`"before"`) and after it (`"after"`).
    """

    calls: list[str] = field(default_factory=list)
    script: Callable[[str, str], None] = lambda when, call: None

    def around(self, call: str, work: Callable[[], Any]) -> Any:
        self.calls.append(call)
        self.script("before", call)
        result = work()
        self.script("after", call)
        return result

    def die(self, when: str, call: str) -> None:
        """Die before or after the first call whose line begins with `call`."""

        def script(at: str, made: str) -> None:
            if at == when and made.startswith(call):
                raise Died(call)

        self.script = script


class SeenStore:
    """A store whose every operation is seen."""

    def __init__(self, store: Store, outside: Outside) -> None:
        self._store = store
        self._outside = outside

    def open(self) -> None:
        self._store.open()

    def close(self) -> None:
        self._store.close()

    def get(self, kind: str, key: str) -> Document | None:
        found: Document | None = self._outside.around(f"get {kind}", lambda: self._store.get(kind, key))
        return found

    def find(self, kind: str, field: str, value: str, limit: int, after: str | None = None) -> list[Document]:
        return self._store.find(kind, field, value, limit, after)

    def due(self, kind: str, before: datetime, limit: int) -> list[Document]:
        return self._store.due(kind, before, limit)

    def commit(self, changes: Sequence[Change]) -> list[Document | None]:
        line = "commit " + ", ".join(_line(change) for change in changes)
        made: list[Document | None] = self._outside.around(line, lambda: self._store.commit(changes))
        return made


class SeenClient:
    """An HTTP client whose every exchange is seen."""

    def __init__(self, outside: Outside) -> None:
        self._client = HttpClient()
        self._outside = outside

    def exchange(self, request: Request, seconds: float, origins: frozenset[str], repeatable: bool) -> Reply:
        path = "/" + request.url.split("/", 3)[3].split("?")[0]

        def send() -> Reply:
            return self._client.exchange(request, seconds, origins, repeatable)  # one use, named

        reply: Reply = self._outside.around(f"{request.method} {path}", send)
        return reply


@dataclass
class Instance:
    """One instance of the function, and what it did to the outside."""

    service: Service
    outside: Outside


class World:
    """One simulator, one store, and whoever asks."""

    def __init__(self, simulator: Simulator, folder: Path, clock: MovedClock, store: Store | None = None) -> None:
        self.simulator = simulator
        self.clock = clock
        self.store = store or SqliteStore(str(folder / "anyroom.db"))
        self.folder = folder
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
        settings, client = knobs.load(self.environment), SeenClient(outside)
        keys = google_keys(settings.google_api, client, self.clock)
        store = SeenStore(self.store, outside)
        service = Service(settings, self.clock, 8, client, keys, store=store, provider=self._provider)
        return Instance(service, outside)

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
            body=json.dumps(body).encode(),
            deadline=Deadline(self.clock, 18.0),
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

    def _provider(self, name: str) -> LoadedProvider:
        """The provider, declared as the conferencing system's mode now is."""
        provider = load(name)
        if name != "demo":
            return provider
        declared = replace(provider.declared, idempotency=self.idempotency)
        create = _keyless(provider.create) if self.idempotency == "none" else provider.create
        return replace(provider, declared=declared, create=create)


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


def error_type(answer: Answer) -> str:
    """The ConferenceErrorType of an answer, "" when it has none."""
    return str(data(answer).get("error", {}).get("conferenceErrorType", ""))


def toml(solutions: Mapping[str, Mapping[str, Any]]) -> str:
    """The solutions as an anyroom.toml; JSON's texts, lists and booleans are TOML's too."""
    tables = (
        f"[solutions.{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
        for name, table in solutions.items()
    )
    return "\n".join(tables)


def _line(change: Change) -> str:
    kind = getattr(change, "kind", None) or change.read.kind  # type: ignore[union-attr]  # Create has a kind, the others what they read
    return f"{type(change).__name__.lower()} {kind}"

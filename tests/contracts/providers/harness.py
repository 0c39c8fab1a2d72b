"""What a provider brings to the conformance suite: harnesses/NAME.py with `build(wire_url, request) -> Harness`.

One that can be set up in several ways brings a harnesses/NAME_WAY.py for each beside it, and is tried in all of them.
"""

import hashlib
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from conference.clock import Deadline, SystemClock
from conference.errors import ConferenceFailure, CredentialsRefused
from conference.event import Event
from conference.exchange import HttpClient
from conference.http import HttpCall
from conference.providers import LoadedProvider, load, names, read_options
from conference.providers.base import Code, Conference, Known, Visitor
from tests.contracts.providers.wire import Answer, Asked, System, Wire

ACCESS_TOKEN = "canary-access-token"


class TurnedAway(Exception):
    """The system does not let somebody in; the message says why."""


@dataclass(frozen=True)
class GivenToken:
    """The access token of a user who is connected, and the only one there is."""

    value: str

    def token(self, secret: Callable[[str], str], deadline: Deadline) -> str:
        return self.value

    def renewed(self, refused: str, secret: Callable[[str], str], deadline: Deadline) -> str:
        return self.value

    def refusal(self, refused: str, failure: CredentialsRefused, deadline: Deadline) -> ConferenceFailure:
        return failure


@dataclass(frozen=True)
class Entered:
    """As whom the system lets somebody in who follows a link that was made for them."""

    conference: str
    name: str
    host: bool


@dataclass(frozen=True)
class Harness:
    """`table` are the options as in anyroom.toml; `secrets` what stands behind their `secret:NAME`.

    `system` answers as the real one does: it is that, or refuses what that refuses. `decides` tells the request whose
    answer says that the conference exists; None where a conference is given whatever the system answers.
    `refuses` is how the system says a code of the table. `held` is what the system knows of a conference, by the words
    of `EventField`, None when it has none of that id; `count` how many it has in this test. `host` is whom the account
    makes conferences for, "" where a user does. `short_links`: the system's own links are so short that they can be
    guessed, and the provider cannot help it; `titles_in_query`: it takes all that it is told in the query of its
    addresses.

    `keys` are secrets too, which only sign what a visitor takes along: no system says at a create that one is wrong.
    `enters` is what the system makes of an address that the provider's `join` gave a visitor; it raises TurnedAway.
    """

    table: Mapping[str, Any]
    system: System
    decides: Callable[[Asked], bool] | None
    held: Callable[[str], Mapping[str, Any] | None]
    count: Callable[[], int]
    secrets: Mapping[str, str] = field(default_factory=dict)
    refuses: Callable[[Code], Answer] = lambda code: Answer(int(code))
    host: str = ""
    reply_carries_link: bool = False
    short_links: bool = False
    titles_in_query: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)
    enters: Callable[[str], Entered] | None = None

    @property
    def hidden(self) -> Mapping[str, str]:
        """What nobody may be told."""
        return {**self.secrets, **self.keys}


@dataclass
class Bench:
    """One provider, wired to its system."""

    name: str
    provider: LoadedProvider
    harness: Harness
    wire: Wire
    client: HttpClient
    calls: list[HttpCall] = field(default_factory=list)

    def made(self, event: Event, attempt: str, call: HttpCall | None = None) -> Conference:
        """A conference that is there at the system; one that is only made when somebody enters has its host entered."""
        call = call or self.call(attempt=attempt)
        conference = self.provider.create(event, attempt, call)
        if self.provider.join and self.harness.decides:
            self.provider.join(known(conference, attempt), host_of(event), call)
        return conference

    def call(
        self,
        seconds: float = 10.0,
        secrets: Mapping[str, str] | None = None,
        token: str = ACCESS_TOKEN,
        attempt: str = "",
    ) -> HttpCall:
        """A call with the secrets that there are, or with these; with our own page for that attempt where the
        provider's conferences are entered by it.
        """
        options = read_options(self.name, self.harness.table)
        clock = SystemClock()
        read = (self.harness.hidden if secrets is None else secrets).__getitem__
        declared = self.provider.declared
        bearer = GivenToken(token) if declared.oauth else None
        deadline = Deadline(clock, seconds)
        link = page(attempt) if declared.joins else ""
        made = HttpCall(declared, options, self.client, deadline, clock, read, bearer, self.harness.host, link)
        self.calls.append(made)
        return made


def page(attempt: str) -> str:
    """Our join page for that attempt, which nobody guesses who knows the attempt or another page."""
    return f"https://anyroom.example.org/join/{hashlib.sha256(attempt.encode()).hexdigest()[:32]}"


def known(conference: Conference, attempt: str) -> Known:
    """The conference as it is known later."""
    return Known(conference.id, attempt, conference.host)


def host_of(event: Event, name: str = "Ada") -> Visitor:
    """Somebody who has proved to be the host, and enters by our page."""
    return Visitor(name, True, "canary-host-id", event.summary, event.end.astimezone(UTC))


def guest_of(event: Event, name: str = "Grace") -> Visitor:
    """Somebody who has proved nothing."""
    return Visitor(name, False, "canary-guest-id", event.summary, event.end.astimezone(UTC))


HARNESSES = Path(__file__).parent / "harnesses"


def ways(name: str) -> list[str]:
    """The harnesses that a provider is tried with."""
    there = sorted(path.stem for path in HARNESSES.glob(f"{name}_*.py"))
    return [name, *(way for way in there if provider_of(way) == name)]


def provider_of(way: str) -> str:
    """The provider of one of its `ways`: of those whose names it begins with, the one with the longest name."""
    return max((name for name in names() if f"{way}_".startswith(f"{name}_")), key=len)


def joins(way: str) -> bool:
    """Whether conferences are entered by our own page: always, or as a harness that says JOINS sets the provider up."""
    return load(provider_of(way)).declared.joins or bool(getattr(_module(way), "JOINS", False))


def _module(way: str) -> ModuleType:
    return importlib.import_module(f"tests.contracts.providers.harnesses.{way}")


def build(name: str, wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """The harness of a provider; a provider without one fails here, so that none goes untried."""
    if not (HARNESSES / f"{name}.py").exists():
        pytest.fail(
            f"conference/providers/{name}.py has no harness; write tests/contracts/providers/harnesses/{name}.py"
        )
    harness: Harness = _module(name).build(wire_url, request)
    return harness

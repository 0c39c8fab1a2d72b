"""What a provider brings to the conformance suite: harnesses/NAME.py with `build(wire_url, request) -> Harness`.

One that can be set up in several ways brings a harnesses/NAME_WAY.py for each beside it, and is tried in all of them.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from conference.clock import Deadline, SystemClock
from conference.errors import ConferenceFailure, CredentialsRefused
from conference.exchange import HttpClient
from conference.http import HttpCall
from conference.providers import LoadedProvider, names, read_options
from conference.providers.base import Code
from tests.contracts.providers.wire import Answer, Asked, System, Wire

ACCESS_TOKEN = "canary-access-token"
LINK = "https://anyroom.example.org/join/"
"""Where our own join pages are."""


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
class Harness:
    """`table` are the options as in anyroom.toml; `secrets` what stands behind their `secret:NAME`.

    `system` answers as the real one does: it is that, or refuses what that refuses. `decides` tells the request whose
    answer says that the conference exists; None where a conference is given whatever the system answers.
    `refuses` is how the system says a code of the table. `held` is what the system knows of a conference, by the words
    of `EventField`, None when it has none of that id; `count` how many it has in this test. `host` is whom the account
    makes conferences for, "" where a user does. `short_links`: the system's own links are so short that they can be
    guessed, and the provider cannot help it.

    `keys` are secrets too, which only sign what a visitor takes along: no system says at a create that one is wrong.
    `admits` has the system let a visitor in at the address that `join` gives, and says whether they moderate; it raises
    TurnedAway.
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
    keys: Mapping[str, str] = field(default_factory=dict)
    admits: Callable[[str], bool] | None = None

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

    def call(
        self,
        seconds: float = 10.0,
        secrets: Mapping[str, str] | None = None,
        token: str = ACCESS_TOKEN,
        attempt: str = "canary",
    ) -> HttpCall:
        """A call with the secrets that there are, or with these; where it is for one attempt, with its own link."""
        options = read_options(self.name, self.harness.table)
        clock = SystemClock()
        read = (self.harness.hidden if secrets is None else secrets).__getitem__
        declared = self.provider.declared
        bearer = GivenToken(token) if declared.oauth else None
        deadline = Deadline(clock, seconds)
        link = f"{LINK}{attempt}" if declared.joins else ""
        made = HttpCall(declared, options, self.client, deadline, clock, read, bearer, self.harness.host, link)
        self.calls.append(made)
        return made


HARNESSES = Path(__file__).parent / "harnesses"


def ways(name: str) -> list[str]:
    """The harnesses that a provider is tried with."""
    there = sorted(path.stem for path in HARNESSES.glob(f"{name}_*.py"))
    return [name, *(way for way in there if provider_of(way) == name)]


def provider_of(way: str) -> str:
    """The provider of one of its `ways`: of those whose names it begins with, the one with the longest name."""
    return max((name for name in names() if f"{way}_".startswith(f"{name}_")), key=len)


def build(name: str, wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """The harness of a provider; a provider without one fails here, so that none goes untried."""
    if not (HARNESSES / f"{name}.py").exists():
        pytest.fail(
            f"conference/providers/{name}.py has no harness; write tests/contracts/providers/harnesses/{name}.py"
        )
    module = importlib.import_module(f"tests.contracts.providers.harnesses.{name}")
    harness: Harness = module.build(wire_url, request)
    return harness

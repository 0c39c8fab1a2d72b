"""A call with OAuth sends the access token along, and replaces one that is refused, once."""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
import pytest

from conference.clock import Deadline, SystemClock
from conference.errors import ConferenceFailure, CredentialsRefused, NotConnected
from conference.exchange import HttpClient
from conference.http import Client, HttpCall
from conference.providers.base import Code, OAuth, Provider, Reply, Request, origin
from tests.conference.http_peer import Line, playing

GET = Request("GET", "https://rooms.example/")


class Options(msgspec.Struct):
    client_id: str = "client"
    client_secret: str = "secret:client"


PROVIDER = Provider(
    name="rooms",
    authentication="oauth",
    idempotency="none",
    options=Options,
    hosts=lambda options: ("https://rooms.example:443",),
    errors={"scope-missing": CredentialsRefused},
    error_code=lambda reply: reply.json().get("code") if reply.body else None,
    oauth=OAuth(
        authorize=lambda options: "https://rooms.example/authorize",
        token=lambda options: "https://rooms.example/token",
        scopes=lambda options: ("rooms",),
    ),
)


@dataclass
class System:
    """Answers with `good` when the token is among those that are good, else with `bad`."""

    tokens: set[str]
    bad: Reply = field(default_factory=lambda: Reply(401, {}, b""))
    asked: list[str] = field(default_factory=list)

    def exchange(self, request: Request, seconds: float, origins: frozenset[str], repeatable: bool) -> Reply:
        bearer = request.headers["Authorization"]
        self.asked.append(bearer)
        return Reply(200, {}, b"{}") if bearer.removeprefix("Bearer ") in self.tokens else self.bad


@dataclass
class Tokens:
    """Gives one token after another."""

    given: list[str]
    refused: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)

    def token(self, secret: Callable[[str], str], deadline: Deadline) -> str:
        self.secrets.append(secret("secret:client"))
        return self.given.pop(0)

    def renewed(self, refused: str, secret: Callable[[str], str], deadline: Deadline) -> str:
        self.refused.append(refused)
        return self.given.pop(0)

    def refusal(self, refused: str, failure: CredentialsRefused, deadline: Deadline) -> ConferenceFailure:
        self.refused.append(refused)
        return NotConnected("reconnect")


def call(system: Client, tokens: Tokens, provider: Provider = PROVIDER) -> HttpCall:
    clock = SystemClock()
    return HttpCall(provider, Options(), system, Deadline(clock, 5.0), clock, lambda name: f"value of {name}", tokens)


def test_the_token_is_asked_for_once_and_goes_along_each_time() -> None:
    system, tokens = System({"t1"}), Tokens(["t1"])
    rooms = call(system, tokens)
    rooms(GET)
    rooms(GET)
    assert system.asked == ["Bearer t1", "Bearer t1"]
    assert tokens.secrets == ["value of client"]
    assert rooms.used_secrets == {"client"}


def test_f69_a_token_that_is_refused_is_replaced_once() -> None:
    system, tokens = System({"t2"}), Tokens(["t1", "t2"])
    rooms = call(system, tokens)
    assert rooms(GET).status == 200
    assert rooms(GET).status == 200
    assert system.asked == ["Bearer t1", "Bearer t2", "Bearer t2"]
    assert tokens.refused == ["t1"]


def test_f69_when_the_new_one_is_refused_too_the_user_must_connect_again() -> None:
    system, tokens = System(set()), Tokens(["t1", "t2"])
    with pytest.raises(NotConnected):
        call(system, tokens)(GET)
    assert (system.asked, tokens.refused) == (["Bearer t1", "Bearer t2"], ["t1", "t2"])


def test_a_code_that_the_provider_declares_refuses_a_token_too() -> None:
    system = System({"t2"}, bad=Reply(400, {}, b'{"code": "scope-missing"}'))
    assert call(system, Tokens(["t1", "t2"]))(GET).status == 200


@pytest.mark.parametrize("accept", [frozenset({401})])
def test_a_refusal_that_the_provider_wants_to_see_is_returned(accept: frozenset[Code]) -> None:
    tokens = Tokens(["t1"])
    assert call(System(set()), tokens)(GET, accept).status == 401
    assert tokens.refused == []


def test_a_request_with_an_authorization_of_its_own_keeps_it() -> None:
    system = System({"t1"})
    with pytest.raises(NotConnected):
        call(system, Tokens(["t1", "t2"]))(msgspec.structs.replace(GET, headers={"Authorization": "Basic x"}))
    assert set(system.asked) == {"Basic x"}


def test_f69_the_repeated_request_cannot_meet_a_connection_that_the_refusal_has_ended() -> None:
    def ends_with_a_refusal(line: Line) -> None:
        refuses = b"t1" in line.hears()
        line.replies(b"{}", "401 Unauthorized" if refuses else "201 Created")
        line.hears()

    with playing(ends_with_a_refusal) as peer:
        provider = msgspec.structs.replace(PROVIDER, hosts=lambda options: (origin(peer.url),))
        rooms = call(HttpClient(), Tokens(["t1", "t2"]), provider)
        assert rooms(Request("POST", peer.url, json={})).status == 201

    assert (peer.connections, len(peer.heard)) == (2, 2)

"""Teams written without code asks the same requests as the adapter in code, and comes to the same results."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

import pytest
from msgspec.structs import replace

from conference import providers
from conference.clock import Deadline, SystemClock
from conference.errors import ConferenceFailure
from conference.event import Attendee, Event
from conference.exchange import HttpClient
from conference.http import HttpCall
from conference.providers import LoadedProvider
from conference.providers import teams as in_code
from conference.providers.base import Changes, EventField, Known, Provider
from tests.contracts.providers.events import CHANGED, EVENT
from tests.contracts.providers.harness import ACCESS_TOKEN, GivenToken, Harness
from tests.contracts.providers.harnesses import teams
from tests.contracts.providers.wire import Answer, Wire, changes, each_text, hangs_up, says

ATTEMPT = "abcdefghijklmnopqrstuvwxyz"
ATTENDEES = (Attendee("b@example.org"), Attendee("a@example.org"), Attendee("room@example.org", resource=True))
EVENTS = {
    "plain": EVENT,
    "series": CHANGED,
    "guests": replace(EVENT, attendees=(*ATTENDEES, *ATTENDEES)),
    "nobody": replace(EVENT, attendees=()),
    "moment": replace(EVENT, end=EVENT.start),
    "marks": replace(EVENT, summary='"{summary}" \\ {{x}} %s </script>', description=""),
}
UPDATES = sorted(in_code.PROVIDER.updates)


@dataclass
class Rendering:
    """One of the two, wired to a Teams of its own that makes the same meetings."""

    provider: LoadedProvider
    declared: Provider
    options: Any
    wire: Wire
    harness: Harness

    def call(self) -> HttpCall:
        clock = SystemClock()
        bearer = GivenToken(ACCESS_TOKEN)
        return HttpCall(self.declared, self.options, HttpClient(), Deadline(clock, 10.0), clock, str, bearer)

    def does(self, act: Callable[[Any, HttpCall], Any]) -> Any:
        """What an act comes to: its result, or the failure without the provider's name."""
        try:
            return act(self.provider, self.call())
        except ConferenceFailure as failure:
            return type(failure), failure.reason.removeprefix(self.declared.name)

    def asked(self) -> list[tuple[Any, ...]]:
        """Every request so far, as it came off the wire."""
        kept = ("Authorization", "Content-Type")
        return [
            (one.method, one.target, one.body, *(one.headers.get(name) for name in kept)) for one in self.wire.asked
        ]


@pytest.fixture
def both(request: pytest.FixtureRequest) -> Iterator[tuple[Rendering, Rendering]]:
    with Wire(lambda asked: Answer(500)).running() as first, Wire(lambda asked: Answer(500)).running() as second:
        yield _in_code(first, request), _without_code(second, request)


def _in_code(wire: Wire, request: pytest.FixtureRequest) -> Rendering:
    harness = teams.build(wire.url, request)
    wire.system = harness.system
    loaded = providers.load("teams")
    return Rendering(loaded, loaded.declared, providers.read_options("teams", harness.table), wire, harness)


def _without_code(wire: Wire, request: pytest.FixtureRequest) -> Rendering:
    harness = teams.build(wire.url, request)
    wire.system = harness.system
    loaded = providers.load("microsoft_teams")
    table = {name: value for name, value in harness.table.items() if name != "attendees"}
    return Rendering(loaded, loaded.declared, providers.read_options("microsoft_teams", table), wire, harness)


def same(both: tuple[Rendering, Rendering], act: Callable[[Any, HttpCall], Any]) -> Any:
    """The result that both come to by the same requests."""
    code, tables = both
    result = code.does(act)
    assert tables.does(act) == result
    assert tables.asked() == code.asked()
    return result


def test_both_declare_the_same(both: tuple[Rendering, Rendering]) -> None:
    code, tables = both
    for name in ("authentication", "idempotency", "updates", "deletes", "outlives_event", "limits"):
        assert getattr(tables.declared, name) == getattr(code.declared, name), name
    hosts = [one.declared.hosts(one.options) for one in both]
    assert [len(set(found)) for found in hosts] == [1, 1]
    default = [one.declared.hosts(type(one.options)(client_id="a", client_secret="b")) for one in both]
    assert sorted(default[0]) == sorted(default[1])


def test_both_sign_users_in_at_the_same_place(both: tuple[Rendering, Rendering]) -> None:
    def signs_in(one: Rendering) -> list[Any]:
        oauth = one.declared.oauth
        assert oauth
        plain = type(one.options)(client_id="a", client_secret="b", tenant="x.example")
        shown = [oauth.authorize(plain), oauth.token(plain), oauth.revoke(plain), oauth.scopes(plain)]
        return [*shown, oauth.client, oauth.more, oauth.account(plain)]

    assert signs_in(both[1]) == signs_in(both[0])


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_both_make_the_same_conference(both: tuple[Rendering, Rendering], event: Event) -> None:
    made = same(both, lambda provider, call: provider.create(event, ATTEMPT, call))
    assert [point.type for point in made.entry_points].count("PHONE") > 1
    assert same(both, lambda provider, call: provider.create(event, ATTEMPT, call)) == made


@pytest.mark.parametrize(
    "fields",
    [frozenset(some) for some in chain.from_iterable(combinations(UPDATES, size) for size in (1, 2, 4))],
    ids=lambda fields: ",".join(sorted(fields)),
)
def test_both_tell_the_same_of_a_change(both: tuple[Rendering, Rendering], fields: frozenset[EventField]) -> None:
    made = same(both, lambda provider, call: provider.create(EVENT, ATTEMPT, call))
    changes = Changes(replace(CHANGED, attendees=()), fields)

    same(both, lambda provider, call: provider.update(Known(made.id, ATTEMPT), changes, call))

    held = [one.harness.held(made.id) for one in both]
    assert held[0] == held[1]


def test_both_delete_it_and_delete_it_again(both: tuple[Rendering, Rendering]) -> None:
    made = same(both, lambda provider, call: provider.create(EVENT, ATTEMPT, call))
    for _ in range(2):
        assert same(both, lambda provider, call: provider.delete(Known(made.id, ATTEMPT), call)) is None
        assert [one.harness.held(made.id) for one in both] == [None, None]


def test_both_find_out_whose_token_it_is(both: tuple[Rendering, Rendering]) -> None:
    account = same(both, lambda provider, call: provider.account(call))
    assert account.address == teams.USER


SPOILED = {
    **{str(status): says(Answer(status)) for status in (301, 400, 401, 403, 404, 408, 409, 429, 500, 503)},
    "no account": says(Answer.json(400, {"error": {"code": "AuthenticationError"}})),
    "unknown code": says(Answer.json(400, {"error": {"code": "Whatever"}})),
    "empty": says(Answer(200)),
    "html": says(Answer(200, b"<p>")),
    "list": says(Answer(200, b"[]")),
    "hostile": changes(each_text(lambda text: "javascript:alert(1)" if text.startswith("http") else text)),
    "numbers": changes(each_text(lambda text: text + "9" * 5000)),
    "cut": hangs_up,
}


@pytest.mark.parametrize("spoiler", SPOILED.values(), ids=SPOILED)
def test_both_fail_the_same(both: tuple[Rendering, Rendering], spoiler: Any) -> None:
    for one in both:
        one.wire.spoil(spoiler)

    code, tables = (one.does(lambda provider, call: provider.create(EVENT, ATTEMPT, call)) for one in both)

    assert isinstance(code, tuple)
    assert code == tables

"""Whatever the system, a conference follows its event: told what the system takes, and deleted where it can be."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from conference import providers
from conference.providers import LoadedProvider
from settings import load_solutions
from tests.browsing import ENVIRONMENT
from tests.contracts.providers.conftest import janus as janus
from tests.contracts.providers.conftest import synapse as synapse
from tests.contracts.providers.conftest import wire as wire
from tests.contracts.providers.events import EVENT
from tests.contracts.providers.harness import ACCESS_TOKEN, Harness, build, provider_of, ways
from tests.contracts.providers.wire import Answer, Asked, System, Wire
from tests.scenarios.story import RELAYED, Story
from tests.thorough import takes_long
from tests.visiting import Visitor
from tests.world import ADA, LOGO

WAYS = [way for name in providers.names() for way in ways(name)]
EVERY_DAY = ("custom", "galene")
"""One without code and one in code; CI tries all."""
HOUR = 3600.0
DAY = 24 * HOUR
VALID = 30 * 86400
"""Seconds that an access token is good for: longer than a story."""


class Tried(NamedTuple):
    """A story in which `user` has a solution of that provider, and what its system has."""

    story: Story
    harness: Harness
    provider: LoadedProvider
    user: str

    def live(self) -> tuple[str, str]:
        """An event of the user's and the id of its conference, which is there."""
        event = self.story.live(self.user, solution="tried", user=self.user, description="Bring a pencil")
        if self.provider.declared.joins:
            link = self.story.people.get(self.user, event)["conferenceData"]["entryPoints"][0]["uri"]
            self.story.world.clock.advance(DAY)
            assert Visitor(self.story, self.user).enter(link).status == 303
        return event, self.story.of(event, self.user, "tried").conference

    def change(self, event: str, **body: Any) -> None:
        """Change the event, and have all follow that."""
        self.story.people.patch(self.user, event, **body)
        self.story.settle()

    def let_it_end(self, event: str) -> None:
        """Delete the event, and let the grace pass."""
        self.story.people.delete(self.user, event)
        self.story.settle()
        self.story.world.clock.advance(2 * HOUR)
        self.story.sweep()
        self.story.simulator.triggers.daily(self.user)
        self.story.settle()


@pytest.fixture(params=[way if way in EVERY_DAY else pytest.param(way, marks=takes_long) for way in WAYS])
def tried(request: pytest.FixtureRequest, story: Story, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Tried:
    world, harness = story.world, build(request.param, wire.url, request)
    # The systems of the conformance suite live in the time of its events.
    world.clock.advance((EVENT.start - world.clock.now()).total_seconds())
    wire.system = signing_in(harness.system)
    table = {"provider": provider_of(request.param), "name": "Tried", "logo": LOGO, **harness.table}
    world.solutions["tried"] = table
    for name, value in secrets_of(harness).items():
        monkeypatch.setenv(name, value)
    world.environment |= {name: value for name, value in ENVIRONMENT.items() if name.startswith("ANYROOM_")}
    world.simulator.register_clients(world.environment["ANYROOM_PUBLIC_URL"])
    user = harness.host or ADA
    if user != ADA:
        world.simulator.add_user(user)
    story.restart()
    [solution] = [one for one in load_solutions(world.environment["ANYROOM_CONFIG"]) if one.id == "tried"]
    if providers.connects_users(solution):
        assert "is connected" in Visitor(story).connect("tried")
    return Tried(story, harness, providers.of(solution), user)


def secrets_of(harness: Harness) -> dict[str, str]:
    """The environment's variables behind every `secret:NAME`; one that only an authorization server checks is any."""
    named = [text.partition(":")[2] for text in map(str, harness.table.values()) if text.startswith("secret:")]
    secrets = {**dict.fromkeys(named, "canary-client-secret"), **harness.hidden}
    return {**ENVIRONMENT, **{name.upper().replace("-", "_"): value for name, value in secrets.items()}}


def signing_in(system: System) -> System:
    """The system behind an authorization server that gives whoever comes the one access token that it takes."""

    def answer(asked: Asked) -> Answer:
        last = asked.path.rpartition("/")[2]
        if last == "authorize":
            back = urlencode({"code": "canary-code", "state": asked.query["state"]})
            return Answer(303, headers={"Location": f"{asked.query['redirect_uri']}?{back}"})
        if asked.method == "POST" and last in ("token", "access_token") and b"grant_type" in asked.body:
            granted = {"access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": VALID}
            return Answer.json(200, {**granted, "refresh_token": "canary-refresh", "refresh_token_expires_in": VALID})
        return system(asked)

    return answer


def moved(story: Story) -> dict[str, Any]:
    """Another title, text and time: whatever a system may be told, but guests and a rule."""
    return {"summary": "Better plan", "description": "Bring numbers", **story.times(days=3, hours=2)}


def seen(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """What the system knows otherwise than before."""
    return {name for name in after if after[name] != before[name]}


@RELAYED
def test_a_conference_is_told_of_what_its_system_takes_and_ends_with_its_event(tried: Tried) -> None:
    event, conference = tried.live()
    held = [tried.harness.held(conference)]
    for change in (moved(tried.story), {"recurrence": ["RRULE:FREQ=WEEKLY"]}):
        tried.change(event, **change)
        held.append(tried.harness.held(conference))

    made, changed, repeated = held
    assert made is not None
    assert changed is not None
    assert repeated is not None
    assert seen(made, changed) == set(made) & {"summary", "description", "start", "end"}
    assert seen(changed, repeated) >= set(made) & {"recurrence"}
    assert tried.story.state(event, tried.user, "tried") == "live"

    tried.let_it_end(event)

    assert (tried.harness.held(conference) is None) == tried.provider.declared.deletes
    assert tried.story.of(event, tried.user, "tried").state == "gone"

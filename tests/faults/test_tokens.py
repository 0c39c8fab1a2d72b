"""F67, F68, I6: whatever happens to a refresh, the newest token is stored, or the user is asked to connect, once."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from conference.connection import Refreshing
from conference.custody import LEASE
from conference.errors import NotConnected, StoreUnavailable, Temporary
from sync.store import Store
from sync.store.opening import open_store
from sync.store.sqlite import SqliteStore
from tests.custodian import ADA, ROOMS, Instance, granted
from tests.emulator import ROOT
from tests.outside import Died
from tests.thorough import THOROUGH
from tests.token_endpoint import TokenEndpoint, running
from tests.world import MovedClock

HOUR = 3600.0
TIMES = 200 if THOROUGH else 15
"""How often each of two processes renews."""


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    with running(TokenEndpoint()) as endpoint:
        yield endpoint


@pytest.fixture(params=["sqlite", "firestore"])
def setting(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'anyroom.db'}"
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", request.getfixturevalue("firestore_emulator"))
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", f"test-{os.urandom(6).hex()}")
    return "firestore:"


class Story:
    """Ada is connected, her token's time is over, and instances of the function come and die."""

    def __init__(self, open_store: Callable[[], Store], endpoint: TokenEndpoint) -> None:
        self._open_store = open_store
        self.endpoint = endpoint
        self.clock = MovedClock()
        self.store = open_store()
        self.first = self.instance()
        self.connect()
        self.clock.advance(HOUR)
        self.first.outside.calls.clear()

    def instance(self) -> Instance:
        return Instance(self.store, self.endpoint.url, self.clock)

    def connect(self) -> None:
        _, issued = self.endpoint.grant()
        self.first.tokens.connect(ADA, ROOMS, granted(issued))

    def newest(self) -> bool:
        """I6: the stored refresh token is the newest one that the server gave, or the user is asked to connect."""
        return self.first.kept_refresh_token() in ("", self.endpoint.grants[-1].newest)

    def ends_well(self) -> str:
        """What the next one gets: a good "token", or "reconnect" once, without asking the server ever again."""
        self.clock.advance(LEASE.total_seconds() + 1)
        instance = self.instance()
        try:
            token = instance.token()
        except NotConnected:
            asked = len(self.endpoint.asked)
            for again in (instance, self.instance()):
                with pytest.raises(NotConnected):
                    again.token()
            assert len(self.endpoint.asked) == asked
            assert self.first.kept_refresh_token() == ""
            self.connect()
            assert self.endpoint.good(self.instance().token())
            return "reconnect"
        assert self.endpoint.good(token)
        assert self.newest()
        return "token"


@pytest.fixture
def story(tmp_path: Path, endpoint: TokenEndpoint) -> Iterator[Story]:
    story = Story(lambda: SqliteStore(str(tmp_path / "anyroom.db")), endpoint)
    yield story
    story.store.close()


def started(setting: str, url: str) -> subprocess.Popen[str]:
    """One more process that renews Ada's token, once it is told to."""
    command = [sys.executable, "-m", "tests.custodian", setting, url, str(TIMES)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, text=True, stdin=pipe, stdout=pipe, stderr=pipe)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline()


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()


def test_f67_i6_two_processes_renew_one_rotating_token_and_strand_nobody(setting: str, endpoint: TokenEndpoint) -> None:
    store = open_store(setting)
    first = Instance(store, endpoint.url)
    grant, issued = endpoint.grant()
    first.tokens.connect(ADA, ROOMS, granted(issued))
    both = [started(setting, endpoint.url) for _ in range(2)]
    try:
        assert [line(process) for process in both] == ["ready\n", "ready\n"]
        for process in both:
            tell(process)
        told = [process.communicate(timeout=300)[1] for process in both]
    finally:
        for process in both:
            process.kill()
    assert ([process.returncode for process in both], told) == ([0, 0], ["", ""])
    assert endpoint.reused == 0
    assert endpoint.refreshes >= TIMES
    assert endpoint.refreshes < 2 * TIMES, "they never met"
    assert first.kept_refresh_token() == grant.newest
    store.close()


CALLS = ["get connection", "commit replace connection", "POST /token", "commit replace connection"]
"""What a refresh does outside, in order."""
LOST = {("after", 2), ("before", 3)}
"""Where a death loses a refresh token that the server has given."""


def test_f68_these_are_the_steps_of_a_refresh(story: Story) -> None:
    story.first.token()
    assert story.first.outside.calls == CALLS


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", range(len(CALLS)))
def test_f68_wherever_a_refresh_dies_it_ends_in_a_token_or_in_one_reconnect(story: Story, step: int, when: str) -> None:
    outside = story.first.outside

    def die(at: str, call: str) -> None:
        if at == when and len(outside.calls) == step + 1:
            raise Died(call)

    outside.script = die
    with pytest.raises(Died):
        story.first.token()
    assert story.ends_well() == ("reconnect" if (when, step) in LOST else "token")


def test_f68_a_refresh_that_died_keeps_others_away_for_its_lease_and_no_longer(story: Story) -> None:
    story.first.outside.die("before", "POST")
    with pytest.raises(Died):
        story.first.token()
    with pytest.raises(Temporary):
        story.instance().token(seconds=3.0)
    assert story.endpoint.asked == []
    assert story.ends_well() == "token"


def test_f68_a_lost_reply_ends_in_one_reconnect_and_says_so(story: Story, caplog: pytest.LogCaptureFixture) -> None:
    story.endpoint.lose = 1
    with pytest.raises(Temporary, match="refresh-unknown"):
        story.first.token()
    with pytest.raises(NotConnected, match="refresh-lost"):
        story.instance().token()
    assert "connection to rooms: refresh-lost" in caplog.text
    assert len(story.endpoint.asked) == 2
    assert story.ends_well() == "reconnect"


def test_f68_a_request_that_never_arrived_is_made_again_at_once(story: Story) -> None:
    story.endpoint.answer = lambda: (504, "")
    with pytest.raises(Temporary, match="refresh-unknown"):
        story.first.token()
    story.endpoint.answer = lambda: None
    assert story.endpoint.good(story.first.token())
    assert story.ends_well() == "token"


def test_f68_a_reply_that_cannot_be_read_ends_in_one_reconnect(story: Story) -> None:
    story.endpoint.shape = lambda reply: {"expires_in": 3600}
    with pytest.raises(Temporary, match="refresh-unknown"):
        story.first.token()
    assert story.ends_well() == "reconnect"


def test_f68_a_server_that_loses_every_reply_is_asked_once_a_try(story: Story) -> None:
    story.endpoint.answer = lambda: (500, "")
    for tries in range(1, 4):
        with pytest.raises(Temporary):
            story.first.token()
        assert len(story.endpoint.asked) == tries


def test_f68_a_store_that_hiccups_at_the_commit_costs_nothing(story: Story) -> None:
    down = [StoreUnavailable("down"), StoreUnavailable("down")]

    def hiccup(when: str, call: str) -> None:
        if when == "before" and call.startswith("commit") and "POST /token" in story.first.outside.calls and down:
            raise down.pop()

    story.first.outside.script = hiccup
    assert story.endpoint.good(story.first.token())
    assert story.newest()
    assert len(story.endpoint.asked) == 1


def test_f68_a_commit_that_was_made_though_the_store_did_not_say_so_is_found(story: Story) -> None:
    down = [StoreUnavailable("down")]

    def hiccup(when: str, call: str) -> None:
        if when == "after" and call.startswith("commit") and "POST /token" in story.first.outside.calls and down:
            raise down.pop()

    story.first.outside.script = hiccup
    assert story.endpoint.good(story.first.token())
    assert len(story.endpoint.asked) == 1
    assert story.ends_well() == "token"


def down_after_the_reply(story: Story) -> None:
    """The store is down from the moment when the server has answered; nothing is committed, so nothing is used."""

    def fail(when: str, call: str) -> None:
        if when == "before" and "POST /token" in story.first.outside.calls and not call.startswith("POST"):
            raise StoreUnavailable("down")

    story.first.outside.script = fail
    with pytest.raises(StoreUnavailable):
        story.first.token()
    story.first.outside.script = lambda when, call: None


def test_f68_what_a_store_that_was_down_did_not_take_is_committed_by_the_next_request(story: Story) -> None:
    down_after_the_reply(story)
    assert story.endpoint.good(story.first.token())
    assert story.newest()
    assert len(story.endpoint.asked) == 1


def test_f68_a_reply_that_comes_after_the_lease_is_committed_over_the_next_one_s_mark(story: Story) -> None:
    def take_over() -> None:
        story.first.outside.script = lambda when, call: None
        story.clock.advance(LEASE.total_seconds() + 1)
        held = story.first.connections.read(ADA, ROOMS)
        assert held
        mark = Refreshing("another", story.clock.now() + LEASE)
        assert story.first.connections.write(ADA, held, replace(held.connection, refreshing=mark))

    story.first.outside.on("after", "POST /token", take_over)
    assert story.endpoint.good(story.first.token(seconds=100.0))
    assert story.newest()
    assert len(story.endpoint.asked) == 1


def test_f68_what_only_one_instance_knows_is_lost_with_it_in_one_reconnect(story: Story) -> None:
    down_after_the_reply(story)
    assert story.ends_well() == "reconnect"


def test_f68_what_comes_late_mends_what_another_instance_had_to_mark(story: Story) -> None:
    down_after_the_reply(story)
    story.clock.advance(LEASE.total_seconds() + 1)
    with pytest.raises(NotConnected):
        story.instance().token()
    story.endpoint.grants[-1].revoked = False  # a server that does not punish
    assert story.endpoint.good(story.first.token())
    assert story.newest()
    assert story.ends_well() == "token"


def test_f68_what_comes_late_does_not_replace_what_the_user_connected_since(story: Story) -> None:
    down_after_the_reply(story)
    story.connect()
    assert story.first.token() in story.endpoint.grants[-1].access
    assert story.newest()
    assert story.ends_well() == "token"


def test_f67_who_was_overtaken_after_the_lease_uses_what_the_other_one_got(story: Story) -> None:
    """The first one's request leaves so late that the second one has taken over and renewed."""
    other = story.instance()

    def overtake() -> None:
        story.first.outside.script = lambda when, call: None
        story.clock.advance(LEASE.total_seconds() + 1)
        other.token()

    story.first.outside.on("before", "POST /token", overtake)
    token = story.first.bearer().token(story.first.secret, story.first.deadline(100.0))
    assert token == other.token()
    assert story.first.kept_refresh_token() != ""

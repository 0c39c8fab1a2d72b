"""One connection's tokens, moment by moment: over a store in memory, a server that says what it is told to, a clock
that stands still.
"""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from conference.clock import Deadline
from conference.connection import Connection, Held, Kept, Refreshing
from conference.custody import Custody, Ports, unsaved
from conference.errors import (
    AnyroomError,
    CredentialsRefused,
    NotConnected,
    OutcomeUnknown,
    StoreUnavailable,
    Temporary,
)
from conference.oauth import AuthorizationServer
from conference.seal import Seal
from conference.secrets.cache import Secrets
from conference.secrets.local import Environment
from conference.token_reply import Granted
from tests.conference.secrets.conftest import StoppedClock

ADA, ROOMS, SCOPES = "1001", "rooms", ("meet",)
KEY = base64.b64encode(bytes(range(32))).decode()


class Store:
    """Connections in memory, each write compared with what was read; `before` is done before each write."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Held] = {}
        self.reads = 0
        self.writes: list[Connection] = []
        self.before: Callable[[], object] = lambda: None

    def read(self, sub: str, solution: str) -> Held | None:
        self.reads += 1
        return self.kept.get((sub, solution))

    def write(self, sub: str, held: Held | None, connection: Connection, account: str | None = None) -> Held | None:
        self.before()
        known = self.kept.get((sub, connection.solution))
        if (known.version if known else None) != (held.version if held else None):
            return None
        self.writes.append(connection)
        return self.put(sub, connection)

    def put(self, sub: str, connection: Connection) -> Held:
        """Whatever it was: it is this now."""
        made = self.kept[sub, connection.solution] = Held(connection, object())
        return made

    def erase(self, held: Held) -> bool:
        raise AssertionError(held)

    def of_user(self, sub: str) -> list[Held]:
        raise AssertionError(sub)

    def of_account(self, solution: str, account: str) -> list[Held]:
        raise AssertionError(account)


class Server(AuthorizationServer):
    """Gives, or raises, what `replies` say in turn; `asked` are the refresh tokens that came, "account" for none."""

    def __init__(self) -> None:
        self.replies: list[Granted | AnyroomError] = []
        self.asked: list[str] = []
        self.doing: Callable[[], object] = lambda: None

    def by_refresh(self, refresh_token: str, deadline: Deadline) -> Granted:
        self.asked.append(refresh_token)
        self.doing()
        reply = self.replies.pop(0)
        if isinstance(reply, AnyroomError):
            raise reply
        return reply

    def by_account(self, deadline: Deadline) -> Granted:
        return self.by_refresh("account", deadline)

    def account_grant(self) -> str:
        return ""


class Desk:
    """A connection of an hour that was made just now."""

    def __init__(self, sub: str = ADA) -> None:
        self.sub = sub
        self.clock = StoppedClock()
        self.store = Store()
        self.server = Server()
        seal = Seal("keys", Secrets(Environment({"KEYS": KEY}), self.clock), lambda size: bytes(size))
        ids = iter(range(1000))
        self.ports = Ports(self.store, seal, self.clock, lambda: f"id-{next(ids)}", lambda: 0.25)
        self.custody = self.another()
        self.began = self.clock.now()

    def another(self) -> Custody:
        """The custody of another instance."""
        return Custody(self.ports, self.sub, ROOMS)

    def connect(self, lifetime: float = 3600.0, refresh: str = "r0", **changes: Any) -> Connection:
        now = self.clock.now()
        new = unsaved("", Kept(address="ada@rooms"), Granted("a0", refresh, None, lifetime), now)
        connection = Connection(
            solution=ROOMS,
            state="connected",
            since=now,
            scopes=list(SCOPES),
            sealed=self.custody.seal(new.kept),
            renew=new.renew,
            expires=new.expires,
        )
        return self.store.put(self.sub, replace(connection, **changes)).connection

    def token(self, seconds: float = 15.0, custody: Custody | None = None) -> str:
        return (custody or self.custody).token(self.server, SCOPES, Deadline(self.clock, seconds))

    def renewed(self, refused: str = "a0", seconds: float = 15.0) -> str:
        return self.custody.renewed(refused, self.server, SCOPES, Deadline(self.clock, seconds))

    def at(self, seconds: float) -> None:
        """It is that many seconds after the beginning."""
        self.clock.seconds = 1_000.0 + seconds

    def held(self) -> Connection:
        return self.store.kept[self.sub, ROOMS].connection


@pytest.fixture
def desk() -> Desk:
    return Desk()


def failure(work: Callable[[], object]) -> AnyroomError:
    with pytest.raises(AnyroomError) as raised:
        work()
    return raised.value


NEW = Granted("a1", "r1", None, 3600.0)


@pytest.mark.parametrize(("lifetime", "renew"), [(3600.0, 3300), (601.0, 301), (600.0, 300), (400.0, 200), (2.0, 1)])
def test_f69_a_token_is_replaced_five_minutes_early_at_most_half_its_life(lifetime: float, renew: float) -> None:
    now = StoppedClock().now()
    new = unsaved("s", Kept("a", "r", "x"), Granted("b", "", frozenset({"z", "y"}), lifetime), now)
    assert (new.renew - now, new.expires - now) == (timedelta(seconds=renew), timedelta(seconds=lifetime))
    assert (new.sealed, new.kept, new.scopes) == ("s", Kept("b", "r", "x"), ["y", "z"])


def test_a_token_is_used_from_memory_for_five_minutes(desk: Desk) -> None:
    desk.connect()
    reads = []
    for moment in (0, 299.9, 300, 599.9, 600):
        desk.at(moment)
        assert desk.token() == "a0"
        reads.append(desk.store.reads)
    assert reads == [1, 1, 2, 2, 3]


@pytest.mark.parametrize("warm", [True, False])
@pytest.mark.parametrize(("moment", "expected"), [(99.9, "a0"), (100, "a1")])
def test_a_token_is_replaced_at_its_moment(desk: Desk, warm: bool, moment: float, expected: str) -> None:
    desk.connect(lifetime=200.0)
    desk.server.replies = [NEW]
    if warm:
        desk.token()
    desk.at(moment)
    assert desk.token() == expected


def test_while_another_thread_renews_a_token_is_used_until_its_very_end(desk: Desk) -> None:
    desk.connect(lifetime=200.0)
    desk.token()
    with desk.custody._lock:
        desk.at(199.9)
        assert desk.token() == "a0"
        desk.at(200)
        assert failure(lambda: desk.token(0.0)).reason == "refresh-waits"


def test_f67_a_refresh_has_the_connection_to_itself_for_twenty_seconds(desk: Desk) -> None:
    desk.connect(lifetime=10.0)
    desk.at(10)
    desk.server.replies = [NEW]
    desk.token()
    mark, renewed = desk.store.writes
    assert mark.refreshing == Refreshing("id-0", desk.clock.now() + timedelta(seconds=20))
    assert renewed.refreshing is None
    assert renewed.expires == desk.clock.now() + timedelta(hours=1)
    assert (renewed.state, renewed.reason, renewed.scopes, renewed.since) == ("connected", "", ["meet"], desk.began)


@pytest.mark.parametrize(("seconds", "slept"), [(10, []), (10.01, [0.0375])])
def test_f68_a_mark_ends_at_its_very_moment(desk: Desk, seconds: float, slept: list[float]) -> None:
    desk.connect(lifetime=10.0, refreshing=Refreshing("died", desk.clock.now() + timedelta(seconds=seconds)))
    desk.at(10)
    desk.server.replies = [NEW]
    assert desk.token() == "a1"
    assert desk.clock.slept == pytest.approx(slept)
    assert desk.server.asked == ["r0"]


def test_f67_who_waits_for_another_instance_asks_ever_less_often_and_never_beyond_the_deadline(desk: Desk) -> None:
    desk.connect(lifetime=10.0, refreshing=Refreshing("other", desk.clock.now() + timedelta(hours=1)))
    desk.at(10)
    assert isinstance(failure(lambda: desk.token(3.0)), Temporary)
    assert desk.clock.slept == pytest.approx([0.0375, 0.075, 0.15, 0.3, 0.3, 0.3])
    assert desk.server.asked == []


def test_a_token_that_is_good_is_used_while_another_instance_renews_it(desk: Desk) -> None:
    desk.connect(lifetime=10.0, refreshing=Refreshing("other", desk.clock.now() + timedelta(hours=1)))
    desk.at(9.9)
    assert desk.token() == "a0"
    assert desk.clock.slept == []


@pytest.mark.parametrize(("left", "asked"), [(1.9, []), (2.0, ["r0"])])
def test_f68_no_refresh_begins_within_the_last_two_seconds(desk: Desk, left: float, asked: list[str]) -> None:
    desk.connect(lifetime=10.0)
    desk.at(10)
    desk.server.replies = [NEW]
    if asked:
        assert desk.token(left) == "a1"
    else:
        assert failure(lambda: desk.token(left)).reason == "deadline"
    assert desk.server.asked == asked


def test_after_a_failure_a_good_token_is_not_replaced_for_a_minute(desk: Desk) -> None:
    desk.connect(lifetime=200.0)
    asked = []
    for moment in (100, 159.9, 160, 190, 199.9):
        desk.at(moment)
        desk.server.replies = [Temporary("token-unavailable")]
        assert desk.token() == "a0"
        asked.append(len(desk.server.asked))
    assert asked == [1, 1, 2, 2, 2]
    desk.at(200)
    assert failure(desk.token).reason == "token-unavailable"


def test_f68_a_refresh_whose_outcome_is_not_known_is_noted_and_tried_once_more(desk: Desk) -> None:
    desk.connect(lifetime=10.0)
    desk.at(10)
    desk.server.replies = [OutcomeUnknown("cut", "detail", retry_after=7.0), NotConnected("grant-refused", "why")]
    unknown = failure(desk.token)
    assert isinstance(unknown, Temporary)
    assert not isinstance(unknown, OutcomeUnknown)
    assert (unknown.reason, unknown.detail, unknown.retry_after) == ("refresh-unknown", "detail", 7.0)
    assert desk.held().refreshing == Refreshing("", desk.clock.now())
    lost = failure(desk.token)
    assert (type(lost), lost.reason, lost.detail) == (NotConnected, "refresh-lost", "why")
    assert (desk.held().state, desk.held().reason, desk.held().refreshing) == ("reconnect", "refresh-lost", None)
    assert desk.held().since == desk.clock.now()
    assert failure(desk.token).reason == "refresh-lost"
    assert desk.server.asked == ["r0", "r0"]


def test_f67_a_grant_that_is_refused_at_once_is_called_so(desk: Desk) -> None:
    desk.connect(lifetime=10.0)
    desk.at(10)
    desk.server.replies = [NotConnected("grant-refused")]
    assert failure(desk.token).reason == "grant-refused"
    assert desk.held().reason == "grant-refused"


@pytest.mark.parametrize("unsure", [False, True])
def test_f70_our_own_failure_leaves_the_connection_as_it_was(desk: Desk, unsure: bool) -> None:
    before = Refreshing("died", desk.clock.now()) if unsure else None
    desk.connect(lifetime=10.0, refreshing=before)
    desk.at(10)
    desk.server.replies = [CredentialsRefused("token-refused"), NEW]
    assert isinstance(failure(desk.token), CredentialsRefused)
    assert desk.held().refreshing == (Refreshing("", desk.clock.now()) if unsure else None)
    assert desk.token() == "a1"


def test_a_store_that_goes_away_meanwhile_hides_nothing(desk: Desk) -> None:
    desk.connect(lifetime=10.0)
    desk.at(10)

    def down() -> None:
        desk.store.before = broken

    desk.server.doing = down
    desk.server.replies = [CredentialsRefused("token-refused")]
    assert failure(desk.token).reason == "token-refused"


def broken() -> None:
    raise StoreUnavailable("store-down")


def test_f68_what_a_server_gave_is_committed_in_three_tries_or_first_thing_next_time(desk: Desk) -> None:
    desk.connect(lifetime=10.0)
    desk.at(10)

    def down() -> None:
        desk.store.before = broken

    desk.server.doing = down
    desk.server.replies = [NEW]
    assert failure(desk.token).reason == "store-down"
    assert desk.clock.slept == [0.2, 0.5]
    desk.store.before = lambda: None
    assert desk.token() == "a1"
    assert desk.server.asked == ["r0"]
    assert desk.custody.open(desk.held()) == Kept("a1", "r1", "ada@rooms")


def test_f68_no_pause_is_made_beyond_the_deadline(desk: Desk) -> None:
    desk.connect(lifetime=10.0)
    desk.at(10)

    def late() -> None:
        desk.store.before = broken
        desk.clock.sleep(2.75)

    desk.server.doing = late
    desk.server.replies = [NEW]
    assert failure(lambda: desk.token(3.0)).reason == "store-down"
    assert desk.clock.slept == [2.75, 0.2]


def test_f68_what_a_server_gave_to_a_connection_that_is_another_one_by_now_is_dropped(desk: Desk) -> None:
    desk.connect(lifetime=10.0)
    desk.at(10)
    desk.server.doing = lambda: desk.connect(refresh="r9")
    desk.server.replies = [NEW]
    assert desk.token() == "a0"
    assert desk.custody.open(desk.held()).refresh_token == "r9"
    assert desk.custody._unsaved is None


def test_f68_what_a_server_gave_to_a_connection_that_was_erased_is_dropped(desk: Desk) -> None:
    desk.connect(lifetime=10.0)
    desk.at(10)
    desk.server.doing = desk.store.kept.clear
    desk.server.replies = [NEW]
    assert failure(desk.token).reason == "not-connected"
    assert desk.store.kept == {}


def test_a_mark_of_another_one_does_not_keep_what_a_server_gave_from_being_kept(desk: Desk) -> None:
    connection = desk.connect(lifetime=10.0)
    desk.at(10)
    later = Refreshing("other", desk.clock.now() + timedelta(seconds=20))
    desk.server.doing = lambda: desk.store.put(ADA, replace(connection, refreshing=later))
    desk.server.replies = [NEW]
    assert desk.token() == "a1"
    assert desk.held().refreshing is None


def test_what_ended_meanwhile_and_is_renewed_all_the_same_is_connected_from_then_on(desk: Desk) -> None:
    connection = desk.connect(lifetime=10.0)
    desk.at(10)
    ended = replace(connection, state="reconnect", reason="refresh-lost")
    desk.server.doing = lambda: desk.store.put(ADA, ended)
    desk.server.replies = [NEW]
    assert desk.token() == "a1"
    assert (desk.held().state, desk.held().reason, desk.held().since) == ("connected", "", desk.clock.now())


@pytest.mark.parametrize(("slept", "asked"), [(15.0, ["r0"]), (15.1, [])])
def test_f68_a_lease_that_cannot_hold_an_exchange_any_more_is_not_used(
    desk: Desk, slept: float, asked: list[str]
) -> None:
    desk.connect(lifetime=10.0)
    desk.at(10)
    naps = [slept]
    desk.store.before = lambda: desk.clock.sleep(naps.pop()) if naps else None
    desk.server.replies = [NEW]
    if asked:
        assert desk.token(60.0) == "a1"
    else:
        assert failure(lambda: desk.token(60.0)).reason == "refresh-late"
    assert desk.server.asked == asked


def test_without_a_refresh_token_the_end_is_the_end(desk: Desk) -> None:
    desk.connect(lifetime=10.0, refresh="")
    desk.at(10)
    assert failure(desk.token).reason == "no-refresh-token"
    assert (desk.held().state, desk.server.asked) == ("reconnect", [])


def test_who_is_not_connected_is_told_why(desk: Desk) -> None:
    assert failure(desk.token).reason == "not-connected"
    desk.connect(state="reconnect", reason="scopes")
    assert failure(desk.token).reason == "scopes"


def test_scopes_that_are_lacking_are_counted(desk: Desk) -> None:
    desk.connect(scopes=["other"])
    lacking = failure(desk.token)
    assert (type(lacking), lacking.reason, lacking.detail) == (NotConnected, "scopes", "1 of 1 scopes are missing")


def test_scopes_that_a_refresh_takes_away_are_kept_so(desk: Desk) -> None:
    desk.connect(lifetime=10.0)
    desk.at(10)
    desk.server.replies = [replace(NEW, scopes=frozenset({"other"}))]
    assert failure(desk.token).reason == "scopes"
    assert desk.held().scopes == ["other"]


def test_a_refused_token_is_replaced_before_its_time(desk: Desk) -> None:
    desk.connect()
    desk.token()
    desk.server.replies = [NEW]
    assert desk.renewed() == "a1"
    assert desk.token() == "a1"


def test_a_refused_token_is_not_given_again_because_the_server_is_down(desk: Desk) -> None:
    desk.connect()
    desk.server.replies = [Temporary("token-unavailable")]
    assert failure(desk.renewed).reason == "token-unavailable"


REFUSALS = {
    "the newest one": ({}, "a0", NotConnected, "token-refused"),
    "one that was replaced": ({}, "a-before", Temporary, "token-changed"),
    "one of a connection that ended": ({"state": "reconnect", "reason": "scopes"}, "a0", NotConnected, "scopes"),
}


@pytest.mark.parametrize(("changes", "token", "kind", "reason"), REFUSALS.values(), ids=REFUSALS)
def test_what_it_means_that_a_new_token_is_refused(
    desk: Desk, changes: dict[str, Any], token: str, kind: type[AnyroomError], reason: str
) -> None:
    desk.connect(**changes)
    meant = desk.custody.refusal(token, CredentialsRefused("401", "detail"), Deadline(desk.clock, 15.0))
    assert (type(meant), meant.reason) == (kind, reason)
    if reason == "token-refused":
        assert (meant.detail, desk.held().state, desk.held().reason) == ("detail", "reconnect", "token-refused")


def test_a_refusal_is_asked_of_the_store_the_next_time(desk: Desk) -> None:
    desk.connect()
    desk.token()
    desk.custody.refusal("a-before", CredentialsRefused("401"), Deadline(desk.clock, 15.0))
    reads = desk.store.reads
    desk.token()
    assert desk.store.reads == reads + 1


def test_a_refusal_without_a_connection_is_none(desk: Desk) -> None:
    meant = desk.custody.refusal("a0", CredentialsRefused("401"), Deadline(desk.clock, 15.0))
    assert (type(meant), meant.reason) == (NotConnected, "not-connected")


def test_a_refused_token_whose_connection_changes_just_now_marks_nothing(desk: Desk) -> None:
    connection = desk.connect()
    desk.store.before = lambda: desk.store.put(ADA, connection)
    meant = desk.custody.refusal("a0", CredentialsRefused("401"), Deadline(desk.clock, 15.0))
    assert (type(meant), meant.reason, desk.held().state) == (Temporary, "token-changed", "connected")


def test_a_grant_that_is_refused_for_a_connection_that_changed_is_tried_anew(desk: Desk) -> None:
    desk.connect(lifetime=10.0)
    desk.at(10)
    desk.server.doing = lambda: desk.connect(refresh="r9")
    desk.server.replies = [NotConnected("grant-refused")]
    assert desk.token() == "a0"
    assert desk.held().state == "connected"


def test_tokens_that_come_for_what_was_sealed_anew_meanwhile_are_kept(desk: Desk) -> None:
    """As keys are rotated: the server has spent the refresh token, and the new one is nowhere else."""
    desk.connect(lifetime=10.0)
    desk.at(10)

    def seal_anew() -> None:
        other = Seal("keys", Secrets(Environment({"KEYS": KEY}), desk.clock), lambda size: b"1" * size)
        text = desk.ports.seal.open(desk.held().sealed, "connection", ADA, ROOMS)
        desk.store.put(ADA, replace(desk.held(), sealed=other.seal(text, "connection", ADA, ROOMS)))

    desk.server.doing = seal_anew
    desk.server.replies = [NEW]
    assert desk.token() == "a1"
    assert desk.custody.open(desk.held()) == Kept("a1", "r1", "ada@rooms")
    assert desk.server.asked == ["r0"]


def test_tokens_that_come_for_what_does_not_open_meanwhile_are_not_kept(desk: Desk) -> None:
    desk.connect(lifetime=10.0)
    desk.at(10)
    desk.server.doing = lambda: desk.connect(sealed="1.2.3")
    desk.server.replies = [NEW]
    assert failure(desk.token).reason == "seal-key-unknown"
    assert desk.held().sealed == "1.2.3"


@pytest.mark.parametrize("sub", [ADA, ""])
def test_a_connection_says_whose_it_is_to_who_has_the_keys(sub: str) -> None:
    desk = Desk(sub)
    desk.connect(lifetime=10.0, whose="")
    desk.at(10)
    desk.server.replies = [NEW]
    desk.token()
    assert desk.ports.seal.open(desk.held().whose, "whose", ROOMS) == sub


def test_an_account_s_refusal_is_the_operator_s(desk: Desk) -> None:
    refused = CredentialsRefused("401")
    assert Desk("").custody.refusal("a0", refused, Deadline(desk.clock, 15.0)) is refused


@pytest.mark.parametrize("sealed", [None, "", "1.2.3"])
def test_an_account_gets_its_first_token_whatever_is_stored(sealed: str | None) -> None:
    desk = Desk("")
    if sealed is not None:
        desk.connect(sealed=sealed, scopes=[])
    desk.server.replies = [NEW]
    assert desk.token() == "a1"
    assert desk.server.asked == ["account"]
    assert (desk.held().state, desk.held().since) == ("connected", desk.began)


def test_an_account_s_scopes_are_its_administrator_s_affair() -> None:
    desk = Desk("")
    desk.server.replies = [replace(NEW, scopes=frozenset({"other"}))]
    assert desk.token() == "a1"


def test_what_does_not_open_is_no_connection(desk: Desk) -> None:
    desk.connect(sealed="1.2.3")
    assert failure(desk.token).reason == "seal-key-unknown"
    desk.connect(sealed="")
    assert failure(desk.token).reason == "seal-key-unknown"


def test_what_is_sealed_is_bound_to_the_user_and_the_solution(desk: Desk) -> None:
    sealed = desk.custody.seal(Kept("a", "r", "x"))
    assert desk.ports.seal.open(sealed, "connection", ADA, ROOMS)


def test_what_is_remembered_shows_no_token(desk: Desk) -> None:
    desk.connect()
    desk.token()
    assert repr(desk.custody._memory) == "_Remembered(...)"
    desk.custody.forget()
    assert desk.custody._memory is None


def test_nothing_is_read_when_no_time_is_left(desk: Desk) -> None:
    desk.connect()
    with pytest.raises(Temporary):
        desk.token(0.0)
    assert desk.store.reads == 0

"""Connections are made, shown, and given back; what must be erased is erased whatever the provider says."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from conference.custody import whose_place
from conference.errors import CredentialsRefused, InvalidSetting, NotConnected, StoreUnavailable, Temporary
from conference.providers.base import Reply, Request
from conference.token_reply import Granted
from tests.custodian import ADA, ASKED, BOB, ROOMS, SCOPES, SHARED, Instance, granted
from tests.token_endpoint import Grant, TokenEndpoint

Another = Callable[..., Instance]


def connect(instance: Instance, endpoint: TokenEndpoint, sub: str = ADA, **changed: Any) -> Grant:
    grant, issued = endpoint.grant()
    instance.tokens.connect(sub, ROOMS, replace(granted(issued), **changed), ASKED)
    return grant


def test_a_connection_shows_its_scopes_its_account_and_since_when(instance: Instance, endpoint: TokenEndpoint) -> None:
    before = instance.clock.now()
    connect(instance, endpoint)
    view = instance.tokens.connection(ADA, ROOMS)
    assert view
    assert (view.solution, view.state, view.reason, view.address) == (ROOMS, "connected", "", ASKED.address)
    assert (view.scopes, view.missing) == (tuple(sorted(SCOPES)), ())
    assert before <= view.since <= instance.clock.now()
    assert instance.tokens.connection(BOB, ROOMS) is None


def test_the_time_since_when_does_not_move_with_a_refresh(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    before = instance.tokens.connection(ADA, ROOMS)
    instance.clock.sleep(3600)
    instance.token()
    assert instance.tokens.connection(ADA, ROOMS) == before


def test_the_address_survives_a_refresh_and_stands_nowhere_in_clear(
    instance: Instance, endpoint: TokenEndpoint
) -> None:
    grant = connect(instance, endpoint)
    instance.renewed(instance.token())
    held = instance.connections.read(ADA, ROOMS)
    assert held
    stored = repr(held)
    assert ASKED.address not in stored
    assert ASKED.id not in stored
    assert ADA not in stored
    assert not [token for token in (grant.newest, *grant.spent, *grant.access) if token in stored]


def test_who_granted_too_little_is_not_connected(instance: Instance, endpoint: TokenEndpoint) -> None:
    with pytest.raises(NotConnected, match="scopes: 1 of 2"):
        connect(instance, endpoint, scopes=frozenset({"meeting:read"}))
    assert instance.tokens.connection(ADA, ROOMS) is None


def test_scopes_that_the_server_does_not_tell_are_those_asked_for(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint, scopes=None)
    view = instance.tokens.connection(ADA, ROOMS)
    assert view
    assert view.scopes == tuple(sorted(SCOPES))


def test_scopes_that_are_asked_for_by_now_are_shown_as_missing(another: Another, endpoint: TokenEndpoint) -> None:
    connect(another(), endpoint)
    view = another(scopes=(*SCOPES, "user:read")).tokens.connection(ADA, ROOMS)
    assert view
    assert (view.state, view.reason, view.missing) == ("reconnect", "scopes", ("user:read",))


def test_connecting_again_replaces_what_was_to_be_reconnected(another: Another, endpoint: TokenEndpoint) -> None:
    instance, other = another(), another()
    connect(instance, endpoint).revoked = True
    with pytest.raises(NotConnected):
        instance.renewed(instance.token())
    grant = connect(other, endpoint)
    assert instance.token() in grant.access
    view = instance.tokens.connection(ADA, ROOMS)
    assert view
    assert (view.state, view.reason) == ("connected", "")


def test_who_connects_again_has_the_new_account_at_once(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    instance.token()
    grant = connect(instance, endpoint)
    assert instance.token() in grant.access


def test_only_what_there_is_is_given_back(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint, refresh_token="")
    assert instance.disconnect()
    assert endpoint.revoked == ["access_token"]


def test_disconnecting_gives_both_tokens_back_and_erases(instance: Instance, endpoint: TokenEndpoint) -> None:
    grant = connect(instance, endpoint)
    token = instance.token()
    assert instance.disconnect()
    assert grant.revoked
    assert endpoint.revoked == ["refresh_token", "access_token"]
    assert not endpoint.good(token)
    assert instance.tokens.connection(ADA, ROOMS) is None
    with pytest.raises(NotConnected, match="not-connected"):
        instance.token()


def test_disconnecting_what_is_not_connected_asks_nobody(instance: Instance, endpoint: TokenEndpoint) -> None:
    assert instance.disconnect()
    assert endpoint.asked == []


def refuses(endpoint: TokenEndpoint, instance: Instance) -> None:
    endpoint.answer = lambda: (400, "{}")


def is_silent(endpoint: TokenEndpoint, instance: Instance) -> None:
    endpoint.lose = 9


def has_another_secret(endpoint: TokenEndpoint, instance: Instance) -> None:
    endpoint.client_secrets = set()


def lacks_a_secret(endpoint: TokenEndpoint, instance: Instance) -> None:
    del instance.environ["CLIENT_SECRET"]


def test_what_was_not_given_back_for_a_reason_of_ours_is_logged(
    instance: Instance, endpoint: TokenEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    connect(instance, endpoint)
    lacks_a_secret(endpoint, instance)
    instance.disconnect()
    assert "connection to rooms: not given back: secret-missing" in caplog.text


@pytest.mark.parametrize("trouble", [refuses, is_silent, has_another_secret, lacks_a_secret])
def test_what_cannot_be_given_back_is_erased_all_the_same(
    instance: Instance, endpoint: TokenEndpoint, trouble: Callable[[TokenEndpoint, Instance], None]
) -> None:
    connect(instance, endpoint)
    trouble(endpoint, instance)
    assert not instance.disconnect()
    assert instance.tokens.connection(ADA, ROOMS) is None


def test_what_there_is_no_time_to_give_back_is_erased_all_the_same(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    assert not instance.disconnect(seconds=0.0)
    assert instance.tokens.connection(ADA, ROOMS) is None


def give_back(instance: Instance, endpoint: TokenEndpoint) -> None:
    _, issued = endpoint.grant()
    instance.tokens.give_back(ADA, ROOMS, granted(issued), instance.secret, instance.deadline())


def test_what_a_sign_in_gave_for_nothing_is_given_back(instance: Instance, endpoint: TokenEndpoint) -> None:
    give_back(instance, endpoint)
    assert endpoint.revoked == ["refresh_token", "access_token"]


def test_nothing_is_given_back_that_could_end_what_a_user_is_connected_with(
    instance: Instance, endpoint: TokenEndpoint
) -> None:
    connect(instance, endpoint)
    give_back(instance, endpoint)
    assert endpoint.revoked == []


def test_a_connection_that_has_ended_keeps_nothing_from_being_given_back(
    instance: Instance, endpoint: TokenEndpoint
) -> None:
    connect(instance, endpoint).revoked = True
    with pytest.raises(NotConnected):
        instance.renewed(instance.token())
    give_back(instance, endpoint)
    assert endpoint.revoked == ["refresh_token", "access_token"]


def test_nothing_is_given_back_while_the_store_does_not_say_what_there_is(
    instance: Instance, endpoint: TokenEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    instance.outside.fail("before", "get", StoreUnavailable("store-down"))
    give_back(instance, endpoint)
    assert endpoint.revoked == []
    assert "sign-in to rooms: not given back: store-down" in caplog.text


def test_f71_what_does_not_open_can_be_disconnected(another: Another, endpoint: TokenEndpoint) -> None:
    connect(another(), endpoint)
    other = another(environ={**another().environ, "KEYS": "A" * 42 + "g="})
    view = other.tokens.connection(ADA, ROOMS)
    assert view
    assert (view.state, view.reason, view.address) == ("reconnect", "seal-key-unknown", "")
    assert not other.disconnect()
    assert other.tokens.connection(ADA, ROOMS) is None


def test_a_refresh_that_comes_between_is_given_back_too(another: Another, endpoint: TokenEndpoint) -> None:
    instance, other = another(), another()
    endpoint.rotates = True
    connect(instance, endpoint)
    grants: list[Grant] = []
    instance.outside.on(
        "before", "commit delete", lambda: grants.append(connect(other, endpoint)) if not grants else None
    )
    assert instance.disconnect()
    assert grants[0].revoked
    assert instance.tokens.connection(ADA, ROOMS) is None


def test_a_store_that_is_down_when_erasing_is_said_to_be(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    instance.outside.fail("before", "commit delete", StoreUnavailable("down"))
    with pytest.raises(StoreUnavailable):
        instance.disconnect()


def test_a_refresh_in_flight_brings_nothing_back_that_was_erased(another: Another, endpoint: TokenEndpoint) -> None:
    one, two = another(), another()
    connect(one, endpoint)
    one.clock.sleep(3600)
    one.outside.on("after", "POST /token", two.disconnect)
    with pytest.raises(NotConnected, match="not-connected"):
        one.token()
    assert one.tokens.connection(ADA, ROOMS) is None


def test_forgetting_a_user_disconnects_all_of_hers_and_nobody_else_s(
    instance: Instance, endpoint: TokenEndpoint
) -> None:
    hers, his = connect(instance, endpoint), connect(instance, endpoint, BOB)
    instance.connections.write(
        ADA, None, replace(_held(instance).connection, solution="gone-from-the-configuration"), "x"
    )
    assert [view.solution for view in instance.tokens.connections(ADA)] == [ROOMS]
    assert not instance.tokens.forget(ADA, instance.secret, instance.deadline())
    assert instance.connections.of_user(ADA) == []
    assert (hers.revoked, his.revoked) == (True, False)
    assert instance.token(BOB) in his.access
    assert instance.tokens.forget(BOB, instance.secret, instance.deadline())
    assert his.revoked


def _held(instance: Instance) -> Any:
    held = instance.connections.read(ADA, ROOMS)
    assert held
    return held


def test_a_user_who_removed_us_at_the_provider_is_purged(another: Another, endpoint: TokenEndpoint) -> None:
    instance = another()
    connect(instance, endpoint)
    instance.token()
    assert instance.tokens.deauthorized(ROOMS, "somebody else") == 0
    assert instance.tokens.deauthorized(SHARED, ASKED.id) == 0
    assert instance.tokens.deauthorized(ROOMS, ASKED.id) == 1
    assert instance.connections.of_user(ADA) == []
    assert endpoint.asked == []
    with pytest.raises(NotConnected):
        instance.token()


def test_a_purge_finds_also_what_changes_meanwhile(another: Another, endpoint: TokenEndpoint) -> None:
    instance, other = another(), another()
    connect(instance, endpoint)
    changes = [lambda: other.renewed(other.token())]
    instance.outside.on("before", "commit delete", lambda: changes.pop()() if changes else None)
    assert instance.tokens.deauthorized(ROOMS, ASKED.id) == 1
    assert instance.connections.of_user(ADA) == []


@pytest.mark.parametrize(("since", "purged"), [(-1, 0), (0, 1), (1, 1), (None, 1)])
def test_a_connection_that_was_made_after_the_removal_stands(
    instance: Instance, endpoint: TokenEndpoint, since: float | None, purged: int
) -> None:
    connect(instance, endpoint)
    made = _held(instance).connection.since
    removed = None if since is None else made + timedelta(seconds=since)
    assert instance.tokens.deauthorized(ROOMS, ASKED.id, removed) == purged
    assert len(instance.connections.of_user(ADA)) == 1 - purged


def test_a_connection_that_has_ended_since_the_removal_is_purged(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    removed = _held(instance).connection.since
    ended = replace(_held(instance).connection, state="reconnect", since=removed + timedelta(hours=1))
    instance.connections.write(ADA, _held(instance), ended)
    assert instance.tokens.deauthorized(ROOMS, ASKED.id, removed) == 1


def test_a_purge_reaches_all_instances_when_what_they_remember_is_over(
    another: Another, endpoint: TokenEndpoint
) -> None:
    instance, other = another(), another()
    connect(instance, endpoint)
    other.token()
    instance.tokens.deauthorized(ROOMS, ASKED.id)
    other.clock.sleep(301)
    with pytest.raises(NotConnected):
        other.token()


def test_nobody_is_an_account_without_an_id(instance: Instance, endpoint: TokenEndpoint) -> None:
    _, issued = endpoint.grant()
    instance.tokens.connect(ADA, ROOMS, granted(issued))
    assert instance.tokens.deauthorized(ROOMS, "") == 0
    assert instance.connections.of_user(ADA) != []


def test_whose_token_it_could_be_must_be_known(instance: Instance) -> None:
    with pytest.raises(NotConnected):
        instance.bearer("")


def test_the_account_s_token_is_no_user_s(instance: Instance, endpoint: TokenEndpoint) -> None:
    instance.token(ADA, SHARED)
    assert instance.tokens.is_shared(SHARED)
    assert not instance.tokens.is_shared(ROOMS)
    assert instance.connections.of_user("") == []
    assert instance.connections.of_user(ADA) == []


@pytest.mark.parametrize("solution", ["plain", "unknown"])
def test_a_solution_that_connects_nobody_is_said_to_be(instance: Instance, solution: str) -> None:
    with pytest.raises(InvalidSetting):
        instance.bearer(ADA, solution)
    with pytest.raises(InvalidSetting):
        instance.tokens.server(solution, instance.secret)


def test_f72_no_secret_or_token_is_logged_or_raised(
    instance: Instance, endpoint: TokenEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    grant = connect(instance, endpoint)
    token = instance.token()
    raised = []
    for status in (400, 401, 500):
        endpoint.answer = lambda status=status: (status, f'{{"error": "{grant.newest}", "reason": "{token}"}}')  # type: ignore[misc]  # the loop's status
        try:
            instance.renewed(token)
        except Exception as error:  # noqa: BLE001  # whatever it is
            raised.append(repr(error))
    instance.disconnect()
    assert len(raised) == 3
    canaries = [token, grant.newest, ASKED.address, ASKED.id, *instance.environ.values()]
    assert not [canary for canary in canaries if canary in caplog.text + "".join(raised)]


def test_a_connection_that_a_thousand_came_after_is_read_again(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    instance.token()
    for number in range(1000):
        instance.bearer(str(number))
    instance.outside.calls.clear()
    instance.token()
    assert instance.outside.calls == ["get connection"]


def test_a_connection_that_is_used_stays_remembered(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    instance.token()
    for number in range(1500):
        instance.bearer(str(number))
        instance.bearer()
    instance.outside.calls.clear()
    instance.token()
    assert instance.outside.calls == []


def test_a_grant_shows_nothing() -> None:
    assert "canary" not in repr(Granted("canary", "canary"))


ENDLESS: dict[str, tuple[str, Callable[[Instance, TokenEndpoint], object]]] = {
    "connecting": ("commit", lambda instance, endpoint: connect(instance, endpoint)),
    "disconnecting": ("commit delete", lambda instance, endpoint: instance.disconnect()),
    "a purge": ("commit delete", lambda instance, endpoint: instance.tokens.deauthorized(ROOMS, ASKED.id)),
}


@pytest.mark.parametrize(("call", "act"), ENDLESS.values(), ids=ENDLESS)
def test_what_changes_for_ever_is_tried_five_times_and_then_given_up(
    another: Another, endpoint: TokenEndpoint, call: str, act: Callable[[Instance, TokenEndpoint], object]
) -> None:
    instance, other = another(), another()
    connect(instance, endpoint)
    instance.outside.calls.clear()
    instance.outside.on("before", call, lambda: connect(other, endpoint))
    with pytest.raises(Temporary) as failure:
        act(instance, endpoint)
    assert failure.value.reason == "contention"
    assert len([made for made in instance.outside.calls if made.startswith(call)]) == 5


def test_the_account_s_bearer_is_for_nobody_and_a_user_s_is_not(instance: Instance, endpoint: TokenEndpoint) -> None:
    assert instance.bearer("", SHARED).token(instance.secret, instance.deadline())
    with pytest.raises(NotConnected) as refused:
        instance.bearer("")
    assert refused.value.reason == "not-connected"


def test_a_connection_without_an_account_is_nobody_s_account(instance: Instance, endpoint: TokenEndpoint) -> None:
    _, issued = endpoint.grant()
    instance.tokens.connect(ADA, ROOMS, granted(issued))
    stored = instance.store.find("connection", "account", "", 10)
    assert [document.body["solution"] for document in stored] == [ROOMS]


@pytest.mark.parametrize("sealed", ["", None])
def test_why_a_connection_ended_is_shown_whatever_else_is_wrong(
    another: Another, endpoint: TokenEndpoint, sealed: str | None
) -> None:
    instance = another(scopes=(*SCOPES, "user:read"))
    connect(another(), endpoint)
    changed = {} if sealed is None else {"sealed": sealed}
    ended = replace(_held(instance).connection, state="reconnect", reason="refresh-lost", **changed)
    instance.connections.write(ADA, _held(instance), ended)
    view = instance.tokens.connection(ADA, ROOMS)
    assert view
    assert (view.state, view.reason, view.missing) == ("reconnect", "refresh-lost", ("user:read",))


def test_what_does_not_open_is_shown_to_be_connected_again(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    instance.connections.write(ADA, _held(instance), replace(_held(instance).connection, sealed="1.2.3"))
    view = instance.tokens.connection(ADA, ROOMS)
    assert view
    assert (view.state, view.reason, view.address) == ("reconnect", "seal-key-unknown", "")


def test_what_a_refusal_means_is_asked_of_the_connection(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    failure = instance.bearer().refusal(instance.token(), CredentialsRefused("refused"), instance.deadline())
    assert isinstance(failure, NotConnected)
    assert failure.reason == "token-refused"


def test_a_solution_that_connects_nobody_is_said_to_be_none(instance: Instance) -> None:
    for solution in ("plain", "unknown"):
        with pytest.raises(InvalidSetting) as refused:
            instance.tokens.is_shared(solution)
        assert refused.value.reason == "solution"


class Bounded:
    """A client that notes how long each exchange may take, and answers none."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def exchange(self, request: Request, seconds: float, origins: frozenset[str], repeatable: bool) -> Reply:
        self.seconds.append(seconds)
        return Reply(200, {}, b"")


def test_giving_one_token_back_takes_four_seconds_at_most(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    client = Bounded()
    instance.tokens._client = client
    assert instance.disconnect(seconds=15.0)
    assert client.seconds == pytest.approx([4.0, 4.0], abs=0.1)


def test_a_thousand_connections_are_remembered_and_not_one_more(instance: Instance) -> None:
    for number in range(1000):
        instance.bearer(str(number))
    assert len(instance.tokens._custodies) == 1000
    instance.bearer("one-more")
    assert list(instance.tokens._custodies) == [*[(str(n), ROOMS) for n in range(1, 1000)], ("one-more", ROOMS)]


def test_a_connection_says_whose_it_is_to_who_has_the_keys(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    held = instance.connections.read(ADA, ROOMS)
    assert held
    assert instance.tokens._custody(ADA, ROOMS)._ports.seal.open(held.connection.whose, *whose_place(ROOMS)) == ADA

"""A connection's tokens are renewed early, committed before they are used, and never in a loop."""

import pytest

from conference.custody import AGAIN, FRESH
from conference.errors import CredentialsRefused, NotConnected, Temporary
from conference.token_reply import LIFETIME
from tests.conference.connected import HOUR, Another, connect, state
from tests.custodian import ADA, ROOMS, Instance
from tests.token_endpoint import Grant, TokenEndpoint


def test_a_token_is_read_once_and_then_used_from_memory(instance: Instance, endpoint: TokenEndpoint) -> None:
    grant = connect(instance, endpoint)
    assert {instance.token() for _ in range(5)} == grant.access
    assert instance.outside.calls == ["get connection"]


def test_what_another_instance_changed_is_seen_soon(another: Another, endpoint: TokenEndpoint) -> None:
    one, two = another(), another()
    connect(one, endpoint)
    one.token()
    grant = connect(two, endpoint)
    one.clock.sleep(FRESH)
    assert one.token() in grant.access


def test_a_token_is_renewed_before_it_ends_and_committed_before_it_is_used(
    instance: Instance, endpoint: TokenEndpoint
) -> None:
    grant = connect(instance, endpoint)
    old = instance.token()
    instance.clock.sleep(HOUR - 300 + 1)
    new = instance.token()
    assert new != old
    assert endpoint.good(new)
    assert instance.kept_refresh_token() == grant.newest
    assert instance.outside.calls == [
        "get connection",
        "get connection",
        "commit replace connection",
        "POST /token",
        "commit replace connection",
    ]


@pytest.mark.parametrize(("lifetime", "early"), [(3600, 300), (500, 250), (10, 5)])
def test_f69_the_margin_is_five_minutes_but_never_more_than_half_the_life(
    instance: Instance, endpoint: TokenEndpoint, lifetime: int, early: int
) -> None:
    connect(instance, endpoint, expires_in=lifetime)
    instance.clock.sleep(lifetime - early - 2)
    instance.token()
    assert endpoint.refreshes == 0
    instance.clock.sleep(3)
    instance.token()
    assert endpoint.refreshes == 1


@pytest.mark.parametrize("expires_in", [0, -5, "0", None, "never"])
def test_f69_a_lifetime_that_says_nothing_is_no_loop(
    instance: Instance, endpoint: TokenEndpoint, expires_in: object
) -> None:
    connect(instance, endpoint)
    endpoint.shape = lambda reply: {**reply, "expires_in": expires_in}
    instance.clock.sleep(HOUR)
    for _ in range(3):
        instance.token()
    assert endpoint.refreshes == 1
    instance.clock.sleep(LIFETIME)
    instance.token()
    assert endpoint.refreshes == 2


def test_f69_a_lifetime_of_an_instant_costs_one_refresh_a_use(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    endpoint.shape = lambda reply: {**reply, "expires_in": 1e-9}
    instance.clock.sleep(HOUR)
    assert endpoint.good(instance.token())
    assert endpoint.refreshes == 1


@pytest.mark.parametrize("skew", [-300.0, 300.0])
def test_f69_a_server_whose_clock_is_five_minutes_off_costs_one_renewal(
    instance: Instance, endpoint: TokenEndpoint, skew: float
) -> None:
    grant = connect(instance, endpoint)
    instance.clock.sleep(HOUR - 300 + skew - 1)
    token = instance.token()
    assert endpoint.refreshes == (1 if skew > 0 else 0)
    grant.access.discard(token)  # the server says that its time is over
    assert endpoint.good(instance.renewed(token))
    assert endpoint.refreshes == (2 if skew > 0 else 1)


def test_a_reply_without_a_refresh_token_keeps_the_old_one(instance: Instance, endpoint: TokenEndpoint) -> None:
    endpoint.rotates = False
    grant = connect(instance, endpoint)
    for _ in range(3):
        instance.clock.sleep(HOUR)
        assert endpoint.good(instance.token())
    assert instance.kept_refresh_token() == grant.newest
    assert len({form["refresh_token"] for form in endpoint.asked}) == 1


def test_f69_a_token_that_is_refused_is_replaced_though_it_looks_good(
    instance: Instance, endpoint: TokenEndpoint
) -> None:
    connect(instance, endpoint)
    old = instance.token()
    new = instance.renewed(old)
    assert new != old
    assert instance.token() == new
    assert endpoint.refreshes == 1


def test_f67_a_refused_token_that_another_instance_has_replaced_costs_no_refresh(
    another: Another, endpoint: TokenEndpoint
) -> None:
    one, two = another(), another()
    connect(one, endpoint)
    old = one.token()
    assert two.token() == old
    new = one.renewed(old)
    assert two.renewed(old) == new
    assert endpoint.refreshes == 1


def test_a_server_that_gives_the_refused_token_again_is_asked_once(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    old = instance.token()
    endpoint.shape = lambda reply: {**reply, "access_token": old}
    assert instance.renewed(old) == old
    assert endpoint.refreshes == 1


def test_f69_when_the_new_token_is_refused_too_the_user_connects_again(
    instance: Instance, endpoint: TokenEndpoint
) -> None:
    connect(instance, endpoint)
    bearer = instance.bearer()
    new = instance.renewed(instance.token())
    failure = bearer.refusal(new, CredentialsRefused("rooms-401"), instance.deadline())
    assert isinstance(failure, NotConnected)
    assert state(instance) == ("reconnect", "token-refused")
    asked = len(endpoint.asked)
    for _ in range(3):
        with pytest.raises(NotConnected, match="token-refused"):
            instance.token()
    assert len(endpoint.asked) == asked


def test_f69_a_refused_token_that_was_replaced_meanwhile_marks_nothing(
    another: Another, endpoint: TokenEndpoint
) -> None:
    one, two = another(), another()
    connect(one, endpoint)
    old = one.token()
    two.renewed(old)
    failure = one.bearer().refusal(old, CredentialsRefused("rooms-401"), one.deadline())
    assert isinstance(failure, Temporary)
    assert state(one) == ("connected", "")


def test_a_refusal_without_a_connection_is_no_connection(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    bearer, token = instance.bearer(), instance.token()
    instance.disconnect()
    failure = bearer.refusal(token, CredentialsRefused("rooms-401"), instance.deadline())
    assert isinstance(failure, NotConnected)


def test_f67_a_refused_grant_asks_the_user_once(instance: Instance, endpoint: TokenEndpoint) -> None:
    grant = connect(instance, endpoint)
    grant.revoked = True
    instance.clock.sleep(HOUR)
    for _ in range(3):
        with pytest.raises(NotConnected, match="grant-refused"):
            instance.token()
    assert len(endpoint.asked) == 1
    assert state(instance) == ("reconnect", "grant-refused")


def test_f67_a_grant_that_is_refused_after_the_user_connected_again_marks_nothing(
    another: Another, endpoint: TokenEndpoint
) -> None:
    one, two = another(), another()
    grant = connect(one, endpoint)
    grant.revoked = True
    one.clock.sleep(HOUR)
    again: list[Grant] = []
    one.outside.on("after", "POST /token", lambda: again.append(connect(two, endpoint)) if not again else None)
    assert one.token() in again[0].access
    assert state(one) == ("connected", "")


def test_a_connection_without_a_refresh_token_ends_with_its_access_token(
    instance: Instance, endpoint: TokenEndpoint
) -> None:
    connect(instance, endpoint, refresh_token="")
    instance.token()
    instance.clock.sleep(HOUR)
    with pytest.raises(NotConnected, match="no-refresh-token"):
        instance.token()
    assert endpoint.asked == []


def test_nobody_has_a_token_who_is_not_connected(instance: Instance) -> None:
    with pytest.raises(NotConnected, match="not-connected"):
        instance.token()


def test_scopes_that_are_asked_for_later_are_missing(another: Another, endpoint: TokenEndpoint) -> None:
    connect(another(), endpoint)
    with pytest.raises(NotConnected, match="scopes: 1 of 3"):
        another(scopes=("meeting:read", "meeting:write", "user:read")).token()
    another().token()


def test_scopes_that_a_refresh_takes_away_are_missing_at_once(instance: Instance, endpoint: TokenEndpoint) -> None:
    grant = connect(instance, endpoint)
    endpoint.shape = lambda reply: {**reply, "scope": "meeting:read"}
    instance.clock.sleep(HOUR)
    for _ in range(2):
        with pytest.raises(NotConnected, match="scopes"):
            instance.token()
    assert instance.kept_refresh_token() == grant.newest


def test_a_refresh_that_does_not_tell_its_scopes_has_the_old_ones(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    endpoint.shape = lambda reply: {name: value for name, value in reply.items() if name != "scope"}
    instance.clock.sleep(HOUR)
    instance.token()
    view = instance.tokens.connection(ADA, ROOMS)
    assert view
    assert view.scopes == ("meeting:read", "meeting:write")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_while_the_server_is_down_a_token_that_is_still_good_is_used(
    instance: Instance, endpoint: TokenEndpoint, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    connect(instance, endpoint)
    old = instance.token()
    instance.clock.sleep(HOUR - 200)
    endpoint.answer = lambda: (status, "{}")
    assert {instance.token() for _ in range(3)} == {old}
    assert len(endpoint.asked) == 1
    assert "connection to rooms: renewed later: " in caplog.text
    instance.clock.sleep(AGAIN.total_seconds())
    assert instance.token() == old
    assert len(endpoint.asked) == 2
    instance.clock.sleep(200)
    with pytest.raises(Temporary):
        instance.token()
    endpoint.answer = lambda: None
    assert endpoint.good(instance.token())


def test_a_token_is_not_used_after_its_end_because_the_server_was_down_shortly_before(
    instance: Instance, endpoint: TokenEndpoint
) -> None:
    connect(instance, endpoint)
    old = instance.token()
    instance.clock.sleep(HOUR - 10)
    endpoint.answer = lambda: (503, "{}")
    assert instance.token() == old
    endpoint.answer = lambda: None
    instance.clock.sleep(11)
    assert instance.token() != old


def test_a_pause_that_the_server_asks_for_is_passed_on(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    endpoint.headers["Retry-After"] = "7"
    instance.clock.sleep(HOUR)
    for status, reason in ((503, "token-unavailable"), (500, "refresh-unknown")):
        endpoint.answer = lambda status=status: (status, "{}")  # type: ignore[misc]  # the loop's status
        with pytest.raises(Temporary) as raised:
            instance.token()
        assert (raised.value.reason, raised.value.retry_after) == (reason, 7.0)

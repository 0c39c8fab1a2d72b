"""A connection's tokens are renewed early, by one at a time, committed before they are used, and never in a loop."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from conference.clock import Deadline
from conference.connection import Refreshing
from conference.custody import AGAIN, FRESH, LEASE
from conference.errors import CredentialsRefused, NotConnected, SecretUnavailable, StoreUnavailable, Temporary
from conference.http import HttpCall
from conference.providers.base import Provider, Reply, Request
from conference.token_reply import LIFETIME
from sync.records import CONNECTIONS
from sync.store import Replace
from tests.custodian import ADA, ROOMS, SHARED, Instance, Options, granted, key, oauth
from tests.token_endpoint import Grant, TokenEndpoint

HOUR = 3600.0
Another = Callable[..., Instance]


def connect(instance: Instance, endpoint: TokenEndpoint, **changed: Any) -> Grant:
    """Ada has signed in."""
    grant, issued = endpoint.grant()
    instance.tokens.connect(ADA, ROOMS, granted({**issued, **changed}))
    instance.outside.calls.clear()
    return grant


def state(instance: Instance) -> tuple[str, str]:
    view = instance.tokens.connection(ADA, ROOMS)
    assert view
    return view.state, view.reason


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


def test_f70_a_client_secret_that_was_rotated_is_read_again_and_the_refresh_made_good(
    instance: Instance, endpoint: TokenEndpoint
) -> None:
    connect(instance, endpoint)
    instance.secret("secret:client-secret")
    instance.clock.sleep(HOUR)
    instance.secret("secret:client-secret")
    endpoint.client_secrets = {"another"}
    instance.environ["CLIENT_SECRET"] = "another"
    with pytest.raises(CredentialsRefused):
        instance.token()
    assert state(instance) == ("connected", "")
    assert instance.secrets.renew("client-secret")
    assert endpoint.good(instance.token())


def test_f70_keys_that_were_rotated_while_cached_reconnect_nobody(another: Another, endpoint: TokenEndpoint) -> None:
    one, environ = another(), {}
    connect(one, endpoint)
    environ = one.environ
    environ["KEYS"] = f"{key('second')}\n{key('first')}\n"
    two = another()
    assert endpoint.good(two.renewed(two.token()))
    assert endpoint.good(one.token())  # sealed with a key that this one has not read yet
    environ["KEYS"] = key("second")
    assert endpoint.good(another().token())
    assert state(one) == ("connected", "")


def body(instance: Instance, solution: str = ROOMS, sub: str = ADA) -> Any:
    held = instance.connections.read(sub, solution)
    assert held
    return held.version


def write(instance: Instance, **fields: Any) -> None:
    document = body(instance)
    instance.store.commit([Replace(document, {**document.body, **fields})])


@pytest.mark.parametrize("damage", [lambda text: text[:-8], lambda text: "", lambda text: "1.00.AAAA", str.swapcase])
def test_f71_what_does_not_open_is_a_connection_to_be_made_again(
    another: Another, endpoint: TokenEndpoint, damage: Callable[[str], str], caplog: pytest.LogCaptureFixture
) -> None:
    instance = another()
    connect(instance, endpoint)
    sealed = body(instance).body["sealed"]
    write(instance, sealed=damage(sealed))
    with pytest.raises(NotConnected) as raised:
        another().token()
    assert raised.value.__context__ is None
    assert f"connection to rooms: {raised.value.reason}" in caplog.text
    assert endpoint.asked == []
    write(instance, sealed=sealed)
    assert endpoint.good(another().token())


def test_f71_one_user_s_tokens_do_not_open_for_another_one(another: Another, endpoint: TokenEndpoint) -> None:
    instance = another()
    connect(instance, endpoint)
    _, issued = endpoint.grant()
    instance.tokens.connect("1002", ROOMS, granted(issued))
    theirs = instance.connections.read("1002", ROOMS)
    assert theirs
    write(instance, sealed=theirs.connection.sealed)
    with pytest.raises(NotConnected, match="seal-broken"):
        another().token()


def test_without_keys_nothing_is_said_of_the_user(another: Another, endpoint: TokenEndpoint) -> None:
    connect(another(), endpoint)
    with pytest.raises(SecretUnavailable, match="ANYROOM_KEYS"):
        another(environ={"KEYS": "no key"}).token()
    assert state(another()) == ("connected", "")


def test_f67_threads_wait_for_one_refresh(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    instance.clock.sleep(HOUR)
    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(lambda _: instance.token(), range(8)))
    assert len(tokens) == 1
    assert endpoint.refreshes == 1


def waiting_at_the_server(instance: Instance) -> tuple[threading.Event, threading.Event]:
    """The next refresh tells when it has come as far as the server, and waits there for a word to go on."""
    asked, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        asked.set()
        assert go_on.wait(10)

    instance.outside.on("before", "POST /token", wait)
    return asked, go_on


def test_who_waits_for_another_thread_keeps_the_deadline(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    instance.clock.sleep(HOUR)
    asked, go_on = waiting_at_the_server(instance)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(instance.token)
        assert asked.wait(10)
        with pytest.raises(Temporary, match="refresh-waits"):
            instance.token(seconds=0.05)
        go_on.set()
        assert endpoint.good(first.result())


def test_while_one_thread_renews_early_others_use_what_is_good(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    instance.clock.sleep(HOUR - 350)
    old = instance.token()
    instance.clock.sleep(60)
    asked, go_on = waiting_at_the_server(instance)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(instance.token)
        assert asked.wait(10)
        assert instance.token() == old
        go_on.set()
        assert first.result() != old


def held_by_another(instance: Instance, seconds: float) -> None:
    """Another instance has begun a refresh and has the connection to itself for so long."""
    held = instance.connections.read(ADA, ROOMS)
    assert held
    mark = Refreshing("another", instance.clock.now() + timedelta(seconds=seconds))
    write(instance, refreshing={"by": mark.by, "until": mark.until})


def test_f67_who_finds_another_instance_at_it_waits_for_its_token(another: Another, endpoint: TokenEndpoint) -> None:
    instance = another()
    connect(instance, endpoint)
    instance.clock.sleep(HOUR)
    held_by_another(instance, 100)
    instance.clock.slept.clear()
    with pytest.raises(Temporary, match="deadline"):
        instance.token(seconds=3.0)
    assert endpoint.asked == []
    assert instance.clock.slept == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.4])


def test_f69_a_refused_token_is_not_given_again_because_it_cannot_be_renewed_now(
    instance: Instance, endpoint: TokenEndpoint
) -> None:
    connect(instance, endpoint)
    old = instance.token()
    held_by_another(instance, 100)
    with pytest.raises(Temporary, match="deadline"):
        instance.renewed(old, seconds=3.0)
    instance.clock.sleep(100)
    endpoint.answer = lambda: (503, "{}")
    with pytest.raises(Temporary, match="token-unavailable"):
        instance.renewed(old)


def test_nothing_is_read_when_no_time_is_left(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    with pytest.raises(Temporary, match="deadline"):
        instance.token(seconds=0.0)
    assert instance.outside.calls == []


def test_after_a_refresh_the_store_is_read_once_again(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    instance.renewed(instance.token())
    instance.clock.sleep(FRESH)
    instance.outside.calls.clear()
    instance.token()
    assert instance.outside.calls == ["get connection"]


def test_a_token_that_is_still_good_is_used_while_another_instance_renews_it(
    instance: Instance, endpoint: TokenEndpoint
) -> None:
    connect(instance, endpoint)
    old = instance.token()
    instance.clock.sleep(HOUR - 200)
    held_by_another(instance, 100)
    assert instance.token() == old
    assert endpoint.asked == []


def test_f68_a_lease_whose_holder_died_runs_out(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    instance.clock.sleep(HOUR)
    held_by_another(instance, LEASE.total_seconds())
    instance.clock.sleep(LEASE.total_seconds() + 0.1)
    assert endpoint.good(instance.token())


@pytest.mark.parametrize("seconds", [0.0, 1.5])
def test_no_refresh_begins_that_might_be_cut_short(instance: Instance, endpoint: TokenEndpoint, seconds: float) -> None:
    connect(instance, endpoint)
    instance.clock.sleep(HOUR)
    with pytest.raises(Temporary, match="deadline"):
        instance.token(seconds=seconds)
    assert endpoint.asked == []
    assert not [call for call in instance.outside.calls if call.startswith("commit")]


def test_no_refresh_is_sent_by_who_has_slept_through_the_lease(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    instance.clock.sleep(HOUR)
    instance.outside.on("after", "commit", lambda: instance.clock.sleep(LEASE.total_seconds()))
    with pytest.raises(Temporary, match="refresh-late"):
        instance.bearer().token(instance.secret, Deadline(instance.clock, 1000.0))
    assert endpoint.asked == []


def test_a_store_that_is_down_is_said_to_be(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    instance.outside.fail("before", "get", StoreUnavailable("down"))
    with pytest.raises(StoreUnavailable):
        instance.token()
    instance.clock.sleep(HOUR)
    instance.outside.fail("before", "commit", StoreUnavailable("down"))
    with pytest.raises(StoreUnavailable):
        instance.token()
    assert endpoint.asked == []


def test_the_account_s_token_is_shared_by_all_instances(another: Another, endpoint: TokenEndpoint) -> None:
    one, two = another(), another()
    token = one.token(ADA, SHARED)
    assert two.token("1002", SHARED) == token
    assert two.token("", SHARED) == token
    assert len(endpoint.asked) == 1
    assert endpoint.good(token)


def test_a_new_account_token_that_killed_the_old_one_is_taken_over_by_all(
    another: Another, endpoint: TokenEndpoint
) -> None:
    one, two = another(), another()
    old = one.token(ADA, SHARED)
    assert two.token(ADA, SHARED) == old
    one.clock.sleep(HOUR)
    new = one.token(ADA, SHARED)
    assert not endpoint.good(old)
    assert two.renewed(old, ADA, SHARED) == new
    assert len(endpoint.asked) == 2


@pytest.mark.parametrize("setting", ["ACCOUNT", "CLIENT_ID"])
def test_f70_once_the_settings_name_another_account_its_token_is_asked_for(
    another: Another, endpoint: TokenEndpoint, setting: str
) -> None:
    old = another().token(ADA, SHARED)
    changed = another()
    changed.environ[setting] = "another"
    with suppress(CredentialsRefused):  # as far as the server knows that client
        assert changed.token(ADA, SHARED) != old
    assert len(endpoint.asked) == 2


def test_f69_while_no_secret_can_be_read_the_account_s_token_is_used(another: Another, endpoint: TokenEndpoint) -> None:
    token = another().token(ADA, SHARED)
    without = another()
    del without.environ["ACCOUNT"]
    assert without.token(ADA, SHARED) == token


def test_an_account_that_is_refused_is_the_operator_s_affair_and_marks_nothing(
    instance: Instance, endpoint: TokenEndpoint
) -> None:
    token, failure = instance.token(ADA, SHARED), CredentialsRefused("rooms-401")
    assert instance.bearer(ADA, SHARED).refusal(token, failure, instance.deadline()) is failure
    endpoint.answer = lambda: (400, '{"error": "invalid_grant"}')
    with pytest.raises(CredentialsRefused, match="grant-refused"):
        instance.renewed(token, ADA, SHARED)
    endpoint.answer = lambda: None
    assert endpoint.good(instance.renewed(token, ADA, SHARED))


def test_f71_an_account_s_token_that_does_not_open_is_replaced(another: Another, endpoint: TokenEndpoint) -> None:
    instance = another()
    instance.token(ADA, SHARED)
    document = body(instance, SHARED, "")
    assert document.kind == CONNECTIONS
    instance.store.commit([Replace(document, {**document.body, "sealed": "1.00.AAAA"})])
    assert endpoint.good(another().token(ADA, SHARED))


class Api:
    """The conferencing system: takes the tokens that the server has given and not taken back."""

    def __init__(self, endpoint: TokenEndpoint) -> None:
        self._endpoint = endpoint
        self.asked = 0

    def exchange(self, request: Request, seconds: float, origins: frozenset[str], repeatable: bool) -> Reply:
        self.asked += 1
        token = request.headers["Authorization"].removeprefix("Bearer ")
        return Reply(200 if self._endpoint.good(token) else 401, {}, b"{}")


def call(instance: Instance, api: Api) -> HttpCall:
    """A provider's call on Ada's behalf."""
    declared = Provider(
        name="rooms",
        authentication="oauth",
        idempotency="none",
        hosts=lambda options: ("https://rooms.example:443",),
        oauth=oauth(),
    )
    options, read = Options("unused"), instance.secrets.read
    return HttpCall(declared, options, api, instance.deadline(), instance.clock, read, instance.bearer())


GET = Request("GET", "https://rooms.example/")


def test_a_warm_call_asks_the_system_and_nobody_else(instance: Instance, endpoint: TokenEndpoint) -> None:
    connect(instance, endpoint)
    api = Api(endpoint)
    call(instance, api)(GET)
    instance.outside.calls.clear()
    call(instance, api)(GET)
    assert instance.outside.calls == []
    assert api.asked == 2


def test_f69_a_call_renews_a_refused_token_once_and_then_asks_the_user(
    instance: Instance, endpoint: TokenEndpoint
) -> None:
    grant = connect(instance, endpoint)
    api = Api(endpoint)
    grant.access.clear()
    assert call(instance, api)(GET).status == 200
    assert (api.asked, endpoint.refreshes) == (2, 1)
    endpoint.shape = lambda reply: {**reply, "access_token": "nobody-takes-this"}
    grant.access.clear()
    with pytest.raises(NotConnected, match="token-refused"):
        call(instance, api)(GET)
    assert (api.asked, endpoint.refreshes) == (4, 2)
    with pytest.raises(NotConnected, match="token-refused"):
        call(instance, api)(GET)
    assert (api.asked, endpoint.refreshes) == (4, 2)


def test_f70_the_client_s_secret_is_among_those_that_a_refused_call_has_read(
    instance: Instance, endpoint: TokenEndpoint
) -> None:
    connect(instance, endpoint)
    api, first = Api(endpoint), call(instance, Api(endpoint))
    first(GET)
    instance.clock.sleep(HOUR)
    instance.secrets.read("client-secret")
    endpoint.client_secrets = {"another"}
    instance.environ["CLIENT_SECRET"] = "another"
    refused = call(instance, api)
    with pytest.raises(CredentialsRefused):
        refused(GET)
    assert refused.used_secrets == {"client-id", "client-secret"}
    assert [name for name in sorted(refused.used_secrets) if instance.secrets.renew(name)] == ["client-secret"]
    assert call(instance, api)(GET).status == 200

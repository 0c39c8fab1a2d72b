"""Secrets and keys that are rotated, lost or wrong cost nobody their connection who has not lost it."""

from collections.abc import Callable

import pytest

from conference.errors import CredentialsRefused, NotConnected, SecretUnavailable
from tests.conference.connected import HOUR, Another, body, connect, state, write
from tests.custodian import ROOMS, Instance, granted, key
from tests.token_endpoint import TokenEndpoint


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

"""The account's own token is one for all instances, and its failures are the operator's affair."""

from contextlib import suppress

import pytest

from conference.errors import CredentialsRefused
from sync.records import CONNECTIONS
from sync.store import Replace
from tests.conference.connected import HOUR, Another, body
from tests.custodian import ADA, SHARED, Instance
from tests.token_endpoint import TokenEndpoint


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

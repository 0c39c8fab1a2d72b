"""A provider's call takes the connection's token along, and replaces a refused one once."""

import pytest

from conference.errors import CredentialsRefused, NotConnected
from conference.http import HttpCall
from conference.providers.base import Provider, Reply, Request
from tests.conference.connected import HOUR, connect
from tests.custodian import Instance, Options, oauth
from tests.token_endpoint import TokenEndpoint


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

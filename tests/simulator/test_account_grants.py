"""An account gets tokens of its own at the vendors that have such a grant, and only with the client that is for it."""

from collections.abc import Callable

import pytest

from simulator import ids
from simulator.oauth_clients import Client
from tests.simulator.oauth import SCOPES, Party, account

ADA = "ada@example.com"
Meet = Callable[[str], Party]


@pytest.fixture
def zoom(meet: Meet) -> Party:
    return meet("zoom")


@pytest.fixture
def webex(meet: Meet) -> Party:
    return meet("webex")


@pytest.fixture
def entra(meet: Meet) -> Party:
    return meet("entra")


def test_a_zoom_account_has_one_token_at_a_time_and_none_to_refresh(zoom: Party) -> None:
    user = zoom.connect(ADA)["access_token"]
    server = account(zoom, "zoom-account")
    first, second = (server.post(grant_type="account_credentials", account_id=ids.ZOOM_ACCOUNT).json() for _ in "12")
    assert set(first) == {"access_token", "token_type", "expires_in", "scope", "api_url"}
    assert server.server.access(first["access_token"]) is None
    grant = server.server.access(second["access_token"])
    assert grant is not None
    assert (grant.email, set(grant.scopes)) == (None, {f"{scope}:admin" for scope in SCOPES["zoom"]})
    assert server.server.access(user) is not None


@pytest.mark.parametrize("form", [{"account_id": "another"}, {}, {"account_id": ids.ZOOM_ACCOUNT, "scope": "x"}])
def test_a_zoom_account_is_named_and_nothing_else(zoom: Party, form: dict[str, str]) -> None:
    assert account(zoom, "zoom-account").post(grant_type="account_credentials", **form).status_code == 400


def test_an_entra_application_gets_a_token_of_its_tenant(entra: Party) -> None:
    entra.token = entra.token.replace("organizations", ids.ENTRA_TENANT)
    scope = "https://graph.microsoft.com/.default"
    reply = entra.post(grant_type="client_credentials", scope=scope).json()
    assert set(reply) == {"access_token", "token_type", "expires_in", "ext_expires_in"}
    grant = entra.server.access(reply["access_token"])
    assert grant is not None
    assert grant.email is None


@pytest.mark.parametrize(
    ("tenant", "scope"),
    [
        ("organizations", "https://graph.microsoft.com/.default"),
        (ids.ENTRA_TENANT, "OnlineMeetings.ReadWrite.All"),
        (ids.ENTRA_TENANT, "https://graph.microsoft.com/.default x/.default"),
        (ids.ENTRA_TENANT, None),
    ],
)
def test_an_entra_application_names_its_tenant_and_asks_for_all_it_has(
    entra: Party, tenant: str, scope: str | None
) -> None:
    entra.token = entra.token.replace("organizations", tenant)
    assert entra.post(grant_type="client_credentials", scope=scope).status_code == 400


@pytest.mark.parametrize(
    ("vendor", "form"),
    [
        ("zoom", {"grant_type": "account_credentials", "account_id": "the-account"}),
        ("entra", {"grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default"}),
    ],
)
def test_a_client_that_is_registered_for_users_is_not_the_account(
    meet: Meet, vendor: str, form: dict[str, str]
) -> None:
    party = meet(vendor)
    party.token = party.token.replace("organizations", "the-account")
    party.server.register(Client(party.client_id, party.secret, SCOPES[vendor], account="the-account"))
    assert party.post(**form).status_code == 400
    grants = frozenset({form["grant_type"]})
    party.server.register(Client(party.client_id, party.secret, SCOPES[vendor], account="the-account", grants=grants))
    assert party.post(**form).status_code == 200


@pytest.mark.parametrize("vendor", ["goto", "zoom", "entra"])
def test_a_grant_that_the_vendor_does_not_have_is_called_unsupported(meet: Meet, vendor: str) -> None:
    assert meet(vendor).post(grant_type="password").json()["error"] == "unsupported_grant_type"


def test_a_webex_service_app_refreshes_what_its_administrator_got(webex: Party) -> None:
    service = account(webex, "webex-account")
    token = service.server.authorize_account(service.client_id)["refresh_token"]
    reply = service.refresh(token).json()
    grant = service.server.access(reply["access_token"])
    assert grant is not None
    assert (grant.email, reply["refresh_token"]) == (None, token)

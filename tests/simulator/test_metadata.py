"""The metadata server answers programs that know where they ask, and google-auth."""

from typing import Any

import pytest
from google.auth.compute_engine import _metadata
from google.auth.transport.requests import Request

from simulator import ids
from simulator.server import Simulator

V1 = "/computeMetadata/v1"
ACCOUNT = f"{V1}/instance/service-accounts/default"
FLAVOR = {"Metadata-Flavor": "Google"}


def test_the_account_is_shown_with_its_scopes(sim: Simulator, caller: Any) -> None:
    reply = caller()("GET", f"{sim.url}{ACCOUNT}/?recursive=true", FLAVOR)
    assert reply.headers["Metadata-Flavor"] == "Google"
    assert reply.json() == {
        "aliases": ["default"],
        "email": ids.FUNCTION_SERVICE_ACCOUNT,
        "scopes": [ids.CLOUD_PLATFORM],
    }


@pytest.mark.parametrize("account", ["default", ids.FUNCTION_SERVICE_ACCOUNT])
def test_a_token_is_the_accounts_for_the_scopes_that_were_asked_for(sim: Simulator, caller: Any, account: str) -> None:
    url = f"{sim.url}{V1}/instance/service-accounts/{account}/token?scopes=a,b"
    token = caller()("GET", url, FLAVOR).json()["access_token"]
    assert sim.tokens.holder(f"Bearer {token}", {"b"}) == ids.FUNCTION_SERVICE_ACCOUNT


@pytest.mark.parametrize("path", [f"{V1}/project/project-id", f"{ACCOUNT}/", f"{ACCOUNT}/token"])
@pytest.mark.parametrize("headers", [{}, {"Metadata-Flavor": "Other"}])
def test_without_its_header_nothing_is_told(sim: Simulator, caller: Any, path: str, headers: dict[str, str]) -> None:
    reply = caller()("GET", f"{sim.url}{path}", headers)
    assert (reply.status_code, "Metadata-Flavor" in reply.headers) == (403, False)


def test_another_account_is_not_there(sim: Simulator, caller: Any) -> None:
    url = f"{sim.url}{V1}/instance/service-accounts/other@x.iam.gserviceaccount.com/token"
    assert caller()("GET", url, FLAVOR).status_code == 404


def test_google_auth_finds_it(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    address = sim.url.removeprefix("http://")
    monkeypatch.setenv("GCE_METADATA_IP", address)
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", address)
    with Request().session as session:
        request = Request(session)
        assert _metadata.ping(request)  # type: ignore[no-untyped-call]  # google-auth's gap
        assert _metadata.get_project_id(request) == ids.PROJECT  # type: ignore[no-untyped-call]  # google-auth's gap

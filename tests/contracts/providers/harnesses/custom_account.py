"""Custom: the same system, asked with an access token of the account's own, by client credentials."""

import pytest

from tests.contracts.providers.acme import Acme, table
from tests.contracts.providers.harness import ACCESS_TOKEN, Harness
from tests.contracts.providers.harnesses import custom
from tests.contracts.providers.harnesses.custom_user import CLIENT

AUTHENTICATION = {
    "type": "client_credentials",
    "token": "{options.api}/oauth/token",
    "scope": "rooms",
    "client": "basic",
}


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """Acme, whose account's access token is the harness's."""
    acme = Acme(lambda headers, asked: headers.get("authorization") == f"Bearer {ACCESS_TOKEN}")
    return custom.harness(acme, table(wire_url, AUTHENTICATION) | CLIENT, {}, host="owner@acme.example")

"""Custom: the same system, which each user connects by OAuth 2."""

import pytest

from tests.contracts.providers.acme import Acme, table
from tests.contracts.providers.harness import ACCESS_TOKEN, Harness
from tests.contracts.providers.harnesses import custom

CLIENT = {"client_id": "canary-client", "client_secret": "secret:acme-client"}
AUTHENTICATION = {
    "type": "oauth2",
    "authorize": "{options.api}/oauth/authorize",
    "token": "{options.api}/oauth/token",
    "revoke": "{options.api}/oauth/revoke",
    "scopes": ["rooms:write", "profile"],
}
ACCOUNT = {
    "requests": [{"method": "GET", "url": "{options.api}/me"}],
    "id": "user.number",
    "address": "user.mail",
}


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """Acme with one user, whose access token is the harness's."""
    acme = Acme(lambda headers, asked: headers.get("authorization") == f"Bearer {ACCESS_TOKEN}")
    return custom.harness(acme, {**table(wire_url, AUTHENTICATION), **CLIENT, "account": ACCOUNT}, {})

"""Custom: the same system, which takes requests signed with OAuth 1.0a only; Authlib checks them."""

from collections.abc import Mapping

import pytest
from authlib.common.urls import extract_params
from authlib.oauth1.rfc5849 import OAuth1Request
from authlib.oauth1.rfc5849.signature import verify_hmac_sha1

from tests.contracts.providers.acme import Acme, table
from tests.contracts.providers.harness import Harness
from tests.contracts.providers.harnesses import custom
from tests.contracts.providers.wire import Asked

SECRETS = {"acme-consumer": "canary-consumer", "acme-token": "canary-token&secret"}
AUTHENTICATION = {
    "type": "oauth1",
    "consumer_key": "acme key",
    "consumer_secret": "secret:acme-consumer",
    "token": "acme/token",
    "token_secret": "secret:acme-token",
}


class Signed(OAuth1Request):  # type: ignore[misc]  # Authlib has no types
    """A request as Authlib reads one, from whom it knows."""

    client_secret = SECRETS["acme-consumer"]
    token_secret = SECRETS["acme-token"]


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """Acme, where a nonce is good once."""
    nonces: set[str] = set()

    def proved(headers: Mapping[str, str], asked: Asked) -> bool:
        if "authorization" not in headers:
            return False
        form = headers.get("content-type") == "application/x-www-form-urlencoded"
        body = extract_params(asked.body.decode()) if form else None
        signed = Signed(asked.method, wire_url + asked.target, body, {"Authorization": headers["authorization"]})
        known = (signed.client_id, signed.token) == ("acme key", "acme/token")
        fresh = bool(signed.oauth_params["oauth_nonce"]) and signed.oauth_params["oauth_nonce"] not in nonces
        nonces.add(signed.oauth_params["oauth_nonce"])
        return known and fresh and bool(verify_hmac_sha1(signed))

    return custom.harness(Acme(proved), table(wire_url, AUTHENTICATION), SECRETS)

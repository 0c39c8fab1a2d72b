"""Jitsi Meet: the same deployment, which wants a token of everybody that a shared secret signs."""

import pytest
from joserfc.jwk import OctKey

from tests.contracts.providers.harness import Harness
from tests.contracts.providers.harnesses.jitsi import DOMAIN, harness, keys
from tests.contracts.providers.prosody import Prosody

JOINS = True


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """Its Prosody has the application's id and secret, and lets guests knock."""
    secret = OctKey.import_key(keys()["canary-jitsi-secret"])
    options = {
        "base_url": f"https://{DOMAIN}",
        "room_prefix": "team-",
        "issuer": "anyroom",
        "app_secret": "secret:canary-jitsi-secret",
        "lobby": True,
    }
    prosody = Prosody(DOMAIN, "anyroom", {"": secret}, lobby="token_lobby_ondemand")
    return harness(wire_url, options, f"conference.{DOMAIN}", prosody)

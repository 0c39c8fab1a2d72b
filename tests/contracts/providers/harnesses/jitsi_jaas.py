"""Jitsi as a Service: the same as 8x8 runs it, which wants a token that the customer's private key signs."""

import pytest

from tests.contracts.providers.harness import Harness
from tests.contracts.providers.harnesses.jitsi import harness, public_key
from tests.contracts.providers.prosody import Prosody

APP_ID = "vpaas-magic-cookie-1fc542a3e4414a44b2611668195e2bfe"
KEY_ID = f"{APP_ID}/4f4910"

JOINS = True


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """A customer, whose AppID is the tenant; the console knows the public key by its id."""
    options = {
        "base_url": "https://8x8.vc",
        "tenant": APP_ID,
        "issuer": "chat",
        "private_key": "secret:canary-jitsi-key",
        "key_id": KEY_ID,
        "features": ["recording", "livestreaming"],
        "guest_features": ["file-upload"],
    }
    prosody = Prosody("8x8.vc", "chat", {KEY_ID: public_key()}, "RS256")
    return harness(wire_url, options, f"conference.{APP_ID}.8x8.vc", prosody)

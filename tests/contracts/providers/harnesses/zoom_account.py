"""Zoom: the same stand-in, asked with the token of the account's server-to-server app."""

import pytest

from tests.contracts.providers.harness import Harness
from tests.contracts.providers.harnesses import zoom


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """An account that makes meetings for its users."""
    return zoom.harness(wire_url, caller="", host=zoom.USER, options={"account_id": "canary-account"})

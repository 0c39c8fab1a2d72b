"""Whereby: a strict stand-in of its API."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.contracts.providers.harness import Harness
from tests.contracts.providers.whereby import KEY, Whereby


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """An account without meetings."""
    whereby = Whereby()

    def held(number: str) -> Mapping[str, Any] | None:
        return {} if number in whereby.meetings else None

    return Harness(
        table={"api_key": "secret:whereby-key", "api_url": f"{wire_url}/v1", "room_prefix": "anyroom-"},
        secrets={"whereby-key": KEY},
        system=whereby.system,
        decides=lambda asked: True,
        held=held,
        count=lambda: len(whereby.meetings),
        reply_carries_link=True,
    )

"""Daily: a strict stand-in of its API."""

from collections.abc import Mapping
from typing import Any

import pytest

from conference.providers.base import Code
from tests.contracts.providers.daily import KEY, Daily, refusal
from tests.contracts.providers.events import EVENT
from tests.contracts.providers.harness import Harness
from tests.contracts.providers.wire import Answer

_A_YEAR = 365 * 86400


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """A domain without rooms."""
    daily = Daily()

    def held(name: str) -> Mapping[str, Any] | None:
        if name not in daily.rooms:
            return None
        closes = daily.rooms[name].properties.exp
        assert closes
        return {"end": closes, "recurrence": closes - EVENT.end.timestamp() > _A_YEAR}

    return Harness(
        table={"api_key": "secret:daily-key", "api_url": f"{wire_url}/v1"},
        secrets={"daily-key": KEY},
        system=daily.system,
        decides=lambda asked: True,
        held=held,
        count=lambda: len(daily.rooms),
        refuses=_refuses,
        reply_carries_link=True,
    )


def _refuses(code: Code) -> Answer:
    return refusal(400, str(code))

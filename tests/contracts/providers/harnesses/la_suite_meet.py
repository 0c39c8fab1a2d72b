"""La Suite Meet: a strict stand-in of its external API."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.contracts.providers.harness import Harness
from tests.contracts.providers.la_suite import CLIENT, SECRET, USER, LaSuite


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """A server without rooms, asked by its one user."""
    suite = LaSuite(USER)

    def held(name: str) -> Mapping[str, Any] | None:
        return {} if name in suite.rooms else None

    return Harness(
        table={"url": wire_url, "client_id": "secret:suite-client", "client_secret": "secret:suite-secret"},
        secrets={"suite-client": CLIENT, "suite-secret": SECRET},
        system=suite.system,
        decides=lambda asked: asked.path.endswith("/rooms/"),
        held=held,
        count=lambda: len(suite.rooms),
        host=USER,
        reply_carries_link=True,
    )

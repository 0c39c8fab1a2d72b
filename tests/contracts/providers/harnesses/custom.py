"""Custom: a system of the deployer's own, strict, described in the solution's tables, asked with a key in a header."""

from collections.abc import Mapping
from typing import Any

import pytest

from conference.providers.base import Code
from tests.contracts.providers.acme import KEY, Acme, refusal, table
from tests.contracts.providers.harness import Harness
from tests.contracts.providers.wire import Answer


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """Acme without rooms."""
    return harness(Acme(), table(wire_url), {"acme-key": KEY})


def harness(acme: Acme, tables: Mapping[str, Any], secrets: Mapping[str, str], host: str = "") -> Harness:
    """Acme, used by a solution of those tables."""
    return Harness(
        table=tables,
        secrets=secrets,
        system=acme.system,
        decides=lambda asked: asked.method == "POST",
        held=acme.held,
        count=lambda: len(acme.rooms),
        refuses=_refuses,
        host=host,
        reply_carries_link=True,
    )


def _refuses(code: Code) -> Answer:
    return refusal(409, str(code))

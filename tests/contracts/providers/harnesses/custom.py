"""Custom: a system of the deployer's own, strict, described in the solution's tables."""

from collections.abc import Mapping
from typing import Any

import pytest

from conference.providers.base import Code
from tests.contracts.providers.acme import KEY, Acme, refusal, table
from tests.contracts.providers.harness import Harness
from tests.contracts.providers.wire import Answer


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """Acme without rooms."""
    acme = Acme()

    def held(name: str) -> Mapping[str, Any] | None:
        room = acme.rooms.get(name)
        if room is None:
            return None
        return {
            "summary": room.title,
            "description": room.agenda,
            "start": room.starts,
            "end": room.ends,
            "recurrence": room.weekly,
        }

    return Harness(
        table=table(wire_url),
        secrets={"acme-key": KEY},
        system=acme.system,
        decides=lambda asked: asked.method == "POST",
        held=held,
        count=lambda: len(acme.rooms),
        refuses=_refuses,
        reply_carries_link=True,
    )


def _refuses(code: Code) -> Answer:
    return refusal(409, str(code))

"""Galène: a stand-in for its administrative API; the real one is in no registry."""

from collections.abc import Mapping
from typing import Any

import pytest

from conference.providers.base import Code
from tests.contracts.providers.galene import ADMINISTRATOR, NOT_WRITABLE, PASSWORD, Galene
from tests.contracts.providers.harness import Harness
from tests.contracts.providers.wire import Answer


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """A server without groups, whose administrator has a password; guests enter by a passcode, around the event."""
    galene = Galene()

    def held(name: str) -> Mapping[str, Any] | None:
        group = galene.groups.get(name)
        if group is None:
            return None
        described = group.description
        return {
            "summary": described["displayName"],
            "start": described["not-before"],
            "end": described.get("expires"),
            "recurrence": "expires" not in described,
        }

    return Harness(
        table={
            "url": wire_url,
            "username": ADMINISTRATOR,
            "password": "secret:galene-password",
            "operator_password": "secret:galene-operators",
            "room_secret": "secret:galene-rooms",
            "opens_before": 10,
            "closes_after": 30,
        },
        secrets={
            "galene-password": PASSWORD,
            "galene-operators": "canary-operators",
            "galene-rooms": "canary-room-secret",
        },
        system=galene,
        decides=lambda asked: asked.method == "GET",
        held=held,
        count=lambda: len(galene.groups),
        refuses=_refuses,
    )


def _refuses(code: Code) -> Answer:
    assert code == "not-writable"
    return NOT_WRITABLE

"""Roundtable, the made-up system of the README's example of a provider, as the conformance suite meets it."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.contracts.providers.harness import Harness
from tests.contracts.providers.wire import Answer, Asked

TOKEN = "canary-token"


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """A system that keeps one room for each key, and lets in whoever has the token."""
    rooms: set[str] = set()

    def system(asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Answer.json(401, {})
        if (asked.method, asked.path) == ("POST", "/rooms"):
            room = f"room-{asked.json()['key']}"
            rooms.add(room)
            return Answer.json(201, {"id": room, "link": f"https://rooms.example.org/{room}"})
        room = asked.path.removeprefix("/rooms/")
        if asked.method != "DELETE" or room not in rooms:
            return Answer.json(404, {})
        rooms.remove(room)
        return Answer(204)

    def held(room: str) -> Mapping[str, Any] | None:
        return {} if room in rooms else None

    return Harness(
        table={"url": wire_url, "token": "secret:roundtable-token"},
        secrets={"roundtable-token": TOKEN},
        system=system,
        decides=lambda asked: True,
        held=held,
        count=lambda: len(rooms),
        reply_carries_link=True,
    )

"""Jitsi Meet: a stand-in for a deployment's two dial-in endpoints, from the Jitsi cloud API's specification."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.contracts.providers.harness import Harness
from tests.contracts.providers.wire import Answer, Asked

ROOM = re.compile(r"[a-z0-9-]+@conference\.meet\.example\.org")
NUMBERS = [
    {"countryCode": "FR", "tollFree": True, "formattedNumber": "+33 1 23 45 67 89"},
    {"countryCode": "US", "tollFree": False, "formattedNumber": "+1 202-555-0123", "default": True},
]


class Mapper:
    """Gives each room a number and keeps it; refuses what the specification does not have."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}

    def answer(self, asked: Asked) -> Answer:
        if asked.method != "GET":
            return Answer.json(405, {"message": "Method not allowed"})
        expected = {"/numbers": {"conference"}, "/code": {"conference", "url"}}.get(asked.path)
        if expected is None:
            return Answer.json(404, {"message": "Not found"})
        room = asked.query.get("conference", "")
        if set(asked.query) != expected or not ROOM.fullmatch(room):
            return Answer.json(400, {"message": "Bad request"})
        if asked.path == "/numbers":
            return Answer.json(200, NUMBERS)
        code = self.codes.setdefault(room, 1234567 + len(self.codes))
        return Answer.json(200, {"message": "Successfully retrieved", "id": code, "conference": room})


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """A deployment with telephones: the part of Jitsi that anything is asked of."""
    mapper = Mapper()

    def held(room: str) -> Mapping[str, Any] | None:
        return {} if f"{room}@conference.meet.example.org" in mapper.codes else None

    return Harness(
        table={
            "base_url": "https://meet.example.org",
            "room_prefix": "team-",
            "dial_in_numbers_url": f"{wire_url}/numbers",
            "dial_in_code_url": f"{wire_url}/code",
        },
        system=mapper.answer,
        decides=None,
        held=held,
        count=lambda: len(mapper.codes),
    )

"""Demo rooms: the simulator's own conferencing system, in this process."""

import random
from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask

from conference.providers.base import Code
from simulator.rooms import Account, Rooms
from simulator.rooms_api import RoomsApi
from tests.contracts.providers.harness import Harness
from tests.contracts.providers.served import served
from tests.contracts.providers.wire import Answer

KEY = "canary-demo-key"


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """A system with one account, that of the secret key."""
    rooms = Rooms(random.Random(1), wire_url, accounts={KEY: Account("host@rooms.example")})
    app = Flask("rooms")
    RoomsApi(rooms).register(app)

    def held(room_id: str) -> Mapping[str, Any] | None:
        try:
            room = rooms.get(room_id)
        except KeyError:
            return None
        return {
            "summary": room.title,
            "description": room.description,
            "start": room.starts,
            "end": room.ends,
            "recurrence": room.starts is None,
            "attendees": room.guests,
        }

    return Harness(
        table={"url": wire_url, "api_key": "secret:demo-key"},
        secrets={"demo-key": KEY},
        system=served(app),
        decides=lambda asked: True,
        held=held,
        count=lambda: len(rooms),
        refuses=_refuses,
        reply_carries_link=True,
    )


_STATUS = {"unauthorized": 401, "invalid_field": 422, "malformed": 400, "not_found": 404, "too_large": 413}


def _refuses(code: Code) -> Answer:
    return Answer.json(_STATUS[str(code)], {"code": code, "message": "no"})

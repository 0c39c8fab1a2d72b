"""A definition of a few lines, and what it asks of a system that answers as told."""

import json
from typing import Any

from conference.event import Event
from conference.http import HttpCall
from conference.providers.base import Changes, EventField, Known, Reply, Request
from conference.providers.custom import Options
from tests.conference.custom.hostile import Answers, opened
from tests.contracts.providers.events import EVENT

ATTEMPT = "abcdefghijklmnopqrstuvwxyz"
ROOMS = "https://api.example.org/rooms"
ONE: dict[str, Any] = {
    "idempotency": "none",
    "create": [{"method": "POST", "url": ROOMS}],
    "reply": {"id": "id", "video": {"url": "url"}},
}
MADE = {"id": "r", "url": "https://meet.example.org/r"}


def reply(status: int = 200, body: Any = MADE) -> Reply:
    """An answer in JSON."""
    return Reply(status, {}, b"" if body is None else json.dumps(body).encode())


class Asking:
    """A solution of those tables, over ONE, and a system that gives those replies."""

    def __init__(self, *replies: Reply, host: str = "host@example.org", **tables: Any) -> None:
        self.options = Options(**{**ONE, **tables})
        self.client = Answers(list(replies) or [reply()])
        self._host = host
        self.calls: list[HttpCall] = []

    @property
    def asked(self) -> list[Request]:
        """What was asked so far."""
        return self.client.asked

    def call(self) -> HttpCall:
        """A call of the solution."""
        self.calls.append(opened(self.options.provider, self.options, self.client, self._host))
        return self.calls[-1]

    def create(self, event: Event = EVENT) -> Any:
        """What creating a conference comes to."""
        return self.options.behind.create(event, ATTEMPT, self.call())

    def update(self, event: Event, *fields: EventField) -> None:
        """Tell of a change."""
        self.options.behind.update(Known("r", ATTEMPT), Changes(event, frozenset(fields)), self.call())


def body_of(json: Any, event: Event = EVENT, **tables: Any) -> Any:
    """The JSON that a create of that event has."""
    asking = Asking(create=[{"method": "POST", "url": ROOMS, "json": json}], **tables)
    asking.create(event)
    return asking.asked[0].json

"""Bookings, a system that exists nowhere: it chooses its own numbers, and finds what has a tag; strict."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from tests.contracts.providers.strict import Route, Strict
from tests.contracts.providers.wire import Answer

USER, PASSWORD = "anyroom", "canary-bookings:password"
PAIR = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


class Booking(msgspec.Struct, forbid_unknown_fields=True):
    """What is booked."""

    subject: str
    tag: str
    begins: int
    minutes: int
    guests: list[str]


class Bookings:
    """What was booked, by number."""

    def __init__(self) -> None:
        self.made: dict[int, Booking] = {}
        self._last = 0
        one = "/api/bookings/([0-9]+)"
        self.system = Strict(
            lambda headers, asked: headers.get("authorization") == f"Basic {PAIR}",
            routes=[
                Route("POST", "/api/bookings", self._create, Booking),
                Route("GET", "/api/bookings", self._found, query=frozenset({"tag"})),
                Route("PUT", one, self._change, Booking),
                Route("DELETE", one, self._delete),
            ],
        )

    def held(self, number: str) -> Mapping[str, Any] | None:
        """What it knows of a booking, in our words."""
        booking = self.made.get(int(number))
        if booking is None:
            return None
        shown = {"summary": booking.subject, "start": booking.begins, "end": booking.minutes}
        return {**shown, "attendees": booking.guests}

    def _create(self, booking: Booking) -> Answer:
        self._last += 1
        self.made[self._last] = booking
        return Answer.json(201, self._shown(self._last))

    def _shown(self, number: int) -> dict[str, Any]:
        return {"number": number, "key": hashlib.sha256(f"booking {number}".encode()).hexdigest(), "code": 4711}

    def _found(self, query: dict[str, str]) -> Answer:
        if query.keys() != {"tag"}:
            return self.system.refusal(400, "tag")
        found = [self._shown(number) for number, one in self.made.items() if one.tag == query["tag"]]
        return Answer.json(200, {"items": found})

    def _change(self, number: str, booking: Booking) -> Answer:
        if int(number) not in self.made:
            return self.system.refusal(404, "not-found")
        self.made[int(number)] = booking
        return Answer(204)

    def _delete(self, number: str) -> Answer:
        return Answer(204) if self.made.pop(int(number), None) else self.system.refusal(410, "gone")

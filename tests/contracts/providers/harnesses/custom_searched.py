"""Custom: a system with numbers of its own, a search, a name and a password, and links that we compose."""

from typing import Any

import pytest

from tests.contracts.providers.bookings import PASSWORD, USER, Bookings
from tests.contracts.providers.harness import Harness

BOOKING = {
    "subject": "{summary}",
    "tag": "anyroom {attempt}",
    "begins": "{start|milliseconds}",
    "minutes": "{duration_minutes}",
    "guests": "{attendees}",
}


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """Nothing booked."""
    bookings = Bookings()
    return Harness(
        table=table(wire_url),
        secrets={"bookings": PASSWORD},
        system=bookings.system,
        decides=lambda asked: True,
        held=bookings.held,
        count=lambda: len(bookings.made),
    )


def table(wire_url: str) -> dict[str, Any]:
    """The tables of a solution."""
    url = "{options.api}/bookings"
    return {
        "idempotency": "searchable",
        "updates": ["summary", "start", "end", "attendees"],
        "options": {"api": f"{wire_url}/api/"},
        "authentication": {"type": "basic", "username": USER, "password": "secret:bookings"},
        "create": [{"method": "POST", "url": url, "json": BOOKING, "keep": {"key": "key"}}],
        "update": [{"method": "PUT", "url": f"{url}/{{id}}", "json": BOOKING}],
        "delete": [{"method": "DELETE", "url": f"{url}/{{id}}"}],
        "find": [{"method": "GET", "url": url, "query": {"tag": "anyroom {attempt}"}, "keep": {"key": "items[0].key"}}],
        "found": "items[0]",
        "reply": {
            "id": "number",
            "video": {"url": {"template": "https://bookings.example/{kept.key}#in"}, "passcode": "code"},
        },
    }

"""Microsoft Teams without code: the same stand-in as the adapter's."""

from dataclasses import replace

import pytest

from tests.contracts.providers.harness import Harness
from tests.contracts.providers.harnesses import teams


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """A system with one user, whom the tables always tell of an event's guests."""
    harness = teams.build(wire_url, request)
    return replace(harness, table={name: value for name, value in harness.table.items() if name != "attendees"})

"""A desk for the tests of what a run does to one calendar's conferences."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sync.rooms import Desk


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[Desk]:
    """Ada's calendar, and a conferencing system that notes what it is asked."""
    desk = Desk(tmp_path / "anyroom.db")
    yield desk
    desk.store.close()

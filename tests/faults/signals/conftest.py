"""Calendars that are followed, by triggers and by channels, and what a signal meets on its way."""

import pytest

from tests.followed import Followed
from tests.scenarios.conftest import followed as followed
from tests.world import World


@pytest.fixture
def watched(world: World) -> Followed:
    """A world in which channels bring the signals."""
    return Followed(world, True)


@pytest.fixture
def relayed(world: World) -> Followed:
    """A world in which the add-on's triggers do."""
    return Followed(world, False)

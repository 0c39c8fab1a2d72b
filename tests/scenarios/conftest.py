"""A world whose calendars are followed, on SQLite unless a test asks for both stores, by triggers and by channels."""

import pytest

from tests.faults.conftest import clock as clock
from tests.faults.conftest import instance as instance
from tests.faults.conftest import open_store as open_store
from tests.faults.conftest import world as world
from tests.followed import Followed
from tests.world import World


@pytest.fixture(params=["relay", "delegation"])
def followed(request: pytest.FixtureRequest, world: World) -> Followed:
    return Followed(world, request.param == "delegation")

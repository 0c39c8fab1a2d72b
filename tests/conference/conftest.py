"""A token endpoint on loopback, a store, and instances of the function that share both, on one clock."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sync.store.sqlite import SqliteStore
from tests.custodian import Instance, environment
from tests.inside import StillClock
from tests.token_endpoint import TokenEndpoint, running


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    with running(TokenEndpoint()) as endpoint:
        yield endpoint


@pytest.fixture
def another(tmp_path: Path, endpoint: TokenEndpoint) -> Iterator[Callable[..., Instance]]:
    """Makes one more instance, which remembers nothing."""
    store, clock, environ = SqliteStore(str(tmp_path / "anyroom.db")), StillClock(), environment()

    def instance(**how: Any) -> Instance:
        return Instance(store, endpoint.url, clock, **{"environ": environ, **how})

    yield instance
    store.close()


@pytest.fixture
def instance(another: Callable[..., Instance]) -> Instance:
    return another()

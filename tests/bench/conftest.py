"""The upstreams without delay on a free port, and a world for functions that are really started."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import upstream
from bench.world import World, built

CERTS = {"keys": [{"kty": "RSA", "kid": "bench"}]}


@pytest.fixture(scope="module")
def changes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the upstreams find lists of changes."""
    return tmp_path_factory.mktemp("changes")


@pytest.fixture(scope="module")
def port(changes: Path) -> Iterator[int]:
    """The port of upstreams that answer at once."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(upstream.serve(0, 0.0, json.dumps(CERTS).encode(), changes))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield server.sockets[0].getsockname()[1]
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    server.close()
    for _ in range(5):  # the clients have hung up: each step takes note of that one layer further
        loop.run_until_complete(asyncio.sleep(0))
    loop.close()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Everything a measured function needs but the Firestore emulator."""
    with built(with_emulator=False) as complete:
        yield complete

"""What is measured: each function, how it is started in production's way, and what a right answer of it is."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench import load
from bench.failure import BenchFailure
from bench.identity import CLIENT_ID
from bench.process import Running, connect, running
from bench.world import ROOT, World, environment
from dev.local import free_port

THREADS = 80
"""A function's threads, set to the concurrency of the service as production should."""
_START_LIMIT = 30
_LANES, _EACH = 16, 100
"""Clients, and creates of each, that warm the emulator."""

Environment = Callable[[World, int], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Target:
    """A function to measure: where it stands, its settings in a world and on a port, and the check of its answers."""

    name: str
    source: str
    function: str
    settings: Environment
    check: Callable[[load.Answer], None]


def _upstream(world: World, port: int) -> dict[str, str]:
    return {"BENCH_UPSTREAM": world.upstream_url, "BENCH_STORE": str(world.folder / "sample.db")}


def anyroom(world: World, port: int) -> dict[str, str]:
    """Anyroom's settings but for its store."""
    return {
        "ANYROOM_CONFIG": str(world.config),
        "ANYROOM_IDENTITY": f"script={CLIENT_ID}",
        "ANYROOM_GOOGLE_API": world.upstream_url,
        "ANYROOM_PUBLIC_URL": f"http://localhost:{port}",
    }


def _sqlite(world: World, port: int) -> dict[str, str]:
    return anyroom(world, port) | {"ANYROOM_STORE": f"sqlite:{world.folder / world.fresh()}.db"}


def _firestore(world: World, port: int) -> dict[str, str]:
    if world.emulator is None:
        raise BenchFailure(world.no_emulator)
    return anyroom(world, port) | {
        "ANYROOM_STORE": "firestore:",
        "FIRESTORE_EMULATOR_HOST": f"127.0.0.1:{world.emulator.port}",
        "GOOGLE_CLOUD_PROJECT": f"bench-{world.fresh()[:20]}",
    }


TARGETS = {
    target.name: target
    for target in (
        Target("hello", "bench/hello.py", "hello", lambda world, port: {}, load.check_any),
        Target("floor", "bench/floor.py", "floor", _upstream, load.check_room),
        Target("sample", "bench/sample.py", "sample", _upstream, load.check_room),
        Target("sqlite", "main.py", "anyroom", _sqlite, load.check_conference),
        Target("firestore", "main.py", "anyroom", _firestore, load.check_conference),
    )
}


@contextlib.contextmanager
def starting(world: World, target: Target) -> Iterator[Running]:
    """Start the target under functions-framework's production server with a fresh store, and do not wait for it."""
    port = free_port()
    command = [sys.executable, "-m", "functions_framework", "--target", target.function, "--source", target.source]
    settings = {"HOST": "127.0.0.1", "PORT": str(port), "THREADS": str(THREADS), **target.settings(world, port)}
    log = world.folder / f"{target.name}.log"
    with running(command, environment() | settings, ROOT, port, log) as started:
        yield started


@contextlib.contextmanager
def serving(world: World, target: Target) -> Iterator[Running]:
    """As `starting`, once it listens."""
    with starting(world, target) as started:
        connect(started, _START_LIMIT).close()
        yield started


def warm_emulator(world: World) -> None:
    """Have the emulator compile what it needs: its first creates take five times as long as all later ones."""
    target = TARGETS["firestore"]
    with serving(world, target) as server:
        for answer in load.run(server.port, [[world.create() for _ in range(_EACH)] for _ in range(_LANES)]):
            target.check(answer)

"""`create.memory`: what all processes hold after 200 creates, against hello world after as many requests."""

import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence

from bench import load
from bench.figures import Figure, of
from bench.progress import say
from bench.size import Size
from bench.targets import TARGETS, serving
from bench.world import World

CREATES = 200
CLIENTS = 8


def measure(world: World, names: Sequence[str], size: Size) -> Iterator[Figure]:
    """The asked figures, with hello world's own megabytes beside them.

    One function runs at a time: two would share the pages of their libraries and each look smaller.
    """
    kinds = [kind for (kind,) in of(names, "memory")]
    if not kinds:
        return
    held: dict[str, list[int]] = defaultdict(list)
    for number in range(size.fills):
        for kind in ("hello", *kinds):
            say(f"create.memory: run {number + 1} of {size.fills}, {kind}")
            held[kind].append(_fill(world, kind))
    hello = statistics.median(held["hello"])
    yield Figure("create.memory.hello", hello / 1e6, "MB")
    for kind in kinds:
        yield Figure(f"create.memory.{kind}", statistics.median(held[kind]) / hello)


def _fill(world: World, kind: str) -> int:
    """Bytes held by a function that has just answered its first 200 requests."""
    target = TARGETS[kind]
    with serving(world, target) as server:
        requests = [load.get("/") if kind == "hello" else world.create() for _ in range(CREATES)]
        for answer in load.run(server.port, [requests[lane::CLIENTS] for lane in range(CLIENTS)]):
            target.check(answer)
        return server.memory()

"""`create.cold`: from a process's start to its first create answered, against hello world's first 200."""

import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence

from bench import load
from bench.figures import Figure, due, of
from bench.process import connect
from bench.progress import say
from bench.size import Size
from bench.targets import TARGETS, starting
from bench.world import World

_LIMIT = 30
"""Seconds that a start may take."""


def measure(world: World, names: Sequence[str], size: Size) -> Iterator[Figure]:
    """The asked figures, with hello world's own milliseconds beside them."""
    kinds = [".".join(rest) for rest in of(names, "cold")]
    if not kinds:
        return
    order = ["hello", *kinds]
    seconds: dict[str, dict[int, float]] = defaultdict(dict)
    for kind in order:
        say(f"create.cold: warming {kind}")
        _start(world, kind)
    for number in range(size.starts):
        for kind in order:
            if kind == "hello" or due(f"create.cold.{kind}", number):
                say(f"create.cold: start {number + 1} of {size.starts}, {kind}")
                seconds[kind][number] = _start(world, kind)
        order.append(order.pop(0))
    yield Figure("create.cold.hello", statistics.median(seconds["hello"].values()) * 1000, "ms")
    for kind in kinds:
        ratios = [ours / seconds["hello"][number] for number, ours in seconds[kind].items()]
        yield Figure(f"create.cold.{kind}", statistics.median(ratios))


def _start(world: World, kind: str) -> float:
    """Seconds from the start of a process to its first answer, with a fresh store."""
    target = TARGETS[kind.removeprefix("health.")]
    path = "/health" if kind.startswith("health.") else "/"
    request = load.get(path) if path == "/health" or kind == "hello" else world.create()
    with starting(world, target) as started, connect(started, _LIMIT) as connection:
        answer, at = load.exchange(connection, request)
        if kind.startswith("health.") or kind == "hello":
            load.check_any(answer)
        else:
            target.check(answer)
        return at - started.began

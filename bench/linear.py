"""`sync.linear`: what a run over ten times as many changed events costs in time and in memory, one process for each."""

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence

from bench import identity, load
from bench.failure import BenchFailure
from bench.figures import Figure, below
from bench.process import connect
from bench.progress import say
from bench.size import Size
from bench.targets import Target, anyroom, serving
from bench.world import ROOT, World, environment, without_delay

FEW, MANY = 1000, 10_000
_LIMIT = 60
_ROUNDS = 50
"""Requests in which a calendar must be done."""


def measure(world: World, names: Sequence[str], size: Size) -> Iterator[Figure]:
    """The asked figures, with the seconds and the megabytes of the smaller calendar beside them."""
    if not below(names, "sync.linear"):
        return
    few: list[tuple[float, int]] = []
    many: list[tuple[float, int]] = []
    with without_delay(world) as quick:
        for number in range(size.runs):
            for count, costs in ((FEW, few), (MANY, many)):
                say(f"sync.linear: run {number + 1} of {size.runs}, {count} events")
                costs.append(_run(quick, count))
    # The quickest of each: whatever else the machine does only adds to it.
    shortest, longest = (min(seconds for seconds, _ in costs) for costs in (few, many))
    smallest, largest = (statistics.median(peak for _, peak in costs) for costs in (few, many))
    yield Figure("sync.linear.few.time", shortest * 1000, "ms")
    yield Figure("sync.linear.few.memory", smallest / 1e6, "MB")
    yield Figure("sync.linear.time", longest / shortest)
    yield Figure("sync.linear.memory", largest / smallest)


def _run(world: World, count: int) -> tuple[float, int]:
    """The seconds of a sync of so many changed events, and the most bytes that the function then had in memory."""
    store = world.folder / f"changed-{count}.db"
    store.unlink(missing_ok=True)
    command = [sys.executable, "-m", "bench.changed", str(world.folder), str(count)]
    made = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120)
    if made.returncode:
        raise BenchFailure(f"no changed calendar could be made: {made.stderr.strip()}")
    target = Target(
        f"changed-{count}",
        "main.py",
        "anyroom",
        lambda world, port: anyroom(world, port) | {"ANYROOM_STORE": f"sqlite:{store}"},
        load.check_any,
    )
    asker, other = identity.read(world.folder)[:2]
    with serving(world, target) as server, connect(server, _LIMIT) as connection:

        def synced(user: identity.Asker) -> float:
            """Seconds until the user's calendar is done."""
            taken = 0.0
            for _ in range(_ROUNDS):
                answer, _ = load.exchange(connection, load.relay(user.email, user.token))
                load.check_any(answer)
                taken += answer.seconds
                if answer.status == 200 and not json.loads(answer.body)["more"]:
                    return taken
            raise BenchFailure(f"not done after {_ROUNDS} requests")

        synced(other)
        return synced(asker), server.peak()

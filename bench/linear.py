"""`sync.linear`: one run over 10,000 changed events beside ten runs over 1,000, each way in a process of its own.

Both write as much, so that SQLite tidies up as often in both. Time is the function's processor time: what else the
machine does in the seconds of one way, it does not do in those of the other.
"""

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

TIMES = 10
FEW = (*(1000,) * TIMES, 50)
MANY = (1000 * TIMES, 50)
"""Changed events of each user; those of the last warm the function up."""
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
            for counts, costs in ((FEW, few), (MANY, many)):
                say(f"sync.linear: {number + 1} of {size.runs}, {counts[0]} events")
                costs.append(_run(quick, counts))
    # The least of each: other processes on the same cores only add to it.
    shortest, longest = (min(seconds for seconds, _ in costs) for costs in (few, many))
    smallest, largest = (statistics.median(peak for _, peak in costs) for costs in (few, many))
    yield Figure("sync.linear.few.time", shortest / TIMES * 1000, "ms")
    yield Figure("sync.linear.few.memory", smallest / 1e6, "MB")
    yield Figure("sync.linear.time", longest / (shortest / TIMES))
    yield Figure("sync.linear.memory", largest / smallest)


def _run(world: World, counts: Sequence[int]) -> tuple[float, int]:
    """Processor seconds for all calendars but the last, and the most bytes that the function ever had in memory."""
    store = world.folder / f"{world.fresh()}.db"
    command = [sys.executable, "-m", "bench.changed", str(world.folder), str(store), *map(str, counts)]
    made = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120)
    if made.returncode:
        raise BenchFailure(f"no changed calendar could be made: {made.stderr.strip()}")
    target = Target(
        "changed",
        "main.py",
        "anyroom",
        lambda world, port: anyroom(world, port) | {"ANYROOM_STORE": f"sqlite:{store}"},
        load.check_any,
    )
    *askers, last = identity.read(world.folder)[: len(counts)]
    with serving(world, target) as server, connect(server, _LIMIT) as connection:

        def sync(user: identity.Asker) -> None:
            """Have the function bring the user's calendar in step."""
            for _ in range(_ROUNDS):
                answer, _ = load.exchange(connection, load.relay(user.email, user.token))
                load.check_any(answer)
                if answer.status == 200 and not json.loads(answer.body)["more"]:
                    return
            raise BenchFailure(f"not done after {_ROUNDS} requests")

        sync(last)
        used = server.cpu()
        for asker in askers:
            sync(asker)
        return server.cpu() - used, server.peak()

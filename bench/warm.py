"""`create.warm` and `create.cpu`: a warm create beside the floor, in small rounds by turns."""

import contextlib
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bench import load
from bench.figures import Figure, due, of
from bench.process import Running
from bench.progress import say
from bench.size import Size
from bench.targets import TARGETS, serving
from bench.world import World

CPU_CLIENTS = 8
"""At one client cold caches would be measured, at 64 the queue."""
_WARM_UP = 3
"""Unmeasured requests of each client, before the first round."""


@dataclass(slots=True)
class Course:
    """What one target did over the rounds: their medians in seconds by number, and processor seconds of all creates."""

    medians: dict[int, float] = field(default_factory=dict)
    cpu: float = 0.0
    creates: int = 0


def measure(world: World, names: Sequence[str], size: Size) -> Iterator[Figure]:
    """The asked figures, with the floor's own milliseconds beside them."""
    warm = {(int(clients), target) for target, clients in of(names, "warm")}
    cpu = [target for (target,) in of(names, "cpu")]
    by_clients: dict[int, list[str]] = {
        clients: [name for name in TARGETS if (clients, name) in warm or (clients == CPU_CLIENTS and name in cpu)]
        for clients in size.warm
    }
    everyone = {name for targets in by_clients.values() for name in targets}
    if not everyone:
        return
    with contextlib.ExitStack() as stack:
        servers = {
            name: stack.enter_context(serving(world, TARGETS[name])) for name in TARGETS if name in everyone | {"floor"}
        }
        for clients, targets in by_clients.items():
            if not targets:
                continue
            courses = _rounds(world, {name: servers[name] for name in ("floor", *targets)}, clients, size)
            if any(at == clients for at, _ in warm):
                yield from _latencies(courses, clients, [name for name in targets if (clients, name) in warm])
            if clients == CPU_CLIENTS and cpu:
                yield from _processor(courses, cpu)


def _latencies(courses: dict[str, Course], clients: int, targets: Sequence[str]) -> Iterator[Figure]:
    floor = courses["floor"].medians
    yield Figure(f"create.warm.floor.{clients}", statistics.median(floor.values()) * 1000, "ms")
    for name in targets:
        # Round by round: the processor's speed wanders, and a ratio within one round does not.
        ratios = [seconds / floor[number] for number, seconds in courses[name].medians.items()]
        yield Figure(f"create.warm.{name}.{clients}", statistics.median(ratios))


def _processor(courses: dict[str, Course], targets: Sequence[str]) -> Iterator[Figure]:
    # Sums over the rounds, not a median: one round's time is too near the kernel's tick of 10 ms.
    floor = courses["floor"].cpu / courses["floor"].creates
    yield Figure("create.cpu.floor", floor * 1000, "ms")
    for name in targets:
        yield Figure(f"create.cpu.{name}", courses[name].cpu / courses[name].creates / floor)


def _rounds(world: World, servers: dict[str, Running], clients: int, size: Size) -> dict[str, Course]:
    rounds, each = size.warm[clients]
    for name, server in servers.items():
        say(f"create.warm: {clients} clients, warming {name}")
        _round(world, name, server, clients, _WARM_UP)
    courses: dict[str, Course] = defaultdict(Course)
    upstream, client, began = world.upstream.cpu(), time.process_time(), time.monotonic()
    order = list(servers)
    for number in range(rounds):
        say(f"create.warm: {clients} clients, round {number + 1} of {rounds}")
        for name in order:
            if name != "floor" and not due(f"create.warm.{name}.{clients}", number):
                continue
            used = servers[name].cpu()
            answers = _round(world, name, servers[name], clients, each)
            course = courses[name]
            course.cpu += servers[name].cpu() - used
            course.creates += len(answers)
            course.medians[number] = statistics.median(answer.seconds for answer in answers)
        order.append(order.pop(0))
    passed = time.monotonic() - began
    upstream, client = world.upstream.cpu() - upstream, time.process_time() - client
    say(f"create.warm: of one core, upstreams used {upstream / passed:.0%} and {clients} clients {client / passed:.0%}")
    return courses


def _round(world: World, name: str, server: Running, clients: int, each: int) -> list[load.Answer]:
    lanes = [[world.create() for _ in range(each)] for _ in range(clients)]
    answers = load.run(server.port, lanes)
    for answer in answers:
        TARGETS[name].check(answer)
    return answers

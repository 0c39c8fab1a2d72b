"""`sync.notify`: notifications of a calendar that is marked already, in a second, against hello world's requests."""

import contextlib
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from bench import load
from bench.failure import BenchFailure
from bench.figures import Figure, below
from bench.process import Running
from bench.progress import say
from bench.size import Size
from bench.targets import TARGETS, Target, anyroom, serving
from bench.world import ROOT, World, environment

CLIENTS = 8
EACH = 50
_ACCOUNT = "anyroom@bench-project.iam.gserviceaccount.com"


def measure(world: World, names: Sequence[str], size: Size) -> Iterator[Figure]:
    """The asked figure, with hello world's requests in a second beside it."""
    if not below(names, "sync.notify"):
        return
    store = world.folder / "marked.db"
    channel, secret, resource = "0" * 32, secrets.token_urlsafe(32), "bench-resource"
    command = [sys.executable, "-m", "bench.marked", str(store), channel, secret, resource]
    made = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60)
    if made.returncode:
        raise BenchFailure(f"no marked calendar could be made: {made.stderr.strip()}")
    target = Target(
        "marked",
        "main.py",
        "anyroom",
        lambda world, port: (
            anyroom(world, port) | {"ANYROOM_STORE": f"sqlite:{store}", "ANYROOM_CREDENTIAL": f"delegation:{_ACCOUNT}"}
        ),
        load.check_any,
    )
    requests = {"hello": load.get("/"), "marked": load.notification(channel, made.stdout.strip(), resource)}
    with contextlib.ExitStack() as stack:
        servers = {each.name: stack.enter_context(serving(world, each)) for each in (TARGETS["hello"], target)}
        rates = _rates(servers, requests, size.bursts)
    yield Figure("sync.notify.hello", statistics.median(rates["hello"]), "/s")
    ratios = [ours / hello for ours, hello in zip(rates["marked"], rates["hello"], strict=True)]
    yield Figure("sync.notify", statistics.median(ratios))


def _rates(servers: dict[str, Running], requests: dict[str, bytes], bursts: int) -> dict[str, list[float]]:
    """Requests in a second of each server, burst by burst; the first is for warming up."""
    rates: dict[str, list[float]] = {name: [] for name in servers}
    order = list(servers)
    for number in range(bursts + 1):
        say(f"sync.notify: burst {number} of {bursts}")
        for name in order:
            began = time.perf_counter()
            answers = load.run(servers[name].port, [[requests[name]] * EACH] * CLIENTS)
            rates[name].append(len(answers) / (time.perf_counter() - began))
            for answer in answers:
                load.check_any(answer)
        order.reverse()
    return {name: measured[1:] for name, measured in rates.items()}

"""What surrounds every measured function: upstreams, users, the emulator, one folder for all that is written."""

import contextlib
import itertools
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench import emulator, identity, load
from bench.failure import BenchFailure
from bench.process import Running, connect, running
from dev.local import free_port

ROOT = Path(__file__).resolve().parent.parent
DELAY = 0.040
"""Seconds between any function and each upstream."""
USERS = 1000
"""So many that no user's budget is what is measured."""
_CONFIG = """\
[solutions.demo]
provider = "demo"
name = "Demo"
logo = "https://lh3.googleusercontent.com/x"
url = "{upstream}"
api_key = "bench"
"""
_EVENT_ID = "0123456789abcdefghijklmnopqrstuv"
_START_LIMIT = 30


@dataclass(frozen=True, slots=True)
class World:
    """What every function is started in. `no_emulator` says why there is none."""

    folder: Path
    upstream: Running
    emulator: Running | None
    no_emulator: str
    users: Iterator[identity.Asker]
    chance: random.Random

    @property
    def upstream_url(self) -> str:
        """The base URL of Google's APIs and of the conferencing system."""
        return f"http://127.0.0.1:{self.upstream.port}"

    @property
    def config(self) -> Path:
        """The anyroom.toml of the measured function."""
        return self.folder / f"anyroom-{self.upstream.port}.toml"

    def fresh(self) -> str:
        """A name that nothing has yet: for an event, a store, a log."""
        return "".join(self.chance.choices(_EVENT_ID, k=26))

    def create(self) -> bytes:
        """One create of the next user for an event that nobody asked for yet."""
        user = next(self.users)
        return load.create(user.email, user.token, self.fresh())


def environment() -> dict[str, str]:
    """What a started process gets of ours: no setting, proxy or credential of the machine bends a figure."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}


@contextlib.contextmanager
def built(with_emulator: bool) -> Iterator[World]:
    """Build it all and take it down when the block ends. Raises BenchFailure."""
    with contextlib.ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="anyroom-bench-", ignore_cleanup_errors=True))
        )
        _make_users(folder)
        upstream = stack.enter_context(_upstream(folder, DELAY))
        firestore, why = None, "not asked for"
        if with_emulator:
            try:
                firestore = stack.enter_context(emulator.started(folder))
            except emulator.EmulatorMissing as missing:
                why = str(missing)
        yield World(folder, upstream, firestore, why, itertools.cycle(identity.read(folder)), random.Random())


@contextlib.contextmanager
def without_delay(world: World) -> Iterator[World]:
    """The same world with upstreams that answer at once, while the block runs."""
    with _upstream(world.folder, 0.0) as upstream:
        yield replace(world, upstream=upstream)


def _make_users(folder: Path) -> None:
    command = [sys.executable, "-m", "bench.identity", str(folder), str(USERS)]
    made = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120)
    if made.returncode:
        raise BenchFailure(f"no users could be made: {made.stderr.strip()}")


@contextlib.contextmanager
def _upstream(folder: Path, delay: float) -> Iterator[Running]:
    """Upstreams, and the anyroom.toml of functions that use them."""
    port = free_port()
    command = [sys.executable, "-m", "bench.upstream", str(port), str(delay), str(folder / "certs.json"), str(folder)]
    with running(command, environment(), ROOT, port, folder / "upstream.log") as started:
        (folder / f"anyroom-{port}.toml").write_text(_CONFIG.format(upstream=f"http://127.0.0.1:{port}"))
        connect(started, _START_LIMIT).close()
        yield started

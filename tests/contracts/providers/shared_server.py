"""A server that all workers of a test run share: started by whoever comes first, stopped by whoever leaves last."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

START_LIMIT = 60.0


@contextlib.contextmanager
def shared(
    folder: Path, start: Callable[[int], subprocess.Popen[bytes]], ready: Callable[[int], None]
) -> Iterator[int]:
    """The port of the server of `folder`.

    `start` starts it on a free port, in a session of its own: a worker that ends early must not take it along. `ready`
    raises OSError until it answers.
    """
    folder.mkdir(exist_ok=True)
    state = folder / "state.json"
    with _locked(folder):
        known = json.loads(state.read_text()) if state.exists() else _started(start, ready)
        known["users"] += 1
        state.write_text(json.dumps(known))
    try:
        yield known["port"]
    finally:
        with _locked(folder):
            known = json.loads(state.read_text())
            known["users"] -= 1
            state.write_text(json.dumps(known))
            if not known["users"]:
                state.unlink()
                with contextlib.suppress(ProcessLookupError):
                    os.kill(known["pid"], signal.SIGKILL)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _started(start: Callable[[int], subprocess.Popen[bytes]], ready: Callable[[int], None]) -> dict[str, int]:
    port = _free_port()
    process = start(port)
    until = time.monotonic() + START_LIMIT
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            ready(port)
            process.returncode = 0  # it outlives this worker: whoever leaves last stops it by its id
            return {"port": port, "pid": process.pid, "users": 0}
        time.sleep(0.05)
    process.kill()
    raise RuntimeError(f"{process.args!r} did not start; its log is beside its configuration")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

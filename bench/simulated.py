"""What is counted in a simulated world, each kind of figure in a process of its own with its own libraries and time.

`python -m bench.simulated KIND FOLDER CALENDARS` prints `NAME VALUE`, one line a figure.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.failure import BenchFailure
from bench.figures import Figure, below
from bench.size import Size
from bench.world import ROOT, World, environment

KINDS = {"calls": "sync.calls", "store": "sync.store", "story": "sync.story", "connected": "create.connected"}
"""Each kind, and how the names of its figures begin."""


def measure(world: World, names: Sequence[str], size: Size) -> Iterator[Figure]:
    """The asked figures; of a kind all are counted together."""
    for kind, name in KINDS.items():
        asked = below(names, name)
        if asked:
            for figure, value in _counted(world, kind, size.calendars):
                if figure in asked:
                    yield Figure(figure, value, "")


def _counted(world: World, kind: str, calendars: int) -> Iterator[tuple[str, float]]:
    with tempfile.TemporaryDirectory(dir=world.folder) as folder:
        command = [sys.executable, "-m", "bench.simulated", kind, folder, str(calendars)]
        with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            try:
                for line in process.stdout:
                    name, value = line.split()
                    yield name, float(value)
            except BaseException:
                process.kill()  # nobody waits for the rest
                raise
        if process.returncode:
            raise BenchFailure(f"{KINDS[kind]}: the simulation ended with {process.returncode}")


def _main(kind: str, folder: str, calendars: str) -> None:
    from bench import calls, connected, lifecycle, story

    part = {"calls": calls, "store": lifecycle, "story": story, "connected": connected}[kind]
    for name, value in part.measure(Path(folder), int(calendars)):
        print(name, value, flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])

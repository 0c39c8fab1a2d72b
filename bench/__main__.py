"""`python -m bench [ONLY=NAME]`: measure, print one line a figure, and exit 1 when one is short of its goal.

ONLY and SIZE (`full`) are also read from the environment. With ANYROOM_TEST_ALL=1 a figure that cannot be measured here
is a failure. Exit 2: nothing could be measured, and standard error says why.
"""

import compileall
import os
import signal
import sys
import sysconfig
from collections.abc import Sequence

from bench import cold, linear, memory, notify, simulated, warm
from bench.failure import BenchFailure
from bench.figures import asked
from bench.progress import say
from bench.size import SIZES
from bench.targets import warm_emulator
from bench.world import ROOT, World, built

_CODE = ("conference", "sync", "bench")


def main(arguments: Sequence[str]) -> int:
    """Run the bench and return its exit code."""
    only = arguments[0].removeprefix("ONLY=") if arguments else os.environ.get("ONLY", "")
    size = os.environ.get("SIZE") or "default"
    try:
        names = asked(only)
        if len(arguments) > 1 or size not in SIZES:
            raise ValueError(f"usage: python -m bench [ONLY=NAME], SIZE one of {' '.join(SIZES)}")
    except ValueError as wrong:
        print(wrong, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        say("compiling, making users, starting the upstreams")
        _compile()
        with built(with_emulator=any("firestore" in name for name in names)) as world:
            return _measure(world, names, size)
    except BenchFailure as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _measure(world: World, names: Sequence[str], size: str) -> int:
    absent = [name for name in names if "firestore" in name and world.emulator is None]
    for name in absent:
        print(f"{name} skipped: {world.no_emulator}", flush=True)
    bad = bool(absent) and os.environ.get("ANYROOM_TEST_ALL") == "1"
    if world.emulator:
        say("warming the emulator")
        warm_emulator(world)
    here = [name for name in names if name not in absent]
    for part in (warm.measure, cold.measure, memory.measure, notify.measure, linear.measure, simulated.measure):
        for figure in part(world, here, SIZES[size]):
            print(figure.line(), flush=True)
            bad = bad or figure.short
    return int(bad)


def _compile() -> None:
    """Compile everything to byte-code as deployment does, so that no start has to: it would cost a second."""
    compileall.compile_dir(sysconfig.get_paths()["purelib"], quiet=2)
    for folder in _CODE:
        compileall.compile_dir(ROOT / folder, quiet=2)
    compileall.compile_dir(ROOT, maxlevels=0, quiet=2)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Where the contract's documents lie: made by conftest.py for each adapter."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sync.store import Store
from sync.store.opening import open_store
from tests.emulator import ROOT

CLIENT = Path(__file__).parent / "store_client.py"


@dataclass
class Place:
    """Where documents lie, for as many instances of the function, and processes, as a test wants."""

    setting: str
    unreachable: Callable[[float], Store]
    opened: list[Store] = field(default_factory=list)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def open(self) -> Store:
        """The store as one more instance of the function opens it."""
        self.opened.append(open_store(self.setting))
        return self.opened[-1]

    def process(self, *command: str) -> subprocess.Popen[str]:
        """A process of its own that runs one of store_client.py's commands on this place."""
        self.started.append(
            subprocess.Popen(
                [sys.executable, str(CLIENT), self.setting, *command],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        return self.started[-1]

    def end(self) -> None:
        """Close what was opened, kill what was started."""
        for store in self.opened:
            store.close()
        for process in self.started:
            process.kill()
            process.communicate()

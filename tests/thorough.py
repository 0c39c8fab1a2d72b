"""How much is tried: some on every day, all that the issue asks for in CI, and as much as one likes by `make fuzz`."""

import os

import pytest

THOROUGH = os.environ.get("ANYROOM_TEST_ALL") == "1"
RUNS = int(os.environ.get("ANYROOM_FUZZ", "200" if THOROUGH else "3"))
"""Runs of the machine."""
REQUESTS = 100 if THOROUGH else 5
"""Requests of each kind to each route of the function."""
PREEMPTIONS = 2 if THOROUGH else 1
"""How often a worker is stopped for the other one."""
EVERY = 1 if THOROUGH else 40
"""One in how many deaths is tried."""
takes_long = pytest.mark.skipif(not THOROUGH, reason="takes long: it is run with ANYROOM_TEST_ALL=1")

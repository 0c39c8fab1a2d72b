"""The machine in as many runs as there is time for; what it has found is in test_found.py.

The runs are the same each time, but for those of `make fuzz`, which print how to have a failing one again.
"""

import os

from hypothesis import HealthCheck, settings

from tests.machine.machine import Machine
from tests.thorough import RUNS

TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=RUNS,
    stateful_step_count=40,
    derandomize="ANYROOM_FUZZ" not in os.environ,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)

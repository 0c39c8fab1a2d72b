"""The machine in as many runs as there is time for; what it has found is told in tests/scenarios.

The runs are the same each time, but for those of `make fuzz`, which print how to have a failing one again.
"""

import os

from hypothesis import HealthCheck, Phase, settings

from tests.machine.machine import Machine
from tests.thorough import RUNS

FUZZED = "ANYROOM_FUZZ" in os.environ

TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=RUNS,
    stateful_step_count=40,
    derandomize=not FUZZED,
    phases=tuple(Phase) if FUZZED else (Phase.generate,),  # making a failing run shorter takes minutes
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)

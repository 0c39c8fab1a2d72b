"""The machine in as many runs as there is time for: some each day, 200 in CI, and as many as wanted by `make fuzz`."""

import os

from hypothesis import HealthCheck, settings

from tests.machine.machine import Machine

EVERYDAY = settings(
    max_examples=20,
    stateful_step_count=40,
    derandomize=True,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
CI = settings(EVERYDAY, max_examples=200)


def _chosen() -> settings:
    if wanted := os.environ.get("ANYROOM_FUZZ"):
        return settings(EVERYDAY, max_examples=int(wanted), stateful_step_count=60, derandomize=False)
    return CI if os.environ.get("ANYROOM_TEST_ALL") == "1" else EVERYDAY


TestMachine = Machine.TestCase
TestMachine.settings = _chosen()

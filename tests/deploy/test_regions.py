"""The set-up hears of the service wherever it is: the real gcloud lists all regions when none is said."""

import os
import subprocess
from pathlib import Path

from tests import gcloud as real
from tests.build.cloud_run import CloudRun, service, serving
from tests.deploy.conftest import Gcloud, Scripts
from tests.thorough import takes_long


@takes_long
def test_the_line_of_the_set_up_lists_the_services_of_every_region(
    scripts: Scripts, gcloud: Gcloud, tmp_path: Path
) -> None:
    program = real.program()
    for _ in range(2):  # the first one turns the API on
        assert scripts.run("setup.sh").returncode == 0
    line = next(words for words in gcloud.asked if words[:3] == ["run", "services", "list"])
    cloud = CloudRun(service("anyroom", "", [], "europe-north1"), service("another", "", [], "us-central1"))
    with serving(cloud, tmp_path) as environment:
        done = subprocess.run(
            [program, *line],
            env={**os.environ, **environment, "CLOUDSDK_RUN_REGION": "europe-west1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert (done.returncode, done.stdout) == (0, "another us-central1\nanyroom europe-north1\n"), done.stderr

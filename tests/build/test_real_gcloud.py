"""What the steps read is what the real gcloud prints of Cloud Run's replies, and what they ask for is done."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.build.cloud_run import CloudRun, service, serving
from tests.build.steps import REVISION, recorded
from tests.thorough import takes_long

pytestmark = takes_long
URL = "https://candidate---anyroom-abc-ew.a.run.app"
TAGGED = {"revisionName": REVISION, "tag": "candidate", "url": URL}
Ask = Callable[..., str]


@pytest.fixture
def cloud() -> CloudRun:
    return CloudRun(
        service("anyroom-two", "anyroom-two-b1", [{"revisionName": "anyroom-two-b1", "percent": 100}]),
        service("anyroom", "anyroom-bold", [{"revisionName": "anyroom-bold", "percent": 100}, TAGGED]),
    )


@pytest.fixture
def ask(cloud: CloudRun, tmp_path: Path) -> Iterator[Ask]:
    """Give the build's own line that begins so to the real gcloud; what it prints."""
    program = shutil.which("gcloud")
    if program is None:
        pytest.skip("gcloud is not installed: what it prints of Cloud Run's replies is not looked at")
    with serving(cloud, tmp_path) as environment:

        def run(*command: str) -> str:
            line = next(call for _, call in recorded() if tuple(call[: len(command)]) == command)
            done = subprocess.run(
                [program, *line],
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        yield run


def test_the_services_are_listed_with_their_last_revision_that_started(ask: Ask) -> None:
    assert ask("run", "services", "list").splitlines() == ["anyroom anyroom-bold", "anyroom-two anyroom-two-b1"]


def test_a_service_without_one_is_told_apart(ask: Ask, cloud: CloudRun) -> None:
    cloud.services["anyroom"] = service("anyroom", "", [{"latestRevision": True, "percent": 100}])
    assert "anyroom " in ask("run", "services", "list").splitlines()


def test_who_has_the_tag_stands_on_a_line_of_its_own(ask: Ask) -> None:
    assert ask("run", "services", "describe").splitlines() == [" anyroom-bold ", f"candidate {REVISION} {URL}"]


def test_the_traffic_goes_to_exactly_the_revision_that_was_checked(ask: Ask, cloud: CloudRun) -> None:
    ask("run", "services", "update-traffic")
    [put] = cloud.put
    assert put["spec"]["traffic"] == [
        {"percent": 100, "revisionName": REVISION},
        {"revisionName": REVISION, "tag": "candidate"},
    ]

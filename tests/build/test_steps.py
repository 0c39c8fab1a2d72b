"""What cloudbuild.yaml does to a service: the first time, later, and whenever something on the way is wrong."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.build.answering import Answering, answering
from tests.build.steps import BUILD, NOBODY, REVISION, Service, Workspace, live

ROUTE = ("run", "services", "update-traffic")
DEPLOY = ("run", "deploy")


@pytest.fixture
def sound() -> Answering:
    return Answering()


def test_a_later_revision_gets_the_traffic_once_it_was_checked(tmp_path: Path, sound: Answering) -> None:
    with answering(sound) as url:
        workspace = Workspace(tmp_path, live(), url)
        assert workspace.deploy("deploy") == ["deploy"]
        assert workspace.traffic == "anyroom-bold"
        assert workspace.deploy("smoke", "route") == ["smoke", "route"]
    [deploy] = workspace.asked(*DEPLOY)
    assert "--no-traffic" in deploy
    assert "--tag=candidate" in deploy
    assert sound.asked == 4
    [route] = workspace.asked(*ROUTE)
    assert f"--to-revisions={REVISION}=100" in route
    assert workspace.traffic == REVISION


@pytest.mark.parametrize(
    "services",
    [{}, {"anyroom-two": Service(["anyroom-two-b1"])}, {"anyroom": Service()}],
    ids=["no service", "only one whose name begins so", "one that never had a revision that started"],
)
def test_the_first_deployment_goes_without_no_traffic(
    tmp_path: Path, sound: Answering, services: dict[str, Service]
) -> None:
    with answering(sound) as url:
        workspace = Workspace(tmp_path, services, url)
        assert workspace.deploy() == ["deploy", "smoke", "route"]
    [deploy] = workspace.asked(*DEPLOY)
    assert "--no-traffic" not in deploy
    assert "--tag=candidate" in deploy
    assert workspace.traffic == REVISION


@pytest.mark.parametrize("answer", [{"status": 500}, {"status": 200}, {"body": b"<html>"}])
def test_a_revision_that_answers_wrong_gets_no_traffic(tmp_path: Path, answer: dict[str, object]) -> None:
    with answering(Answering({"/conferences": answer})) as url:
        workspace = Workspace(tmp_path, live(), url)
        # The pauses of the real thing are for a cold start.
        quick(workspace)
        assert workspace.deploy() == ["deploy"]
    assert workspace.asked(*ROUTE) == []
    assert workspace.traffic == "anyroom-bold"


def test_a_revision_that_nobody_answers_for_gets_no_traffic(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, live(), NOBODY)
    quick(workspace)
    assert workspace.deploy() == ["deploy"]
    assert workspace.traffic == "anyroom-bold"


def quick(workspace: Workspace) -> None:
    """Let the smoke check wait for nothing."""
    file = workspace.folder / "deploy/smoke.py"
    file.write_text(file.read_text("utf-8").replace("default=3.0", "default=0.0"), "utf-8")


def test_what_does_not_start_is_not_asked_and_gets_no_traffic(tmp_path: Path, sound: Answering) -> None:
    with answering(sound) as url:
        workspace = Workspace(tmp_path, live(), url)
        workspace.breaks("run deploy")
        assert workspace.deploy() == []
    assert sound.asked == 0
    assert workspace.traffic == "anyroom-bold"


def test_when_cloud_run_cannot_be_asked_nothing_is_deployed(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, live())
    workspace.breaks("run services list")
    assert workspace.deploy() == []
    assert workspace.asked(*DEPLOY) == []


def test_another_builds_revision_is_not_checked_in_its_place(tmp_path: Path, sound: Answering) -> None:
    with answering(sound) as url:
        workspace = Workspace(tmp_path, live(), url)
        workspace.another_build_deploys("anyroom-bother")
        done = workspace.run("deploy")
    assert (done.returncode, done.stdout) == (1, "Another build took the tag: nothing was checked.\n")


def test_what_another_build_may_have_replaced_under_the_check_is_not_routed(tmp_path: Path, sound: Answering) -> None:
    with answering(sound) as url:
        workspace = Workspace(tmp_path, live(), url)
        assert workspace.deploy("deploy", "smoke") == ["deploy", "smoke"]
        workspace.another_build_deploys("anyroom-bother")
        done = workspace.run("route")
    assert done.returncode == 1
    assert done.stdout.startswith("Another build took the tag: what was checked may not be")
    assert workspace.traffic == "anyroom-bold"


def test_a_failed_look_at_the_tag_is_no_leave_to_route(tmp_path: Path, sound: Answering) -> None:
    with answering(sound) as url:
        workspace = Workspace(tmp_path, live(), url)
        assert workspace.deploy("deploy", "smoke") == ["deploy", "smoke"]
        workspace.breaks("run services describe")
        assert workspace.run("route").returncode == 1
    assert workspace.traffic == "anyroom-bold"


def test_the_steps_stand_in_the_order_that_protects_the_users() -> None:
    order = ["install", "settings", "lint", "types", "contracts", "emulator", "test", "deploy", "smoke", "route"]
    assert [step["id"] for step in BUILD["steps"]] == order
    # Cloud Build then runs one after the other and stops at the first that fails.
    assert not any({"waitFor", "allowFailure", "allowExitCodes"} & set(step) for step in BUILD["steps"])


def test_the_emulator_is_really_there_when_the_tests_begin(tmp_path: Path) -> None:
    workspace = workspace_of_tests(tmp_path)
    assert workspace.run("emulator").returncode == 0
    (workspace.folder / "anyroom.toml").write_text("[solutions]")
    done = workspace.run("test")
    assert done.returncode == 0, done.stderr
    assert (workspace.folder / "made").read_text() == "tests of no anyroom.toml\n"
    assert (workspace.folder / "anyroom.toml").exists()


@pytest.mark.parametrize("missing", ["jar", "java", "apt-get"])
def test_without_the_emulator_or_java_the_build_fails(tmp_path: Path, missing: str) -> None:
    workspace = workspace_of_tests(tmp_path)
    if missing != "jar":
        assert workspace.run("emulator").returncode == 0
        put(tmp_path / "bin" / missing, "exit 1")
    (workspace.folder / "anyroom.toml").write_text("[solutions]")
    assert workspace.run("test").returncode != 0
    assert not (workspace.folder / "made").exists()


def workspace_of_tests(folder: Path) -> Workspace:
    """A workspace for the `test` step, where `make` and Debian's tools only tell that they were called."""
    workspace = Workspace(folder, {})
    for name in ("apt-get", "java"):
        put(folder / "bin" / name, "exit 0")
    put(folder / "bin/make", 'test -f anyroom.toml || echo "$1 of no anyroom.toml" >made')
    # As in Cloud Build, the jar's place is /workspace/.run/firestore.jar; here it is this folder's.
    put(
        folder / "bin/python3",
        f'ANYROOM_FIRESTORE_EMULATOR="$PWD/${{ANYROOM_FIRESTORE_EMULATOR#/workspace/}}" exec {sys.executable} "$@"',
    )
    shutil.copytree(Path(__file__).parents[2] / "dev", workspace.folder / "dev")
    return workspace


def put(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_the_shell_of_the_steps_is_plain(tmp_path: Path) -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed: the shell in cloudbuild.yaml is not checked")
    for step in BUILD["steps"]:
        if "script" in step:
            file = tmp_path / f"{step['id']}.sh"
            file.write_text(f"#!/bin/sh\n{step['script']}")
            done = subprocess.run(["shellcheck", "--severity=style", file], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout

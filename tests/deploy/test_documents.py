"""docs/deploy.md can be followed: its commands for our scripts do what it says, and its table is the script's own."""

import os
import re
import subprocess

from tests.deploy.conftest import Gcloud, Scripts
from tests.deploy.parser import in_markdown
from tests.deploy.repository import ROOT
from tests.thorough import takes_long

DOCUMENT = (ROOT / "docs" / "deploy.md").read_text("utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
NOT_IN_A_PROJECT = {"auth", "projects", "billing", "components"}
OURS = re.compile(r"(export PROJECT=|([A-Z]+=\S+ )*deploy/).*")


@takes_long
def test_its_commands_set_everything_up_and_take_everything_away_again(scripts: Scripts, gcloud: Gcloud) -> None:
    (scripts.folder / "anyroom.toml").write_text('room_secret = "secret:janus-room-secret"\n')
    lines = [line for block in BLOCKS for line in block.splitlines() if OURS.fullmatch(line)]
    seen: dict[str, int] = {}
    done = ""
    for line in lines:
        done += f"{line}\n"
        if not line.startswith("export"):
            changed = len(gcloud.changes)
            run(scripts, f"{lines[0]}\n{line}")
            seen[line] = len(gcloud.changes) - changed
    assert {line for line, changes in seen.items() if not changes} == {
        "deploy/setup.sh --show",
        "deploy/remove.sh",
        "DATABASE='(default)' deploy/remove.sh --data",
    }
    assert {kind for kind, there in gcloud.project.resources.items() if there} == {"services"}


def run(scripts: Scripts, lines: str) -> None:
    path = f"{scripts.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["bash", "-euc", lines],
        cwd=scripts.folder,
        env={"PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )


def test_its_table_has_every_variable_of_the_script() -> None:
    in_script = re.findall(r"^#   ([A-Z_]+)  ", (ROOT / "deploy" / "setup.sh").read_text("utf-8"), re.MULTILINE)
    variables = DOCUMENT.partition("| variable |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([A-Z_]+)` \|", variables, re.MULTILINE) == in_script
    code = (ROOT / "deploy" / "setup.sh").read_text("utf-8") + (ROOT / "deploy" / "project.sh").read_text("utf-8")
    assert set(re.findall(r"^([A-Z_]+)=\$\{\1:-", code, re.MULTILINE)) == set(in_script)


def test_the_figures_of_the_queue_are_the_scripts() -> None:
    [rate] = re.findall(r"/ 60 seconds / 2 calls / 2 = (\d+) runs a second", DOCUMENT)
    [at_once] = re.findall(r"At most (\d+) run at once, half", DOCUMENT)
    script = (ROOT / "deploy" / "setup.sh").read_text("utf-8")
    assert int(rate) == 10_000 // 60 // 2 // 2
    assert f"local at_once={at_once}\n" in script
    assert int(at_once) * 2 == 80  # THREADS


def test_another_name_of_the_service_goes_where_the_page_says() -> None:
    [in_scripts] = re.findall(r"`(SERVICE=[^`]+)`\s+of `deploy/project.sh`", DOCUMENT)
    assert (ROOT / "deploy" / "project.sh").read_text("utf-8").splitlines().count(in_scripts) == 1
    [in_metrics] = re.findall(r"`(service_name=[^`]+)`\s+of each file in `deploy/metrics`", DOCUMENT)
    assert {path.read_text("utf-8").count(in_metrics) for path in (ROOT / "deploy" / "metrics").iterdir()} == {1}


def test_who_lends_themselves_an_account_turns_the_api_on_that_it_takes() -> None:
    """Google Cloud, "Use service account impersonation", Enable APIs: the set-up does it for delegation only."""
    [block] = [block for block in BLOCKS if "--impersonate-service-account=" in block]
    on, _, _ = block.partition("--impersonate-service-account=")
    assert "gcloud services enable iamcredentials.googleapis.com " in on


def test_each_line_says_which_project_it_is_for() -> None:
    """No page has the project set in gcloud's configuration, which may name another; an alert is read alone."""
    for name in ("docs/deploy.md", "docs/operations.md", "README.md", "deploy/alerts/errors.yaml"):
        for arguments in in_markdown((ROOT / name).read_text("utf-8")):
            if arguments[0] not in NOT_IN_A_PROJECT and "--help" not in arguments:
                assert any(word.startswith("--project=") for word in arguments), (name, arguments)

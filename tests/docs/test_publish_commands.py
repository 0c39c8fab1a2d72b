"""The commands in docs/publish.md are what gcloud and clasp themselves take, and they would send what is built."""

import json
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from addon.__main__ import main
from tests.docs import clasp as npm
from tests.docs.page import ROOT, Page
from tests.gcloud import REFUSED_BY_PARSER, environment, in_shell
from tests.thorough import takes_long

PAGE = Page(ROOT / "docs/publish.md")
SHELL = "\n".join(PAGE.blocks("sh"))
GCLOUD = [list(line) for line in dict.fromkeys(tuple(arguments) for arguments in in_shell(SHELL))]
ADD_ONS = [arguments for arguments in GCLOUD if arguments[0] == "workspace-add-ons"]
CLASP = [shlex.split(line)[1:] for line in dict.fromkeys(SHELL.splitlines()) if line.startswith("clasp ")]
CLASP = list({(line[0], *(word for word in line if word.startswith("-"))): line for line in CLASP}.values())
OPENS_A_BROWSER = ("login", "open-script")
API = "https://gsuiteaddons.googleapis.com/v1/projects/example-project"
FILE = "--deployment-file=addon/build/deployment.json"
SENT = {
    ("deployments", "create", "anyroom", FILE): ("POST", "/deployments?alt=json&deploymentId=anyroom"),
    ("deployments", "replace", "anyroom", FILE): ("PUT", "/deployments/anyroom?alt=json"),
    ("deployments", "install", "anyroom"): ("POST", "/deployments/anyroom:install?alt=json"),
    ("deployments", "install-status", "anyroom"): ("GET", "/deployments/anyroom/installStatus?alt=json"),
    ("deployments", "describe", "anyroom"): ("GET", "/deployments/anyroom?alt=json"),
    ("deployments", "uninstall", "anyroom"): ("POST", "/deployments/anyroom:uninstall?alt=json"),
    ("deployments", "delete", "anyroom"): ("DELETE", "/deployments/anyroom?alt=json"),
    ("get-authorization",): ("GET", "/authorization?alt=json"),
}
"""What "REST Resource: projects.deployments" (Google Workspace add-ons API) says of each command."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as the page has it: the add-on is built, and `.clasp.json` is the page's own."""
    logo = "https://lh3.googleusercontent.com/logo"
    (tmp_path / "anyroom.toml").write_text(
        f'[solutions.meet]\nprovider = "jitsi"\nname = "Meet"\nlogo = "{logo}"\n', "utf-8"
    )
    [clasp] = PAGE.blocks("json")
    (tmp_path / ".clasp.json").write_text(clasp, "utf-8")
    built = tmp_path / "addon/build"
    assert main([f"--config={tmp_path}/anyroom.toml", "--url=https://rooms.example.org", f"--out={built}"]) == 0
    return tmp_path


@pytest.fixture
def clasp() -> Path:
    """clasp's program."""
    try:
        return npm.program(ROOT / ".run")
    except npm.ClaspMissing as missing:
        pytest.skip(str(missing))


@takes_long
@pytest.mark.parametrize(
    "arguments", [line for line in GCLOUD if line not in ADD_ONS], ids=lambda arguments: " ".join(arguments[:3])
)
def test_gcloud_takes_the_line(gcloud: Any, arguments: list[str]) -> None:
    done = gcloud(arguments)
    assert done.returncode != REFUSED_BY_PARSER, done.stderr
    assert f"ERROR: (gcloud.{arguments[0]}" in done.stderr, done.stderr


@takes_long
def test_gcloud_refuses_a_command_that_is_not_there(gcloud: Any) -> None:
    assert gcloud(["workspace-add-ons", "deployments", "get", "anyroom"]).returncode == REFUSED_BY_PARSER


def test_every_command_of_the_http_path_is_in_it() -> None:
    assert {without_format(arguments) for arguments in ADD_ONS} == set(SENT)


@takes_long
@pytest.mark.parametrize("arguments", ADD_ONS, ids=lambda arguments: " ".join(arguments[1:3]))
def test_gcloud_sends_what_is_built_where_google_takes_it(arguments: list[str], folder: Path) -> None:
    program = shutil.which("gcloud")
    if program is None:
        pytest.skip("gcloud is not installed: the commands for it are not put through its parser")
    sent = first_request([program, *arguments], folder)
    method, path = SENT[without_format(arguments)]
    assert (sent["method"], sent["uri"]) == (method, API + path)
    if FILE in arguments:
        assert json.loads(sent["body"]) == json.loads((folder / "addon/build/deployment.json").read_text("utf-8"))


def without_format(arguments: list[str]) -> tuple[str, ...]:
    """What says which request is made."""
    return tuple(word for word in arguments[1:] if not word.startswith("--format="))


def first_request(command: list[str], folder: Path) -> dict[str, str]:
    """The request that gcloud logs before it finds that nothing is in reach; it is stopped then, as it would retry."""
    (folder / "token").write_text("not-a-token", "utf-8")
    with subprocess.Popen(
        [*command, "--log-http", f"--access-token-file={folder}/token"],
        cwd=folder,
        env=environment(folder / "configuration"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        try:
            return dict(logged(process.stdout))
        finally:
            process.kill()


def logged(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Method, address and body of the first request in what `--log-http` prints."""
    for line in lines:
        name, _, value = line.strip().partition(": ")
        if name in ("uri", "method"):
            yield name, value
        elif name == "== body start ==":
            yield "body", next(lines).strip()
        elif name == "==== request end ====":
            return
    raise AssertionError("gcloud made no request")


@takes_long
@pytest.mark.parametrize("arguments", CLASP, ids=lambda arguments: " ".join(arguments[:2]))
def test_clasp_takes_the_line(clasp: Path, folder: Path, arguments: list[str]) -> None:
    if arguments[0] in OPENS_A_BROWSER:
        assert arguments[1:] == []
        done = npm.run(clasp, folder, [*arguments, "--help"])
        assert f"Usage: clasp {arguments[0]} " in done.stdout
    elif arguments == ["show-file-status"]:
        done = npm.run(clasp, folder, arguments)
        assert done.stdout.startswith("Tracked files:"), done.stdout
    else:
        done = npm.run(clasp, folder, arguments)
        assert done.stdout.strip() == "No credentials found."


@takes_long
@pytest.mark.parametrize("wrong", ["push --forse", "pusch"])
def test_clasp_refuses_what_it_does_not_know(clasp: Path, folder: Path, wrong: str) -> None:
    done = npm.run(clasp, folder, wrong.split())
    assert done.stdout.startswith(("error: unknown option", "Unknown command"))


@takes_long
def test_clasp_would_push_the_two_files_of_the_script(clasp: Path, folder: Path) -> None:
    done = npm.run(clasp, folder, ["show-file-status", "--json"])
    status = json.loads(done.stdout)
    # clasp lists them as it happens to find them.
    assert sorted(status["filesToPush"]) == ["addon/build/Code.gs", "addon/build/appsscript.json"]
    assert status["untrackedFiles"] == ["addon/build/deployment.json"]


@takes_long
def test_clasp_refuses_the_file_that_create_script_would_leave_there(clasp: Path, folder: Path) -> None:
    (folder / "addon/build/Code.js").write_text("function myFunction() {}\n", "utf-8")
    done = npm.run(clasp, folder, ["show-file-status"])
    assert (done.returncode, done.stdout.strip()) == (1, "Conflicting files found")


def test_without_npm_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(npm.ClaspMissing, match="apt-get install npm"):
        npm.program(tmp_path)


def test_an_npm_that_brings_nothing_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "bin/npm"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent))
    with pytest.raises(npm.ClaspMissing, match="without the network"):
        npm.program(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []

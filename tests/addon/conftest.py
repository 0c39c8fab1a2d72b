"""A built add-on, and one user's Apps Script project to run it in, under Node."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from addon.build import build
from addon.product import product
from conference.solution import Solution

ORIGIN = "https://rooms.example.org"
LOGO = "https://lh3.googleusercontent.com/abc=s32"
NOW = 1_790_000_000_000
WITHOUT_NODE = "Node is not installed: the add-on's Apps Script was not run (Debian: apt-get install nodejs)"
RUN = Path(__file__).with_name("run.js")

Scripted = Callable[..., dict[str, Any]]


def solution(id: str, name: str = "A system", logo: str = LOGO) -> Solution:
    return Solution(id=id, name=name, logo=logo, provider="jitsi", options=None)


@pytest.fixture
def make_solution() -> Callable[..., Solution]:
    return solution


@pytest.fixture
def files() -> dict[str, str]:
    """The built files of two solutions."""
    return build(product([solution("jitsi", "Jitsi Meet"), solution("my-zoom", "Zoom")], ORIGIN))


@pytest.fixture
def manifest(files: dict[str, str]) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(files["appsscript.json"])
    return content


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without Node, skip what needs it, in one line a file; with ANYROOM_TEST_ALL=1 nothing is skipped."""
    if shutil.which("node") or os.environ.get("ANYROOM_TEST_ALL") == "1":
        return
    for item in items:
        if "node" in getattr(item, "fixturenames", ()) and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=WITHOUT_NODE))


@pytest.fixture
def node() -> str:
    """The path of Node."""
    return shutil.which("node") or pytest.fail(WITHOUT_NODE)


@pytest.fixture
def apps_script(node: str, files: dict[str, str], manifest: dict[str, Any]) -> Scripted:
    """Run functions of the built script: `apps_script(("daily",), http=[...], ...)`; see run.js for what comes back."""

    def run(*calls: tuple[Any, ...], **scenario: Any) -> dict[str, Any]:
        given = {"script": files["Code.gs"], "manifest": manifest, "now": NOW, "http": [], **scenario}
        given["calls"] = [{"function": function, "args": args} for function, *args in calls]
        done = subprocess.run(
            [node, str(RUN)], input=json.dumps(given), capture_output=True, text=True, timeout=30, check=False
        )
        assert done.returncode == 0, done.stderr
        outcome: dict[str, Any] = json.loads(done.stdout)
        return outcome

    return run

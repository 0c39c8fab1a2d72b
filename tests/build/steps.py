"""The steps of cloudbuild.yaml as Cloud Build runs them, one after the other, with a gcloud that only tells what it was
asked for and remembers what Cloud Run would.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
BUILD: Mapping[str, Any] = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text("utf-8"))
# What Cloud Build fills in itself (Cloud Build, "Substituting variable values").
BUILT_IN = {
    "PROJECT_ID": "example-project",
    "PROJECT_NUMBER": "123456789012",
    "BUILD_ID": "0a1b2c3d-4e5f-6789-abcd-ef0123456789",
}
SUBSTITUTION = re.compile(r"\$\{?(_?[A-Z][A-Z0-9_]*)\}?")
REVISION = "anyroom-b0a1b2c3d"
"""The name of the revision that BUILD_ID's build deploys."""
NOBODY = "http://127.0.0.1:9"


@dataclass
class Service:
    """What Cloud Run knows of a service: its ready revisions in order, who has the tag, who has the traffic."""

    ready: list[str] = field(default_factory=list)
    tagged: str = ""
    traffic: str = ""


class Workspace:
    """The folder that the steps share, and the gcloud that they find."""

    def __init__(self, folder: Path, services: Mapping[str, Service], url: str = NOBODY) -> None:
        self.folder = folder / "workspace"
        self._told = folder / "gcloud.json"
        self._program = folder / "bin" / "gcloud"
        (self.folder / ".run").mkdir(parents=True)
        shutil.copytree(ROOT / "deploy", self.folder / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
        self._program.parent.mkdir()
        self._program.write_text(f"#!{sys.executable} -S\n{(Path(__file__).with_name('recorded.py')).read_text()}")
        self._program.chmod(0o755)
        sdk = folder / "sdk"
        jar = sdk / "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar"
        jar.parent.mkdir(parents=True)
        jar.write_text("jar")
        state = {name: vars(service) for name, service in services.items()}
        self._save({"calls": [], "services": state, "url": url, "sdk": str(sdk), "broken": "", "thief": ""})

    def run(self, step: str, **substitutions: str) -> subprocess.CompletedProcess[str]:
        """One step's script, with the substitutions that it is given."""
        [found] = (one for one in BUILD["steps"] if one["id"] == step)
        values = {**BUILT_IN, **BUILD["substitutions"], **substitutions}
        given = dict(one.split("=", 1) for one in found.get("env", []))
        if found.get("automapSubstitutions"):
            given |= values
        path = os.pathsep.join([str(self._program.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
        return subprocess.run(
            ["sh", "-c", found["script"]],
            cwd=self.folder,
            env={"PATH": path, "GCLOUD_TOLD": str(self._told), **given},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def deploy(self, *steps: str) -> list[str]:
        """Run the steps until one fails: those that did not."""
        done: list[str] = []
        for step in steps or ("deploy", "smoke", "route"):
            if self.run(step).returncode:
                break
            done.append(step)
        return done

    def breaks(self, command: str) -> None:
        """That gcloud command fails from now on."""
        self._save({**self._load(), "broken": command})

    def another_build_deploys(self, revision: str) -> None:
        """The tag is that revision's whenever gcloud is asked for it from now on."""
        self._save({**self._load(), "thief": revision})

    @property
    def calls(self) -> list[list[str]]:
        """What gcloud was asked for, in order."""
        calls: list[list[str]] = self._load()["calls"]
        return calls

    def asked(self, *command: str) -> list[list[str]]:
        """Those of its calls that begin so."""
        return [call for call in self.calls if tuple(call[: len(command)]) == command]

    @property
    def traffic(self) -> str:
        """The revision that users reach, "" while it is whichever is the latest."""
        found: str = self._load()["services"]["anyroom"]["traffic"]
        return found

    def _load(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self._told.read_text())
        return told

    def _save(self, told: Mapping[str, Any]) -> None:
        self._told.write_text(json.dumps(told))


def live() -> Mapping[str, Service]:
    """A service that was deployed before."""
    return {"anyroom": Service(["anyroom-bold"], "anyroom-bold", "anyroom-bold")}


def recorded() -> Iterator[tuple[str, Sequence[str]]]:
    """Every line that the scripts of cloudbuild.yaml give to gcloud, and its step: the first time, then later ones."""
    told: list[tuple[str, list[str]]] = []
    for services in ({}, live()):
        with TemporaryDirectory() as folder:
            workspace = Workspace(Path(folder), services)
            for step in ("emulator", "deploy", "route"):
                before = len(workspace.calls)
                done = workspace.run(step)
                assert done.returncode == 0, f"{step}: {done.stdout}{done.stderr}"
                told += [(step, call) for call in workspace.calls[before:] if (step, call) not in told]
    yield from told

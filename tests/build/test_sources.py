"""What the build that tests and deploys is sent: the repository as it is now, and nothing that must stay at home."""

import json
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.repository import ROOT
from tests.docs.page import Page

CHOSEN = """
import json, sys
sys.path[:0] = [sys.argv[1] + "/lib", sys.argv[1] + "/lib/third_party"]
from googlecloudsdk.command_lib.util import gcloudignore
chooser = gcloudignore.GetFileChooserForDir(sys.argv[2], ignore_file=sys.argv[3])
print(json.dumps(sorted(chooser.GetIncludedFiles(sys.argv[2], include_dirs=False))))
"""
NEEDED = {"main.py", "anyroom.toml", "cloudbuild.yaml", "Makefile", "requirements-dev.txt", "tests/build/steps.py"}
LEFT = {".git/config", ".venv/lib/site.py", ".run/keys.json", "anyroom.db", "anyroom.db-wal", "addon/build/Code.gs"}


def ignore_file() -> str:
    """What the page has gcloud leave out by."""
    [line] = [block for block in Page(ROOT / "docs/deploy.md").blocks("sh") if "builds submit" in block]
    [file] = [word.partition("=")[2] for word in shlex.split(line) if word.startswith("--ignore-file=")]
    return file


def test_neither_the_history_nor_what_runs_leave_there_is_sent(tmp_path: Path) -> None:
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        pytest.skip("gcloud is not installed: what it would send to Cloud Build is not looked at")
    shutil.copy(ROOT / ignore_file(), tmp_path)
    for name in NEEDED | LEFT:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    root = Path(gcloud).resolve().parents[1]
    python = next(root.glob("platform/bundledpythonunix/bin/python3"), shutil.which("python3"))
    done = subprocess.run(
        [str(python), "-c", CHOSEN, str(root), str(tmp_path), ignore_file()], capture_output=True, text=True, check=True
    )
    assert set(json.loads(done.stdout)) == NEEDED | {ignore_file()}


def test_the_page_has_nobody_write_a_secret_into_what_is_sent() -> None:
    added = [line for block in Page(ROOT / "docs/deploy.md").blocks("sh") for line in block.splitlines()]
    added = [line for line in added if "secrets versions add" in line]
    assert added
    assert [line for line in added if "--data-file=- " not in line] == []

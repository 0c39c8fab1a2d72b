"""What the stand-in prints for a --format is what gcloud's own code prints, for each format that the scripts use."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.projection import printed
from tests.deploy.repository import ROOT

USED = re.compile(r"""--format="([^"$]+)\"""")
FORMATS = sorted(
    {
        found
        for name in ("setup.sh", "remove.sh", "project.sh")
        for found in USED.findall((ROOT / "deploy" / name).read_text())
    }
)
FIELD = "projects/p/databases/(default)/collectionGroups/mapping/fields"
RESOURCES: list[dict[str, Any]] = [
    {"name": f"{FIELD}/*", "indexConfig": {}},
    {"name": f"{FIELD}/due", "indexConfig": {"indexes": [{"fields": [{"fieldPath": "due", "order": "ASCENDING"}]}]}},
    {
        "name": f"{FIELD}/both",
        "indexConfig": {"indexes": [{"fields": [{"order": "ASCENDING"}]}, {"fields": [{"order": "DESCENDING"}]}]},
        "displayName": "Anyroom: errors",
        "userLabels": {"definition": "v1"},
        "notificationChannels": ["a", "b"],
        "labels": {"email_address": "ops@example.com"},
        "config": {"name": "run.googleapis.com"},
        "metadata": {"name": "anyroom", "labels": {"cloud.googleapis.com/location": "europe-west1"}},
        "email": "anyroom@example.com",
        "projectNumber": "123",
        "type": "FIRESTORE_NATIVE",
        "account": "me",
    },
]
POLICY: list[dict[str, Any]] = [
    {"bindings": [{"role": "r", "members": ["a", "b"]}, {"role": "s", "members": ["a"], "condition": {"title": "t"}}]}
]
REAL = """
import json, sys
sys.path[:0] = [sys.argv[1] + "/lib", sys.argv[1] + "/lib/third_party"]
from googlecloudsdk.core.resource import resource_printer
for format, resources in json.load(sys.stdin):
    resource_printer.Print(resources, format)
    print("--", flush=True)
"""


def test_each_format_is_printed_as_gcloud_prints_it() -> None:
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        pytest.skip("gcloud is not installed: what it prints is not compared")
    root = Path(gcloud).resolve().parents[1]
    python = next(root.glob("platform/bundledpythonunix/bin/python3"), shutil.which("python3"))
    asked = [(format, flattened() if "bindings" in format else RESOURCES) for format in FORMATS]
    done = subprocess.run(
        [str(python), "-c", REAL, str(root)], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    assert len(FORMATS) >= 10
    ours = [
        printed(POLICY if "bindings" in one else RESOURCES, one, "bindings[].members" * ("bindings" in one))
        for one in FORMATS
    ]
    assert done.stdout.split("--\n")[:-1] == ours


def flattened() -> list[dict[str, Any]]:
    """The policy as gcloud's --flatten gives it to the printer ("gcloud topic flags": one record for each item)."""
    return [
        {"bindings": {**binding, "members": member}}
        for binding in POLICY[0]["bindings"]
        for member in binding["members"]
    ]

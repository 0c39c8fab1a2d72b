"""deployment.json has only fields and values that gcloud's own client of the add-ons API knows.

The client is generated from Google's discovery document; gcloud itself sends unknown fields on without a word.
"""

import ast
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

MESSAGES = "lib/googlecloudsdk/generated_clients/apis/gsuiteaddons/v1/gsuiteaddons_v1_messages.py"
DEPLOYMENT = "GoogleCloudGsuiteaddonsV1Deployment"
TYPES = {"StringField": str, "BooleanField": bool}

Classes = Mapping[str, ast.ClassDef]


@pytest.fixture(scope="module")
def classes() -> Classes:
    """The messages by name; enums stand in the classes that use them."""
    program = shutil.which("gcloud")
    path = Path(program).resolve().parents[1] / MESSAGES if program else None
    if path is None or not path.is_file():
        pytest.skip("gcloud is not installed: deployment.json was not held to its messages")
    tree = ast.parse(path.read_text("utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def members(message: ast.ClassDef) -> dict[str, ast.expr]:
    """What a class assigns: fields of a message, values of an enum."""
    return {ast.unparse(node.targets[0]): node.value for node in message.body if isinstance(node, ast.Assign)}


def faults(value: Any, name: str, classes: Classes, path: str) -> Iterator[str]:
    """Where `value` is not such a message."""
    known = members(classes[name])
    for key, item in value.items():
        field = known.get(key)
        if not isinstance(field, ast.Call):
            yield f"{path}.{key}: unknown"
            continue
        repeated = any(keyword.arg == "repeated" for keyword in field.keywords)
        if repeated != isinstance(item, list):
            yield f"{path}.{key}: one or many"
            continue
        for one in item if repeated else [item]:
            yield from field_faults(one, field, classes[name], classes, f"{path}.{key}")


def field_faults(value: Any, field: ast.Call, message: ast.ClassDef, classes: Classes, path: str) -> Iterator[str]:
    """Where a value is not of its field's type."""
    kind = ast.unparse(field.func).rpartition(".")[2]
    if kind == "MessageField":
        yield from faults(value, ast.literal_eval(field.args[0]), classes, path)
    elif kind == "EnumField":
        [enum] = (
            node
            for node in message.body
            if isinstance(node, ast.ClassDef) and node.name == ast.literal_eval(field.args[0])
        )
        if value not in members(enum):
            yield f"{path}: {value}"
    elif not isinstance(value, TYPES[kind]):
        yield f"{path}: no {kind}"


def test_gcloud_knows_every_field_and_value(files: dict[str, str], classes: Classes) -> None:
    assert list(faults(json.loads(files["deployment.json"]), DEPLOYMENT, classes, "")) == []


def test_what_gcloud_does_not_know_would_be_found(files: dict[str, str], classes: Classes) -> None:
    deployment = json.loads(files["deployment.json"])
    add_ons = deployment["addOns"]
    add_ons["calendar"]["currentEventAccess"] = "META"
    add_ons["calendar"]["conferenceSolution"][0]["logo"] = "x"
    add_ons["httpOptions"]["authorizationHeader"] = 1
    add_ons["common"]["name"] = 2
    deployment["oauthScopes"] = "openid"
    assert list(faults(deployment, DEPLOYMENT, classes, "")) == [
        ".oauthScopes: one or many",
        ".addOns.common.name: no StringField",
        ".addOns.calendar.conferenceSolution.logo: unknown",
        ".addOns.calendar.currentEventAccess: META",
        ".addOns.httpOptions.authorizationHeader: 1",
    ]

"""What is deployed to watch the function, as it stands in deploy/, and what Google's own documents say it must be."""

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import yaml

ROOT = Path(__file__).resolve().parents[2]
USER_METRIC = "logging.googleapis.com/user/"
LABEL = r' AND metric\.labels\.(\w+) = "([^"]+)"'


def read(folder: str) -> dict[str, Mapping[str, Any]]:
    """The files of a folder in deploy/, by their names without the ending."""
    found = sorted((ROOT / "deploy" / folder).glob("*.yaml"))
    assert len(found) == len(list((ROOT / "deploy" / folder).iterdir()))
    return {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in found}


METRICS = read("metrics")
ALERTS = read("alerts")


def conditions(alert: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [condition["conditionThreshold"] for condition in alert["conditions"]]


def metric_of(condition: Mapping[str, Any]) -> str:
    """The metric that a condition compares."""
    return _parsed(condition)[1]


def labels_of(condition: Mapping[str, Any]) -> dict[str, str]:
    """The labels that a condition wants of its metric."""
    return dict(re.findall(LABEL, _parsed(condition)[2]))


def _parsed(condition: Mapping[str, Any]) -> re.Match[str]:
    found = re.fullmatch(
        rf'resource.type = "cloud_run_revision" AND metric.type = "{USER_METRIC}([a-z-]+)"((?:{LABEL})*)',
        condition["filter"],
    )
    assert found, condition["filter"]
    return found


def check(api: str, schema: str, body: Any) -> None:
    """Raise ValidationError unless it may be sent as that type of the API: no unknown member, none that is output."""
    jsonschema.Draft202012Validator({"$ref": f"#/$defs/{schema}", "$defs": _schemas(api)}).validate(body)


@cache
def _schemas(api: str) -> Mapping[str, Any]:
    document = files("googleapiclient.discovery_cache.documents").joinpath(f"{api}.json")
    found = json.loads(document.read_text("utf-8"))["schemas"]
    return {name: _converted(rule) for name, rule in found.items()}


def _converted(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in rule:
        return {"$ref": f"#/$defs/{rule['$ref']}"}
    if rule["type"] == "any":
        return {}
    converted: dict[str, Any] = {"type": rule["type"]}
    if rule["type"] == "object":
        known = {name: value for name, value in rule.get("properties", {}).items() if not value.get("readOnly")}
        others = rule.get("additionalProperties")
        converted["properties"] = {name: _converted(value) for name, value in known.items()}
        converted["additionalProperties"] = _converted(others) if others else False
    if "items" in rule:
        converted["items"] = _converted(rule["items"])
    if "enum" in rule:
        converted["enum"] = rule["enum"]
    if rule.get("format") == "google-duration":
        converted["pattern"] = r"^[0-9]+s$"
    return converted

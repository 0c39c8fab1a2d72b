"""What the Calendar API's discovery document says: its methods, their parameters and scopes, and its types.

The document is the one bundled in google-api-python-client.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from simulator.errors import bad_parameter, bad_request, invalid

RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")

Schema = Mapping[str, Any]


@cache
def document() -> Schema:
    """The whole document."""
    source = files("googleapiclient.discovery_cache.documents").joinpath("calendar.v3.json")
    loaded: Schema = json.loads(source.read_text(encoding="utf-8"))
    return loaded


def schema(name: str) -> Schema:
    """The type `name`, as the document writes it."""
    found: Schema = document()["schemas"][name]
    return found


def method(name: str) -> Schema:
    """The method `name` of events, or "channels.stop": its `parameters`, `scopes` and `response`."""
    resource, _, verb = name.rpartition(".")
    found: Schema = document()["resources"][resource or "events"]["methods"][verb]
    return found


def check_parameters(name: str, pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The query of a call of the method `name`, by parameter name.

    Raises GoogleError 400 for a parameter that the document does not name, one that stands twice and may not, and a
    value that is not of its type.
    """
    known = {**document()["parameters"], **method(name).get("parameters", {})}
    found: dict[str, list[str]] = {}
    for key, value in pairs:
        rule = known.get(key)
        if rule is None or rule["location"] != "query":
            raise bad_request(
                f'Invalid JSON payload received. Unknown name "{key}": Cannot bind query parameter. '
                f"Field '{key}' could not be found in request message."
            )
        if key in found and not rule.get("repeated"):
            raise bad_parameter(key, f"The parameter {key} may not stand twice.")
        if not _fits(value, rule):
            raise bad_parameter(key, f"Invalid value '{value}' for parameter {key}.")
        found.setdefault(key, []).append(value)
    return found


def _fits(value: str, rule: Schema) -> bool:
    if "enum" in rule:
        return value in rule["enum"]
    if rule["type"] == "boolean":
        return value.lower() in ("true", "false")
    if rule["type"] == "integer":
        if not re.fullmatch(r"-?\d{1,10}", value):
            return False
        return int(rule.get("minimum", -(2**31))) <= int(value) <= int(rule.get("maximum", 2**31 - 1))
    return rule.get("format") != "date-time" or RFC3339.fullmatch(value) is not None


def check_value(value: Any, rule: Schema, path: str = "") -> None:
    """Raise GoogleError 400 unless a request's `value` is of the type `rule`; unknown properties are refused."""
    if "$ref" in rule:
        check_value(value, schema(rule["$ref"]), path)
    elif value is None:
        return
    elif rule["type"] == "object":
        _check_object(_typed(value, dict, path), rule, path)
    elif rule["type"] == "array":
        for index, item in enumerate(_typed(value, list, path)):
            check_value(item, rule["items"], f"{path}[{index}]")
    elif rule["type"] == "integer":
        _typed(value, int, path)
    elif rule["type"] == "boolean":
        _typed(value, bool, path)
    else:
        _typed(value, str, path)


def _check_object(value: Mapping[str, Any], rule: Schema, path: str) -> None:
    properties = rule.get("properties", {})
    for key, item in value.items():
        inner = properties.get(key, rule.get("additionalProperties"))
        if inner is None:
            raise bad_request(f'Invalid JSON payload received. Unknown name "{key}": Cannot find field.')
        check_value(item, inner, f"{path}.{key}" if path else key)


def _typed(value: Any, wanted: type, path: str) -> Any:
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise invalid(f"Invalid value for: {path or 'the request body'}")
    return value

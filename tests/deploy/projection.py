"""The part of gcloud's --flatten and --format that the scripts use, as the real one prints it.

Source: `gcloud topic projections`, `gcloud topic formats`; test_projection.py compares it with gcloud's own code.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_FORMAT = re.compile(r"value(?:\[separator=(?P<quote>['\"])(?P<separator>.*?)(?P=quote)\])?\((?P<keys>.*)\)")
_PART = r"(?:[A-Za-z_]+|'[^']+')"
_TRANSFORM = r"\.(?P<transform>basename|segment|list|flatten)\((?P<argument>\d*)\)"
_KEY = re.compile(rf"(?P<path>{_PART}(?:\.{_PART})*?)(?:{_TRANSFORM})?")


def printed(resources: Sequence[Mapping[str, Any]], format: str, flatten: str = "") -> str:
    """What gcloud writes of these resources, a line each. Raises ValueError for what is not known here."""
    found = _FORMAT.fullmatch(format)
    if found is None:
        raise ValueError(f"the format {format} is not known here")
    separator = found["separator"] if found["separator"] is not None else "\t"
    keys = found["keys"].split(",")
    rows = [row for resource in resources for row in _flattened(resource, flatten)]
    return "".join(separator.join(_text(row, key) for key in keys) + "\n" for row in rows)


def _flattened(resource: Mapping[str, Any], flatten: str) -> Iterator[Mapping[str, Any]]:
    if not flatten:
        yield resource
        return
    if flatten != "bindings[].members":
        raise ValueError(f"flattening {flatten} is not known here")
    for binding in resource.get("bindings", []):
        for member in binding["members"]:
            yield {**resource, "bindings": {**binding, "members": member}}


def _text(resource: Mapping[str, Any], key: str) -> str:
    found = _KEY.fullmatch(key)
    if found is None:
        raise ValueError(f"the key {key} is not known here")
    value = _at(resource, [part.strip("'") for part in re.findall(_PART, found["path"])])
    if value is None:
        return ""
    if found["transform"] == "basename":
        return str(value).rpartition("/")[2]
    if found["transform"] == "segment":
        return str(value).split("/")[int(found["argument"])]
    if found["transform"]:
        return ",".join("" if each is None else str(each) for each in _leaves(value))
    return ";".join(map(str, value)) if isinstance(value, list) else str(value)


def _at(value: Any, path: Sequence[str]) -> Any:
    if not path or value is None:
        return value
    if isinstance(value, list):
        return [_at(each, path) for each in value]
    return _at(value.get(path[0]), path[1:])


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    else:
        yield value

"""Partial responses: the `fields` parameter is parsed, checked against the reply's type, and really applied.

Source: Calendar API, "Improve performance", section on partial responses (`a,b`, `a/b`, `a(b,c)`, `*`).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from simulator import discovery
from simulator.errors import GoogleError, bad_parameter

Mask = Mapping[str, "Mask | None"]
"""Which members are kept: each with a mask of its own, or whole (None). The member `*` stands for all."""

_TOKEN = re.compile(r"\s*([A-Za-z0-9_.$-]+|[*/(),])\s*")
_MAX_DEPTH = 20


def parse(text: str) -> Mask:
    """Read a `fields` value. Raises GoogleError 400 when it cannot be read."""
    tokens = list(_tokens(text))
    mask, end = _members(tokens, 0, 0)
    if end != len(tokens) or not mask:
        raise _refusal(text)
    return mask


def check(mask: Mask, rule: discovery.Schema) -> None:
    """Raise GoogleError 400 when `mask` names a member that the type `rule` does not have."""
    while "$ref" in rule or rule.get("type") == "array":
        rule = discovery.schema(rule["$ref"]) if "$ref" in rule else rule["items"]
    for name, inner in mask.items():
        if name == "*":
            continue
        member = rule.get("properties", {}).get(name, rule.get("additionalProperties"))
        if member is None:
            raise _refusal(name)
        if inner is not None:
            check(inner, member)


def apply(mask: Mask | None, value: Any) -> Any:
    """What is left of `value`; lists are masked member by member, absent members stay absent."""
    if mask is None:
        return value
    if isinstance(value, list):
        return [apply(mask, item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: apply(mask.get(key, mask.get("*")), item) for key, item in value.items() if key in mask or "*" in mask}


def selects(mask: Mask | None, path: tuple[str, ...]) -> bool:
    """Whether a reply under `mask` holds the member at `path`, where the whole reply would."""
    for name in path:
        if mask is None:
            return True
        if name not in mask and "*" not in mask:
            return False
        mask = mask.get(name, mask.get("*"))
    return True


def _tokens(text: str) -> Iterator[str]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            raise _refusal(text[position:])
        position = match.end()
        yield match.group(1)


def _members(tokens: list[str], at: int, depth: int) -> tuple[dict[str, Any], int]:
    members: dict[str, Any] = {}
    while True:
        path, inner, at = _member(tokens, at, depth)
        _add(members, path, inner)
        if at < len(tokens) and tokens[at] == ",":
            at += 1
        else:
            return members, at


def _member(tokens: list[str], at: int, depth: int) -> tuple[list[str], Mask | None, int]:
    path: list[str] = []
    while True:
        if at >= len(tokens) or tokens[at] in "/(),":
            raise _refusal("".join(tokens[at : at + 1]))
        path.append(tokens[at])
        at += 1
        if at < len(tokens) and tokens[at] == "/":
            at += 1
        else:
            break
    if at >= len(tokens) or tokens[at] != "(":
        return path, None, at
    if depth >= _MAX_DEPTH:
        raise _refusal("(")
    inner, at = _members(tokens, at + 1, depth + 1)
    if at >= len(tokens) or tokens[at] != ")":
        raise _refusal("(")
    return path, inner, at + 1


def _add(members: dict[str, Any], path: list[str], inner: Mask | None) -> None:
    """Add one selection; a member selected whole stays whole."""
    for name in path[:-1]:
        if name in members and members[name] is None:
            return
        members = members.setdefault(name, {})
    last = path[-1]
    if inner is None or (last in members and members[last] is None):
        members[last] = None
    else:
        target = members.setdefault(last, {})
        for name, deeper in inner.items():
            _add(target, [name], deeper)


def _refusal(part: str) -> GoogleError:
    return bad_parameter("fields", f"Invalid field selection {part}".rstrip())

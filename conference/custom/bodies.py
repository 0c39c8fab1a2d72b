"""JSON and forms of a definition, values in them as values: nothing is ever pasted into JSON or into a form."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from conference.custom import templates
from conference.custom.fields import Facts, Scope
from conference.custom.mistakes import Mistake, Path
from conference.custom.tables import Table, kind
from conference.custom.templates import Template

DEEPEST = 20
"""Tables and lists in each other."""

Build = Callable[[Facts], Any]


class _Absent:
    """What an optional value without a value is: neither a member nor null."""


_ABSENT = _Absent()


def json(value: Any, scope: Scope, path: Path, depth: int = 0) -> Build:
    """What builds a JSON value: a text that is one {field} is that field's own value. Raises Mistake."""
    if depth > DEEPEST:
        raise Mistake(path, f"is more than {DEEPEST} tables deep")
    if isinstance(value, str):
        return _json_text(templates.read(value, scope, path))
    if isinstance(value, dict):
        members = {key: json(inner, scope, (*path, key), depth + 1) for key, inner in value.items()}
        return lambda facts: {key: built for key, build in members.items() if (built := build(facts)) is not _ABSENT}
    if isinstance(value, list):
        items = [json(inner, scope, (*path, index), depth + 1) for index, inner in enumerate(value)]
        return lambda facts: [built for build in items if (built := build(facts)) is not _ABSENT]
    if isinstance(value, bool | int | float):
        _check_number(value, path)
        return lambda facts: value
    raise Mistake(path, f"is {kind(value)}, which JSON does not have; expected text")


def _json_text(template: Template) -> Build:
    sole = template.sole
    if sole is None or not sole.optional:
        return template.value

    def build(facts: Facts) -> Any:
        value = sole.value(facts)
        return _ABSENT if value is None else value

    return build


def _check_number(value: float, path: Path) -> None:
    try:
        msgspec.json.encode(value)
        fits = value == value and abs(value) != float("inf") and abs(value) < 2**63
    except (ValueError, OverflowError):
        fits = False
    if not fits:
        raise Mistake(path, "is a number that JSON does not have; expected one of at most 63 bits")


def pairs(table: Table, scope: Scope, *, private: bool = True) -> Mapping[str, Template]:
    """The names and templates of a form, a query or headers. Raises Mistake."""
    read = {}
    for name, value in table.items():
        if not isinstance(value, str):
            raise Mistake(table.at(name), f"is {kind(value)}; expected text")
        read[name] = templates.read(value, scope, table.at(name), private=private)
    return read


def filled(templates: Mapping[str, Template], facts: Facts) -> dict[str, str]:
    """Those pairs with their values, without the optional ones that have none."""
    values = {name: template.optional_text(facts) for name, template in templates.items()}
    return {name: value for name, value in values.items() if value is not None}

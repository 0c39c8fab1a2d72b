"""JSON and forms of a definition, values in them as values: nothing is ever pasted into JSON or into a form."""

from collections.abc import Callable, Mapping
from typing import Any

from conference.custom import templates
from conference.custom.fields import ITEM, Facts, Scope
from conference.custom.mistakes import Mistake, Path
from conference.custom.tables import Table, kind
from conference.custom.templates import Template

DEEPEST = 20
"""Tables and lists in each other."""

Build = Callable[[Facts], Any]


class _Absent:
    """What an optional value without a value is: neither a member nor null."""


_ABSENT = _Absent()


def body(value: Any, scope: Scope, path: Path) -> Build:
    """What builds the JSON of a request, None where an optional value is all of it and is not there. Raises Mistake."""
    build = json(value, scope, path)

    def built(facts: Facts) -> Any:
        made = build(facts)
        return None if made is _ABSENT else made

    return built


def json(value: Any, scope: Scope, path: Path, depth: int = 0) -> Build:
    """What builds a JSON value: a text that is one {field} is that field's own value. Raises Mistake.

    A table whose one key is a {list} is a list: of what stands there, for each of it as {item}. A table inside of which
    nothing is left is left out too.
    """
    if depth > DEEPEST:
        raise Mistake(path, f"is more than {DEEPEST} tables deep")
    if isinstance(value, str):
        return _json_text(templates.read(value, scope, path))
    if isinstance(value, dict):
        return _json_each(value, scope, path, depth) or _json_table(value, scope, path, depth)
    if isinstance(value, list):
        items = [json(inner, scope, (*path, index), depth + 1) for index, inner in enumerate(value)]
        return lambda facts: [built for build in items if (built := build(facts)) is not _ABSENT]
    if isinstance(value, bool | int | float):
        _check_number(value, path)
        return lambda facts: value
    raise Mistake(path, f"is {kind(value)}, which JSON does not have; expected text")


def _json_table(value: dict[str, Any], scope: Scope, path: Path, depth: int) -> Build:
    members = {key: json(inner, scope, (*path, key), depth + 1) for key, inner in value.items()}

    def build(facts: Facts) -> Any:
        built = {key: made for key, build in members.items() if (made := build(facts)) is not _ABSENT}
        return built if built or not members or not depth else _ABSENT

    return build


def _json_each(value: dict[str, Any], scope: Scope, path: Path, depth: int) -> Build | None:
    """What builds a list, where the table says so: {"{attendees}" = {mail = "{item}"}}."""
    [*keys] = value
    if len(keys) != 1 or not keys[0].startswith("{") or keys[0].startswith("{{"):
        return None
    inside = (*path, keys[0])
    listed = templates.read(keys[0], scope, inside).sole
    if listed is None or listed.kind != "texts":
        raise Mistake(inside, "is no list; expected one {list} and nothing else, such as {attendees}")
    each = json(value[keys[0]], scope.also(ITEM), inside, depth + 1)

    def build(facts: Facts) -> Any:
        items = listed.value(facts)
        if items is None:
            return _ABSENT
        built = []
        for item in items:
            facts.item = item
            built.append(each(facts))
        return [made for made in built if made is not _ABSENT]

    return build


def _json_text(template: Template) -> Build:
    sole = template.sole
    if sole is None or not sole.optional:
        return template.value

    def build(facts: Facts) -> Any:
        value = sole.value(facts)
        return _ABSENT if value is None else value

    return build


def _check_number(value: float, path: Path) -> None:
    """Raise Mistake for what some readers of JSON do not take exactly (RFC 8259, section 6), or at all."""
    if not -(2**53) <= value <= 2**53:
        raise Mistake(path, f"is a number that JSON does not have; expected one between -{2**53} and {2**53}")


def pairs(table: Table, scope: Scope, *, private: bool = True) -> Mapping[str, Template]:
    """The names and templates of a form, a query or headers. Raises Mistake."""
    read = {}
    for name, value in table.items():
        if not isinstance(value, str):
            raise Mistake(table.at(name), f"is {kind(value)}; expected text")
        if not private:
            templates.check_alone(value, table.at(name))
        read[name] = templates.read(value, scope, table.at(name), private=private)
    return read


def filled(templates: Mapping[str, Template], facts: Facts) -> dict[str, str]:
    """Those pairs with their values, without the optional ones that have none."""
    values = {name: template.optional_text(facts) for name, template in templates.items()}
    return {name: value for name, value in values.items() if value is not None}

"""A text of a definition with values in it, {summary} or {start|utc}: checked when it is read, filled in at a call."""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from conference.custom import formats
from conference.custom.fields import Facts, Field, Kind, Scope
from conference.custom.mistakes import Mistake, Path, meant, quoted
from conference.errors import OutcomeUnknown

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_REFERENCE = re.compile("secret:[A-Za-z0-9_-]{1,255}")
_INSIDE = re.compile("(?<![A-Za-z0-9])secret:[A-Za-z0-9_-]")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,270}")

Encode = Callable[[str], str]
"""How a value becomes part of the place that it stands in."""


class Placeholder(msgspec.Struct, frozen=True):
    """One value of a template. `optional`: the member, header or parameter that it is is left out without a value."""

    field: Field
    steps: tuple[formats.Formatted, ...]
    kind: Kind
    optional: bool

    def value(self, facts: Facts) -> Any:
        """The value as JSON has it: text, a number, true or false, a list of texts; None without one."""
        value = self.field.read(facts)
        for step in self.steps:
            value = step(value, facts)
        return None if self.optional and not self.field.empty and value in ("", []) else value

    def text(self, facts: Facts) -> str:
        """The value as text. Raises OutcomeUnknown when there is none to be had."""
        value = self.value(facts)
        if isinstance(value, bool):
            return "true" if value else "false"
        if value is None or isinstance(value, list):
            # The reply to an earlier request of the same operation lacks what this one needs.
            raise OutcomeUnknown("malformed-reply", "a value that a request needs is missing")
        return str(value)


class Template(msgspec.Struct, frozen=True):
    """Literal texts and placeholders, in turn."""

    parts: tuple[str | Placeholder, ...]

    @property
    def sole(self) -> Placeholder | None:
        """The placeholder that is the whole template, None where there is more or less."""
        [*parts] = self.parts
        return parts[0] if len(parts) == 1 and isinstance(parts[0], Placeholder) else None

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """Its placeholders."""
        return tuple(part for part in self.parts if isinstance(part, Placeholder))

    def text(self, facts: Facts, encode: Encode = str) -> str:
        """The template filled in; each value, and no literal text, is encoded."""
        return "".join(part if isinstance(part, str) else encode(part.text(facts)) for part in self.parts)

    def optional_text(self, facts: Facts) -> str | None:
        """As `text`; None where it is an optional placeholder without a value."""
        sole = self.sole
        if sole and sole.optional and sole.value(facts) is None:
            return None
        return self.text(facts)

    def value(self, facts: Facts) -> Any:
        """The value itself where a placeholder is the whole template, else text."""
        sole = self.sole
        return sole.value(facts) if sole else self.text(facts)


def read(text: str, scope: Scope, path: Path, *, private: bool = True) -> Template:
    """The template of a text. {{ and }} stand for braces, `secret:NAME` for a secret. Raises Mistake.

    `private` says whether values may stand there that must not stand in an address.
    """
    if text.startswith("secret:"):
        return _of_secret(text, scope, path, private)
    parts: list[str | Placeholder] = []
    end = 0
    for piece in _PIECE.finditer(text):
        literal, found = text[end : piece.start()], piece.group()
        end = piece.end()
        if found in ("{{", "}}"):
            parts.append(literal + found[0])
            continue
        if literal:
            parts.append(literal)
        if piece[1] is None:
            raise Mistake(path, f"has a single {found}; expected {{field}}, or {found}{found} for the sign itself")
        parts.append(_placeholder(piece[1], scope, path, private))
    if text[end:]:
        parts.append(text[end:])
    template = Template(tuple(parts))
    _check_places(template, path)
    return template


def check_reference(text: str, path: Path) -> None:
    """Raise Mistake unless a text is written as secret:NAME. It may be a secret itself, and is not repeated."""
    if not _REFERENCE.fullmatch(text):
        raise Mistake(path, "names no secret; expected letters, digits, - and _ after secret:")


def check_alone(text: str, path: Path) -> None:
    """Raise Mistake for a text that has secret:NAME inside other text: it would be sent as it stands."""
    if not text.startswith("secret:") and _INSIDE.search(text):
        raise Mistake(path, "has secret:NAME inside other text; expected {options.NAME}, an option that is the secret")


def _of_secret(text: str, scope: Scope, path: Path, private: bool) -> Template:
    if not scope.inline:
        raise Mistake(path, "names a secret, which only a solution can; expected an option of the type secret")
    check_reference(text, path)
    if not private:
        raise Mistake(path, "is a secret, which must not stand in an address, which others may log; use the body")
    field = Field("text", lambda facts: facts.call.secret(text), private=True, secret=True)
    return Template((Placeholder(field, (), "text", False),))


def _check_places(template: Template, path: Path) -> None:
    if template.sole:
        return
    for placeholder in template.placeholders:
        if placeholder.optional:
            raise Mistake(path, "has a {field?} inside other text; expected it alone, because it may be left out")
        if placeholder.kind == "texts":
            raise Mistake(path, "has a list inside other text; expected it alone, or with the format commas or lines")


def _placeholder(written: str, scope: Scope, path: Path, private: bool) -> Placeholder:
    optional = written.endswith("?")
    name, *forms = written.removesuffix("?").split("|")
    name = name.strip()
    field = scope.field(name) if _NAME.fullmatch(name) else None
    if field is None:
        raise Mistake(path, f"{{{quoted(name)}}} is no field here; {meant(name, scope.names())}")
    if field.private and not private:
        raise Mistake(path, f"{{{quoted(name)}}} must not stand in an address, which others may log; use the body")
    if name.startswith("changed.") and not optional:
        # As null it would empty the field in many systems (RFC 7396).
        raise Mistake(path, f"{{{name}}} has no value when it did not change; expected {{{quoted(written)}?}}")
    kind, steps = field.kind, []
    for form in forms:
        kind, step = formats.read(form.strip(), kind, scope, path)
        steps.append(step)
    if kind == "time":
        kind, step = formats.read("utc", kind, scope, path)
        steps.append(step)
    return Placeholder(field, tuple(steps), kind, optional)

"""The options that a definition declares, each with its type, its default and what it is for."""

import re
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Annotated, Any, Literal

import msgspec

from conference.custom import templates
from conference.custom.addresses import checked
from conference.custom.fields import Facts, Field, Kind
from conference.custom.mistakes import Mistake
from conference.custom.tables import Table, kind
from conference.providers.base import NoOptions, check_address

_NAME = re.compile("[a-z][a-z0-9_]{0,31}")
TAKEN = frozenset({"provider", "name", "logo", "domains", "notes", "parameters", "id", "options"})
"""What a solution's table means already."""

CLIENT = ("client_id", "client_secret")
"""The options that a client of OAuth 2 needs."""

_GIVEN: Mapping[type, Kind] = {str: "text", int: "whole", bool: "flag"}
TYPES = ("text", "secret", "url", "integer", "boolean")
_KINDS: Mapping[str, Kind] = {"integer": "whole", "boolean": "flag"}
_MOST = 2**53
"""The largest number that every reader of JSON takes exactly (RFC 8259, section 6)."""


class Declared(msgspec.Struct, frozen=True):
    """The options of a definition: their fields for templates, how those that hold a URL are read from a solution's
    options, what each is for, and the type that a solution's table becomes."""

    fields: Mapping[str, Field]
    urls: Mapping[str, Callable[[Any], str]]
    about: Mapping[str, str] = msgspec.field(default_factory=dict)
    struct: type[msgspec.Struct] = NoOptions

    @property
    def client(self) -> bool:
        """Whether there is what an OAuth 2 client needs."""
        return self.fields.keys() >= set(CLIENT)


def read(table: Table | None) -> Declared:
    """The table [options]. Raises Mistake."""
    structure: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    fields, urls, about = {}, {}, {}
    for name, value in table.items() if table else ():
        assert table
        if not _NAME.fullmatch(name) or name in TAKEN:
            raise Mistake(table.at(name), "is no name of an option; expected lower-case letters, digits and _")
        one = Table(value, table.at(name))
        written = one.choice("type", TYPES, "text")
        about[name] = one.text("about")
        made = _python_type(one, written)
        default = _default(one, made)
        structure.append((name, made) if default is msgspec.UNSET else (name, made, default))
        fields[name] = _field(attrgetter(name), _KINDS.get(written, "text"), secret=written == "secret")
        if written == "url":
            urls[name] = attrgetter(name)
        one.close()
    structure.sort(key=len)
    made_type = msgspec.defstruct(
        "Options",
        structure,
        frozen=True,
        forbid_unknown_fields=True,
        namespace={"__post_init__": _checking(sorted(urls))},
    )
    return Declared(fields, urls, about, made_type)


def _python_type(option: Table, written: str) -> Any:
    """What msgspec checks a value by. Raises Mistake."""
    words, pattern = option.texts("choices"), option.text("pattern", "")
    least, most = option.whole("least", -_MOST, _MOST), option.whole("most", -_MOST, _MOST)
    for key, of in (("choices", "text"), ("pattern", "text"), ("least", "integer"), ("most", "integer")):
        if option.has(key) and written != of:
            raise Mistake(option.at(key), f"stands beside the type {written}; expected it with {of}")
    if words:
        return Literal[tuple(words)]
    if pattern:
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError):
            raise Mistake(option.at("pattern"), "cannot be read; expected a regular expression") from None
        return Annotated[str, msgspec.Meta(pattern=rf"\A(?:{pattern})\Z")]
    if written == "integer":
        limits = msgspec.Meta(ge=-_MOST if least is None else least, le=_MOST if most is None else most)
        return Annotated[int, limits]
    return bool if written == "boolean" else str


def given(definition: Table) -> Declared:
    """The values that a definition in a solution itself has in its table `options`, and its client's. Raises Mistake.

    A text that begins as a URL does holds one; one that is written `secret:NAME` is a secret.
    """
    fields, urls = {}, {}
    for name in CLIENT:
        if definition.has(name) and (text := definition.text(name, "")):
            fields[name] = _field(_always(text), "text", secret=True)
    table = definition.table("options")
    for name, value in table.items() if table else ():
        assert table
        if not _NAME.fullmatch(name) or name in fields:
            raise Mistake(table.at(name), "is no name of an option; expected lower-case letters, digits and _")
        if type(value) not in _GIVEN:
            raise Mistake(table.at(name), f"is {kind(value)}; expected text, a whole number, true or false")
        if isinstance(value, int) and abs(value) > _MOST:
            raise Mistake(table.at(name), f"is a number above {_MOST}; expected text, in quotation marks")
        secret = isinstance(value, str) and value.startswith("secret:")
        if secret:
            templates.check_reference(value, table.at(name))
        fields[name] = _field(_always(value), _GIVEN[type(value)], secret)
        if isinstance(value, str) and value.startswith(("http://", "https://")):
            checked(value, table.at(name))
            urls[name] = _always(value)
    return Declared(fields, urls)


def _always(value: Any) -> Callable[[Any], Any]:
    return lambda options: value


def _field(read: Callable[[Any], Any], kind: Kind, secret: bool) -> Field:
    """The field of an option; one that is a secret may be written `secret:NAME`, and stands in no address."""

    def value(facts: Facts) -> Any:
        found = read(facts.call.options)
        return facts.call.secret(found) if secret else found

    return Field(kind, value, private=secret, secret=secret)


def _default(table: Table, made: Any) -> Any:
    if not table.has("default"):
        return msgspec.UNSET
    try:
        return msgspec.convert(table.get("default"), made)
    except msgspec.ValidationError:
        given = kind(table.get("default"))
        raise Mistake(table.at("default"), f"is {given}; expected a value of the option's own type") from None


def _checking(urls: Iterable[str]) -> Callable[[Any], None]:
    def check(options: Any) -> None:
        """Raise ValueError, which names the option, for a URL that nothing may be asked at."""
        for name in urls:
            url = getattr(options, name)
            check_address(name, url)
            if "?" in url:
                raise ValueError(f"{name}: must have no query")

    return check

"""The options that a definition declares, each with its type, its default and what it is for."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import msgspec

from conference.custom.fields import Field, Kind, option
from conference.custom.mistakes import Mistake
from conference.custom.tables import Table, kind
from conference.providers.base import check_address

_NAME = re.compile("[a-z][a-z0-9_]{0,31}")
TAKEN = frozenset({"provider", "name", "logo", "domains", "notes", "parameters", "id", "options"})
"""What a solution's table means already."""

_TYPES = ("text", "secret", "url", "integer", "boolean")
_KINDS: Mapping[str, Kind] = {"integer": "whole", "boolean": "flag"}
_PYTHON: Mapping[str, Any] = {"integer": Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)], "boolean": bool}


class Declared(msgspec.Struct, frozen=True):
    """The options of a definition: the type that a solution's table becomes, their fields for templates, which of them
    hold a URL, and what each is for."""

    type: type[msgspec.Struct]
    fields: Mapping[str, Field]
    urls: frozenset[str]
    about: Mapping[str, str]

    @property
    def client(self) -> bool:
        """Whether there is what an OAuth 2 client needs."""
        return {"client_id", "client_secret"} <= self.fields.keys()


def read(table: Table | None) -> Declared:
    """The table [options]. Raises Mistake."""
    structure: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    fields, urls, about = {}, set(), {}
    for name, value in table.items() if table else ():
        assert table
        if not _NAME.fullmatch(name) or name in TAKEN:
            raise Mistake(table.at(name), "is no name of an option; expected lower-case letters, digits and _")
        one = Table(value, table.at(name))
        written = one.choice("type", _TYPES, "text")
        about[name] = one.text("about")
        words = one.texts("choices")
        if words and written != "text":
            raise Mistake(one.at("choices"), f"stands beside the type {written}; expected it with text")
        made = Literal[tuple(words)] if words else _PYTHON.get(written, str)
        default = _default(one, made)
        structure.append((name, made) if default is msgspec.UNSET else (name, made, default))
        fields[name] = option(name, _KINDS.get(written, "text"), secret=written == "secret")
        if written == "url":
            urls.add(name)
        one.close()
    structure.sort(key=len)
    made_type = msgspec.defstruct(
        "Options",
        structure,
        frozen=True,
        forbid_unknown_fields=True,
        namespace={"__post_init__": _checking(frozenset(urls))},
    )
    return Declared(made_type, fields, frozenset(urls), about)


def _default(table: Table, made: Any) -> Any:
    if not table.has("default"):
        return msgspec.UNSET
    try:
        return msgspec.convert(table.get("default"), made)
    except msgspec.ValidationError:
        given = kind(table.get("default"))
        raise Mistake(table.at("default"), f"is {given}; expected a value of the option's own type") from None


def _checking(urls: frozenset[str]) -> Callable[[Any], None]:
    def check(options: Any) -> None:
        """Raise ValueError, which names the option, for a URL that nothing may be asked at."""
        for name in sorted(urls):
            url = getattr(options, name)
            check_address(name, url)
            if "?" in url:
                raise ValueError(f"{name}: must have no query")

    return check

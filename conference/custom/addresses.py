"""A URL of a definition: its host stands fixed, and no value in it can change its path's structure or its query's."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from conference.custom import templates
from conference.custom.fields import Facts, Scope
from conference.custom.mistakes import Mistake, Path
from conference.custom.tables import Table
from conference.custom.templates import Template
from conference.errors import OutcomeUnknown
from conference.providers.base import check_address, origin

_LITERAL = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]{1,260}(?=[/?]|$)")
_OPTION = re.compile(r"\{options\.([a-z0-9_]{1,64})\}(?=[/?]|$)")
# RFC 3986, sections 3.3 and 3.4, without the quotation mark that some programs end a URL at.
_PLAIN = re.compile(r"(?:[!$&(-;=?@A-Z_a-z~]|%[0-9A-Fa-f]{2})*")
_LINK = re.compile(r"(?:[!#$&(-;=?@A-Z_a-z~]|%[0-9A-Fa-f]{2})*")
_DOTS = frozenset({".", ".."})


class Address:
    """It begins with a literal origin, or with an option that holds a URL, and goes on from there.

    Placeholders of the path are whole or parts of segments; those of the query, of its values. `link` says that guests
    are given it, and that it may have a fragment. Raises Mistake.
    """

    def __init__(self, text: str, scope: Scope, path: Path, link: bool = False) -> None:
        templates.check_alone(text, path)
        option, literal = _OPTION.match(text), _LITERAL.match(text)
        match = option or literal
        if match is None or (option and option[1] not in scope.urls):
            raise Mistake(path, _beginning(scope.urls))
        if option:
            scope.everywhere.add(f"options.{option[1]}")
            self._of_option = scope.urls[option[1]]
            if scope.inline and "?" in self._of_option(None):
                raise Mistake(path, f"goes on after the query of {{options.{option[1]}}}; expected it in query")
        self._literal = literal[0] if literal else ""
        if self._literal:
            checked(self._literal, path)
        rest = text[match.end() :]
        template = templates.read(rest, scope, path, private=False)
        _check_rest(template, _LINK if link else _PLAIN, path)
        self._path, self._query = _split(template)

    def base(self, options: Any) -> str:
        """What the URL begins with: a literal origin, or the option's URL without a slash at its end."""
        return self._literal or self._of_option(options).rstrip("/")

    def origin(self, options: Any) -> str:
        """Its origin, as `base.origin` writes it."""
        return origin(self.base(options))

    def url(self, facts: Facts, query: Mapping[str, str]) -> str:
        """The whole URL. Raises OutcomeUnknown where a value cannot stand in it, such as an empty one in its path."""
        path = "".join(_segment_part(part, facts) for part in self._path)
        if _DOTS & set(path.split("/")):
            raise OutcomeUnknown("malformed-reply", "dots where a name in a URL is needed")
        pairs = [self._query.text(facts, quoted)] if self._query.parts else []
        pairs += [f"{quoted(name)}={quoted(value)}" for name, value in query.items()]
        return self.base(facts.call.options) + path + ("?" + "&".join(pairs) if pairs else "")


def _check_rest(rest: Template, signs: re.Pattern[str], path: Path) -> None:
    literals = [part for part in rest.parts if isinstance(part, str)]
    if not all(map(signs.fullmatch, literals)):
        raise Mistake(path, "has a sign that no URL has there; expected it as %XX")
    if _DOTS & set("".join(literals).partition("?")[0].split("/")):
        raise Mistake(path, "goes up with dots in its path; expected the path itself")


def checked(url: str, path: Path) -> None:
    """Raise Mistake unless that URL may be asked."""
    try:
        check_address("url", url)
    except ValueError as error:
        raise Mistake(path, str(error).removeprefix("url: ")) from None


def read(table: Table, key: str, scope: Scope) -> Address:
    """The URL under that key. Raises Mistake."""
    return Address(table.text(key), scope, table.at(key))


def _beginning(urls: Iterable[str]) -> str:
    options = "".join(f" or {{options.{name}}}" for name in sorted(urls))
    return f"begins with no fixed host; expected https://HOST{options}, and a path"


def _split(rest: Template) -> tuple[tuple[str | templates.Placeholder, ...], Template]:
    """The parts before the first literal question mark, and the template after it."""
    for index, part in enumerate(rest.parts):
        if isinstance(part, str) and "?" in part:
            before, _, after = part.partition("?")
            return (*rest.parts[:index], before), Template((*([after] if after else []), *rest.parts[index + 1 :]))
    return rest.parts, Template(())


def _segment_part(part: str | templates.Placeholder, facts: Facts) -> str:
    if isinstance(part, str):
        return part
    value = part.text(facts)
    if not value:
        raise OutcomeUnknown("malformed-reply", "nothing where a name in a URL is needed")
    return quoted(value)


def quoted(value: str) -> str:
    """A value as a part of a URL that says nothing of its structure."""
    return quote(value.encode("utf-8", "replace"), safe="")

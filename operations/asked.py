"""What the command line asks for, each mistake told in one line. What make passes empty was not given."""

import re
from collections.abc import Sequence

import msgspec

from operations.console import Mistake

_ADDRESS = re.compile(r"[^@\s/]{1,200}@[^@\s/]{1,250}")
_NUMBER = re.compile(r"[0-9]{1,30}")
_DOMAIN = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,8}")
_NAMES = ("do", "user", "domain", "file")


class Asked(msgspec.Struct, frozen=True):
    """`do`: change something, do not only show it. `user` is an address or Google's own number of a user."""

    do: bool = False
    user: str = ""
    domain: str = ""
    file: str = ""


def read(arguments: Sequence[str], takes: frozenset[str]) -> Asked:
    """The options, of which a command `takes` some. Raises Mistake."""
    given: dict[str, str] = {}
    for argument in arguments:
        name, _, value = argument.removeprefix("--").partition("=")
        if not argument.startswith("--") or name not in _NAMES:
            raise Mistake(f"{argument.partition('=')[0]} is not known; see make help")
        if value and name not in takes:
            raise Mistake(f"{name.upper()} means nothing here; see make help")
        given[name] = value.strip()
    if given.get("do", "") not in ("", "0", "1"):
        raise Mistake("DO is 1, to change something, or left out, to see first what would be done")
    return Asked(
        do=given.get("do") == "1",
        user=_matching(
            given, "user", f"{_ADDRESS.pattern}|{_NUMBER.pattern}", "an address, or Google's number of a user"
        ),
        domain=_matching(given, "domain", _DOMAIN.pattern, "a domain, such as example.com"),
        file=given.get("file", ""),
    )


def _matching(given: dict[str, str], name: str, pattern: str, what: str) -> str:
    value = given.get(name, "").lower()
    if value and not re.fullmatch(pattern, value):
        raise Mistake(f"{name.upper()} must be {what}")
    return value

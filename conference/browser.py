"""One request of a user's browser and the answer to it, without their transport."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from conference.clock import Deadline
from conference.legs import Legs


@dataclass
class Visit:
    """A request. `solution` is the ID in its path, or `token` the end of a join link, "" where there is none; `form`
    reads the fields of a POST, once.

    `languages` is the Accept-Language header, `number` what the visitor may tell the administrator, and `note` what the
    log line will say.
    """

    solution: str
    query: Mapping[str, str]
    form: Callable[[], Mapping[str, str]]
    cookies: Mapping[str, str]
    languages: str
    number: str
    deadline: Deadline
    legs: Legs
    token: str = ""
    note: dict[str, Any] = field(default_factory=dict)


class Cookie(NamedTuple):
    """A cookie to set for so many seconds; with 0 it is taken away."""

    name: str
    value: str
    seconds: int


class Sent(NamedTuple):
    """What is sent back, and what the log line says of it."""

    status: int
    headers: Mapping[str, str]
    content: bytes = b""
    cookies: tuple[Cookie, ...] = ()
    outcome: str = "ok"
    level: int = logging.INFO


def redirect(url: str, *cookies: Cookie) -> Sent:
    """Send the browser on to an address that we made: with GET, whatever it came with (RFC 9110, section 15.4.4)."""
    return Sent(303, {"Location": url}, b"", cookies, "redirect")

"""What nobody should send: JSON and TOML of any shape, over the words that definitions and systems use."""

import copy
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, time
from functools import reduce
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from hypothesis import strategies as st

from conference import exchange
from conference.clock import Deadline, SystemClock
from conference.data import compose
from conference.errors import ConferenceFailure
from conference.http import HttpCall
from conference.providers.base import Conference, Provider, Reply, Request, origin
from conference.solution import Solution
from tests.contracts.providers.harness import ACCESS_TOKEN, GivenToken

LINKS = (
    *("https://meet.example.org/a", "javascript:alert(1)", "data:text/html,<b>", "http://169.254.169.254/", "//evil/"),
    *("https://user:password@evil.example/", "https://evil.example/\r\nX: y", "https://x.example/" + "a" * 2000),
    *("HTTPS://[::ffff:169.254.169.254]/", "http://metadata.google.internal/", "sip:a@b", "tel:+1", "https://"),
)
IDS = ("..", ".", "../x", "a/../b", "a b", "", "x" * 600, "\0", "%2e%2e", "a?b#c", "\ud800", "é")
TEXTS = st.one_of(st.sampled_from(LINKS), st.sampled_from(IDS), st.text(max_size=20), st.sampled_from(["+41 44", "7"]))
SIGNS = st.sampled_from(
    [*"{}|?:\n\0é/\\%@ ", "{{", "..", "secret:", "{id}", "é" * 5000, "\r\nX: y", "javascript:", "169.254.169.254"]
)
NUMBERS = st.one_of(st.integers(), st.integers(10**300, 10**301), st.floats(), st.booleans(), st.none())


def values(keys: Collection[str]) -> st.SearchStrategy[Any]:
    """Any JSON, with members of those names as often as not."""
    names = st.one_of(st.sampled_from(sorted(keys)), st.text(max_size=8))
    return st.recursive(
        TEXTS | NUMBERS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6),
        max_leaves=20,
    )


def toml(keys: Collection[str]) -> st.SearchStrategy[Any]:
    """Any TOML, likewise; TOML is UTF-8, so that no text of it has a lone surrogate."""
    odd = st.sampled_from(
        [date(2031, 3, 14), time(9), datetime(2031, 3, 14, tzinfo=UTC), float("nan"), float("inf"), 10**30]
    )
    templates = st.sampled_from(
        [
            "{summary}",
            "{start|utc}",
            "{attendees}",
            "{kept.x?}",
            "{",
            "}}",
            "{{",
            "{a|b:c}",
            "{id}",
            "secret:a",
            "@",
            "a.b",
        ]
    )
    leaves = TEXTS.filter(lambda text: not text.startswith("\ud800")) | odd | templates | st.integers() | st.booleans()
    names = st.one_of(st.sampled_from(sorted(keys)), st.text(max_size=8))
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=6), max_leaves=20
    )


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path in a tree."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in inner for place in places(child, (*path, key)))]


@st.composite
def changed(draw: st.DrawFn, tree: Any, other: st.SearchStrategy[Any], keys: Collection[str]) -> Any:
    """The tree with a few of its values, keys or texts changed."""
    tree = copy.deepcopy(tree)
    for _ in range(draw(st.integers(1, 3))):
        if not (found := [place for place in places(tree) if place]):
            break
        [*way, last] = draw(st.sampled_from(found))
        holder = reduce(lambda value, part: value[part], way, tree)
        how = draw(st.sampled_from(["value", "drop", "text", "key"]))
        if how == "text" and isinstance(text := holder[last], str):
            at = draw(st.integers(0, len(text)))
            holder[last] = text[:at] + draw(SIGNS) + text[at + draw(st.integers(0, 2)) :]
        elif how == "key" and isinstance(holder, dict):
            holder[draw(st.sampled_from(sorted(keys)))] = holder[last]
        elif how == "drop":
            del holder[last]
        else:
            holder[last] = draw(other)
    return tree


class Answers:
    """A system that says whatever it is told to; it is asked at declared origins only."""

    def __init__(self, replies: list[Reply]) -> None:
        self._replies = replies
        self.asked: list[Request] = []

    def exchange(self, request: Request, seconds: float, origins: Collection[str], repeatable: bool) -> Reply:
        """The next of its replies, the last one for ever."""
        assert origin(request.url) in origins
        exchange._content(request)
        self.asked.append(request)
        return self._replies[min(len(self.asked), len(self._replies)) - 1]


def opened(declared: Provider, options: Any, client: Answers, host: str = "host@example.org") -> HttpCall:
    """A call of a solution to that system."""
    clock = SystemClock()
    bearer = GivenToken(ACCESS_TOKEN) if declared.oauth else None
    return HttpCall(declared, options, client, Deadline(clock, 10.0), clock, lambda name: "canary", bearer, host)


def comes_to(act: Callable[[], object]) -> object:
    """The result, or the failure that a system may cause; any other exception is for the test."""
    try:
        return act()
    except ConferenceFailure as met:
        failure = met
    assert "canary" not in str(failure)
    return failure


SOLUTION = Solution("canary", "Canary", "https://www.gstatic.com/x.png", "custom", None)


def assert_safe(conference: Conference) -> None:
    """Whatever was made is what Calendar may be given, or is refused as that."""
    data = comes_to(lambda: compose(conference, SOLUTION, "mapping"))
    for point in getattr(data, "entry_points", ()):
        assert point.uri.isascii()
        assert point.uri.isprintable()
        if point.type in ("VIDEO", "MORE"):
            parts = urlsplit(point.uri)
            assert parts.scheme in ("https", "http")
            assert "@" not in parts.netloc
            assert not _leads_inside(parts.hostname or "")


def _leads_inside(host: str) -> bool:
    """Whether that is a link-local address, or a metadata server."""
    try:
        address = ip_address(host)
    except ValueError:
        return host in ("", "metadata", "metadata.google.internal")
    inside = getattr(address, "ipv4_mapped", None) or address
    return bool(inside.is_link_local)

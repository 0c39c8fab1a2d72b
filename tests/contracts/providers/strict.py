"""A REST system that takes nothing but what its description says: a field, a type, a method too many is refused."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tests.contracts.providers.wire import Answer, Asked

Act = Callable[..., Answer]
"""Gets the parts of the path that the route names, then the body and the query where the route has them."""


@dataclass(frozen=True)
class Route:
    """One call of the description: `path` is a pattern with groups, `body` a struct or None, `query` the parameters
    that it may have."""

    method: str
    path: str
    act: Act
    body: type[msgspec.Struct] | None = None
    form: bool = False
    query: frozenset[str] = frozenset()


@dataclass
class Strict:
    """A system of such routes. `proved` says of a request's headers whether they are from who it knows."""

    proved: Callable[[Mapping[str, str], Asked], bool]
    refusal: Callable[[int, str], Answer] = lambda status, word: Answer.json(status, {"error": word})
    routes: list[Route] = field(default_factory=list)
    open: frozenset[str] = frozenset()

    def __call__(self, asked: Asked) -> Answer:
        """The answer to a request."""
        headers = {name.lower(): text for name, text in asked.headers.items()}
        if asked.path not in self.open and not self.proved(headers, asked):
            return self.refusal(401, "authentication-error")
        fits = [(one, match) for one in self.routes if (match := re.fullmatch(one.path, asked.path))]
        if not fits:
            return self.refusal(404, "not-found")
        found = [(one, match) for one, match in fits if one.method == asked.method]
        if not found:
            return self.refusal(405, "method-not-allowed")
        route, match = found[0]
        if not asked.query.keys() <= route.query:
            return self.refusal(400, "invalid-request-error")
        given: list[Any] = [*match.groups()]
        if route.body is None:
            if asked.body:
                return self.refusal(400, "invalid-request-error")
        else:
            body = _body(asked, headers, route)
            if body is None:
                return self.refusal(400, "invalid-request-error")
            given.append(body)
        return route.act(*given, **({"query": asked.query} if route.query else {}))


def _body(asked: Asked, headers: Mapping[str, str], route: Route) -> Any:
    wanted = "application/x-www-form-urlencoded" if route.form else "application/json"
    if headers.get("content-type") != wanted:
        return None
    try:
        if route.form:
            from urllib.parse import parse_qsl

            pairs = parse_qsl(asked.body.decode(), strict_parsing=True, keep_blank_values=True)
            if len(dict(pairs)) != len(pairs):
                return None
            return msgspec.convert(dict(pairs), route.body)
        return msgspec.json.decode(asked.body, type=route.body)
    except (msgspec.ValidationError, msgspec.DecodeError, ValueError):
        return None

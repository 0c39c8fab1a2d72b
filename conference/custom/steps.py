"""The requests of one operation, in turn: each made of its template, each reply kept as far as later ones need it."""

import re
from collections.abc import Mapping
from typing import Any, Literal, cast

import msgspec

from conference.custom import addresses, bodies, headers, templates
from conference.custom.authentication import Authentication
from conference.custom.bodies import Build
from conference.custom.expressions import Expression
from conference.custom.fields import Facts, Scope
from conference.custom.mistakes import Mistake
from conference.custom.refusals import Refusals, code
from conference.custom.tables import Table
from conference.custom.templates import Template
from conference.errors import OutcomeUnknown, Permanent
from conference.providers.base import Code, Reply, Request

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_KEPT = re.compile("[a-z][a-z0-9_]{0,31}")
MOST_KEPT = 16_384
"""Characters of a text that is kept of a reply."""
MOST_NUMBER = 2**53
"""The largest number that every reader of JSON takes exactly (RFC 8259, section 6)."""
MOST_STEPS = 8


class Step(msgspec.Struct, frozen=True):
    """One request. `accept` are refusals that are none here; `after` says that it is made only when the reply before
    had one of these statuses or codes; `changed` that it is made only when one of these fields of the event changed.
    """

    method: str
    address: addresses.Address
    query: Mapping[str, Template]
    headers: Mapping[str, Template]
    json: Build | None
    form: Mapping[str, Template] | None
    keep: Mapping[str, Expression]
    accept: frozenset[Code]
    after: frozenset[Code]
    changed: frozenset[str]

    def request(self, facts: Facts) -> Request:
        """The request with its values, before it is authenticated. Raises OutcomeUnknown where one is missing."""
        return Request(
            cast(Literal["GET", "POST", "PUT", "PATCH", "DELETE"], self.method),
            self.address.url(facts, bodies.filled(self.query, facts)),
            json=self.json(facts) if self.json else None,
            form=bodies.filled(self.form, facts) if self.form is not None else None,
            headers=bodies.filled(self.headers, facts),
        )


class Steps(msgspec.Struct, frozen=True):
    """The requests of one operation; `used` are the fields that they have in them."""

    steps: tuple[Step, ...]
    authentication: Authentication
    refusals: Refusals
    used: frozenset[str]

    def uses(self, name: str) -> bool:
        """Whether a request has that field in it."""
        return name in self.used

    def run(self, facts: Facts) -> Reply | None:
        """Make them; the last reply, None when nothing had to be asked. Raises as `call` does."""
        reply: Reply | None = None
        acted = False
        for step in self.steps:
            if step.changed and not step.changed & facts.changed:
                continue
            if step.after and (reply is None or not step.after & {reply.status, self.refusals.code(reply)}):
                continue
            request = self.authentication.signed(_filled(step, facts, acted), facts)
            reply = facts.call(request, step.accept)
            acted = acted or step.method != "GET"
            if reply.status < 400:
                _keep(step, reply, facts)
        return reply


def _filled(step: Step, facts: Facts, acted: bool) -> Request:
    """The request with its values. Raises OutcomeUnknown where one is missing, Permanent where nothing was acted on."""
    try:
        return step.request(facts)
    except OutcomeUnknown as missing:
        if not acted:
            raise Permanent("value-missing", missing.detail) from missing
        raise


def _keep(step: Step, reply: Reply, facts: Facts) -> None:
    document = reply.json() if step.keep else None
    for name, expression in step.keep.items():
        value = expression.of(document)
        if value is not None and not _is_keepable(value):
            raise OutcomeUnknown("malformed-reply", f"{name} cannot be kept: {type(value).__name__}")
        facts.kept[name] = value


def _is_keepable(value: Any) -> bool:
    return (isinstance(value, int) and abs(value) <= MOST_NUMBER) or (
        isinstance(value, str) and len(value) <= MOST_KEPT
    )


class Reader:
    """Reads the requests of a definition, operation by operation."""

    def __init__(self, authentication: Authentication, refusals: Refusals) -> None:
        self._authentication = authentication
        self._refusals = refusals

    def read(self, tables: list[Table], scope: Scope, accepted: frozenset[Code] = frozenset()) -> Steps:
        """The requests of one operation; `accepted` are its refusals that are none, where a request names no others.

        Raises Mistake.
        """
        if len(tables) > MOST_STEPS:
            raise Mistake(tables[MOST_STEPS].path, f"is one too many; expected at most {MOST_STEPS} requests")
        steps = [self._step(table, scope, accepted, first=not index) for index, table in enumerate(tables)]
        return Steps(tuple(steps), self._authentication, self._refusals, frozenset(scope.used))

    def _step(self, table: Table, scope: Scope, accepted: frozenset[Code], first: bool) -> Step:
        method = table.choice("method", _METHODS)
        address = addresses.read(table, "url", scope)
        query = _pairs(table, "query", scope, private=False) or {}
        sent = _headers(table, scope)
        json = bodies.body(table.get("json"), scope, table.at("json")) if table.has("json") else None
        form = _pairs(table, "form", scope)
        if json and form is not None:
            raise Mistake(table.at("form"), "stands beside json; expected one of the two")
        if method == "GET" and (json or form is not None):
            raise Mistake(table.at("form" if json is None else "json"), "stands in a GET; expected query")
        accept = _codes(table, "accept") if table.has("accept") else accepted
        after = _codes(table, "after")
        if after and first:
            raise Mistake(table.at("after"), "stands in the first request; expected it in a later one")
        changed = frozenset(table.texts("changed"))
        if changed and "changed.summary" not in scope.names():
            raise Mistake(table.at("changed"), "stands elsewhere than in update; expected it there")
        keep = _kept(table, scope)
        table.close()
        return Step(method, address, query, sent, json, form, keep, accept, after, changed)


def _pairs(table: Table, key: str, scope: Scope, private: bool = True) -> Mapping[str, Template] | None:
    inner = table.table(key)
    return None if inner is None else bodies.pairs(inner, scope, private=private)


def _headers(table: Table, scope: Scope) -> Mapping[str, Template]:
    read = _pairs(table, "headers", scope) or {}
    for name, template in read.items():
        written, path = table.get("headers")[name], (*table.at("headers"), name)
        if name.lower() == "content-type" and table.has("json"):
            headers.check_type(path, written)
            continue
        headers.check_name(path, name)
        templates.check_alone(written, path)
        headers.check_value(path, written, template)
    return read


def _codes(table: Table, key: str) -> frozenset[Code]:
    values = table.get(key)
    if values is None:
        return frozenset()
    if not isinstance(values, list) or not all(type(value) in (int, str) for value in values):
        raise Mistake(table.at(key), 'expected a list of statuses and codes, such as [404, "not-found"]')
    return frozenset(code(value) for value in values)


def _kept(table: Table, scope: Scope) -> Mapping[str, Expression]:
    inner = table.table("keep")
    if inner is None:
        return {}
    kept = {}
    for name in inner:
        if not _KEPT.fullmatch(name):
            raise Mistake(inner.at(name), "is no name; expected lower-case letters, digits and _")
        kept[name] = Expression(inner.text(name), inner.at(name))
        scope.keep(name)
    return kept

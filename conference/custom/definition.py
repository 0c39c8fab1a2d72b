"""A whole definition, read from a table: what the system can do, and the requests and replies by which it does it."""

import os
from collections.abc import Callable
from typing import Any, cast

import msgspec

from conference.custom import authentication, options, refusals, replies
from conference.custom.authentication import Authentication, Clients
from conference.custom.expressions import Expression
from conference.custom.fields import BECAUSE, OF, Scope
from conference.custom.mistakes import Mistake, meant, quoted
from conference.custom.options import CLIENT, Declared
from conference.custom.refusals import Refusals
from conference.custom.replies import Part, ReplyMap
from conference.custom.steps import Reader, Steps
from conference.custom.tables import Table
from conference.providers.base import Code, EventField, Idempotency, Limits

_IDEMPOTENCY: tuple[Idempotency, ...] = ("chosen", "keyed", "searchable", "none")
_FIELDS = ("summary", "description", "start", "end", "recurrence", "attendees")
_GONE: frozenset[Code] = frozenset({404, 410})
_LONGEST = 100_000


class AccountMap(msgspec.Struct, frozen=True):
    """Whose access token it is: the request, and where its reply says so."""

    steps: Steps
    id: Part
    address: Part | None


class Definition(msgspec.Struct, frozen=True):
    """What a definition says. An operation without requests is one that the system does not have."""

    system: str
    declared: Declared
    authentication: Authentication
    refusals: Refusals
    idempotency: Idempotency
    updates: frozenset[EventField]
    outlives_event: bool
    limits: Limits
    create: Steps
    update: Steps
    delete: Steps
    find: Steps
    found: Expression | None
    reply: ReplyMap
    reply_found: ReplyMap
    account: AccountMap | None

    @property
    def steps(self) -> tuple[Steps, ...]:
        """The requests of every operation."""
        of_account = (self.account.steps,) if self.account else ()
        return (self.create, self.update, self.delete, self.find, *of_account)


def read(value: object, *, inline: bool, random: Callable[[int], bytes] = os.urandom) -> Definition:
    """The definition in a table. Raises Mistake for the first thing in it that cannot be meant.

    `inline` says that it stands in the solution itself: then its options are values. `random` gives random bytes.
    """
    table = Table(value)
    declared = options.given(table) if inline else options.read(table.table("options"))
    system = table.text("system", "a system of your own" if inline else None)
    scope = Scope({}, declared.fields, declared.urls, inline)
    known = refusals.read(table)
    clients = Clients(declared.client, random)
    proof = authentication.read(table.table("authentication"), scope.within(OF["account"]), clients)
    reader = Reader(proof, known)
    scopes = {operation: scope.within(fields) for operation, fields in OF.items()}
    create = reader.read(table.tables("create"), scopes["create"])
    update = reader.read(table.tables("update"), scopes["update"])
    delete = reader.read(table.tables("delete"), scopes["delete"], _GONE)
    find = reader.read(table.tables("find"), scopes["find"], _GONE)
    reply = table.needed_table("reply", "the id and the link of a conference")
    made = replies.read(reply, scopes["create"])
    definition = Definition(
        system=system,
        declared=declared,
        authentication=proof,
        refusals=known,
        idempotency=cast(Idempotency, table.choice("idempotency", _IDEMPOTENCY)),
        updates=_updates(table),
        outlives_event=table.flag("outlives_event", False),
        limits=_limits(table.table("limits")),
        create=create,
        update=update,
        delete=delete,
        find=find,
        found=Expression(table.text("found"), table.at("found")) if table.has("found") else None,
        reply=made,
        reply_found=_found(table, scopes["find"]) if find.steps else made,
        account=_account(table, reader, scopes["account"]),
    )
    table.close()
    _check_capabilities(definition, table)
    _check_options(definition, scope, table)
    return definition


def _found(table: Table, scope: Scope) -> ReplyMap:
    """How what `find` has found is read: as what was made, with what its own requests have kept."""
    try:
        return replies.read(Table(table.get("reply"), table.at("reply")), scope)
    except Mistake as mistake:
        raise Mistake(mistake.path, f"{mistake.complaint}; find's reply is read so too") from None


def _check_options(definition: Definition, scope: Scope, table: Table) -> None:
    """Raise Mistake for an option that does nothing."""
    of_client = CLIENT if definition.authentication.kind in ("oauth2", "client_credentials") else ()
    for name in definition.declared.fields:
        if name not in of_client and f"options.{name}" not in scope.everywhere:
            raise Mistake(
                table.at(name) if name in CLIENT else (*table.at("options"), name),
                f"is used nowhere; expected {{options.{name}}} in a request",
            )


def _updates(table: Table) -> frozenset[EventField]:
    updates = table.texts("updates")
    for index, field in enumerate(updates):
        if field not in _FIELDS:
            raise Mistake((*table.at("updates"), index), f"{quoted(field)!r} cannot be told; {meant(field, _FIELDS)}")
    return cast(frozenset[EventField], frozenset(updates))


def _limits(table: Table | None) -> Limits:
    if table is None:
        return Limits()
    limits = Limits(table.whole("summary", 1, _LONGEST), table.whole("description", 0, _LONGEST))
    table.close()
    return limits


def _account(table: Table, reader: Reader, scope: Scope) -> AccountMap | None:
    inner = table.table("account")
    if inner is None:
        return None
    steps = reader.read(inner.tables("requests"), scope)
    if not steps.steps:
        raise Mistake(inner.at("requests"), "is missing; expected a list with a request")
    address = replies.part(inner, "address", scope) if inner.has("address") else None
    account = AccountMap(steps, replies.part(inner, "id", scope), address)
    inner.close()
    return account


def _told(update: Steps) -> frozenset[EventField]:
    """The changes of an event that those requests have a field of."""
    return frozenset[EventField]().union(*(BECAUSE.get(name.removeprefix("changed."), ()) for name in update.used))


def _check_capabilities(definition: Definition, table: Table) -> None:
    """Raise Mistake where what is declared and the requests that there are do not go together."""
    for broken, key, complaint in _contradictions(definition):
        if broken:
            raise Mistake(table.at(key), complaint)


def _contradictions(definition: Definition) -> list[tuple[bool, str, str]]:
    knows, oauth = definition.idempotency, definition.authentication.oauth
    changed: set[Any] = set().union(*(step.changed for step in definition.update.steps))
    of_users = definition.authentication.kind == "oauth2"
    return [
        (not definition.create.steps, "create", "is missing; expected a list with a request"),
        (
            knows in ("none", "searchable") and all(step.method == "GET" for step in definition.create.steps),
            "create",
            "has only GETs, which are repeated when a reply is lost; expected POST, or idempotency chosen or keyed",
        ),
        (
            knows != "none" and not definition.create.uses("attempt"),
            "idempotency",
            f"is {knows}, but no request of create has {{attempt}}; expected it there, or none here",
        ),
        (
            knows == "searchable" and not definition.find.steps,
            "find",
            "is missing; expected it, because idempotency is searchable",
        ),
        (
            bool(definition.find.steps) and (knows == "none" or not definition.find.uses("attempt")),
            "find",
            "has no {attempt}, or create has none; expected it in both, to find what was made under it",
        ),
        (
            definition.found is not None and not definition.find.steps,
            "found",
            "stands without find; expected a request there",
        ),
        (bool(definition.updates) and not definition.update.steps, "update", "is missing; expected it beside updates"),
        (bool(definition.update.steps) and not definition.updates, "updates", "is missing; expected what can change"),
        *(
            (True, "updates", f"has {field}, which no request of update tells; expected a field of it there")
            for field in sorted(definition.updates - _told(definition.update))
            if definition.update.steps
        ),
        (not changed <= definition.updates, "updates", "lacks a field that a request of update has in changed"),
        (
            definition.outlives_event and not definition.delete.steps,
            "outlives_event",
            "is true, but nothing deletes; expected delete",
        ),
        (
            of_users and definition.account is None,
            "account",
            "is missing; expected the request that says whose token it is",
        ),
        (
            oauth is None and definition.account is not None,
            "account",
            "stands without oauth2; expected [authentication]",
        ),
    ]

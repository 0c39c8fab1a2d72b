"""A system of your own: any REST system, described in anyroom.toml without code.

docs/custom.md is the reference of the tables. Each solution with this provider is a system of its own, and can do what
its tables say.
"""

from functools import cached_property
from typing import Any

import msgspec

from conference.custom import definition
from conference.custom.system import System
from conference.event import Event
from conference.providers.base import Account, Call, Changes, Conference, Known, Provider


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True, kw_only=True):
    """The definition, table by table, as docs/custom.md says. `client_id` and `client_secret` are for OAuth 2."""

    idempotency: Any = None
    create: Any = None
    reply: Any = None
    system: Any = None
    client_id: Any = ""
    client_secret: Any = ""
    options: Any = None
    authentication: Any = None
    update: Any = None
    delete: Any = None
    find: Any = None
    found: Any = None
    account: Any = None
    updates: Any = None
    outlives_event: Any = None
    limits: Any = None
    error_code: Any = None
    errors: Any = None

    def __post_init__(self) -> None:
        self.behind  # noqa: B018  # every mistake in it is found here

    @cached_property
    def behind(self) -> System:
        """The system that the tables describe. Raises ValueError."""
        given = {name: value for name, value in msgspec.structs.asdict(self).items() if value not in (None, "")}
        return System(definition.read(given, inline=True))

    @cached_property
    def provider(self) -> Provider:
        """What the tables declare."""
        return self.behind.declared("custom", Options)


PROVIDER = Provider(name="custom", authentication="secrets", idempotency="none", options=Options)


def declare(options: Options) -> Provider:
    """The declaration of one solution's tables."""
    return options.provider


def create(event: Event, attempt: str, call: Call) -> Conference:
    """A conference, by the requests of `create`."""
    return _system(call).create(event, attempt, call)


def update(known: Known, changes: Changes, call: Call) -> None:
    """Tell the system the event, by the requests of `update`."""
    _system(call).update(known, changes, call)


def delete(known: Known, call: Call) -> None:
    """Delete the conference, by the requests of `delete`."""
    _system(call).delete(known, call)


def find(attempt: str, call: Call) -> Conference | None:
    """The conference of that attempt, by the requests of `find`."""
    return _system(call).find(attempt, call)


def account(call: Call) -> Account:
    """Whose access token it is, by the requests of `account`."""
    return _system(call).account(call)


def _system(call: Call) -> System:
    options: Options = call.options
    return options.behind

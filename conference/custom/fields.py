"""What a template may name: the event's fields, the conference's, the call's, options, secrets and kept values."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec

from conference.event import Event
from conference.providers.base import Call, EventField

Kind = Literal["text", "whole", "flag", "time", "texts", "any"]
"""What a value is, before and after each format; "any" is known only when it is there."""

Operation = Literal["create", "update", "delete", "find", "account"]

YEARS = 10
"""How long after its first occurrence a series without an end is taken to be over, where an end is needed."""


class Facts(msgspec.Struct):
    """What one operation knows: its call, and what it is about.

    `changed` are the fields of the event that an update is about, `kept` the values of earlier replies, `token` the
    access token that was asked for in it, "" where none was, `item` what of a list is being told.
    """

    call: Call
    event: Event | None = None
    attempt: str = ""
    id: str = ""
    account: str = ""
    changed: frozenset[EventField] = frozenset()
    kept: dict[str, Any] = msgspec.field(default_factory=dict)
    token: str = ""
    item: str = ""


class Field(msgspec.Struct, frozen=True):
    """One name of templates. `private` is never let into an address: texts and people of the event, and secrets.

    `secret`, which is private too, is for the system alone and never let into what guests read. `empty` says that an
    empty value is one too, and {field?} is left out only where there is none.
    """

    kind: Kind
    read: Callable[[Facts], Any]
    private: bool = False
    empty: bool = False
    secret: bool = False

    @property
    def written(self) -> bool:
        """Whether it is text that people write, in whatever letters."""
        return self.kind == "text" and self.private and not self.secret


def _of_event(kind: Kind, read: Callable[[Event], Any], private: bool = False) -> Field:
    def of_facts(facts: Facts) -> Any:
        assert facts.event
        return read(facts.event)

    return Field(kind, of_facts, private)


def _far_end(event: Event) -> datetime:
    last = event.last_end()
    if last is not None:
        return last
    end = event.end.astimezone(UTC)
    return end.replace(year=min(end.year + YEARS, 9999), day=min(end.day, 28))


def _guests(event: Event) -> list[str]:
    return list(dict.fromkeys(guest.email for guest in event.attendees if guest.email and not guest.resource))


HOST: Mapping[str, Field] = {"host": Field("text", lambda facts: facts.call.host)}
"""Who is to host, which the grant of an access token may be for."""

_CALL: Mapping[str, Field] = {
    **HOST,
    "now": Field("time", lambda facts: facts.call.now()),
}
_EVENT: Mapping[str, Field] = {
    "summary": _of_event("text", lambda event: event.summary, private=True),
    "description": _of_event("text", lambda event: event.description, private=True),
    "start": _of_event("time", lambda event: event.start),
    "end": _of_event("time", lambda event: event.end),
    "last_end": _of_event("time", lambda event: event.last_end()),
    "far_end": _of_event("time", _far_end),
    "duration_minutes": _of_event("whole", lambda event: -(-event.duration // timedelta(minutes=1))),
    "duration_seconds": _of_event("whole", lambda event: event.duration // timedelta(seconds=1)),
    "zone": _of_event("text", lambda event: event.zone),
    "all_day": _of_event("flag", lambda event: event.all_day),
    "repeats": _of_event("flag", lambda event: bool(event.recurrence)),
    "recurrence": _of_event("texts", lambda event: list(event.recurrence)),
    "attendees": _of_event("texts", _guests, private=True),
}
_TIMES: frozenset[EventField] = frozenset(("start", "end"))
_SERIES: frozenset[EventField] = _TIMES | {"recurrence"}
BECAUSE: Mapping[str, frozenset[EventField]] = {
    "summary": frozenset({"summary"}),
    "description": frozenset({"description"}),
    **dict.fromkeys(("start", "end", "duration_minutes", "duration_seconds", "zone", "all_day"), _TIMES),
    **dict.fromkeys(("last_end", "far_end"), _SERIES),
    **dict.fromkeys(("repeats", "recurrence"), frozenset[EventField]({"recurrence"})),
    "attendees": frozenset({"attendees"}),
}
"""Which changes of an event change a field: of start and end both, because systems want them together."""


def _if_changed(field: Field, because: frozenset[EventField]) -> Field:
    def read(facts: Facts) -> Any:
        return field.read(facts) if because & facts.changed else None

    return Field(field.kind, read, field.private, empty=True)


_CHANGED = {f"changed.{name}": _if_changed(field, BECAUSE[name]) for name, field in _EVENT.items()}
_ATTEMPT: Mapping[str, Field] = {"attempt": Field("text", lambda facts: facts.attempt)}
ID: Mapping[str, Field] = {"id": Field("text", lambda facts: facts.id)}
_CONFERENCE: Mapping[str, Field] = {
    **ID,
    "account": Field("text", lambda facts: facts.account),
}

ITEM: Mapping[str, Field] = {"item": Field("text", lambda facts: facts.item, private=True)}
"""One of a list, where something is told for each of it."""

OF: Mapping[Operation, Mapping[str, Field]] = {
    "create": {**_CALL, **_EVENT, **_ATTEMPT},
    "update": {**_CALL, **_EVENT, **_CHANGED, **_ATTEMPT, **_CONFERENCE},
    "delete": {**_CALL, **_ATTEMPT, **_CONFERENCE},
    "find": {**_CALL, **_ATTEMPT},
    "account": _CALL,
}
"""The fields that the templates of each operation have."""


class Scope:
    """The names that templates may use at one place of a definition.

    `options` are those of the definition, by name; `urls` reads those that hold a URL from a solution's options;
    `inline` says that it is a solution's own. `used` are the names that were asked for here, `everywhere` in the whole
    definition.
    """

    def __init__(
        self,
        fields: Mapping[str, Field],
        options: Mapping[str, Field],
        urls: Mapping[str, Callable[[Any], str]],
        inline: bool,
        everywhere: set[str] | None = None,
    ) -> None:
        self._fields = dict(fields)
        self._options = options
        self.urls = urls
        self.inline = inline
        self.used: set[str] = set()
        self.everywhere: set[str] = set() if everywhere is None else everywhere
        for name, option in options.items():
            self._fields[f"options.{name}"] = option

    def within(self, fields: Mapping[str, Field]) -> "Scope":
        """The scope of another operation of the same definition."""
        return Scope(fields, self._options, self.urls, self.inline, self.everywhere)

    def also(self, fields: Mapping[str, Field]) -> "Scope":
        """This scope and some more fields."""
        return Scope({**self._fields, **fields}, self._options, self.urls, self.inline, self.everywhere)

    def keep(self, name: str) -> None:
        """Let templates that follow use {kept.NAME}."""
        self._fields[f"kept.{name}"] = Field("any", lambda facts: facts.kept.get(name))

    def names(self) -> list[str]:
        """Every name, for what was probably meant."""
        return list(self._fields)

    def field(self, name: str) -> Field | None:
        """The field of that name, None where there is none."""
        self.used.add(name)
        self.everywhere.add(name)
        return self._fields.get(name)

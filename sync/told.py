"""What a provider was told of an event, and in which fields that is not the event as it is now."""

from collections.abc import Mapping
from typing import Any

from conference.providers.base import EventField

_FIELDS: Mapping[str, tuple[EventField, ...]] = {
    "summary": ("summary",),
    "description": ("description",),
    "start": ("start",),
    "end": ("end",),
    "zone": ("start", "end"),
    "recurrence": ("recurrence",),
    "attendees": ("attendees",),
}


def changed_fields(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> frozenset[EventField]:
    """The fields in which two of `Event.told()` differ; all when the first was of a placeholder, or there is none."""
    if before is None or before.get("placeholder") != now["placeholder"]:
        return frozenset(field for fields in _FIELDS.values() for field in fields)
    return frozenset(field for name, fields in _FIELDS.items() if before.get(name) != now[name] for field in fields)

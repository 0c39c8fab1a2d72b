"""What one user sees of an event or a calendar: times in a zone, private details hidden, `self` where it is theirs.

Source: Calendar API, Events resource; Events.accessRole for what each role sees.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from simulator import discovery
from simulator.calendar import Calendar
from simulator.event import Json

HIDING_ROLES: Final = frozenset({"reader", "writerWithoutPrivateAccess"})
# Only these are guaranteed of a cancelled occurrence (Event.status), so nothing else is shown of one.
OF_CANCELLED_OCCURRENCE: Final = frozenset({"kind", "etag", "id", "status", "recurringEventId", "originalStartTime"})
OF_DELETED: Final = frozenset({"kind", "etag", "id", "status"})
OF_HIDDEN: Final = frozenset(
    (
        *("kind", "etag", "id", "status", "created", "updated", "start", "end", "visibility", "iCalUID", "sequence"),
        *("eventType", "recurrence", "recurringEventId", "originalStartTime"),
    )
)


def is_private(event: Json) -> bool:
    """Whether only those with full access may see the details."""
    return event.get("visibility") in ("private", "confidential")


def is_hidden(event: Json, role: str, email: str) -> bool:
    """Whether a user with this role sees nothing but times; guests always see their event."""
    if role == "freeBusyReader":
        return True
    guest = any(person["email"] == email for person in event.get("attendees", ()))
    return is_private(event) and role in HIDING_ROLES and not guest


def event_for(
    calendar: Calendar,
    event: Json,
    email: str,
    *,
    zone: str | None = None,
    max_attendees: int | None = None,
    bin_details: bool = True,
) -> Json:
    """The event as `email` sees it on this calendar, its times in `zone` or the calendar's own.

    Without `bin_details` nothing of a deleted event is shown but its id.
    """
    if event["status"] == "cancelled" and not bin_details and "recurringEventId" not in event:
        return {key: value for key, value in event.items() if key in OF_DELETED}
    if event["status"] == "cancelled" and "recurringEventId" in event:
        shown = {key: value for key, value in event.items() if key in OF_CANCELLED_OCCURRENCE}
    elif is_hidden(event, calendar.role(email), email):
        shown = {key: value for key, value in event.items() if key in OF_HIDDEN} | {"visibility": "private"}
    else:
        shown = {key: value for key, value in event.items() if value != _defaults().get(key)}
        _show_people(calendar, shown, email, max_attendees)
    for name in ("start", "end", "originalStartTime"):
        if "dateTime" in shown.get(name, {}):
            shown[name] = {**shown[name], "dateTime": _in_zone(shown[name]["dateTime"], zone or calendar.time_zone)}
    return shown


def list_for(calendar: Calendar, email: str, items: list[Json], etag: str) -> Json:
    """One page of events."""
    role = calendar.role(email)
    return {
        "kind": "calendar#events",
        "etag": etag,
        "summary": calendar.summary,
        "updated": calendar.updated.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "timeZone": calendar.time_zone,
        "accessRole": role,
        "defaultReminders": [{"method": "popup", "minutes": 10}] if role == "owner" else [],
        "items": items,
    }


def _show_people(calendar: Calendar, shown: Json, email: str, max_attendees: int | None) -> None:
    for name in ("creator", "organizer"):
        if name in shown:
            shown[name] = _with_self(calendar, shown[name])
    if shown.get("creator", {}).get("email") != email:
        shown.pop("source", None)
    attendees = shown.get("attendees", [])
    if max_attendees is not None and len(attendees) > max_attendees:
        attendees = [person for person in attendees if person["email"] == calendar.id]
        shown["attendeesOmitted"] = True
    if attendees or "attendees" in shown:
        shown["attendees"] = [_with_self(calendar, person) for person in attendees]


def _with_self(calendar: Calendar, person: Mapping[str, Any]) -> Json:
    return {**person, "self": True} if person["email"] == calendar.id else dict(person)


@lru_cache(maxsize=4096)
def _in_zone(text: str, zone: str) -> str:
    moment = datetime.fromisoformat(text).astimezone(ZoneInfo(zone))
    return moment.isoformat().replace("+00:00", "Z")


@cache
def _defaults() -> Mapping[str, Any]:
    """Members that Google leaves out while they have their default value."""
    words = {"true": True, "false": False}
    properties = discovery.schema("Event")["properties"]
    shown_anyway = ("kind", "eventType")
    return {
        name: words.get(rule["default"], rule["default"])
        for name, rule in properties.items()
        if "default" in rule and name not in shown_anyway
    }

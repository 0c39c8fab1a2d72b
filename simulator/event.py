"""What may be written into an event, and what Calendar makes of it: merging, checking, completing.

Source: Calendar API, Events resource and its "insert", "update" and "patch" methods; error texts as Google sends them.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulator import discovery
from simulator.errors import TIME_RANGE_EMPTY, ErrorReply, GoogleError, invalid, required

Json = dict[str, Any]

READ_ONLY: Final = frozenset(
    (
        *("kind", "etag", "created", "creator", "updated", "htmlLink", "organizer", "hangoutLink", "recurringEventId"),
        *("originalStartTime", "attendeesOmitted", "locked", "endTimeUnspecified", "privateCopy"),
    )
)
# What a writer may give once, when the event is made.
ON_CREATION: Final = frozenset({"id", "iCalUID", "eventType"})
# A change of these is a new revision of the invitation (RFC 5546, section 2.1.4).
RESCHEDULING: Final = ("start", "end", "recurrence", "status")

EVENT_ID: Final = re.compile(r"[a-v0-9]{5,1024}")
_NAIVE = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_RULE = re.compile(r"(RRULE|EXRULE|RDATE|EXDATE)[:;].+")


def writable(body: Any, *, creating: bool) -> Json:
    """The members of a request body that count; read-only ones are dropped, as Google drops them.

    Raises GoogleError 400 when the body is no Event.
    """
    if not isinstance(body, dict):
        raise GoogleError(ErrorReply(400, "parseError", "Parse Error"))
    discovery.check_value(body, {"$ref": "Event"})
    kept = READ_ONLY if creating else READ_ONLY | ON_CREATION
    return {key: value for key, value in body.items() if key not in kept and key != "conferenceData"}


def merged(old: Json, patch: Mapping[str, Any]) -> Json:
    """`old` with `patch` over it: None removes, objects merge, lists are replaced (Calendar API, patch semantics)."""
    result = dict(old)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = merged({}, value) if isinstance(value, dict) else value
    return result


def completed(body: Json, zone: str, organizer: str) -> Json:
    """`body` as Calendar keeps it. Raises GoogleError 400 when its times, recurrence or people make no sense.

    `zone` is the calendar's. Times without an offset are resolved in their own zone and keep the local time.
    """
    result = {key: value for key, value in body.items() if value is not None}
    recurring = bool(result.get("recurrence"))
    for name in ("start", "end"):
        result[name] = _time(name, result.get(name), zone, recurring)
    if ("date" in result["start"]) != ("date" in result["end"]):
        raise invalid("Invalid start time." if "date" in result["start"] else "Invalid end time.")
    if _instant(result["end"]) < _instant(result["start"]):
        raise GoogleError(TIME_RANGE_EMPTY)
    _check_recurrence(result)
    if result.get("status", "confirmed") not in ("confirmed", "tentative", "cancelled"):
        raise invalid("Invalid value for: status")
    if "attendees" in result:
        result["attendees"] = [_attendee(item, organizer) for item in result["attendees"]]
    result.setdefault("status", "confirmed")
    result.setdefault("reminders", {"useDefault": True})
    result.setdefault("eventType", "default")
    return result


def instants(body: Json, zone: str) -> tuple[datetime, datetime]:
    """Start and end, aware; the days of an all-day event begin in `zone`."""
    return aware(body["start"], zone), aware(body["end"], zone)


def aware(time: Json, zone: str) -> datetime:
    """The moment of a start or end; a day begins in `zone`."""
    moment = datetime.fromisoformat(time["dateTime"] if "dateTime" in time else time["date"])
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))


def _instant(time: Json) -> datetime | date:
    return datetime.fromisoformat(time["dateTime"]) if "dateTime" in time else date.fromisoformat(time["date"])


def _time(name: str, value: Any, zone: str, recurring: bool) -> Json:
    given = {key: item for key, item in (value or {}).items() if item is not None}
    if not given.get("date") and not given.get("dateTime"):
        raise required(f"Missing {name} time.")
    if "timeZone" in given:
        _zone(name, given["timeZone"])
    if "dateTime" not in given or "date" in given:
        if "dateTime" in given or not _DATE.fullmatch(given["date"]):
            raise invalid(f"Invalid {name} time.")
        _parsed(name, given["date"])
        return {"date": given["date"]}
    text = given["dateTime"]
    aware = discovery.RFC3339.fullmatch(text)
    if not aware and not _NAIVE.fullmatch(text):
        raise invalid(f"Invalid {name} time.")
    if "timeZone" not in given and (recurring or not aware):
        raise required(f"Missing time zone definition for {name} time.")
    moment = _parsed(name, text)
    if not aware:
        moment = moment.replace(tzinfo=_zone(name, given["timeZone"]))
    # Calendar keeps seconds only.
    return {"dateTime": moment.replace(microsecond=0).isoformat(), "timeZone": given.get("timeZone", zone)}


def _parsed(name: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        raise invalid(f"Invalid {name} time.") from None


def _zone(name: str, zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise invalid(f"Invalid time zone definition for {name} time.") from None


def _check_recurrence(body: Json) -> None:
    lines = body.get("recurrence")
    if lines is not None and not lines:
        del body["recurrence"]
    elif lines is not None and not all(isinstance(line, str) and _RULE.fullmatch(line) for line in lines):
        raise invalid("Invalid value for: recurrence")


def _attendee(given: Json, organizer: str) -> Json:
    email = given.get("email")
    if not email:
        raise required("Missing attendee email.")
    if "@" not in email.strip("@"):
        raise invalid("Invalid attendee email.")
    kept = {key: value for key, value in given.items() if value is not None and key not in ("self", "organizer")}
    kept["email"] = email.lower()
    kept.setdefault("responseStatus", "needsAction")
    if kept["email"] == organizer:
        kept["organizer"] = True
    return kept


def until(body: Json, zone: str) -> datetime | None:
    """When the last occurrence of an event ends at the latest; None when it never does.

    Rules are not expanded: a COUNT is taken at the rule's widest spacing, so that the answer is never too early.
    """
    start, end = instants(body, zone)
    last = start
    for line in body.get("recurrence", ()):
        kind, _, value = line.partition(":")
        if not kind.startswith("RRULE"):
            continue
        parts = dict(part.split("=", 1) for part in value.upper().split(";") if "=" in part)
        if "UNTIL" in parts:
            last = max(last, _ical(parts["UNTIL"], zone))
        elif "COUNT" in parts:
            days = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 31, "YEARLY": 366}.get(parts.get("FREQ", ""), 366)
            last = max(last, start + timedelta(days=days * int(parts["COUNT"]) * int(parts.get("INTERVAL", "1"))))
        else:
            return None
    return last + (end - start)


def _ical(text: str, zone: str) -> datetime:
    moment = datetime.fromisoformat(text.rstrip("Z"))
    return moment.replace(tzinfo=ZoneInfo("UTC" if text.endswith("Z") else zone))

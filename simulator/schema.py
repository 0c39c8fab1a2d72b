"""Whether a reply is one that Google could have sent: the discovery document's types, and what each reply must have.

The document calls no member required, so that `{}` would be a valid Event: REQUIRED says what Google's pages and
replies show to be always there. Needs the development requirement jsonschema.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

import jsonschema

from simulator import discovery, fields
from simulator.errors import QUOTA_MESSAGES
from simulator.event import Json

Path = tuple[str, ...]

# Members of each reply and where that is written. A path through a list holds for each of its members.
REQUIRED: Final[Mapping[str, tuple[str, tuple[Path, ...]]]] = {
    "list": (
        "Calendar API reference, events.list, response body",
        (
            *(("kind",), ("etag",), ("summary",), ("updated",), ("timeZone",)),
            *(("accessRole",), ("defaultReminders",), ("items",)),
        ),
    ),
    "channel": (
        "Get push notifications, watch response",
        (("kind",), ("id",), ("resourceId",), ("resourceUri",), ("expiration",)),
    ),
    "event": (
        "Calendar API reference, Events, resource representation",
        (
            *(("kind",), ("etag",), ("id",), ("status",), ("updated",), ("start",), ("end",)),
            *(("iCalUID",), ("sequence",), ("eventType",)),
        ),
    ),
    "event with details": (
        "Calendar API reference, Events, resource representation; details of private events may be hidden",
        (("htmlLink",), ("created",), ("creator", "email"), ("organizer", "email"), ("reminders", "useDefault")),
    ),
    "recurring event": ("Event.start.timeZone: required for recurring events", (("start", "timeZone"),)),
    "occurrence": ("Event.originalStartTime", (("recurringEventId",), ("originalStartTime",))),
    "cancelled event": ("Event.status: only the id is guaranteed", (("id",), ("status",))),
    "cancelled occurrence": (
        "Event.status: only these are guaranteed",
        (("id",), ("status",), ("recurringEventId",), ("originalStartTime",)),
    ),
    "attendees": ("EventAttendee.email", (("attendees", "email"), ("attendees", "responseStatus"))),
    "conference": (
        "ConferenceData.conferenceSolution: a solution and at least one entry point, or a createRequest",
        (
            ("conferenceData", "conferenceSolution", "key", "type"),
            ("conferenceData", "conferenceSolution", "name"),
            ("conferenceData", "entryPoints", "entryPointType"),
            ("conferenceData", "entryPoints", "uri"),
            ("conferenceData", "conferenceId"),
            ("conferenceData", "signature"),
        ),
    ),
    "error": (
        "Calendar API, Handle API errors",
        (
            ("error", "code"),
            ("error", "message"),
            ("error", "errors", "domain"),
            ("error", "errors", "reason"),
            ("error", "errors", "message"),
        ),
    ),
}

_ERROR: Final[Json] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "code": {"type": "integer"},
                "message": {"type": "string"},
                "errors": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            name: {"type": "string", "minLength": 1}
                            for name in ("domain", "reason", "message", "locationType", "location")
                        },
                    },
                },
            },
        }
    },
}


class InvalidReply(AssertionError):
    """A reply that Google would not have sent."""


def check_reply(method: str, status: int, body: Any, mask: fields.Mask | None = None) -> None:
    """Raise InvalidReply unless `body` is what the method `method` may answer; None for no body."""
    if status in (204, 304):
        _need(body is None, f"{status} with a body")
    elif status == 200:
        _check_success(discovery.method(method)["response"]["$ref"], body, mask)
    else:
        _check_type(body, _ERROR)
        _check_required(body, "error", None)
        _check_error(status, body["error"])


def _check_success(name: str, body: Any, mask: fields.Mask | None) -> None:
    _check_type(body, json_schema(name))
    if name == "Channel":
        _check_required(body, "channel", mask)
        return
    kind, events = ("list", body.get("items", ())) if name == "Events" else ("", (body,))
    if kind:
        _check_required(body, kind, mask)
        _need(not {"nextPageToken", "nextSyncToken"}.issubset(body), "a sync token before the last page")
    inner = mask if not kind or mask is None else mask.get("items", mask.get("*"))
    for event in events:
        for rule in _rules_of(event, inner):
            _check_required(event, rule, inner)


def _check_error(status: int, error: Json) -> None:
    _need(error["code"] == status, f"error code {error['code']} in a reply of status {status}")
    _need(error["message"] == error["errors"][0]["message"], "two messages that differ")
    if error["errors"][0]["reason"] in QUOTA_MESSAGES:
        _need(status in (403, 429), "a quota error is 403 or 429")


@cache
def json_schema(name: str) -> Json:
    """The discovery type `name` as a JSON Schema (2020-12) that refuses members which the document does not name."""
    types = discovery.document()["schemas"]
    return {"$ref": f"#/$defs/{name}", "$defs": {key: _converted(rule) for key, rule in types.items()}}


_FORMATS: Final[Mapping[str, Json]] = {
    "date-time": {"pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"},
    "date": {"pattern": r"^\d{4}-\d\d-\d\d$"},
    "int32": {"minimum": -(2**31), "maximum": 2**31 - 1},
}


def _converted(rule: discovery.Schema) -> Json:
    if "$ref" in rule:
        return {"$ref": f"#/$defs/{rule['$ref']}"}
    result: Json = {"type": rule["type"], **_FORMATS.get(rule.get("format", ""), {})}
    if rule["type"] == "object":
        result["properties"] = {key: _converted(value) for key, value in rule.get("properties", {}).items()}
        others = rule.get("additionalProperties")
        result["additionalProperties"] = _converted(others) if others else False
    if "items" in rule:
        result["items"] = _converted(rule["items"])
    if "enum" in rule:
        result["enum"] = rule["enum"]
    # The document lists these words in prose only.
    if words := re.findall(r'^- "(\w+)" - ', rule.get("description", ""), re.MULTILINE):
        result["enum"] = words
    return result


def _check_type(body: Any, schema: Json) -> None:
    try:
        jsonschema.Draft202012Validator(schema).validate(body)
    except jsonschema.ValidationError as error:
        raise InvalidReply(f"{error.json_path}: {error.message}") from error


def _rules_of(event: Json, mask: fields.Mask | None) -> Iterator[str]:
    if not fields.selects(mask, ("status",)):
        return
    if event.get("status") == "cancelled":
        yield "cancelled occurrence" if "recurringEventId" in event else "cancelled event"
        return
    yield "event"
    if fields.selects(mask, ("visibility",)) and event.get("visibility") not in ("private", "confidential"):
        yield "event with details"
    if "recurrence" in event and "date" not in event.get("start", {}):
        yield "recurring event"
    if "recurringEventId" in event or "originalStartTime" in event:
        yield "occurrence"
    if "attendees" in event:
        yield "attendees"
    if "conferenceData" in event:
        yield "conference"


def _check_required(body: Json, rule: str, mask: fields.Mask | None) -> None:
    source, paths = REQUIRED[rule]
    for path in paths:
        if fields.selects(mask, path):
            _need(_has(body, path), f"{rule} without {'.'.join(path)} ({source})")


def _has(value: Any, path: Path) -> bool:
    if isinstance(value, list):
        return all(_has(item, path) for item in value)
    return not path or (path[0] in value and _has(value[path[0]], path[1:]))


def _need(condition: bool, complaint: str) -> None:
    if not condition:
        raise InvalidReply(complaint)

"""Both wire shapes of the add-on, Apps Script and HTTP: requests are read tolerantly, answers rendered exactly.

Sources: Create third-party conferences; Build Google Workspace add-ons with alternate runtimes (event objects);
apps.extensions.markup (createConferenceDataActionMarkup). The body of an HTTP add-on's onCreate call is not documented,
hence the alternatives that are read.
"""

import json
import math
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from conference.data import ConferenceData, ConferenceFailed, EntryPoint
from conference.errors import BadRequest

_MAX_ID = 800
"""Characters that an id takes in a URL: Google's own are far shorter, and over 2,048 in all its client sends a POST."""
_MAX_TOKEN = 8192
_MAX_DIGITS = 64

Shape = Literal["script", "addon"]


class AddOnRequest(msgspec.Struct, frozen=True):
    """What an add-on sent. Ids are opaque text; `user_token` is only there in the HTTP shape."""

    shape: Shape
    calendar_id: str = ""
    event_id: str = ""
    access_token: str = ""
    user_token: str = ""

    def of(self, email: str) -> "AddOnRequest":
        """The same as that user means it: the calendar's id lower-cased, `primary` replaced by their address."""
        calendar = self.calendar_id.lower()
        return msgspec.structs.replace(self, calendar_id=email if calendar == "primary" else calendar)


def parse(body: bytes) -> AddOnRequest:
    """Read a request's body. Raises BadRequest with a reason; never anything else."""
    message = _object(body)
    if "authorizationEventObject" in message or "commonEventObject" in message:
        return _parse_addon(message)
    return AddOnRequest(
        "script",
        _id(message, "calendarId"),
        _id(message, "eventId"),
        _token(message, "oauthToken"),
    )


def require_event(request: AddOnRequest) -> AddOnRequest:
    """The same request, which names a calendar, an event and a token. Raises BadRequest."""
    return _require(
        request,
        {"calendar id": request.calendar_id, "event id": request.event_id, "access token": request.access_token},
    )


def require_calendar(request: AddOnRequest) -> AddOnRequest:
    """The same request, which names a calendar and a token. Raises BadRequest."""
    return _require(request, {"calendar id": request.calendar_id, "access token": request.access_token})


def _require(request: AddOnRequest, needed: Mapping[str, str]) -> AddOnRequest:
    """The same request, in which nothing that is needed is empty. Raises BadRequest."""
    for name, value in needed.items():
        if not value:
            raise BadRequest("missing-field", f"the request has no {name}")
    return request


def render(shape: Shape, answer: ConferenceData | ConferenceFailed, wrapped: bool = False) -> dict[str, Any]:
    """The answer as JSON values: for the script, or as createConferenceDataActionMarkup, bare or wrapped."""
    if shape == "script":
        return {"conferenceData": _script_data(answer)}
    return _markup("createConferenceDataActionMarkup", {"createConferenceData": _addon_data(answer)}, wrapped)


def render_settings_url(shape: Shape, url: str, wrapped: bool = False) -> dict[str, Any]:
    """The settings page's address as JSON values, in either shape."""
    if shape == "script":
        return {"settingsUrl": url}
    return _markup("createConferenceSettingUrlActionMarkup", {"settingsUrl": url}, wrapped)


def _parse_addon(message: Mapping[str, Any]) -> AddOnRequest:
    authorization = _part(message, "authorizationEventObject")
    calendar = _part(message, "calendar") or _part(message, "calendarEventObject")
    data = _part(message, "eventData") or _part(calendar, "eventData")
    return AddOnRequest(
        "addon",
        _id(calendar, "calendarId") or _id(data, "calendarId"),
        _id(calendar, "id") or _id(calendar, "eventId") or _id(data, "eventId"),
        _token(authorization, "userOAuthToken") or _token(authorization, "userOauthToken"),
        _token(authorization, "userIdToken"),
    )


def _script_data(answer: ConferenceData | ConferenceFailed) -> dict[str, Any]:
    if isinstance(answer, ConferenceFailed):
        error: dict[str, str] = {"conferenceErrorType": answer.error_type}
        if answer.authentication_url:
            error["authenticationUrl"] = answer.authentication_url
        return {"error": error}
    data: dict[str, Any] = {
        "conferenceId": answer.conference_id,
        "conferenceSolutionId": answer.solution_id,
        "entryPoints": [{"entryPointType": point.type, **_entry_point(point)} for point in answer.entry_points],
        "conferenceParameters": [{"key": item.key, "value": item.value} for item in answer.parameters],
    }
    if answer.notes:
        data["notes"] = answer.notes
    return data


def _addon_data(answer: ConferenceData | ConferenceFailed) -> dict[str, Any]:
    if isinstance(answer, ConferenceFailed):
        error: dict[str, str] = {"type": answer.error_type}
        if answer.authentication_url:
            error["authenticationUrl"] = answer.authentication_url
        return {"error": error}
    points = [{"type": point.type, **_entry_point(point)} for point in answer.entry_points]
    for rendered, point in zip(points, answer.entry_points, strict=True):
        if point.label:
            rendered["label"] = point.label
    data: dict[str, Any] = {
        "conferenceId": answer.conference_id,
        "conferenceSolutionId": answer.solution_id,
        "entryPoints": points,
        "parameters": [{"key": item.key, "value": item.value} for item in answer.parameters],
    }
    if answer.notes:
        data["note"] = answer.notes
    return data


def _entry_point(point: EntryPoint) -> dict[str, Any]:
    """The fields that both shapes call by the same names; only those that are filled."""
    codes = {
        "pin": point.pin,
        "accessCode": point.access_code,
        "meetingCode": point.meeting_code,
        "passcode": point.passcode,
        "password": point.password,
        "regionCode": point.region_code,
        "features": list(point.features),
    }
    return {"uri": point.uri, **{name: value for name, value in codes.items() if value}}


def _markup(name: str, content: dict[str, Any], wrapped: bool) -> dict[str, Any]:
    bare = {"hostAppAction": {"calendarAction": {name: content}}}
    return {"renderActions": bare} if wrapped else bare


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        message = json.loads(
            body,
            object_pairs_hook=_unique,
            parse_int=_whole,
            parse_float=_finite,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError) as error:
        raise BadRequest("malformed-json", "the body is no JSON that can be read") from error
    if not isinstance(message, dict):
        raise BadRequest("not-an-object", "the body is no JSON object")
    return message


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _whole(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError("a number is too long")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _refuse_constant(text: str) -> None:
    raise ValueError("no JSON number")


def _part(message: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = message.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest("wrong-type", f"{key} is no object")
    return value


def _id(message: Mapping[str, Any], key: str) -> str:
    """An opaque id, "" when it is absent."""
    value = _text(message, key, _MAX_ID)
    if not value.isprintable() or value != value.strip() or value in (".", ".."):
        raise BadRequest("bad-id", f"{key} is nothing that an id can be")
    if len(quote(value, safe="")) > _MAX_ID:
        raise BadRequest("too-long", f"{key} is over {_MAX_ID} characters in a URL")
    return value


def _token(message: Mapping[str, Any], key: str) -> str:
    """A bearer token, "" when it is absent: visible ASCII only, as it goes into a header."""
    value = _text(message, key, _MAX_TOKEN)
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise BadRequest("bad-token", f"{key} holds characters that no token has")
    return value


def _text(message: Mapping[str, Any], key: str, limit: int) -> str:
    value = message.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadRequest("wrong-type", f"{key} is no text")
    if len(value) > limit:
        raise BadRequest("too-long", f"{key} is over {limit} characters")
    return value

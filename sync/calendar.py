"""Google Calendar API v3, read only, with the token of the user who asks.

google-api-python-client builds the requests and reads the replies; our own bounded HTTP exchange carries them. Sources:
Calendar API reference (Events: get, list); Handle API errors (Calendar API guides).
"""

import json
from collections.abc import Mapping
from typing import Any

import httplib2
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from conference import event as events
from conference.clock import Deadline
from conference.errors import ConferenceFailure, Permanent, PermissionDenied, Temporary
from conference.event import Event
from sync.carrier import Carrier, Send

FIELDS = (
    "id,status,summary,description,location,start,end,endTimeUnspecified,recurrence,recurringEventId,iCalUID,"
    "visibility,organizer,attendees,conferenceData/parameters"
)
"""What is read of an event."""

_QUOTA = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"})
_SWITCHED_OFF = frozenset({"accessNotConfigured", "SERVICE_DISABLED"})
"""The Calendar API is off in the project of the add-on: its administrator's to mend, not the user's."""
_NOT_THERE = frozenset({404, 410})
_PASSING = frozenset({408, 429})


class GoogleCalendar:
    """The reader that conference.create asks. `api` is the base URL of Google's APIs; `send` one bounded exchange."""

    def __init__(self, api: str, send: Send) -> None:
        service = build(
            "calendar",
            "v3",
            http=httplib2.Http(),
            static_discovery=True,
            client_options={"api_endpoint": f"{api}/calendar/v3/"},
        )
        self._events = service.events()
        self._send = send

    def access_role(self, calendar: str, token: str, deadline: Deadline) -> str:
        """The caller's role on the calendar. Raises PermissionDenied when it cannot be read, Temporary on a hiccup."""
        return str(self._calendar(calendar, token, deadline).get("accessRole", "none"))

    def event(self, calendar: str, event: str, token: str, deadline: Deadline) -> Event | None:
        """The event, None while it does not exist (404, 410 or cancelled).

        An all-day event's zone is the calendar's, which costs one more read. Raises PermissionDenied for 401 and 403,
        Temporary on a hiccup, Permanent when its times make no sense.
        """
        request = self._events.get(calendarId=calendar, eventId=event, fields=FIELDS)
        try:
            body = self._execute(request, token, deadline)
        except HttpError as error:
            if error.status_code in _NOT_THERE:
                return None
            raise _failure(error) from error
        if body.get("status") == "cancelled":
            return None
        if events.names_zone(body):
            return events.from_calendar(calendar, body)
        zone = self._calendar(calendar, token, deadline).get("timeZone")
        return events.from_calendar(calendar, body, str(zone or "UTC"))

    def _calendar(self, calendar: str, token: str, deadline: Deadline) -> Mapping[str, Any]:
        """What a list says of the calendar itself. A 404 means that it does not exist or may not be seen."""
        request = self._events.list(calendarId=calendar, maxResults=1, fields="accessRole,timeZone")
        try:
            return self._execute(request, token, deadline)
        except HttpError as error:
            if error.status_code in _NOT_THERE:
                raise PermissionDenied("calendar-not-readable", "Calendar answered 404") from error
            raise _failure(error) from error

    def _execute(self, request: Any, token: str, deadline: Deadline) -> Mapping[str, Any]:
        request.headers["authorization"] = f"Bearer {token}"
        try:
            body = request.execute(http=Carrier(self._send, deadline, "GET"))
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise Temporary("calendar-malformed", "Calendar's reply cannot be read") from error
        if not isinstance(body, dict):
            raise Temporary("calendar-malformed", "Calendar's reply is no object")
        return body


def _failure(error: HttpError) -> ConferenceFailure:
    """What an error of Calendar means (Handle API errors): a quota or a fault of Google's passes, a refusal stays."""
    status, reason = int(error.status_code), _reason(error)
    detail = f"Calendar answered {status} {reason}".strip()
    if reason in _QUOTA or status in _PASSING or status >= 500:
        return Temporary("calendar-unavailable", detail)
    refused = PermissionDenied if status in (401, 403) and reason not in _SWITCHED_OFF else Permanent
    return refused("calendar-refused", detail)


def _reason(error: HttpError) -> str:
    """The reason word of an error body, "" when there is none; anything else in it is not for the log."""
    try:
        reason = json.loads(error.content)["error"]["errors"][0]["reason"]
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
    return reason if isinstance(reason, str) and reason.isalnum() and len(reason) < 64 else ""

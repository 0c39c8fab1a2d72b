"""Google Calendar API v3 with a user's token: events are read and listed, calendars watched, and nothing is written.

google-api-python-client builds the requests and reads the replies; our own bounded HTTP exchange carries them. Sources:
Calendar API reference (Events: get, list, watch; Channels: stop); Synchronize resources efficiently, Push
notifications, Handle API errors (Calendar API guides).
"""

import json
from collections.abc import Callable, Mapping
from copy import copy
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import httplib2
import msgspec
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from conference import event as events
from conference.clock import Deadline
from conference.errors import (
    ConferenceFailure,
    CursorExpired,
    OutcomeUnknown,
    OverQuota,
    PageTooLarge,
    Permanent,
    PermissionDenied,
    Temporary,
)
from conference.event import Event
from sync import row
from sync.carrier import Carrier, Send
from sync.row import Row, Rows

FIELDS = (
    "id,status,summary,description,location,start,end,endTimeUnspecified,recurrence,recurringEventId,iCalUID,"
    "visibility,organizer,attendees,conferenceData/parameters"
)
"""What is read of an event to make a conference for it."""

_ROW = (
    "id,etag,updated,status,summary,description,location,start,end,recurrence,recurringEventId,originalStartTime,iCalUID,"
    "visibility,organizer,"
    "attendees(email,displayName,optional,organizer,resource,self,responseStatus,additionalGuests),"
    "conferenceData(conferenceId,parameters)"
)
_LISTED: Mapping[str, Any] = {
    "singleEvents": False,
    "showDeleted": True,
    "maxResults": 2500,
    "eventTypes": "default",
    "fields": f"accessRole,timeZone,nextPageToken,nextSyncToken,items({_ROW})",
}
"""One query for full lists and for changes, because Calendar wants the same parameters with a sync token. Deletions
keep their details only with showDeleted (Events resource, status)."""
_QUERIES: Mapping[str, Mapping[str, Any]] = {
    sha256(json.dumps(query, sort_keys=True).encode()).hexdigest()[:16]: query
    for query in (_LISTED, {**_LISTED, "maxResults": 100})
}
QUERY, SMALL_PAGES = _QUERIES
"""Which query a sync token was won with: a token of another one is good for nothing. The second is for a calendar that
once had a page of more than MOST_LISTED bytes."""
MOST_LISTED = 32 << 20
"""Bytes that a page of a list may have: 2,500 events with their descriptions."""
CHANNEL_SECONDS = 604800
"""How long a channel is asked for; Calendar's default (Events: watch, params.ttl)."""

UNAUTHENTICATED = "calendar-unauthenticated"
"""The reason of a PermissionDenied that speaks of the access token, and perhaps not of the user."""

_QUOTA = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"})
_OF_USER = "userRateLimitExceeded"
_SWITCHED_OFF = frozenset({"accessNotConfigured", "SERVICE_DISABLED"})
"""The Calendar API is off in the project of the add-on: its administrator's to mend, not the user's."""
_ID_USED = "channelIdNotUnique"
"""Of a random id: the request was repeated because its reply was lost, and the first one had opened the channel."""
_MALFORMED = "calendar-malformed"
_TOO_LARGE = "reply-too-large"
_NOT_FOUND, _GONE = 404, 410
_NOT_THERE = frozenset({_NOT_FOUND, _GONE})
_OF_LIST = frozenset({_GONE})
_OF_PAGE = frozenset({400, _GONE})
"""What Calendar says of a list that cannot go on; a page token that is good no more is a bad request."""
_PASSING = frozenset({408})
_METHODS = frozenset({"calendar.events.get", "calendar.events.list", "calendar.events.watch", "calendar.channels.stop"})
"""All that Anyroom ever asks of Calendar."""


class Listed(msgspec.Struct, frozen=True):
    """One page of a list: the caller's role, the events, and what comes next, a page or in the end a sync token."""

    role: str
    rows: Rows
    next_page: str
    next_sync: str


class _Page(msgspec.Struct, frozen=True, rename="camel"):
    """A page as Calendar sends it, its events not read yet: all of them at once take five times their bytes."""

    access_role: str = "none"
    time_zone: str = "UTC"
    next_page_token: str = ""
    next_sync_token: str = ""
    items: tuple[msgspec.Raw, ...] = ()


class Watched(msgspec.Struct, frozen=True):
    """Calendar's answer to watch: what the channel is of, and until when it lives (aware, UTC)."""

    resource: str
    expires: datetime


class GoogleCalendar:
    """The reader that conference.create asks, and what a sync reads with.

    `api` is the base URL of Google's APIs; `send` one bounded exchange.
    """

    def __init__(self, api: str, send: Send) -> None:
        service = build(
            "calendar",
            "v3",
            http=httplib2.Http(),
            static_discovery=True,
            client_options={"api_endpoint": f"{api}/calendar/v3/"},
        )
        self._events = service.events()
        self._channels = service.channels()
        self._send = send
        self._quota_user = ""

    def charged_to(self, user: str) -> "GoogleCalendar":
        """The same, its requests counted for that user, at most 40 characters, and not for who owns the token.

        Source: Manage quotas (Calendar API guides), quotaUser with domain-wide delegation. Without a user it is as it
        was.
        """
        charged = copy(self)
        charged._quota_user = user  # noqa: SLF001  # it is one of us
        return charged

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

    def page(
        self,
        calendar: str,
        token: str,
        deadline: Deadline,
        *,
        query: str = QUERY,
        cursor: str = "",
        since: datetime | None = None,
        page: str = "",
    ) -> Listed:
        """One page of what changed since `cursor`, or of everything that ends after `since`.

        `token` is the access token; `page` is what the page before has named. Raises CursorExpired, PageTooLarge,
        PermissionDenied when the calendar cannot be read, OverQuota, Temporary.
        """
        begin = {"syncToken": cursor} if cursor else {"timeMin": _rfc3339(since)} if since else {}
        more = {"pageToken": page} if page else {}
        request = self._events.list(calendarId=calendar, **_QUERIES[query], **begin, **more)
        request.postproc = partial(_unread, request.postproc)
        try:
            body = self._read(request, token, deadline, _OF_PAGE if page else _OF_LIST)
        except ConferenceFailure as failure:
            if failure.reason == _TOO_LARGE and query == QUERY:
                raise PageTooLarge(_TOO_LARGE) from failure
            raise
        assert isinstance(body, _Page)
        rows = Rows(calendar, body.items, body.time_zone)
        return Listed(body.access_role, rows, body.next_page_token, body.next_sync_token)

    def look(self, calendar: str, event: str, token: str, deadline: Deadline) -> Row:
        """One event as it is now; "vanished" when Calendar does not know it. Raises as `page`.

        Whether the calendar itself can be read must be known: Calendar answers 404 for both.
        """
        try:
            body = self._execute(self._events.get(calendarId=calendar, eventId=event, fields=_ROW), token, deadline)
        except HttpError as error:
            if error.status_code in _NOT_THERE:
                return row.vanished(event)
            raise _failure(error) from error
        zone = "UTC"
        if body.get("status") != "cancelled" and not events.names_zone(body):
            zone = str(self._calendar(calendar, token, deadline).get("timeZone") or "UTC")
        return row.read(calendar, body, zone)

    def of_series(self, calendar: str, uid: str, token: str, deadline: Deadline) -> tuple[Row, ...]:
        """All that shares that iCalUID, deleted or not: a series, its occurrences that were changed or cancelled, a
        copy that was moved away.
        """
        wanted = {"iCalUID": uid, "showDeleted": True, "singleEvents": False, "maxResults": 2500}
        request = self._events.list(calendarId=calendar, **wanted, fields=f"timeZone,items({_ROW})")
        body = self._read(request, token, deadline)
        items = body.get("items", [])
        return tuple(row.read(calendar, item, str(body.get("timeZone") or "UTC")) for item in items)

    def watch(self, calendar: str, channel: str, secret: str, address: str, token: str, deadline: Deadline) -> Watched:
        """Open the push channel of that id: Calendar then posts to `address` with `secret` at each change.

        Raises PermissionDenied, OverQuota, Temporary, OutcomeUnknown when the channel may be open all the same, and
        Permanent where Calendar refuses the address.
        """
        wanted = {
            "id": channel,
            "type": "web_hook",
            "address": address,
            "token": secret,
            "params": {"ttl": str(CHANNEL_SECONDS)},
        }
        request = self._events.watch(calendarId=calendar, body=wanted, fields="resourceId,expiration")
        try:
            body = self._execute(request, token, deadline)
        except HttpError as error:
            if error.status_code >= 500 or _reason(error) == _ID_USED:
                raise OutcomeUnknown("channel-perhaps-open", f"Calendar answered {error.status_code}") from error
            if error.status_code == _NOT_FOUND:
                raise PermissionDenied("calendar-not-readable", "Calendar answered 404") from error
            raise _failure(error) from error
        except Temporary as failure:
            if failure.reason == _MALFORMED:
                raise OutcomeUnknown(failure.reason, failure.detail) from failure
            raise
        try:
            expires = datetime.fromtimestamp(int(body["expiration"]) / 1000, UTC)
            return Watched(str(body["resourceId"]), expires)
        except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
            raise OutcomeUnknown(_MALFORMED, "Calendar's answer to watch names no channel") from error

    def stop(self, channel: str, resource: str, token: str, deadline: Deadline) -> None:
        """Close a channel; one that Calendar does not know any more is closed. Raises PermissionDenied, Temporary."""
        try:
            self._send_request(self._channels.stop(body={"id": channel, "resourceId": resource}), token, deadline)
        except HttpError as error:
            if error.status_code not in _NOT_THERE:
                raise _failure(error) from error

    def _read(self, request: Any, token: str, deadline: Deadline, expired: frozenset[int] = _OF_LIST) -> Any:
        """What Calendar answers about a calendar that must be readable. Raises as `page`."""
        try:
            return self._execute(request, token, deadline)
        except HttpError as error:
            if error.status_code in expired:
                raise CursorExpired("cursor-expired", _reason(error)) from error
            if error.status_code == _NOT_FOUND:
                raise PermissionDenied("calendar-not-readable", "Calendar answered 404") from error
            raise _failure(error) from error

    def _calendar(self, calendar: str, token: str, deadline: Deadline) -> Any:
        """What a list says of the calendar itself. A 404 means that it does not exist or may not be seen."""
        request = self._events.list(calendarId=calendar, maxResults=1, fields="accessRole,timeZone")
        try:
            return self._execute(request, token, deadline)
        except HttpError as error:
            if error.status_code in _NOT_THERE:
                raise PermissionDenied("calendar-not-readable", "Calendar answered 404") from error
            raise _failure(error) from error

    def _execute(self, request: Any, token: str, deadline: Deadline) -> Any:
        """The object, or the page, that Calendar answers. Raises HttpError, Temporary."""
        body = self._send_request(request, token, deadline)
        if not isinstance(body, (dict, _Page)):
            raise Temporary(_MALFORMED, "Calendar's reply is no object")
        return body

    def _send_request(self, request: Any, token: str, deadline: Deadline) -> Any:
        """Whatever Calendar answers, nothing included. Raises as `_execute`."""
        assert request.methodId in _METHODS, "Anyroom never writes to a calendar"
        request.headers["authorization"] = f"Bearer {token}"
        if self._quota_user:
            request.uri += ("&" if "?" in request.uri else "?") + urlencode({"quotaUser": self._quota_user})
        carrier = Carrier(self._send, deadline, "GET" if request.method == "GET" else "POST", MOST_LISTED)
        try:
            return request.execute(http=carrier)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise Temporary(_MALFORMED, "Calendar's reply cannot be read") from error


def _unread(postproc: Callable[[Any, bytes], Any], response: Any, content: bytes) -> Any:
    """The reply's page with its events unread; errors as the library reads them. Raises ValueError."""
    if response.status >= 300:
        return postproc(response, content)
    try:
        return msgspec.json.decode(content, type=_Page)
    except ValueError:  # half a surrogate pair in some text, which is no reason to stand still, or no page at all
        body = postproc(response, content)
        if not isinstance(body.get("items", []), list):
            raise
        items = [msgspec.Raw(json.dumps(item).encode()) for item in body.get("items", ())]
        return msgspec.convert({**body, "items": items}, _Page)


def _failure(error: HttpError) -> ConferenceFailure:
    """What an error of Calendar means (Handle API errors): a quota or a fault of Google's passes, a refusal stays."""
    status, reason = int(error.status_code), _reason(error)
    detail = f"Calendar answered {status} {reason}".strip()
    if reason in _QUOTA or status == 429:
        return OverQuota("calendar-unavailable", detail, "user" if reason == _OF_USER else "project")
    if status in _PASSING or status >= 500:
        return Temporary("calendar-unavailable", detail)
    if status == 401:
        return PermissionDenied(UNAUTHENTICATED, detail)
    refused = PermissionDenied if status == 403 and reason not in _SWITCHED_OFF else Permanent
    return refused("calendar-refused", detail)


def _reason(error: HttpError) -> str:
    """The reason word of an error body, "" when there is none; anything else in it is not for the log."""
    try:
        reason = json.loads(error.content)["error"]["errors"][0]["reason"]
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
    return reason if isinstance(reason, str) and reason.isalnum() and len(reason) < 64 else ""


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

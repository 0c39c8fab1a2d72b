"""Google Calendar API v3 over HTTP: events get, list, insert, patch, update and delete, with Google's own errors.

The paths, parameters and scopes are those of the discovery document. Unlike Google, unknown members of a request's
body are refused too, so that a misspelt one does not go unnoticed.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from simulator import discovery, fields, listing, view
from simulator import event as rules
from simulator.access import AccessTokens
from simulator.calendar import Calendar, Calendars, Event
from simulator.conference_data import Conferences
from simulator.errors import (
    CONDITION_NOT_MET,
    FORBIDDEN,
    NEEDS_WRITER,
    NOT_FOUND,
    ErrorReply,
    GoogleError,
    bad_parameter,
)
from simulator.event import Json

PREFIX: Final = "/calendar/v3/"
WRITER_ROLES: Final = frozenset({"writerWithoutPrivateAccess", "writer", "owner"})
MAX_BODY: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a method: who makes it, with which parameters, and what of the reply is wanted."""

    email: str
    parameters: Mapping[str, list[str]]
    mask: fields.Mask | None

    def number(self, name: str) -> int | None:
        """An integer parameter."""
        return int(self.parameters[name][0]) if name in self.parameters else None


@dataclass(frozen=True, slots=True)
class Page:
    """What a page token stands for: the rest of one listing, as one caller asked for it."""

    calendar: str
    call: str
    rest: tuple[str, ...]


CheckReply = Callable[[str, int, Any, fields.Mask | None], None]


class CalendarApi:
    """The API over `calendars` for the holders of `tokens`; `check_reply` sees each reply before it is sent."""

    def __init__(
        self, calendars: Calendars, tokens: AccessTokens, conferences: Conferences, check_reply: CheckReply | None
    ) -> None:
        self._calendars = calendars
        self._tokens = tokens
        self._conferences = conferences
        self._check_reply = check_reply
        self._pages: dict[str, Page] = {}

    def register(self, app: Flask) -> None:
        """Add the routes and Google's errors for everything else under the prefix."""
        events = f"{PREFIX}calendars/<calendar>/events"
        for path, verb, name, method in (
            (events, "GET", "list", self.list_page),
            (events, "POST", "insert", self.insert),
            (f"{events}/<event>", "GET", "get", self.get),
            (f"{events}/<event>", "PATCH", "patch", self.patch),
            (f"{events}/<event>", "PUT", "update", self.update),
            (f"{events}/<event>", "DELETE", "delete", self.delete),
        ):
            app.add_url_rule(path, f"events.{name}", self._answering(name, method), methods=[verb])
        app.register_error_handler(404, self._elsewhere)
        app.register_error_handler(405, self._elsewhere)

    def get(self, call: Call, calendar: str, event: str) -> Response:
        """events.get"""
        home, found = self._event(call, calendar, event)
        return _reply(self._shown(call, home, found))

    def list_page(self, call: Call, calendar: str) -> Response:
        """events.list"""
        home = self._calendar(call, calendar)
        listing.check(call.parameters)
        events, rest = self._page(call, home)
        items = [self._shown(call, home, event) for event in events]
        seen = json.dumps([home.id, home.change, home.role(call.email), sorted(call.parameters.items())])
        reply = view.list_for(home, call.email, items, f'"p{hashlib.sha256(seen.encode()).hexdigest()[:16]}"')
        if rest:
            token = self._calendars.new_id()
            self._pages[token] = Page(home.id, _essence(call), rest)
            reply["nextPageToken"] = token
        return _reply(reply)

    def insert(self, call: Call, calendar: str) -> Response:
        """events.insert"""
        home = self._writable(call, calendar)
        given = _body()
        body = rules.writable(given, creating=True)
        conference = self._conferences.written(given, call.number("conferenceDataVersion") or 0, None)
        return _reply(self._shown(call, home, self._calendars.insert(home, call.email, body, conference)))

    def patch(self, call: Call, calendar: str, event: str) -> Response:
        """events.patch"""
        return self._change(call, calendar, event, replace=False)

    def update(self, call: Call, calendar: str, event: str) -> Response:
        """events.update"""
        return self._change(call, calendar, event, replace=True)

    def delete(self, call: Call, calendar: str, event: str) -> Response:
        """events.delete"""
        home = self._writable(call, calendar)
        self._to_change(call, home, event)
        self._calendars.cancel(home, event)
        return Response(status=204)

    def _change(self, call: Call, calendar: str, event: str, *, replace: bool) -> Response:
        home = self._writable(call, calendar)
        old = self._to_change(call, home, event).body
        given = _body()
        body = rules.writable(given, creating=False)
        kept = rules.READ_ONLY | rules.ON_CREATION | {"sequence"}
        base = {key: value for key, value in old.items() if key in kept} if replace else old
        changed = rules.merged(base, {**body, "conferenceData": None})
        version = call.number("conferenceDataVersion") or 0
        if replace and version == 1:
            # A client that knows conference data and sends none takes the conference off.
            given = {"conferenceData": None, **given}
        conference = self._conferences.written(given, version, old.get("conferenceData"))
        if conference is not None:
            changed["conferenceData"] = conference
        return _reply(self._shown(call, home, self._calendars.write(home, event, changed)))

    def _page(self, call: Call, home: Calendar) -> tuple[list[Event], tuple[str, ...]]:
        """The events of this page and the ids of those behind it."""
        if "pageToken" in call.parameters:
            page = self._pages.get(call.parameters["pageToken"][0])
            if page is None or (page.calendar, page.call) != (home.id, _essence(call)):
                raise bad_parameter("pageToken", "Invalid Value")
            order = page.rest
        else:
            order = tuple(event.body["id"] for event in listing.select(home, call.email, call.parameters))
        size = listing.page_size(call.parameters)
        return [home.events[event] for event in order[:size]], order[size:]

    def _calendar(self, call: Call, calendar: str) -> Calendar:
        found = self._calendars.find(call.email if calendar == "primary" else calendar)
        if found is None or found.role(call.email) == "none":
            raise GoogleError(NOT_FOUND)
        return found

    def _event(self, call: Call, calendar: str, event: str) -> tuple[Calendar, Event]:
        home = self._calendar(call, calendar)
        if event not in home.events:
            raise GoogleError(NOT_FOUND)
        return home, home.events[event]

    def _writable(self, call: Call, calendar: str) -> Calendar:
        home = self._calendar(call, calendar)
        if home.role(call.email) not in WRITER_ROLES:
            raise GoogleError(NEEDS_WRITER)
        return home

    def _to_change(self, call: Call, home: Calendar, event: str) -> Event:
        found = home.events.get(event)
        if found is None:
            raise GoogleError(NOT_FOUND)
        if view.is_hidden(found.body, home.role(call.email), call.email):
            raise GoogleError(FORBIDDEN)
        wanted = request.if_match
        if wanted and not wanted.contains(found.body["etag"].strip('"')):
            raise GoogleError(CONDITION_NOT_MET)
        return found

    def _shown(self, call: Call, home: Calendar, event: Event) -> Json:
        zone = call.parameters.get("timeZone", [None])[0]
        if zone is not None:
            _check_zone(zone)
        return view.event_for(home, event.body, call.email, zone=zone, max_attendees=call.number("maxAttendees"))

    def _answering(self, name: str, method: Callable[..., Response]) -> Callable[..., Response]:
        """The view function: the caller and the parameters are checked, and one call at a time touches the state."""

        def answer(**path: str) -> Response:
            mask = None
            try:
                email = self._tokens.caller(request.headers.get("Authorization"), name)
                parameters = discovery.check_parameters(name, request.args.items(multi=True))
                mask = _mask(name, parameters)
                with self._calendars.lock:
                    response = method(Call(email, parameters, mask), **path)
                if response.status_code == 200:
                    response = _masked(response, mask)
            except GoogleError as error:
                response = error_reply(error.reply)
            if self._check_reply:
                self._check_reply(name, response.status_code, response.get_json(silent=True), mask)
            return response

        return answer

    def _elsewhere(self, error: HTTPException) -> HTTPException | Response:
        """Google's answer where the API has no such method, or one that the simulator does not have."""
        if not request.path.startswith(PREFIX):
            return error
        reply = NOT_FOUND
        if _is_method(request.method, request.path.removeprefix(PREFIX)):
            reply = ErrorReply(501, "notImplemented", "The simulator does not have this method.")
        return error_reply(reply)


def error_reply(reply: ErrorReply) -> Response:
    """An error as Google sends it."""
    response = _json(reply.body(), reply.status)
    response.headers.update(reply.headers)
    return response


def _reply(body: Json) -> Response:
    """A reply with its etag; 304 without a body when the caller has it already."""
    if request.method == "GET" and request.if_none_match.contains(body["etag"].strip('"')):
        return Response(status=304, headers={"ETag": body["etag"]})
    response = _json(body, 200)
    response.headers["ETag"] = body["etag"]
    return response


def _masked(response: Response, mask: fields.Mask | None) -> Response:
    if mask is not None:
        response.set_data(json.dumps(fields.apply(mask, json.loads(response.get_data()))))
    return response


def _json(body: Json, status: int) -> Response:
    response = Response(json.dumps(body), status, content_type="application/json; charset=UTF-8")
    response.headers["Cache-Control"] = "private, max-age=0, must-revalidate, no-transform"
    return response


def _mask(name: str, parameters: Mapping[str, list[str]]) -> fields.Mask | None:
    if "fields" not in parameters or "response" not in discovery.method(name):
        return None
    mask = fields.parse(parameters["fields"][0])
    fields.check(mask, discovery.method(name)["response"])
    return mask


def _body() -> Any:
    if (request.content_length or 0) > MAX_BODY:
        raise GoogleError(ErrorReply(413, "uploadTooLarge", "Request Entity Too Large"))
    try:
        return json.loads(request.get_data())
    except (ValueError, RecursionError):
        raise GoogleError(ErrorReply(400, "parseError", "Parse Error")) from None


def _essence(call: Call) -> str:
    """What must not change from page to page."""
    return json.dumps([call.email, sorted((k, v) for k, v in call.parameters.items() if k != "pageToken")])


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise bad_parameter("timeZone", f"Invalid time zone: {zone}") from None


def _is_method(verb: str, path: str) -> bool:
    """Whether the discovery document has a method at this path."""
    resources = discovery.document()["resources"].values()
    methods = (method for resource in resources for method in resource["methods"].values())
    return any(
        method["httpMethod"] == verb and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", method["path"]), path)
        for method in methods
    )

"""Google Calendar API v3 over HTTP: events, their lists, push channels, all with Google's own errors.

The paths, parameters and scopes are those of the discovery document. Unlike Google, unknown members of a request's
body are refused too, so that a misspelt one does not go unnoticed.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from simulator import discovery, fields
from simulator.access import AccessTokens
from simulator.calendars import Calendars
from simulator.call import Call, error_reply, mask_of
from simulator.errors import NOT_FOUND, ErrorReply, GoogleError
from simulator.event_methods import EventMethods
from simulator.list_methods import ListMethods
from simulator.push_methods import PushMethods

PREFIX: Final = "/calendar/v3/"

CheckReply = Callable[[str, int, Any, fields.Mask | None], None]


class CalendarApi:
    """The API for the holders of `tokens`; `check_reply` sees each reply before it is sent."""

    def __init__(self, calendars: Calendars, tokens: AccessTokens, check_reply: CheckReply | None) -> None:
        self._calendars = calendars
        self._tokens = tokens
        self._check_reply = check_reply

    def register(self, app: Flask, one: EventMethods, many: ListMethods, push: PushMethods) -> None:
        """Add the routes and Google's errors for everything else under the prefix."""
        events = f"{PREFIX}calendars/<calendar>/events"
        for path, verb, name, method in (
            (events, "GET", "list", many.list),
            (events, "POST", "insert", one.insert),
            (f"{events}/watch", "POST", "watch", push.watch),
            (f"{events}/<event>", "GET", "get", one.get),
            (f"{events}/<event>", "PATCH", "patch", one.patch),
            (f"{events}/<event>", "PUT", "update", one.update),
            (f"{events}/<event>", "DELETE", "delete", one.delete),
            (f"{events}/<event>/move", "POST", "move", one.move),
            (f"{events}/<event>/instances", "GET", "instances", many.instances),
            (f"{PREFIX}channels/stop", "POST", "channels.stop", push.stop),
        ):
            app.add_url_rule(path, f"calendar.{name}", self._answering(name, method), methods=[verb])
        app.register_error_handler(404, self._elsewhere)
        app.register_error_handler(405, self._elsewhere)

    def _answering(self, name: str, method: Callable[..., Response]) -> Callable[..., Response]:
        """The view function: the caller and the parameters are checked, and one call at a time touches the state."""

        def answer(**path: str) -> Response:
            mask = None
            try:
                email = self._tokens.caller(request.headers.get("Authorization"), name)
                parameters = discovery.check_parameters(name, request.args.items(multi=True))
                mask = mask_of(name, parameters)
                with self._calendars.changing(program=True):
                    response = method(Call(email, parameters, mask), **path)
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


def _is_method(verb: str, path: str) -> bool:
    """Whether the discovery document has a method at this path."""
    resources = discovery.document()["resources"].values()
    methods = (method for resource in resources for method in resource["methods"].values())
    return any(
        method["httpMethod"] == verb and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", method["path"]), path)
        for method in methods
    )

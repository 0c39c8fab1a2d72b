"""Webex's REST API of meetings, for the users and service apps whose access tokens a stand-in knows."""

import json
from collections.abc import Callable
from typing import Any, Final

from flask import Flask, Response, request

from simulator.webex import Meeting, Refused, Webex

QUERY: Final = {
    "GET": {"integrationTag", "meetingType", "current", "from", "to", "max", "hostEmail"},
    "DELETE": {"sendEmail", "hostEmail"},
}


class _Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class WebexApi:
    """POST and GET /meetings; GET, PATCH and DELETE /meetings/ID; GET /people/me."""

    def __init__(self, webex: Webex) -> None:
        self._webex = webex

    def register(self, app: Flask, prefix: str = "/webex/v1") -> None:
        """Add the routes under `prefix`."""
        reads, writes = "meeting:schedules_read", "meeting:schedules_write"
        for path, verb, method, scope in (
            ("/people/me", "GET", self.me, "spark:people_read"),
            ("/meetings", "POST", self.create, writes),
            ("/meetings", "GET", self.list, reads),
            ("/meetings/<meeting>", "GET", self.get, reads),
            ("/meetings/<meeting>", "PATCH", self.change, writes),
            ("/meetings/<meeting>", "DELETE", self.delete, writes),
        ):
            app.add_url_rule(f"{prefix}{path}", f"webex.{verb} {path}", self._answering(method, scope), methods=[verb])

    def me(self) -> Response:
        """Whose token it is."""
        user = self._user() or "machine@webexbot.example"
        return _json({"id": f"person-{user.partition('@')[0]}", "emails": [user]}, 200)

    def create(self) -> Response:
        """The new meeting."""
        body = _body()
        return _meeting(self._webex.create(self._host(body), body))

    def list(self) -> Response:
        """The series of a time range, by their tag if it is given."""
        if request.args.get("meetingType", "meetingSeries") != "meetingSeries":
            raise _Refusal(400, "'meetingType' is not valid.")
        return _json({"items": self._webex.listed(self._host(_query("GET")), request.args)}, 200)

    def get(self, meeting: str) -> Response:
        """The meeting."""
        return _meeting(self._webex.get(self._host(request.args), meeting))

    def change(self, meeting: str) -> Response:
        """The meeting with the given fields set."""
        body = _body()
        return _meeting(self._webex.change(self._host(body), meeting, body))

    def delete(self, meeting: str) -> Response:
        """Nothing, when it was there."""
        self._webex.delete(self._host(_query("DELETE")), meeting)
        return Response(status=204)

    def _host(self, asked: Any) -> str:
        """For whom the call is: the token's user, or for a service app the one that it names."""
        user = self._user()
        named = asked.get("hostEmail") if hasattr(asked, "get") else None
        if user:
            if named not in (None, user):
                raise _Refusal(403, "Admin-level scopes are needed for 'hostEmail'.")
            return user
        if not isinstance(named, str) or named not in self._webex.users:
            raise _Refusal(404, "The user does not exist.")
        return named

    def _check_scope(self, scope: str) -> None:
        granted = self._webex.scopes(request.headers.get("Authorization", "").partition(" ")[2])
        if granted is not None and scope not in granted:
            raise _Refusal(403, "The access token is missing required scopes.")

    def _user(self) -> str:
        """The token's user, "" for a service app."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        user = self._webex.bearer(token) if scheme == "Bearer" else None
        if user is None:
            raise _Refusal(401, "The request requires a valid access token set in the Authorization request header.")
        return user

    def _answering(self, method: Callable[..., Response], scope: str) -> Callable[..., Response]:
        def answer(**path: str) -> Response:
            try:
                self._check_scope(scope)
                return method(**path)
            except _Refusal as refusal:
                return _refused(refusal.status, str(refusal))
            except Refused as error:
                return _refused(400, str(error))
            except KeyError:
                return _refused(404, "The meeting does not exist.")

        return answer


def _query(verb: str) -> Any:
    unknown = set(request.args) - QUERY[verb]
    if unknown:
        raise _Refusal(400, "A parameter is not known.")
    return request.args


def _body() -> Any:
    if request.mimetype not in ("application/json", "application/json-patch+json"):
        raise _Refusal(415, "The media type is not supported.")
    try:
        return json.loads(request.get_data())
    except (ValueError, RecursionError):
        raise _Refusal(400, "The body is no JSON.") from None


def _meeting(meeting: Meeting) -> Response:
    return _json(meeting.json(), 200)


def _refused(status: int, message: str) -> Response:
    return _json({"message": message, "errors": [{"description": message}], "trackingId": "ANYROOM_1"}, status)


def _json(body: Any, status: int) -> Response:
    return Response(json.dumps(body), status, content_type="application/json;charset=UTF-8")

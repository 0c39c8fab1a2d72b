"""The part of Microsoft Graph that serves online meetings, to users and applications whose tokens a stand-in knows."""

import json
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request

from simulator.teams import Refused, Teams


class _Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class TeamsApi:
    """Under /me and /users/OBJECT_ID: POST /onlineMeetings/createOrGet; GET, PATCH, DELETE /onlineMeetings/ID.

    GET /me and /users/OBJECT_ID_OR_UPN say who a user is, GET /users who there is.
    """

    def __init__(self, teams: Teams) -> None:
        self._teams = teams

    def register(self, app: Flask, prefix: str = "/graph/v1.0") -> None:
        """Add the routes under `prefix`."""
        routes: list[tuple[str, str, Callable[..., Response]]] = [
            ("/me", "GET", self.me),
            ("/users", "GET", self.users),
            ("/users/<user>", "GET", self.user),
        ]
        for owner in ("/me", "/users/<user>"):
            routes += [
                (f"{owner}/onlineMeetings/createOrGet", "POST", self.create_or_get),
                (f"{owner}/onlineMeetings/<meeting>", "GET", self.get),
                (f"{owner}/onlineMeetings/<meeting>", "PATCH", self.change),
                (f"{owner}/onlineMeetings/<meeting>", "DELETE", self.delete),
            ]
        for path, verb, method in routes:
            app.add_url_rule(f"{prefix}{path}", f"graph.{verb} {path}", self._answering(method), methods=[verb])

    def me(self) -> Response:
        """Whose token it is."""
        caller = self._caller("User.Read")
        if not caller:
            raise _Refusal(400, "BadRequest", "/me is for delegated tokens.")
        return _json({"id": self._teams.users[caller], "userPrincipalName": caller}, 200)

    def users(self) -> Response:
        """The first users of the tenant, for the application."""
        if self._caller():
            raise _Refusal(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
        most = int(request.args.get("$top", "100"))
        found = [{"id": known, "userPrincipalName": upn} for upn, known in self._teams.users.items()]
        return _json({"value": found[:most]}, 200)

    def user(self, user: str) -> Response:
        """Who that is, by object id or user principal name."""
        self._caller()
        for upn, identifier in self._teams.users.items():
            if user in (upn, identifier):
                return _json({"id": identifier, "userPrincipalName": upn}, 200)
        raise _Refusal(404, "Request_ResourceNotFound", "Resource does not exist or one of its queried references.")

    def create_or_get(self, user: str = "") -> Response:
        """201 with a new meeting, 200 with the one of that external id."""
        meeting, new = self._teams.create_or_get(self._organizer(user), _body())
        return _json(meeting.json(), 201 if new else 200)

    def get(self, meeting: str, user: str = "") -> Response:
        """The meeting."""
        return _json(self._teams.get(self._organizer(user), meeting).json(), 200)

    def change(self, meeting: str, user: str = "") -> Response:
        """The meeting with the given fields set."""
        return _json(self._teams.change(self._organizer(user), meeting, _body()).json(), 200)

    def delete(self, meeting: str, user: str = "") -> Response:
        """Nothing, when it was there."""
        self._teams.delete(self._organizer(user), meeting)
        return Response(status=204)

    def _caller(self, scope: str = "") -> str:
        """Whose token it is, "" for an application's, which needs no scope of a user's."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        caller = self._teams.bearer(token) if scheme == "Bearer" else None
        if caller is None:
            raise _Refusal(401, "InvalidAuthenticationToken", "Access token is empty or invalid.")
        granted = self._teams.scopes(token) if caller and scope else None
        if granted is not None and scope not in granted:
            raise _Refusal(403, "Forbidden", "Insufficient privileges to complete the operation.")
        return caller

    def _organizer(self, user: str) -> str:
        """For whom the call is: the token's own user under /me, a user by object id for an application."""
        caller = self._caller("OnlineMeetings.ReadWrite")
        if bool(caller) == bool(user):
            raise _Refusal(400, "BadRequest", "/me is for delegated tokens, /users for applications.")
        if caller:
            return caller
        organizer = {identifier: upn for upn, identifier in self._teams.users.items()}.get(user)
        if organizer is None:
            raise _Refusal(404, "UnknownError", "")
        if organizer not in self._teams.granted:
            raise _Refusal(403, "General", "No application access policy found for this app.")
        return organizer

    def _answering(self, method: Callable[..., Response]) -> Callable[..., Response]:
        def answer(**path: str) -> Response:
            try:
                return method(**path)
            except _Refusal as refusal:
                return _refused(refusal.status, refusal.code, str(refusal))
            except Refused as error:
                return _refused(400, "BadRequest", str(error))
            except KeyError:
                return _refused(404, "NotFound", "Meeting does not exist.")

        return answer


def _body() -> Any:
    if request.mimetype != "application/json":
        raise _Refusal(415, "UnsupportedMediaType", "The body is no application/json.")
    try:
        return json.loads(request.get_data())
    except (ValueError, RecursionError):
        raise _Refusal(400, "BadRequest", "The body is no JSON.") from None


def _refused(status: int, code: str, message: str) -> Response:
    inner = {"date": "2031-01-01T00:00:00", "request-id": "1", "client-request-id": "1"}
    return _json({"error": {"code": code, "message": message, "innerError": inner}}, status)


def _json(body: Any, status: int) -> Response:
    return Response(json.dumps(body), status, content_type="application/json; odata.metadata=minimal")

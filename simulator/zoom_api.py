"""Zoom's REST API over HTTP: the meetings of users, for holders of an access token."""

import hashlib
import json
from collections.abc import Callable
from typing import Any, Final

from flask import Flask, Response, request

from simulator.zoom import Refused, Zoom

PREFIX: Final = "/zoom/v2"
MOST_OF_PAGE: Final = 300
_REMINDERS: Final = frozenset({"occurrence_id", "schedule_for_reminder", "cancel_meeting_reminder"})


class ZoomApi:
    """GET /users/me; POST and GET /users/USER/meetings; GET, PATCH and DELETE /meetings/ID. `page` caps a page."""

    def __init__(self, zoom: Zoom, prefix: str = PREFIX, page: int = MOST_OF_PAGE) -> None:
        self._zoom = zoom
        self._prefix = prefix
        self._page = page

    def register(self, app: Flask) -> None:
        """Add the routes."""
        of_user, one = f"{self._prefix}/users/<user>/meetings", f"{self._prefix}/meetings/<number>"
        for path, verb, method, scope in (
            (f"{self._prefix}/users/me", "GET", self.me, "user:read:user"),
            (of_user, "POST", self.create, "meeting:write:meeting"),
            (of_user, "GET", self.list, "meeting:read:list_meetings"),
            (one, "GET", self.get, "meeting:read:meeting"),
            (one, "PATCH", self.change, "meeting:update:meeting"),
            (one, "DELETE", self.delete, "meeting:delete:meeting"),
        ):
            app.add_url_rule(path, f"zoom.{verb} {path}", self._answering(method, scope), methods=[verb])

    def me(self, caller: str) -> Response:
        """Whose token it is; the account's is its owner's."""
        email = caller or "owner@zoom.example"
        return _json({"id": zoom_id(email), "email": email, "type": 2}, 200)

    def create(self, caller: str, user: str) -> Response:
        """201 with the new meeting."""
        host = self._zoom.host(caller, user)
        return _json(self._zoom.create(host, _body()), 201)

    def list(self, caller: str, user: str) -> Response:
        """A page of the user's meetings."""
        _check_parameters(frozenset({"type", "page_size", "next_page_token"}))
        kind, size = request.args.get("type", "scheduled"), request.args.get("page_size", "30")
        token = request.args.get("next_page_token", "")
        if kind not in ("scheduled", "upcoming") or not size.isdecimal() or not 1 <= int(size) <= MOST_OF_PAGE:
            raise Refused(400, 300, "Validation Failed. type or page_size is invalid.")
        if token and not token.removeprefix("page-").isdecimal():
            raise Refused(400, 300, "The next page token is invalid or expired.")
        first = int(token.removeprefix("page-") or 0)
        meetings = self._zoom.listed(self._zoom.host(caller, user), kind)
        after = first + min(int(size), self._page)
        following = f"page-{after}" if after < len(meetings) else ""
        page = {"page_size": int(size), "total_records": len(meetings), "next_page_token": following}
        return _json({**page, "meetings": meetings[first:after]}, 200)

    def get(self, caller: str, number: str) -> Response:
        """The meeting."""
        return _json(self._zoom.reply(self._zoom.get(caller, number)), 200)

    def change(self, caller: str, number: str) -> Response:
        """Nothing, when it was changed."""
        self._zoom.change(caller, number, _body())
        return Response(status=204)

    def delete(self, caller: str, number: str) -> Response:
        """Nothing, when it was there."""
        _check_parameters(_REMINDERS)
        if any(request.args.get(name, "false") not in ("true", "false") for name in _REMINDERS - {"occurrence_id"}):
            raise Refused(400, 300, "Validation Failed. A reminder is true or false.")
        self._zoom.delete(caller, number)
        return Response(status=204)

    def _answering(self, method: Callable[..., Response], scope: str) -> Callable[..., Response]:
        def answer(**path: str) -> Response:
            try:
                return method(self._caller(scope), **path)
            except Refused as refused:
                reply = _json({"code": refused.code, "message": str(refused)}, refused.status)
                if refused.retry_after:
                    reply.headers["Retry-After"] = refused.retry_after
                return reply

        return answer

    def _caller(self, scope: str) -> str:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return self._zoom.caller(token if scheme == "Bearer" else "", scope)


def _check_parameters(known: frozenset[str]) -> None:
    if unknown := set(request.args) - known:
        raise Refused(400, 300, f"Validation Failed. {min(unknown)} is no parameter.")


def _body() -> bytes:
    if request.mimetype != "application/json":
        raise Refused(415, 300, "Unsupported Content Type.")
    return request.get_data()


def _json(body: Any, status: int) -> Response:
    return Response(json.dumps(body), status, content_type="application/json;charset=UTF-8")


def zoom_id(email: str) -> str:
    """Zoom's own id of a user, which its webhooks name."""
    return f"zoom-{hashlib.sha256(email.encode()).hexdigest()[:16]}"

"""The conferencing system's REST API, under /rooms-api/v1, for holders of an API key."""

import json
from collections.abc import Callable
from typing import Any, Final

from flask import Flask, Response, request

from simulator.rooms import Account, InvalidField, Rooms

PREFIX: Final = "/rooms-api/v1/rooms"
MAX_BODY: Final = 1 << 16


class _Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, code: str, message: str, **more: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, **more}


class RoomsApi:
    """POST and GET /rooms; GET, PATCH and DELETE /rooms/ID."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def register(self, app: Flask) -> None:
        """Add the routes."""
        for path, verb, method in (
            (PREFIX, "POST", self.create),
            (PREFIX, "GET", self.search),
            (f"{PREFIX}/<room>", "GET", self.get),
            (f"{PREFIX}/<room>", "PATCH", self.change),
            (f"{PREFIX}/<room>", "DELETE", self.delete),
        ):
            app.add_url_rule(path, f"rooms.{verb} {path}", self._answering(method), methods=[verb])

    def create(self, account: Account) -> Response:
        """201 with a new room, 200 with the one that the key already has."""
        room, new = self._rooms.create(account, _body())
        return _json(room.json(), 201 if new else 200)

    def search(self, account: Account) -> Response:
        """All rooms, or those with a key."""
        if set(request.args) - {"key"} or ("key" in request.args and self._rooms.mode == "none"):
            raise _Refusal(422, "invalid_field", "unknown parameter")
        return _json({"rooms": [room.json() for room in self._rooms.having(request.args.get("key"))]}, 200)

    def get(self, account: Account, room: str) -> Response:
        """The room."""
        return _json(self._rooms.get(room).json(), 200)

    def change(self, account: Account, room: str) -> Response:
        """The room with the given fields set."""
        return _json(self._rooms.change(room, _body()).json(), 200)

    def delete(self, account: Account, room: str) -> Response:
        """Nothing, when it was there."""
        self._rooms.delete(room)
        return Response(status=204)

    def _answering(self, method: Callable[..., Response]) -> Callable[..., Response]:
        def answer(**path: str) -> Response:
            try:
                return method(self._account(), **path)
            except _Refusal as refusal:
                return _json(refusal.body, refusal.status)
            except InvalidField as error:
                return _json({"code": "invalid_field", "message": str(error)}, 422)
            except KeyError:
                return _json({"code": "not_found", "message": "There is no such room."}, 404)

        return answer

    def _account(self) -> Account:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        account = self._rooms.accounts.get(key)
        if scheme.lower() != "bearer" or account is None:
            raise _Refusal(401, "unauthorized", "An API key is needed.")
        if not account.signed_in:
            url = f"{self._rooms.base_url}/room-sign-in?account={account.email}"
            raise _Refusal(401, "sign_in_required", "Sign in first.", sign_in_url=url)
        return account


def _body() -> Any:
    if (request.content_length or 0) > MAX_BODY:
        raise _Refusal(413, "too_large", f"At most {MAX_BODY} bytes are read.")
    try:
        return json.loads(request.get_data())
    except (ValueError, RecursionError):
        raise _Refusal(400, "malformed", "The body is no JSON.") from None


def _json(body: Any, status: int) -> Response:
    response = Response(json.dumps(body), status, content_type="application/json")
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="rooms"'
    return response

"""Google's certificates over HTTP, and three routes that a developer's shell uses to make a request like Calendar's."""

from collections.abc import Callable

from flask import Flask, Response, abort, jsonify, request

from simulator.access import AccessTokens
from simulator.calendars import Calendars
from simulator.host import Host
from simulator.identity import Identity

TWELVE_HOURS = 12 * 3600.0


class IdentityApi:
    """`/oauth2/v3/certs` as Google has it; `/token`, `/access-token` and `/request` for `?email=`."""

    def __init__(self, identity: Identity, tokens: AccessTokens, calendars: Calendars, host: Host) -> None:
        self._identity = identity
        self._tokens = tokens
        self._calendars = calendars
        self._host = host

    def register(self, app: Flask) -> None:
        """Add the routes."""
        app.add_url_rule("/oauth2/v3/certs", view_func=self.certificates)
        for path, make in (
            ("/token", lambda email: self._identity.script_token(email, lifetime=TWELVE_HOURS)),
            ("/access-token", lambda email: self._tokens.issue(email, lifetime=TWELVE_HOURS)),
        ):
            app.add_url_rule(path, path, _as_text(make))
        app.add_url_rule("/request", view_func=self.request_body)

    def certificates(self) -> Response:
        """The keys, and how long they may be kept."""
        response = jsonify(self._identity.jwks())
        max_age = self._identity.max_age
        response.headers["Cache-Control"] = f"public, max-age={max_age}, must-revalidate, no-transform"
        return response

    def request_body(self) -> Response:
        """What the script would post for the user's first event, or `&event=ID`; its token is good for twelve hours."""
        email = _email()
        calendar = self._calendars.find(email)
        event = request.args.get("event") or next(iter(calendar.events if calendar else ()), None)
        if event is None:
            abort(404)
        token = self._tokens.issue(email, lifetime=TWELVE_HOURS)
        return jsonify({"calendarId": email, "eventId": event, "oauthToken": token})


def _as_text(make: Callable[[str], str]) -> Callable[[], Response]:
    headers = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
    return lambda: Response(make(_email()), headers=headers)


def _email() -> str:
    email = request.args.get("email", "").strip().lower()
    if "@" not in email:
        abort(400)
    return email

"""An authorization server over HTTP: a page on which a user allows or denies, and the endpoints that clients call."""

import random
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from conference.clock import Clock
from simulator import oauth_errors
from simulator.authorization import AuthorizationServer
from simulator.authorization_request import AuthorizationRequest, Declined, single
from simulator.oauth_errors import Refused

FORM: Final = "application/x-www-form-urlencoded"
PAGE_FIELDS: Final = frozenset({"user", "decision", "scope"})


class AuthorizationApi:
    """The routes of one server, where its vendor has them."""

    def __init__(self, server: AuthorizationServer, clock: Clock, randomness: random.Random) -> None:
        self._server = server
        self._clock = clock
        self._random = randomness

    def register(self, app: Flask) -> None:
        """Add the routes."""
        vendor = self._server.vendor
        app.add_url_rule(vendor.authorize, f"{vendor.name} authorize", self.authorize, methods=["GET", "POST"])
        if vendor.exchange:
            app.add_url_rule(vendor.exchange, f"{vendor.name} token", self.token, methods=["POST"])
        if vendor.revoke:
            app.add_url_rule(vendor.revoke, f"{vendor.name} revoke", self.revoke, methods=["POST"])

    def authorize(self, tenant: str = "") -> ResponseReturnValue:
        """The consent page, which is posted to where it came from with `user`, `decision` (allow or deny) and `scope`.

        What may not be sent back to the client is told on a page.
        """
        try:
            asked = self._server.read(request.args.to_dict(flat=False), tenant)
            if request.method == "POST":
                return redirect(self._decided(asked), 303)
        except Declined as declined:
            return redirect(self._server.declined(declined.redirect_uri, declined.state, declined.refused), 302)
        except Refused as refused:
            told = oauth_errors.explained(self._server.vendor.errors, refused)
            return self._page(told=told, detail=refused.detail), 400
        expected = self._server.hinted(asked.hint)
        page = Response(self._page(asked=asked, users=self._server.users(), expected=expected))
        # Browsers hold the redirect after a form to form-action too.
        target = urlsplit(asked.redirect_uri)
        page.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
            f"form-action 'self' {target.scheme}://{target.netloc}"
        )
        return page

    def token(self, tenant: str = "") -> Response:
        """The token endpoint (RFC 6749, section 3.2)."""
        return self._answer(lambda authorization, form: self._server.token(authorization, form, tenant))

    def revoke(self) -> Response:
        """The revocation endpoint (RFC 7009)."""
        return self._answer(self._server.revoke)

    def _decided(self, asked: AuthorizationRequest) -> str:
        form = request.form.to_dict(flat=False)
        scopes = form.pop("scope", []) if self._server.vendor.reducible else sorted(asked.scopes)
        fields = single(form)
        if fields.keys() - PAGE_FIELDS or fields.get("decision") not in ("allow", "deny"):
            raise Refused("parameter", "this is not the page's form")
        return self._server.decide(asked, fields.get("user", ""), scopes if fields["decision"] == "allow" else ())

    def _page(self, **values: Any) -> str:
        return render_template("authorize.html", vendor=self._server.vendor, **values)

    def _answer(self, act: Callable[[str | None, dict[str, list[str]]], Mapping[str, Any]]) -> Response:
        try:
            if request.args or request.mimetype != FORM:
                raise Refused("parameter", "parameters are read from a form in the body")
            response = jsonify(act(request.headers.get("Authorization"), request.form.to_dict(flat=False)))
        except Refused as refused:
            response = self._refusal(refused)
        response.headers.update({"Cache-Control": "no-store", "Pragma": "no-cache"})
        return response

    def _refusal(self, refused: Refused) -> Response:
        vendor = self._server.vendor
        told = oauth_errors.explained(vendor.errors, refused)
        trace = uuid.UUID(int=self._random.getrandbits(128), version=4)
        response = jsonify(oauth_errors.body(vendor.error_form, told, self._clock.now(), trace))
        response.status_code = told.status
        if told.status == 401 and "Authorization" in request.headers:
            response.headers["WWW-Authenticate"] = f'Basic realm="{vendor.name}"'
        return response

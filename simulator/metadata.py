"""The metadata server of Google Cloud: who the function runs as, and its access tokens.

Name the simulator in GCE_METADATA_HOST and GCE_METADATA_IP and google-auth takes its real path. Source: About VM
metadata; Access tokens from the metadata server (Compute Engine).
"""

from typing import Final

from flask import Flask, Response, abort, jsonify, request

from simulator import ids
from simulator.access import AccessTokens

FLAVOR: Final = "Metadata-Flavor"

_PREFIX: Final = "/computeMetadata/v1"
_LIFETIME: Final = 3599


class MetadataApi:
    """What google-auth asks for, with the header that it must send and be sent."""

    def __init__(self, tokens: AccessTokens) -> None:
        self._tokens = tokens

    def register(self, app: Flask) -> None:
        """Add the routes, and the header to whatever is answered to somebody who looks for the server."""
        account = f"{_PREFIX}/instance/service-accounts/<account>"
        for path, view in (
            (f"{_PREFIX}/project/project-id", self.project),
            (f"{account}/", self.account),
            (f"{account}/token", self.token),
        ):
            app.add_url_rule(path, view_func=view)
        app.after_request(_flavored)

    def project(self) -> Response:
        """The project's id."""
        _check()
        return Response(ids.PROJECT, content_type="application/text")

    def account(self, account: str) -> Response:
        """What is known of the account, whose alias is `default`."""
        _check(account)
        return jsonify({"aliases": ["default"], "email": ids.FUNCTION_SERVICE_ACCOUNT, "scopes": [ids.CLOUD_PLATFORM]})

    def token(self, account: str) -> Response:
        """An access token, for `?scopes=` as Cloud Run has it."""
        _check(account)
        scopes = request.args.get("scopes", ids.CLOUD_PLATFORM).split(",")
        token = self._tokens.issue(ids.FUNCTION_SERVICE_ACCOUNT, scopes, _LIFETIME)
        return jsonify({"access_token": token, "expires_in": _LIFETIME, "token_type": "Bearer"})


def _check(account: str = "default") -> None:
    """A request without the header comes from a browser or a redirect, not from a program that knows where it asks."""
    if request.headers.get(FLAVOR) != "Google":
        abort(403)
    if account not in ("default", ids.FUNCTION_SERVICE_ACCOUNT):
        abort(404)


def _flavored(response: Response) -> Response:
    if request.headers.get(FLAVOR) == "Google":
        response.headers[FLAVOR] = "Google"
    return response

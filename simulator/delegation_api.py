"""Delegation over HTTP: `signJwt` of IAM Service Account Credentials, and Google's OAuth token endpoint."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue

from simulator import one_platform
from simulator.access import AccessTokens
from simulator.delegation import LIFETIME, Delegation, Refused
from simulator.one_platform import Refusal

GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class DelegationApi:
    """`POST /v1/projects/-/serviceAccounts/ACCOUNT:signJwt` and `POST /token`.

    `exchange_code` answers the token endpoint's other grant, that of an authorization code.
    """

    def __init__(
        self, delegation: Delegation, tokens: AccessTokens, exchange_code: Callable[[], ResponseReturnValue]
    ) -> None:
        self._delegation = delegation
        self._tokens = tokens
        self._exchange_code = exchange_code

    def register(self, app: Flask) -> None:
        """Add the routes."""
        path = "/v1/projects/-/serviceAccounts/<account>:signJwt"
        app.add_url_rule(path, "signJwt", one_platform.answering(self.sign), methods=["POST"])
        app.add_url_rule("/token", "token exchange", self.exchange, methods=["POST"])

    def sign(self, account: str) -> Mapping[str, Any]:
        """The payload's claims, signed with the account's key, for those who may."""
        caller = one_platform.caller(self._tokens)
        payload = one_platform.body("iamcredentials.v1", "SignJwtRequest").get("payload")
        if (caller, account) not in self._delegation.signers:
            message = "Permission 'iam.serviceAccounts.signJwt' denied on resource (or it may not exist)."
            permission = {"permission": "iam.serviceAccounts.signJwt"}
            raise Refusal(403, message, reason="IAM_PERMISSION_DENIED", **permission)
        try:
            claims = json.loads(payload or "")
        except ValueError:
            claims = None
        if not isinstance(claims, dict):
            raise Refusal(400, "The payload is not a valid JSON object.")
        key, signed = self._delegation.sign(account, claims)
        return {"keyId": key, "signedJwt": signed}

    def exchange(self) -> ResponseReturnValue:
        """An access token for an assertion (RFC 7523, section 2.1) or a code."""
        if request.form.get("grant_type") == "authorization_code":
            return self._exchange_code()
        if request.form.get("grant_type") != GRANT:
            return _error(400, "unsupported_grant_type", f"Invalid grant_type: {request.form.get('grant_type')}")
        try:
            token = self._delegation.exchange(request.form.get("assertion", ""))
        except Refused as refused:
            return _error(refused.status, refused.error, str(refused))
        return jsonify({"access_token": token, "expires_in": LIFETIME, "token_type": "Bearer"})


def _error(status: int, error: str, description: str) -> Response:
    response = jsonify({"error": error, "error_description": description})
    response.status_code = status
    return response

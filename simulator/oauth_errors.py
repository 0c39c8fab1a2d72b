"""What an authorization server refuses, and the words and form in which each vendor says so.

Sources: RFC 6749, section 5.2; Zoom, "OAuth 2.0 errors"; Microsoft Entra, "AADSTS error codes"; Webex, "REST API
Basics". The wording differs with the vendor's release: a client goes by status, `error` and codes.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

Problem = Literal[
    "client",
    "secret",
    "authentication",
    "parameter",
    "response_type",
    "grant_type",
    "grant",
    "code",
    "code_expired",
    "code_used",
    "redirect",
    "verifier",
    "refresh",
    "refresh_expired",
    "revoked",
    "scope",
    "account",
    "denied",
]
Form = Literal["rfc6749", "zoom", "entra", "webex"]


@dataclass(frozen=True, slots=True)
class ErrorText:
    """One refusal: HTTP status, OAuth's `error`, a text, and the vendor's number where it has one."""

    status: int
    error: str
    text: str
    code: int = 0


RFC_6749: Final[Mapping[Problem, ErrorText]] = {
    "client": ErrorText(401, "invalid_client", "The client is not known."),
    "secret": ErrorText(401, "invalid_client", "The client's secret is wrong."),
    "authentication": ErrorText(401, "invalid_client", "The client did not authenticate in the way that is expected."),
    "parameter": ErrorText(400, "invalid_request", "A parameter is missing, unknown, repeated or malformed."),
    "response_type": ErrorText(400, "unsupported_response_type", "Only the response type code is supported."),
    "grant_type": ErrorText(400, "unsupported_grant_type", "The grant type is not supported."),
    "grant": ErrorText(400, "unauthorized_client", "The client may not use this grant type."),
    "code": ErrorText(400, "invalid_grant", "The authorization code is invalid."),
    "code_expired": ErrorText(400, "invalid_grant", "The authorization code has expired."),
    "code_used": ErrorText(400, "invalid_grant", "The authorization code was used before."),
    "redirect": ErrorText(400, "invalid_grant", "The redirect URI does not match."),
    "verifier": ErrorText(400, "invalid_grant", "The code verifier does not fit the code challenge."),
    "refresh": ErrorText(400, "invalid_grant", "The refresh token is invalid."),
    "refresh_expired": ErrorText(400, "invalid_grant", "The refresh token has expired."),
    "revoked": ErrorText(400, "invalid_grant", "The grant was revoked."),
    "scope": ErrorText(400, "invalid_scope", "The scope is unknown or exceeds what the client may ask for."),
    "account": ErrorText(400, "invalid_request", "The account is not the client's."),
    "denied": ErrorText(400, "access_denied", "The user did not allow it."),
}

ZOOM: Final[Mapping[Problem, ErrorText]] = {
    "client": ErrorText(400, "invalid_client", "Invalid client_id or client_secret", 4702),
    "secret": ErrorText(400, "invalid_client", "Invalid client_id or client_secret", 4702),
    "authentication": ErrorText(401, "invalid_client", "Missing client credentials", 4706),
    "parameter": ErrorText(400, "invalid_request", "Bad Request", 4700),
    "grant_type": ErrorText(400, "unsupported_grant_type", "unsupported grant type", 4705),
    "grant": ErrorText(400, "unsupported_grant_type", "unsupported grant type", 4705),
    "code": ErrorText(400, "invalid_grant", "Invalid authorization code", 4734),
    "code_expired": ErrorText(400, "invalid_grant", "Authorization code expired", 4733),
    "code_used": ErrorText(400, "invalid_grant", "Invalid authorization code", 4734),
    "redirect": ErrorText(400, "invalid_request", "Redirect URI mismatch.", 4709),
    "verifier": ErrorText(400, "invalid_grant", "Invalid code verifier"),
    "refresh": ErrorText(400, "invalid_grant", "Invalid Token!", 4700),
    "refresh_expired": ErrorText(400, "invalid_grant", "Invalid Token!", 4700),
    "revoked": ErrorText(400, "invalid_grant", "Token has been revoked.", 4741),
    "account": ErrorText(400, "invalid_request", "Bad Request", 4700),
}

ENTRA: Final[Mapping[Problem, ErrorText]] = {
    "client": ErrorText(400, "unauthorized_client", "The application was not found in the directory.", 700016),
    "secret": ErrorText(401, "invalid_client", "Invalid client secret provided.", 7000215),
    "authentication": ErrorText(
        401, "invalid_client", "The request body must contain 'client_assertion' or 'client_secret'.", 7000218
    ),
    "parameter": ErrorText(400, "invalid_request", "The request is malformed or invalid.", 9002313),
    "response_type": ErrorText(400, "unsupported_response_type", "The response type is not supported.", 700054),
    "grant_type": ErrorText(400, "unsupported_grant_type", "The app requested an unsupported grant type.", 70003),
    "grant": ErrorText(400, "unauthorized_client", "The application is not configured for this grant.", 700022),
    "code": ErrorText(400, "invalid_grant", "The provided authorization code is invalid.", 70000),
    "code_expired": ErrorText(400, "invalid_grant", "The provided authorization code has expired.", 70008),
    "code_used": ErrorText(400, "invalid_grant", "OAuth2 Authorization code was already redeemed.", 54005),
    "redirect": ErrorText(400, "invalid_client", "The reply URL does not match the configured reply URLs.", 500112),
    "verifier": ErrorText(400, "invalid_grant", "The Code_Verifier does not match the code_challenge.", 501481),
    "refresh": ErrorText(400, "invalid_grant", "The provided refresh token is invalid.", 70000),
    "refresh_expired": ErrorText(400, "invalid_grant", "The refresh token has expired due to inactivity.", 700082),
    "revoked": ErrorText(400, "invalid_grant", "The provided grant has expired due to it being revoked.", 50173),
    "scope": ErrorText(400, "invalid_scope", "The provided value for the input parameter scope is not valid.", 70011),
    "account": ErrorText(400, "invalid_request", "The tenant was not found.", 90002),
    "denied": ErrorText(400, "access_denied", "The user declined to consent to access the app.", 65004),
}


class Refused(Exception):
    """A request that gets no code and no token."""

    def __init__(self, problem: Problem, detail: str = "") -> None:
        super().__init__(detail or problem)
        self.problem: Problem = problem
        self.detail = detail


def explained(texts: Mapping[Problem, ErrorText], refused: Refused) -> ErrorText:
    """The vendor's words, or RFC 6749's where it has none of its own."""
    return texts.get(refused.problem) or RFC_6749[refused.problem]


def body(form: Form, told: ErrorText, now: datetime, trace: uuid.UUID) -> Mapping[str, Any]:
    """The JSON that is sent with the status; `trace` is what the vendor's support would ask for."""
    if form == "zoom":
        return {"reason": told.text, "error": told.error}
    if form == "webex":
        return {"message": told.text, "errors": [{"description": told.text}], "trackingId": f"ROUTER_{trace}"}
    if form == "entra":
        return _entra(told, now, trace)
    return {"error": told.error, "error_description": told.text}


def _entra(told: ErrorText, now: datetime, trace: uuid.UUID) -> Mapping[str, Any]:
    time = now.strftime("%Y-%m-%d %H:%M:%SZ")
    ids = f"Trace ID: {trace} Correlation ID: {trace} Timestamp: {time}"
    return {
        "error": told.error,
        "error_description": f"AADSTS{told.code}: {told.text} {ids}",
        "error_codes": [told.code],
        "timestamp": time,
        "trace_id": str(trace),
        "correlation_id": str(trace),
        "error_uri": f"https://login.microsoftonline.com/error?code={told.code}",
    }

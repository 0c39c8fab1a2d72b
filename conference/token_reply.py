"""What the reply of a token endpoint means: tokens, or one failure of our tree, and never a word of the server's own.

Sources: RFC 6749, sections 5.1 and 5.2; Zoom, OAuth error messages; Microsoft identity platform, Authentication and
authorization error codes.
"""

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeGuard

import msgspec

from conference.errors import (
    ConferenceFailure,
    CredentialsRefused,
    NotConnected,
    OutcomeUnknown,
    Permanent,
    Temporary,
)
from conference.http import retry_after
from conference.providers.base import Reply

LIFETIME = 3600.0
"""Seconds that a token is taken to last whose server does not say, or says nonsense: a refusal renews it anyway."""

_LONGEST = 400 * 86400.0
_MOST_TOKEN = 16_384
_TOKEN = re.compile(r"[!-~]+")
_PASSING = frozenset({408, 425, 429, 503})
_BY_WORD: Mapping[str, type[ConferenceFailure]] = {
    "invalid_grant": NotConnected,
    "interaction_required": NotConnected,
    "consent_required": NotConnected,
    "login_required": NotConnected,
    "access_denied": NotConnected,
    "invalid_client": CredentialsRefused,
    "unauthorized_client": CredentialsRefused,
    "temporarily_unavailable": Temporary,
    "slow_down": Temporary,
    "server_error": OutcomeUnknown,
    "invalid_request": Permanent,
    "invalid_scope": Permanent,
    "unsupported_grant_type": Permanent,
}
_BY_CODE: Mapping[int, type[ConferenceFailure]] = {
    **dict.fromkeys((4702, 4704, 4706), CredentialsRefused),
    **dict.fromkeys((4705, 4709, 4717, 4738), Permanent),
    **dict.fromkeys((4711, 4733, 4734, 4735, 4737, 4740, 4741), NotConnected),
}
"""Zoom's, which 4700 is not among: that is its word for anything unexpected."""
_NEVER_REPORTED = frozenset({"openid", "profile", "email", "offline_access"})
"""Scopes of OpenID Connect, which servers leave out of what they say was granted."""


class Granted(msgspec.Struct, frozen=True):
    """What a token endpoint gave; it shows nothing of the tokens.

    `refresh_token` is "" where none came, and the one before stays good. `scopes` is None where the server does not
    say: then they are what was asked for, or what they were. `lifetime` is the access token's, in seconds. `id_token`
    is OpenID Connect's, unchecked, "" where none came.
    """

    access_token: str
    refresh_token: str = ""
    scopes: frozenset[str] | None = None
    lifetime: float = LIFETIME
    id_token: str = ""

    def __repr__(self) -> str:
        return "Granted(...)"


def missing(asked: tuple[str, ...], granted: frozenset[str]) -> frozenset[str]:
    """Which scopes that were asked for are lacking. Entra names one with its resource or without, in any case."""
    have = {_bare(scope) for scope in granted}
    return frozenset(scope for scope in asked if _bare(scope) not in have | _NEVER_REPORTED)


def _bare(scope: str) -> str:
    return scope.rpartition("/")[2].lower()


def read(reply: Reply) -> Granted:
    """The tokens of a reply of success.

    Raises OutcomeUnknown when there are none: the grant may be used up all the same.
    """
    body = _object(reply)
    token, kind, refresh = body.get("access_token"), body.get("token_type", "bearer"), body.get("refresh_token") or ""
    bearer = isinstance(kind, str) and kind.lower() == "bearer"
    if not bearer or not _is_token(token) or not (refresh == "" or _is_token(refresh)):
        raise OutcomeUnknown("token-malformed", f"HTTP {reply.status}, {len(reply.body)} bytes without a bearer token")
    id_token = body.get("id_token")
    identity = id_token if _is_token(id_token) else ""
    return Granted(token, refresh, _scopes(body.get("scope")), _lifetime(body.get("expires_in")), identity)


def refusal(reply: Reply, now: datetime) -> ConferenceFailure:
    """What a reply without a token means: by the status where it speaks of the server, its code, its word, the status.

    NotConnected is a grant that is not taken any more, CredentialsRefused our client, Permanent the request, Temporary
    what passes; OutcomeUnknown too, where the grant may be used up.
    """
    body = _object(reply)
    word, codes = body.get("error"), _codes(body)
    known = word if isinstance(word, str) and word in _BY_WORD else ""
    if reply.status in _PASSING:
        failure: type[ConferenceFailure] = Temporary
    elif reply.status >= 500:
        failure = OutcomeUnknown
    else:
        by_word = _BY_WORD[known] if known else _by_status(reply, body)
        failure = next((_BY_CODE[code] for code in codes if code in _BY_CODE), by_word)
    detail = " ".join(filter(None, [f"the token endpoint answered {reply.status}", known, *map(str, codes)]))
    if issubclass(failure, Temporary):
        wait = retry_after(reply.headers.get("Retry-After"), now)
        return failure("token-unavailable", detail, retry_after=wait)
    return failure("grant-refused" if failure is NotConnected else "token-refused", detail)


def _by_status(reply: Reply, body: Mapping[str, Any]) -> type[ConferenceFailure]:
    """For refusals without a word of RFC 6749, as Webex's are: its text speaks of the refresh token.

    Without JSON it is no word of the server's, but of something before it.
    """
    if (reply.status == 400 and body) or (reply.status == 401 and b"refresh token" in reply.body.lower()):
        return NotConnected
    return CredentialsRefused if reply.status == 401 else Permanent


def _object(reply: Reply) -> Mapping[str, Any]:
    try:
        body = msgspec.json.decode(reply.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _codes(body: Mapping[str, Any]) -> list[int]:
    """The server's own numbers: Entra's `error_codes` (AADSTS), Zoom's `code`."""
    many = body.get("error_codes")
    given = [body.get("code"), body.get("errorCode"), *(many if isinstance(many, list) else [])]
    found = [_number(value) for value in given]
    return [int(value) for value in found if value is not None and 1000 <= value < 10_000_000][:4]


def _is_token(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) <= _MOST_TOKEN and _TOKEN.fullmatch(value) is not None


def _scopes(value: object) -> frozenset[str] | None:
    if isinstance(value, str):
        return frozenset(value.replace(",", " ").split()) or None
    if isinstance(value, list):
        return frozenset(scope for scope in value if isinstance(scope, str)) or None
    return None


def _lifetime(value: object) -> float:
    seconds = _number(value)
    return min(seconds, _LONGEST) if seconds is not None and seconds > 0 else LIFETIME


def _number(value: object) -> float | None:
    """A finite number, also one that is written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None

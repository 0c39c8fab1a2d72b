"""Domain-wide delegation: who may sign as a service account, and which users' tokens a signed assertion is good for.

Sources: Create short-lived credentials for a service account (IAM); Using OAuth 2.0 for server to server applications
(Google Identity); RFC 7523.
"""

import base64
import json
import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from conference.clock import Clock
from simulator import ids
from simulator.access import AccessTokens
from simulator.identity import Identity, Key

AUDIENCE: Final = "https://oauth2.googleapis.com/token"
LIFETIME: Final = 3599
"""Seconds that an issued access token is good for."""

_MOST_LIFETIME: Final = 3600
_SKEW: Final = 300


class Refused(Exception):
    """An assertion that gets no token: the status and the OAuth error that Google answers with."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error


class Delegation:
    """The keys of service accounts, who may use them, and what each domain's administrator has authorised.

    `signers` are pairs: who has roles/iam.serviceAccountTokenCreator, and on which account. `exists` says whether there
    is a user of that address. Thread-safe.
    """

    def __init__(self, clock: Clock, identity: Identity, tokens: AccessTokens, exists: Callable[[str], bool]) -> None:
        self._clock = clock
        self._identity = identity
        self._tokens = tokens
        self._exists = exists
        self._lock = threading.Lock()
        self._keys: dict[str, Key] = {}
        self._authorised: dict[tuple[str, str], frozenset[str]] = {}
        self.signers: set[tuple[str, str]] = {(ids.FUNCTION_SERVICE_ACCOUNT, ids.DELEGATE_SERVICE_ACCOUNT)}

    def authorise(self, service_account: str, scopes: Collection[str], domain: str) -> None:
        """As the domain's administrator: let the account impersonate every user for these scopes, and no others."""
        self._authorised[service_account, domain] = frozenset(scopes)

    def sign(self, service_account: str, claims: Mapping[str, Any]) -> tuple[str, str]:
        """The key's id and the JWT that the account's own key has signed."""
        with self._lock:
            if service_account not in self._keys:
                self._keys[service_account] = self._identity.new_key()
            key = self._keys[service_account]
        return key.kid, self._identity.sign(claims, key=key)

    def exchange(self, assertion: str) -> str:
        """A new access token of the user whom the assertion names. Raises Refused."""
        claims = self._verified(assertion)
        email, scopes = claims.get("sub"), frozenset(str(claims.get("scope", "")).split())
        if not isinstance(email, str) or "@" not in email:
            raise Refused(400, "invalid_grant", "Invalid email or User ID")
        if not scopes or not scopes <= self._authorised.get((claims["iss"], email.rpartition("@")[2]), frozenset()):
            message = "Client is unauthorized to retrieve access tokens using this method, or client not authorized for"
            raise Refused(401, "unauthorized_client", f"{message} any of the scopes requested.")
        if not self._exists(email):
            raise Refused(400, "invalid_grant", "Invalid email or User ID")
        return self._tokens.issue(email, scopes, LIFETIME)

    def _verified(self, assertion: str) -> Mapping[str, Any]:
        signed, _, signature = assertion.rpartition(".")
        try:
            claims = json.loads(_decoded(signed.partition(".")[2]))
            key = self._keys[claims["iss"]]
            key.private.public_key().verify(_decoded(signature), signed.encode(), PKCS1v15(), SHA256())
        except (ValueError, KeyError, TypeError, InvalidSignature):
            raise Refused(400, "invalid_grant", "Invalid JWT Signature.") from None
        checked: Mapping[str, Any] = claims
        if claims.get("aud") != AUDIENCE:
            raise Refused(400, "invalid_grant", "Invalid JWT: Failed audience check. The right audience is " + AUDIENCE)
        now, issued, expires = self._clock.now().timestamp(), claims.get("iat"), claims.get("exp")
        timely = isinstance(issued, int) and isinstance(expires, int) and issued - _SKEW <= now < expires + _SKEW
        if not timely or expires - issued > _MOST_LIFETIME:
            message = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
            raise Refused(400, "invalid_grant", message)
        return checked


def _decoded(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))

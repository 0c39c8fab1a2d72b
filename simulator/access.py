"""OAuth access tokens: opaque, of one user, good for some scopes, for a while, until they are revoked."""

import random
import threading
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from conference.clock import Clock
from simulator import discovery, ids
from simulator.errors import INSUFFICIENT_SCOPES, INVALID_CREDENTIALS, LOGIN_REQUIRED, GoogleError

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token stands for."""

    email: str
    scopes: frozenset[str]
    expires: datetime


class AccessTokens:
    """The tokens that were issued and not revoked."""

    def __init__(self, clock: Clock, randomness: random.Random) -> None:
        self._clock = clock
        self._random = randomness
        self._lock = threading.Lock()
        self._grants: dict[str, Grant] = {}

    def issue(self, email: str, scopes: Collection[str] = ids.ADDON_SCOPES, lifetime: float = 3599) -> str:
        """A new token of `email`, good for `lifetime` seconds."""
        token = "ya29." + "".join(self._random.choices(_LETTERS, k=160))
        expires = self._clock.now() + timedelta(seconds=lifetime)
        with self._lock:
            self._grants[token] = Grant(email.lower(), frozenset(scopes), expires)
        return token

    def revoke(self, token: str) -> None:
        """Make a token worthless; nothing when it already is."""
        with self._lock:
            self._grants.pop(token, None)

    def revoke_user(self, email: str) -> None:
        """Make all tokens of a user worthless, as when the add-on is uninstalled."""
        with self._lock:
            self._grants = {token: grant for token, grant in self._grants.items() if grant.email != email.lower()}

    def caller(self, authorization: str | None, method: str) -> str:
        """The e-mail address behind an Authorization header that may call the method `method`.

        Raises GoogleError 401 without a live token and 403 when its scopes do not cover the method.
        """
        return self.holder(authorization, discovery.method(method)["scopes"])

    def holder(self, authorization: str | None, scopes: Collection[str]) -> str:
        """The e-mail address behind an Authorization header whose token has one of the scopes.

        Raises GoogleError 401 without a live token and 403 when it has none of them.
        """
        if not authorization:
            raise GoogleError(LOGIN_REQUIRED)
        scheme, _, token = authorization.partition(" ")
        with self._lock:
            grant = self._grants.get(token.strip())
        if scheme.lower() != "bearer" or grant is None or grant.expires <= self._clock.now():
            raise GoogleError(INVALID_CREDENTIALS)
        if grant.scopes.isdisjoint(scopes):
            raise GoogleError(INSUFFICIENT_SCOPES)
        return grant.email

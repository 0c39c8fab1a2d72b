"""The tokens of an authorization server: opaque, of one grant each, with the vendor's way of rotating them."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from conference.clock import Clock
from simulator.oauth_errors import Refused
from simulator.vendors import Vendor

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(slots=True)
class Family:
    """All tokens that came of one authorization, by the user `email` or, when that is None, by the account."""

    client: str
    email: str | None
    scopes: frozenset[str]
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """What an access token stands for; `email` is None where it is the account's own."""

    email: str | None
    scopes: frozenset[str]
    expires: datetime


@dataclass(slots=True)
class _Token:
    family: Family
    expires: datetime
    scopes: frozenset[str]
    refreshes: bool
    spent: bool = False


class Tokens:
    """The tokens that were issued. Their user holds the lock."""

    def __init__(self, vendor: Vendor, clock: Clock, randomness: random.Random) -> None:
        self._vendor = vendor
        self._clock = clock
        self._random = randomness
        self._tokens: dict[str, _Token] = {}

    def opaque(self, length: int = 64) -> str:
        """Random text that says nothing."""
        return "".join(self._random.choices(_LETTERS, k=length))

    def issue(self, family: Family, scopes: frozenset[str], *, refreshes: bool = False) -> str:
        """A new access token, or one that refreshes."""
        token = self.opaque()
        self._tokens[token] = _Token(family, self._ends(refreshes=refreshes), scopes, refreshes)
        return token

    def grant(self, token: str) -> Grant | None:
        """What an access token stands for while it is good."""
        found = self._tokens.get(token)
        if found is None or found.refreshes or found.family.revoked or found.expires <= self._clock.now():
            return None
        return Grant(found.family.email, found.scopes, found.expires)

    def family(self, token: str) -> Family | None:
        """The family of a token of either kind, dead or alive."""
        found = self._tokens.get(token)
        return found.family if found else None

    def refreshed(self, token: str, client: str) -> tuple[Family, str | None]:
        """Use a refresh token: its family, and the refresh token that the reply has. Raises Refused.

        One that was rotated away revokes its whole family (RFC 9700, section 4.14.2).
        """
        found = self._tokens.get(token)
        if found is None or not found.refreshes or found.family.client != client:
            raise Refused("refresh")
        if found.family.revoked:
            raise Refused("revoked")
        if found.spent:
            found.family.revoked = True
            raise Refused("refresh")
        if found.expires <= self._clock.now():
            raise Refused("refresh_expired")
        return found.family, self._successor(token, found)

    def expire(self, token: str) -> None:
        """Have a token of either kind be over now. Raises KeyError."""
        self._tokens[token].expires = self._clock.now()

    def revoke(self, email: str | None, client: str | None = None) -> None:
        """Revoke what a user, or with None the account, has granted: to this client, or to all when it is None."""
        for token in self._tokens.values():
            if token.family.email == email and client in (None, token.family.client):
                token.family.revoked = True

    def _successor(self, token: str, used: _Token) -> str | None:
        way = self._vendor.refresh
        if way == "keeps":
            return None
        if way == "renews":
            used.expires = self._ends(refreshes=True)
            return token
        used.spent = way == "rotates"
        return self.issue(used.family, used.scopes, refreshes=True)

    def _ends(self, *, refreshes: bool) -> datetime:
        lifetime = self._vendor.refresh_lifetime if refreshes else self._vendor.access_lifetime
        return self._clock.now() + timedelta(seconds=lifetime)

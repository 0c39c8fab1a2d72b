"""Who calls: ID tokens signed by Google, each kind good for its own callers and routes and for nothing else.

Sources: OpenID Connect (Google Identity), section on validating an ID token; Verify requests from Google (Google
Workspace add-ons in alternate runtimes).
"""

import json
import logging
import re
import threading
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from conference.clock import Clock
from conference.errors import AnyroomError, Unauthenticated, Unavailable

ISSUERS = frozenset({"https://accounts.google.com", "accounts.google.com"})
ALGORITHM = "RS256"
"""The one algorithm of Google's ID tokens: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, section 3.3)."""
SKEW = 30
"""Seconds that a caller's clock may differ from ours."""

_MAX_TOKEN = 8192
_REFRESH = 60.0
"""Seconds between two fetches of the certificates for a key id that is not among them."""
_RETRY = 2.0
"""Seconds between two fetches while there are no certificates at all."""
_PATIENCE = 5.0
"""Seconds to wait for somebody else's fetch."""

CLIENT_ID = re.compile(r"[0-9a-z-]{1,100}\.apps\.googleusercontent\.com")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_log = logging.getLogger("anyroom.identity")


class User(msgspec.Struct, frozen=True):
    """A person, proved by Google: `sub` never changes, `email` is lower-cased, `domain` is the hosted domain or ""."""

    sub: str
    email: str
    domain: str = ""


class Accepted(msgspec.Struct, frozen=True):
    """Who is let in: the script's client ids, the HTTP add-on's service account and client id, the tasks' account."""

    script: frozenset[str] = frozenset()
    addon_account: str = ""
    addon_client: str = ""
    tasks_account: str = ""


class SignInClient(msgspec.Struct, frozen=True):
    """Our OAuth client at Google; the secret is text written `secret:NAME`, or itself."""

    client_id: str
    client_secret: str


class Keys(Protocol):
    """The public keys that tokens are checked with."""

    def having(self, key_id: str) -> RSAPublicKey | None:
        """The key of that id, or None when there is none. Raises Unavailable when no key at all can be had."""


class PublishedKeys:
    """Google's certificates, fetched when needed, kept as long as their headers say, and on while Google is down.

    `fetch` returns the JWK set and the seconds it may be kept; it raises AnyroomError when it cannot. An empty set is
    never kept, and an unknown key id fetches at most once a minute.
    """

    def __init__(self, fetch: Callable[[], tuple[Mapping[str, Any], float]], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: Mapping[str, RSAPublicKey] = {}
        self._fresh_until = float("-inf")
        self._next_fetch = float("-inf")

    def having(self, key_id: str) -> RSAPublicKey | None:
        """The key of that id, or None when Google has no such key. Raises Unavailable."""
        if not self._fresh(key_id):
            self._refresh(lambda: self._fresh(key_id))
        if not self._keys:
            raise Unavailable("certificates", "Google's certificates cannot be fetched")
        return self._keys.get(key_id)

    def prefetch(self) -> None:
        """Fetch the keys before anybody asks for one."""
        self._refresh(lambda: bool(self._keys))

    def _fresh(self, key_id: str) -> bool:
        return key_id in self._keys and self._clock.monotonic() < self._fresh_until

    def _refresh(self, enough: Callable[[], bool]) -> None:
        """One fetch for all who wait, unless there is enough meanwhile or the last fetch is too recent."""
        if not self._lock.acquire(timeout=_PATIENCE):
            return
        try:
            if enough() or self._clock.monotonic() < self._next_fetch:
                return
            fetched = self._fetched()
            now = self._clock.monotonic()
            if fetched:
                self._keys, lifetime = fetched
                self._fresh_until = now + lifetime
            self._next_fetch = now + (_REFRESH if self._keys else _RETRY)
        finally:
            self._lock.release()

    def _fetched(self) -> tuple[Mapping[str, RSAPublicKey], float] | None:
        """The keys and the seconds they may be kept, None when there are none. Other types are passed over (RFC 7517,
        section 5)."""
        try:
            published, lifetime = self._fetch()
            keys = {str(jwk["kid"]): _public_key(jwk) for jwk in published["keys"] if jwk.get("kty") == "RSA"}
        except (AnyroomError, AttributeError, KeyError, OSError, TypeError, ValueError) as error:
            _log.warning("certificates not fetched: %s", getattr(error, "reason", type(error).__name__))
            return None
        return (keys, lifetime) if keys else None


class Verifier:
    """Turns tokens into who they prove, or raises Unauthenticated: the reason is for the log, never for the caller."""

    def __init__(self, accepted: Accepted, keys: Keys, clock: Clock) -> None:
        self._accepted = accepted
        self._keys = keys
        self._clock = clock

    def script_user(self, token: str) -> User:
        """The user behind the ID token of the Apps Script add-on (ScriptApp.getIdentityToken)."""
        return self._user(self._claims(token, self._accepted.script))

    def check_addon(self, system_token: str, audiences: frozenset[str]) -> None:
        """Raise Unauthenticated unless the HTTP add-on itself sent the token, for one spelling of this route's URL."""
        if not self._accepted.addon_account:
            raise Unauthenticated("addon-not-accepted")
        if _verified_email(self._claims(system_token, audiences)) != self._accepted.addon_account:
            raise Unauthenticated("not-the-addon")

    def addon_user(self, user_token: str) -> User:
        """The user whose ID token the HTTP add-on sent along, once `check_addon` has proved the add-on."""
        return self._user(self._claims(user_token, frozenset({self._accepted.addon_client})))

    def signed_in_user(self, id_token: str, client_id: str, nonce: str) -> User:
        """The user whom "Sign in with Google" names, for that client of ours and that one sign-in."""
        claims = self._claims(id_token, frozenset({client_id}))
        if claims.get("nonce") != nonce:
            raise Unauthenticated("wrong-nonce")
        return self._user(claims)

    def check_task(self, token: str, audience: str) -> None:
        """Raise Unauthenticated unless Cloud Tasks or Cloud Scheduler sent the token, for exactly that audience."""
        if not self._accepted.tasks_account:
            raise Unauthenticated("tasks-not-accepted")
        if _verified_email(self._claims(token, frozenset({audience}))) != self._accepted.tasks_account:
            raise Unauthenticated("not-the-tasks-account")

    def _user(self, claims: Mapping[str, Any]) -> User:
        email = _verified_email(claims)
        if email.endswith(".gserviceaccount.com"):
            raise Unauthenticated("service-account")
        domain = claims.get("hd", "")
        return User(claims["sub"], email, domain.lower() if isinstance(domain, str) else "")

    def _claims(self, token: str, audiences: frozenset[str]) -> Mapping[str, Any]:
        """The checked claims: signature, issuer, one exact audience, times within the skew, a subject."""
        claims = self._signed(token)
        if claims.get("iss") not in ISSUERS:
            raise Unauthenticated("wrong-issuer")
        audience = claims.get("aud")
        if not isinstance(audience, str) or audience not in audiences:
            raise Unauthenticated("wrong-audience", _told_audience(audience))
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise Unauthenticated("no-subject")
        now = self._clock.now().timestamp()
        expires, issued, begins = claims.get("exp", ""), claims.get("iat", ""), claims.get("nbf", 0)
        if not (_is_time(expires) and _is_time(issued) and _is_time(begins)):
            raise Unauthenticated("no-times")
        if now > float(expires) + SKEW:
            raise Unauthenticated("expired")
        if now < max(float(issued), float(begins)) - SKEW:
            raise Unauthenticated("not-yet-valid")
        return claims

    def _signed(self, token: str) -> Mapping[str, Any]:
        """The claims of a compact JWS (RFC 7515, section 5.2) that one of the keys has signed."""
        if not token or len(token) > _MAX_TOKEN:
            raise Unauthenticated("no-token")
        try:
            signed, _, signature = token.rpartition(".")
            header, _, payload = signed.partition(".")
            self._key(_object(header)).verify(_decoded(signature), signed.encode("ascii"), PKCS1v15(), SHA256())
            return _object(payload)
        except InvalidSignature as error:
            raise Unauthenticated("bad-signature") from error
        except (ValueError, RecursionError) as error:
            raise Unauthenticated("bad-token", type(error).__name__) from error

    def _key(self, header: Mapping[str, Any]) -> RSAPublicKey:
        """The key that the header names; another algorithm, or an extension that must be understood, is refused."""
        key_id = header.get("kid")
        if header.get("alg") != ALGORITHM or not isinstance(key_id, str):
            raise Unauthenticated("wrong-algorithm")
        if "crit" in header or "b64" in header:
            raise Unauthenticated("critical-header")
        key = self._keys.having(key_id)
        if key is None:
            raise Unauthenticated("unknown-key")
        return key


def _public_key(jwk: Mapping[str, Any]) -> RSAPublicKey:
    """An RSA key of a JWK set (RFC 7518, section 6.3.1). Raises ValueError, KeyError."""
    exponent, modulus = (int.from_bytes(_decoded(jwk[name])) for name in ("e", "n"))
    return RSAPublicNumbers(exponent, modulus).public_key()


def _object(segment: str) -> Mapping[str, Any]:
    content = json.loads(_decoded(segment))
    if not isinstance(content, dict):
        raise ValueError("no object")
    return content


def _decoded(segment: str) -> bytes:
    """base64url without padding, and nothing else (RFC 7515, section 2)."""
    if not _BASE64URL.fullmatch(segment):
        raise ValueError("no base64url")
    return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def _verified_email(claims: Mapping[str, Any]) -> str:
    email = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(email, str) or not email:
        raise Unauthenticated("email-not-verified")
    if not email.isascii():
        raise Unauthenticated("email-not-ascii", "lower-casing could make it somebody else's")
    return email.lower()


def _told_audience(audience: object) -> str:
    """What an administrator needs to mend the setting; any other text is somebody else's and stays out of the log."""
    if isinstance(audience, str) and CLIENT_ID.fullmatch(audience):
        return f"Google signed for {audience}"
    return "Google signed for no client id"


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12

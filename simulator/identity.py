"""Google's OpenID half: signing keys, their certificates, and ID tokens of every kind, genuine or forged on request.

Sources: OpenID Connect (Google Identity), "ID token payload"; RFC 7515 and RFC 7517 for the encodings.
"""

import base64
import hashlib
import hmac
import json
import os
import random
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from conference.clock import Clock
from simulator import ids

ABSENT: Final = object()
"""As a claim or header: leave it out."""

CONSUMER_DOMAINS: Final = frozenset({"gmail.com", "googlemail.com"})

Algorithm = Literal["RS256", "HS256", "none"]


@dataclass(frozen=True, slots=True)
class Key:
    """A signing key; `kid` names it in the certificates."""

    kid: str
    private: rsa.RSAPrivateKey

    def public_jwk(self) -> dict[str, str]:
        """The public half as Google publishes it."""
        numbers = self.private.public_key().public_numbers()
        modulus = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
        exponent = numbers.e.to_bytes(3, "big")
        return {
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "kid": self.kid,
            "n": _encoded(modulus),
            "e": _encoded(exponent),
        }

    def public_pem(self) -> bytes:
        """The public half as PEM, which the HS256 forgery takes for its secret."""
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


def new_private_key() -> rsa.RSAPrivateKey:
    """A key as Google's are: RSA of 2,048 bits."""
    return rsa.generate_private_key(65537, 2048)


class Identity:
    """Who the users are and what Google says of them. Keys are made when first needed."""

    def __init__(
        self, clock: Clock, randomness: random.Random, private_key: Callable[[], rsa.RSAPrivateKey] | None = None
    ) -> None:
        self._clock = clock
        self._random = randomness
        self._private_key = private_key or new_private_key
        self._lock = threading.RLock()
        self._keys: list[Key] = []
        self._subjects: dict[str, str] = {}
        self.max_age = 21600
        """Seconds that the certificates may be kept, as their Cache-Control header says."""

    @property
    def key(self) -> Key:
        """The key that signs now."""
        with self._lock:
            if not self._keys:
                self._keys.append(self.new_key())
            return self._keys[0]

    def new_key(self) -> Key:
        """A key that is not among the certificates, so that a token signed with it is forged."""
        return Key(f"{self._random.getrandbits(160):040x}", self._private_key())

    def rotate(self, *, forget: bool = False) -> None:
        """Sign with a new key from now on; tokens of the old one stay good unless `forget`."""
        with self._lock:
            old = [] if forget else [self.key]
            self._keys = [self.new_key(), *old]

    def jwks(self) -> dict[str, Any]:
        """The certificates as a JWK set."""
        with self._lock:
            current = self.key
            return {"keys": [current.public_jwk(), *(key.public_jwk() for key in self._keys[1:])]}

    def write_keyfile(self, path: str) -> None:
        """Write what `ANYROOM_IDENTITY=local:PATH` reads: the public keys and whose tokens are accepted."""
        content = {
            **self.jwks(),
            "script": ids.SCRIPT_CLIENT_ID,
            "addon": [ids.ADDON_SERVICE_ACCOUNT, ids.ADDON_CLIENT_ID],
            "tasks": ids.TASKS_SERVICE_ACCOUNT,
        }
        folder = os.path.dirname(os.path.abspath(path))
        with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as file:
            json.dump(content, file, indent=1)
        os.replace(file.name, path)

    def subject(self, email: str) -> str:
        """The 21 digits that name the account for ever."""
        with self._lock:
            known = self._subjects.get(email)
            if known is None:
                known = self._subjects[email] = "1" + "".join(self._random.choices("0123456789", k=20))
            return known

    def script_token(self, email: str, /, *, lifetime: float = 3600, **forgery: Any) -> str:
        """What ScriptApp.getIdentityToken returns for the user; `forgery` as for `sign`."""
        return self.sign(self._user_claims(email, ids.SCRIPT_CLIENT_ID, lifetime), **forgery)

    def user_id_token(self, email: str, /, *, lifetime: float = 3600, **forgery: Any) -> str:
        """The `userIdToken` that an HTTP add-on is sent; `forgery` as for `sign`."""
        return self.sign(self._user_claims(email, ids.ADDON_CLIENT_ID, lifetime), **forgery)

    def sign_in_token(
        self,
        email: str,
        client_id: str,
        nonce: str | None,
        access_token: str,
        /,
        *,
        lifetime: float = 3600,
        **forgery: Any,
    ) -> str:
        """What "Sign in with Google" gives the client beside `access_token`; `forgery` as for `sign`."""
        claims = self._user_claims(email, client_id, lifetime)
        claims["nonce"] = ABSENT if nonce is None else nonce
        # OpenID Connect Core, section 3.1.3.6.
        claims["at_hash"] = _encoded(hashlib.sha256(access_token.encode()).digest()[:16])
        return self.sign(claims, **forgery)

    def system_token(
        self, audience: str, *, email: str = ids.ADDON_SERVICE_ACCOUNT, lifetime: float = 3600, **forgery: Any
    ) -> str:
        """The token of the add-on's service account for the route `audience`; `forgery` as for `sign`."""
        return self.sign(self._claims(email, audience, lifetime), **forgery)

    def tasks_token(self, audience: str, *, lifetime: float = 3600, **forgery: Any) -> str:
        """The OIDC token that Cloud Tasks and Cloud Scheduler send; `forgery` as for `sign`."""
        return self.sign(self._claims(ids.TASKS_SERVICE_ACCOUNT, audience, lifetime), **forgery)

    def sign(
        self,
        claims: Mapping[str, Any],
        *,
        algorithm: Algorithm = "RS256",
        key: Key | None = None,
        header: Mapping[str, Any] | None = None,
        **overrides: Any,
    ) -> str:
        """A compact JWS of `claims` with `overrides` over them; ABSENT leaves a claim or header out.

        HS256 is keyed with the public key's PEM and `none` has an empty signature, as the well-known forgeries have.
        """
        key = key or self.key
        head = {"alg": algorithm, "kid": key.kid, "typ": "JWT", **(header or {})}
        signed = f"{_json(head)}.{_json({**claims, **overrides})}"
        if algorithm == "RS256":
            signature = key.private.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        elif algorithm == "HS256":
            signature = hmac.new(key.public_pem(), signed.encode(), hashlib.sha256).digest()
        else:
            signature = b""
        return f"{signed}.{_encoded(signature)}"

    def _user_claims(self, email: str, audience: str, lifetime: float) -> dict[str, Any]:
        claims = self._claims(email, audience, lifetime)
        domain = email.rpartition("@")[2].lower()
        return claims if domain in CONSUMER_DOMAINS else {**claims, "hd": domain}

    def _claims(self, email: str, audience: str, lifetime: float) -> dict[str, Any]:
        now = int(self._clock.now().timestamp())
        return {
            "iss": ids.ISSUER,
            "azp": audience,
            "aud": audience,
            "sub": self.subject(email),
            "email": email,
            "email_verified": True,
            "iat": now,
            "exp": now + int(lifetime),
        }


def _json(values: Mapping[str, Any]) -> str:
    kept = {key: value for key, value in values.items() if value is not ABSENT}
    return _encoded(json.dumps(kept, separators=(",", ":")).encode())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

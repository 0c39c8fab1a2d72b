"""A JSON Web Token that we sign, with a shared secret (HS256) or with a private RSA key (RS256).

Sources: RFC 7515, section 3.1 and appendix A; RFC 7518, sections 3.2 and 3.3; RFC 7519.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import msgspec

LEAST_RSA = 2048
"""Bits of a key for RS256 at least (RFC 7518, section 3.3)."""


def with_secret(claims: Mapping[str, Any], secret: str) -> str:
    """The token of these claims under HS256: whoever checks it has the same secret."""
    signed = _signed({"alg": "HS256", "typ": "JWT"}, claims)
    return f"{signed}.{_base64url(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))}"


def with_key(claims: Mapping[str, Any], pem: str, key_id: str) -> str:
    """The token of these claims under RS256: whoever checks it finds our public key by `key_id`.

    Raises ValueError, which says what a key must be and nothing of this one.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        # To prove that the numbers of a key go together takes 40 to 260 ms, and the key is the administrator's own.
        key = load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        raise ValueError("must be a private key in PEM, without a password") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < LEAST_RSA:
        raise ValueError(f"must be an RSA key of at least {LEAST_RSA} bits")
    signed = _signed({"alg": "RS256", "kid": key_id, "typ": "JWT"}, claims)
    return f"{signed}.{_base64url(key.sign(signed.encode(), PKCS1v15(), SHA256()))}"


def _signed(header: Mapping[str, str], claims: Mapping[str, Any]) -> str:
    """What the signature is made over: both as JSON in UTF-8."""
    return f"{_base64url(msgspec.json.encode(header))}.{_base64url(msgspec.json.encode(claims))}"


def _base64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()

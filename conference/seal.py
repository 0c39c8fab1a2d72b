"""What is sealed opens only with one of our keys, and only where it was sealed for.

The keys are one secret, which ANYROOM_KEYS names: one key a line, 32 random bytes in base64, as `openssl rand -base64
32` makes them. The first seals, all open: a new one goes on top, an old one goes when nothing is sealed with
it any more. A rotation needs no new deployment, because the secret is read again.

AES-256-GCM (NIST SP 800-38D) with random nonces: good for 2**32 texts a key. Each use of a key has one of its own,
derived by HKDF (RFC 5869).
"""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from conference.errors import InvalidSetting, SecretUnavailable, Unsealable
from conference.secrets import Secrets, secret_name

SETTING = "ANYROOM_KEYS"
MOST_KEYS = 16

_KEY_BYTES = 32
_NONCE_BYTES = 12
_ID_BYTES = 6
_VERSION = "1"
_RECIPE = "make one with: openssl rand -base64 32"


@dataclass(frozen=True, slots=True)
class Key:
    """One of our keys. `id` names it and tells nothing of it."""

    id: str
    material: bytes = field(repr=False)
    cipher: AESGCM = field(repr=False)


class Seal:
    """Seals and opens with the keys behind the secret `name`; safe in many threads. `random` gives so many bytes."""

    def __init__(self, name: str, secrets: Secrets, random: Callable[[int], bytes]) -> None:
        self._name = name
        self._secrets = secrets
        self._random = random
        self._known: tuple[str, tuple[Key, ...]] = ("", ())

    def keys(self) -> tuple[Key, ...]:
        """All keys, the one that seals first. Raises SecretUnavailable, which names ANYROOM_KEYS, and Temporary."""
        text, keys = self._secrets.read(self._name), self._known
        if keys[0] != text:
            keys = self._known = (text, read_keys(text))
        return keys[1]

    def seal(self, text: str, *place: str) -> str:
        """The text, sealed for that place, in ASCII. Raises as `keys`."""
        key, nonce = self.keys()[0], self._random(_NONCE_BYTES)
        sealed = nonce + key.cipher.encrypt(nonce, text.encode(), _bound_to(key, place))
        return f"{_VERSION}.{key.id}.{base64.urlsafe_b64encode(sealed).decode()}"

    def open(self, sealed: str, *place: str) -> str:
        """What was sealed for that place. The keys are read again once for a key that is not known.

        Raises Unsealable, and as `keys`.
        """
        version, key_id, content = parts if len(parts := sealed.split(".")) == 3 else ("", "", "")
        key = _named(key_id, self.keys())
        if key is None and self._secrets.renew(self._name):
            key = _named(key_id, self.keys())
        if version != _VERSION or key is None:
            raise Unsealable("seal-key-unknown", f"sealed with a key that is none of {len(self.keys())}; see {SETTING}")
        opened = _opened(key, content, place)
        if opened is None:
            raise Unsealable("seal-broken", f"sealed with key {key.id}, and changed or moved since")
        return opened


def key_id(sealed: str) -> str:
    """The id of the key that sealed it, "none" for what is no seal of ours."""
    return parts[1] if len(parts := sealed.split(".")) == 3 else "none"


def open_seal(setting: str, secrets: Secrets, random: Callable[[int], bytes]) -> Seal:
    """The seal behind the value of ANYROOM_KEYS; nothing is read yet. Raises InvalidSetting."""
    try:
        name = secret_name(setting)
    except InvalidSetting as error:
        raise InvalidSetting(SETTING, error.detail) from None
    if name is None:
        raise InvalidSetting(SETTING, f"must be secret:NAME, a secret with one key a line; {_RECIPE}")
    return Seal(name, secrets, random)


def read_keys(text: str) -> tuple[Key, ...]:
    """The keys in the secret's text. Raises SecretUnavailable, which names the line and repeats nothing of it."""
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not 1 <= len(lines) <= MOST_KEYS:
        raise SecretUnavailable("keys-count", f"{SETTING}: {len(lines)} keys, 1 to {MOST_KEYS} are possible; {_RECIPE}")
    return tuple(_key(number, line) for number, line in lines)


def _key(number: int, line: str) -> Key:
    try:
        material = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        material = b""
    if len(material) != _KEY_BYTES or len(set(material)) == 1:
        raise SecretUnavailable(
            "keys-malformed", f"{SETTING}: line {number} is no key of {_KEY_BYTES} random bytes in base64; {_RECIPE}"
        )
    return Key(_derived(material, "id", _ID_BYTES).hex(), material, AESGCM(_derived(material, "seal", _KEY_BYTES)))


def _derived(material: bytes, purpose: str, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=f"anyroom {purpose}".encode()).derive(material)


def _named(key_id: str, keys: tuple[Key, ...]) -> Key | None:
    return next((key for key in keys if key.id == key_id), None)


def _bound_to(key: Key, place: tuple[str, ...]) -> bytes:
    """What is sealed along without being kept: version, key and place, each kept apart from the next."""
    return json.dumps([_VERSION, key.id, *place]).encode()


def _opened(key: Key, content: str, place: tuple[str, ...]) -> str | None:
    """None when it does not open; whatever was wrong stays here, so that no traceback carries any of it."""
    try:
        sealed = base64.urlsafe_b64decode(content)
        if base64.urlsafe_b64encode(sealed).decode() != content:
            return None
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        return key.cipher.decrypt(nonce, rest, _bound_to(key, place)).decode()
    except (InvalidTag, ValueError):
        return None

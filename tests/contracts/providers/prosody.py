"""Prosody with Jitsi's plugins, as far as tokens go: who is let into which room, as what, and why somebody is not.

Written from the verdicts of jitsi_jwt_vectors.json, which test_prosody.py holds it to, with token_affiliation on; the
lobby from what jitsi-contrib says of its plugins. Signatures are checked by joserfc.
"""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import OctKey, RSAKey

USER = {"id": str, "name": str, "moderator": str, "lobby": bool, "lobby_bypass": bool}
CLAIMS = {
    **dict.fromkeys(("iss", "aud", "sub", "room"), str),
    **dict.fromkeys(("exp", "nbf", "iat"), int),
    "context": dict,
}
PLUGINS = ("", "token_lobby_ondemand", "lobby_autostart")


class AuthenticationFailed(Exception):
    """The connection is refused; the message is Prosody's own."""


class NotAllowed(Exception):
    """The room is refused: "Room and token mismatched"."""


@dataclass(frozen=True)
class Seat:
    """What somebody is in a room; who waits in its lobby is nothing yet."""

    role: Literal["moderator", "participant", "none"]
    affiliation: Literal["owner", "member", "none"]
    user: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Prosody:
    """A deployment. `keys` are its app_secret under "", or public keys under their ids; `lobby` is one of PLUGINS, the
    last one with token_lobby_bypass. `lobbies` are the rooms that have one."""

    domain: str
    app_id: str
    keys: Mapping[str, OctKey | RSAKey]
    algorithm: str = "HS256"
    lobby: str = ""
    lobbies: set[str] = field(default_factory=set)

    def enter(self, url: str, now: float) -> Seat:
        """Who follows the address is let in as that. Claims that nobody documents, or of another type, are refused."""
        address = urlsplit(url)
        assert (address.scheme, address.hostname, address.fragment) == ("https", self.domain, "")
        [token] = parse_qs(address.query, strict_parsing=True).pop("jwt")
        assert address.query == f"jwt={token}", "nothing else stands in the address"
        claims = self.authenticate(token, now)
        check_types(claims)
        *tenant, room = address.path.removeprefix("/").split("/")
        return self.join(claims, room, "/".join(tenant))

    def authenticate(self, token: str, now: float) -> dict[str, Any]:
        """The claims of a token that is good now. Raises AuthenticationFailed."""
        if not token:
            raise AuthenticationFailed("token required")
        parts = [part for part in token.split(".") if part]
        if len(parts) != 3:
            raise AuthenticationFailed("Invalid token")
        header = json.loads(urlsafe_b64decode(parts[0] + "=="))
        if header.get("typ") != "JWT":
            raise AuthenticationFailed("Invalid typ")
        if header.get("alg") != self.algorithm:
            raise AuthenticationFailed("Invalid or incorrect alg")
        key = self.keys.get(header.get("kid", ""))
        if key is None:
            raise AuthenticationFailed("could not obtain public key")
        try:
            claims = json.loads(jws.deserialize_compact(token, key, algorithms=[self.algorithm]).payload)
        except BadSignatureError:
            raise AuthenticationFailed("Invalid signature") from None
        self._check(claims, now)
        return dict(claims)

    def _check(self, claims: Mapping[str, Any], now: float) -> None:
        for name in ("exp", "nbf"):
            if not isinstance(claims.get(name, 0), int | float):
                raise AuthenticationFailed(f"{name} must be number")
        if now >= claims.get("exp", now + 1):
            raise AuthenticationFailed("Not acceptable by exp")
        if now < claims.get("nbf", now):
            raise AuthenticationFailed("Not acceptable by nbf")
        if claims.get("iss") != self.app_id:
            raise AuthenticationFailed("invalid 'iss' claim" if "iss" in claims else "'iss' claim is missing")
        if "aud" not in claims:
            raise AuthenticationFailed("'aud' claim is missing")
        for name in ("room", "sub"):
            if name not in claims:
                raise AuthenticationFailed(f"{name} claim is missing")

    def join(self, claims: Mapping[str, Any], room: str, tenant: str = "") -> Seat:
        """What the token makes of who joins /room or /tenant/room. Raises NotAllowed."""
        context = claims.get("context", {})
        allowed = claims["room"].lower()
        if context.get("room", {}).get("regex") is True:
            allowed = room if re.search(allowed, room) else ""
        if allowed not in ("*", room) or claims["sub"].lower() not in ("*", tenant or self.domain):
            raise NotAllowed("Room and token mismatched")
        user = context.get("user", {})
        if self._waits(user, f"[{tenant}]{room}"):
            return Seat("none", "none", user)
        if user.get("moderator") in ("true", True) or user.get("affiliation") == "owner":
            return Seat("moderator", "owner", user)
        return Seat("participant", "member", user)

    def _waits(self, user: Mapping[str, Any], room: str) -> bool:
        if self.lobby == "token_lobby_ondemand":
            if user.get("lobby") is True:
                self.lobbies.add(room)
            return room in self.lobbies and user.get("lobby") is True
        return self.lobby == "lobby_autostart" and user.get("lobby_bypass") is not True


def check_types(claims: Mapping[str, Any]) -> None:
    """Raise AssertionError unless there is each claim that we promise, and nothing else, each of its type."""
    assert {name: type(value) for name, value in claims.items()} == CLAIMS
    assert set(claims["context"]) - {"features"} == {"user"}
    user = claims["context"]["user"]
    assert {"id", "moderator"} <= set(user)
    assert not [name for name, value in user.items() if type(value) is not USER.get(name)]
    assert set(claims["context"].get("features", {}).values()) <= {"true", "false"}

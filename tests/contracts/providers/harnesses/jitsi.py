"""Jitsi Meet: a stand-in for a deployment's two dial-in endpoints, from the Jitsi cloud API's specification."""

import re
import time
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import RSAKey

from tests.contracts.providers.harness import Entered, Harness, TurnedAway
from tests.contracts.providers.prosody import AuthenticationFailed, NotAllowed, Prosody
from tests.contracts.providers.wire import Answer, Asked

ROOM = re.compile(r"[a-z0-9-]+")
DOMAIN = "meet.example.org"
NUMBERS = [
    {"countryCode": "FR", "tollFree": True, "formattedNumber": "+33 1 23 45 67 89"},
    {"countryCode": "US", "tollFree": False, "formattedNumber": "+1 202-555-0123", "default": True},
]


class Mapper:
    """Gives each room below `muc` a number and keeps it; refuses what the specification does not have."""

    def __init__(self, muc: str) -> None:
        self.muc = muc
        self.codes: dict[str, int] = {}

    def answer(self, asked: Asked) -> Answer:
        if asked.method != "GET":
            return Answer.json(405, {"message": "Method not allowed"})
        expected = {"/numbers": {"conference"}, "/code": {"conference", "url"}}.get(asked.path)
        if expected is None:
            return Answer.json(404, {"message": "Not found"})
        room = asked.query.get("conference", "")
        name, _, muc = room.partition("@")
        if set(asked.query) != expected or not ROOM.fullmatch(name) or muc != self.muc:
            return Answer.json(400, {"message": "Bad request"})
        if asked.path == "/numbers":
            return Answer.json(200, NUMBERS)
        code = self.codes.setdefault(room, 1234567 + len(self.codes))
        return Answer.json(200, {"message": "Successfully retrieved", "id": code, "conference": room})


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """A deployment with telephones: the part of Jitsi that anything is asked of."""
    return harness(wire_url, {"base_url": f"https://{DOMAIN}", "room_prefix": "team-"}, f"conference.{DOMAIN}")


def harness(wire_url: str, options: Mapping[str, Any], muc: str, prosody: Prosody | None = None) -> Harness:
    """The same with other options; `prosody` lets in who has a token, signed with one of `keys`."""
    mapper = Mapper(muc)

    def held(room: str) -> Mapping[str, Any] | None:
        return {} if f"{room}@{muc}" in mapper.codes else None

    def enters(url: str) -> Entered:
        assert prosody
        try:
            seat = prosody.enter(url, time.time())
        except (AuthenticationFailed, NotAllowed) as refusal:
            raise TurnedAway(str(refusal)) from refusal
        return Entered(urlsplit(url).path.rpartition("/")[2], seat.user.get("name", ""), seat.role == "moderator")

    return Harness(
        table={
            **options,
            "dial_in_numbers_url": f"{wire_url}/numbers",
            "dial_in_code_url": f"{wire_url}/code",
        },
        system=mapper.answer,
        decides=None,
        held=held,
        count=lambda: len(mapper.codes),
        keys={name: value for name, value in keys().items() if f"secret:{name}" in options.values()},
        enters=enters if prosody else None,
    )


@cache
def keys() -> Mapping[str, str]:
    """What tokens are signed with."""
    private = rsa.generate_private_key(65537, 2048)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    return {"canary-jitsi-secret": "canary-app-secret-of-enough-octets", "canary-jitsi-key": pem}


def public_key() -> RSAKey:
    """What the deployment checks with, where it knows no secret."""
    return RSAKey.import_key(RSAKey.import_key(keys()["canary-jitsi-key"]).as_pem(private=False))

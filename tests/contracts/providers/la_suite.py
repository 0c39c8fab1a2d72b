"""La Suite Meet's external API as its description says; a field that it does not name is refused."""

import secrets
import uuid
from collections.abc import Mapping
from typing import Literal

import msgspec

from tests.contracts.providers.strict import Route, Strict
from tests.contracts.providers.wire import Answer, Asked

CLIENT, SECRET = "canary-la-suite-client", "canary-la-suite-secret"
USER = "user@la-suite.example"
PREFIX = "/external-api/v1.0"


class Grant(msgspec.Struct, forbid_unknown_fields=True):
    """What a token is asked for with."""

    client_id: str
    client_secret: str
    grant_type: Literal["client_credentials"]
    scope: str


class Sources(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a room."""

    can_publish_sources: list[str] = []
    everyone_can_mute: bool = False


class Room(msgspec.Struct, forbid_unknown_fields=True):
    """What a room is made with."""

    access_level: Literal["public", "trusted", "restricted"] = "public"
    configuration: Sources = Sources()


class LaSuite:
    """A server with its users, all of one domain, and the rooms of an application."""

    def __init__(self, *users: str) -> None:
        self._users = frozenset(users)
        self.rooms: dict[str, Room] = {}
        self.tokens: dict[str, str] = {}
        self.hosts: list[str] = []
        token = f"{PREFIX}/application/token/"
        self.system = Strict(
            self._is_of_user,
            lambda status, word: Answer.json(status, {"detail": word}),
            routes=[
                Route("POST", token, self._grant, Grant, form=True),
                Route("POST", f"{PREFIX}/rooms/", self._create, Room),
            ],
            open=frozenset({token}),
        )

    def _is_of_user(self, headers: Mapping[str, str], asked: Asked) -> bool:
        host = self.tokens.get(headers.get("authorization", "").removeprefix("Bearer "))
        self.hosts += [host] if host else []
        return host is not None

    def _grant(self, grant: Grant) -> Answer:
        if (grant.client_id, grant.client_secret) != (CLIENT, SECRET):
            return self.system.refusal(401, "Invalid credentials")
        if grant.scope.partition("@")[2] not in {user.partition("@")[2] for user in self._users}:
            return self.system.refusal(403, "This application is not authorized for this email domain.")
        if grant.scope not in self._users:
            return self.system.refusal(404, "User not found.")
        self.tokens[token := secrets.token_urlsafe(32)] = grant.scope
        return Answer.json(
            200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": "rooms:create"}
        )

    def _create(self, room: Room) -> Answer:
        name = str(uuid.uuid4())
        self.rooms[name] = room
        letters = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(10))
        slug = f"{letters[:3]}-{letters[3:7]}-{letters[7:]}"
        phone = {"enabled": True, "phone_number": "+33 1 23 45 67 89", "pin_code": "1234567890"}
        shown = {"id": name, "slug": slug, "url": f"https://meet.la-suite.example/{slug}"}
        shown_phone = {**phone, "default_country": "FR"}
        return Answer.json(201, {**shown, "access_level": room.access_level, "telephony": shown_phone})

"""Nextcloud with Talk as the provider meets it: conversations of several accounts, behind OCS and app passwords.

Sources: replies of Nextcloud 32 with Talk 22, and Talk's OpenAPI description. Stricter than it where it guesses: fields
that it does not know, and values of another type, are refused, where PHP drops and converts them.
"""

import base64
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec

from tests.contracts.providers.wire import Answer, Asked

PREFIX = "/cloud/ocs/v2.php/apps/spreed"
DIAL_IN = "Germany: +49 30 5550100\nBy mail too: <desk> & co"
OWNER, MODERATOR, USER = 1, 2, 3
BEFORE_THROTTLING = 10
"""Wrong passwords from one address, after which Nextcloud answers 429."""
_LETTERS = "23456789abcdefghijkmnopqrstwxyz"


class Refused(Exception):
    """A request that is refused: HTTP status, `data` and OCS's own code where that is another one."""

    def __init__(self, status: int, data: Any = None, ocs: int | None = None) -> None:
        super().__init__(status)
        self.status, self.data, self.ocs = status, data, ocs or status


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    pass


class _Create(_Body):
    roomType: Literal[1, 2, 3]
    roomName: str
    description: str = ""
    lobbyState: int = 0
    lobbyTimer: int | None = None
    password: str = ""
    sipEnabled: int = 0


class _Name(_Body):
    roomName: str


class _Description(_Body):
    description: str


class _Lobby(_Body):
    state: int
    timer: int | None = None


class _Sip(_Body):
    state: Annotated[int, msgspec.Meta(ge=0, le=2)]


@dataclass
class Room:
    """One conversation, and who takes part in it, with which of Talk's participant types."""

    token: str
    name: str
    description: str
    people: dict[str, int]
    type: int = 3
    lobby_state: int = 0
    lobby_timer: int | None = None
    password: str = ""
    sip: int = 0
    object_type: str = ""


@dataclass
class Nextcloud:
    """A server. `accounts` have app passwords; `sip` says whether telephones are set up, `may_sip` whether an account
    may use them; `older` takes nothing but a name when a conversation is created, as before Talk 21.
    """

    randomness: random.Random
    accounts: Mapping[str, str]
    sip: bool = True
    may_sip: bool = True
    dial_in: str = DIAL_IN
    may_create: bool = True
    force_passwords: bool = False
    signaling_down: bool = False
    older: bool = False
    rooms: dict[str, Room] = field(default_factory=dict)
    wrong: int = 0

    def __call__(self, asked: Asked) -> Answer:
        """The answer to a request as it came off the wire."""
        headers = {name.lower(): value for name, value in asked.headers.items()}
        if headers.get("ocs-apirequest") != "true":
            return Answer.json(412, {"message": "CSRF check failed"})
        if "application/json" not in headers.get("accept", ""):
            return Answer(200, b"<?xml version='1.0'?><ocs/>", {"Content-Type": "application/xml"})
        try:
            user = self._user(headers.get("authorization", ""))
            status, data = self._routed(asked, headers.get("content-type", ""), user)
            return _answer(status, data, status)
        except Refused as refused:
            return _answer(refused.status, refused.data, refused.ocs)

    def add(self, name: str, description: str, people: dict[str, int]) -> Room:
        """A conversation that somebody made in Talk itself."""
        room = Room(self._token(), name, description, people)
        self.rooms[room.token] = room
        return room

    def _user(self, authorization: str) -> str:
        if self.wrong >= BEFORE_THROTTLING:
            raise Refused(429)
        kind, _, value = authorization.partition(" ")
        user, _, password = base64.b64decode(value).decode().partition(":") if kind == "Basic" else ("", "", "")
        if not user or self.accounts.get(user) != password:
            self.wrong += 1
            raise Refused(401, [], 997)
        return user

    def _routed(self, asked: Asked, content_type: str, user: str) -> tuple[int, Any]:
        routes: list[tuple[str, str, Callable[..., tuple[int, Any]], type[_Body] | None]] = [
            ("GET", r"/api/v4/room", self._list, None),
            ("POST", r"/api/v4/room", self._create, _Create),
            ("GET", r"/api/v4/room/(\w+)", self._get, None),
            ("PUT", r"/api/v4/room/(\w+)", self._rename, _Name),
            ("DELETE", r"/api/v4/room/(\w+)", self._delete, None),
            ("PUT", r"/api/v4/room/(\w+)/description", self._describe, _Description),
            ("PUT", r"/api/v4/room/(\w+)/webinar/lobby", self._set_lobby, _Lobby),
            ("PUT", r"/api/v4/room/(\w+)/webinar/sip", self._set_sip, _Sip),
            ("GET", r"/api/v3/signaling/settings", self._settings, None),
        ]
        here = [(route, re.fullmatch(PREFIX + route[1], asked.path)) for route in routes]
        matching = [(route, match) for route, match in here if match]
        if not matching:
            raise Refused(404, [], 998)
        for (method, _, answer, body), match in matching:
            if method == asked.method:
                given = [_read(asked.body, content_type, body)] if body else []
                if asked.body and not body:
                    raise Refused(400, {"error": "body"})
                query = [asked.query] if method == "GET" and not match.groups() else []
                return answer(user, *match.groups(), *query, *given)
        raise Refused(405)

    def _list(self, user: str, query: dict[str, str]) -> tuple[int, Any]:
        if not set(query) <= {"noStatusUpdate", "includeStatus", "modifiedSince"}:
            raise Refused(400, {"error": "query"})
        return 200, [self._shown(room, user) for room in self.rooms.values() if user in room.people]

    def _create(self, user: str, body: _Create) -> tuple[int, Any]:
        if not self.may_create:
            raise Refused(403, {"error": "permissions"})
        if self.older:
            body = _Create(body.roomType, body.roomName)
        if body.roomType != 3:
            raise Refused(400, {"error": "type"})
        name = body.roomName.strip() if body.roomName else "---"
        if not name or len(name) > 255:
            raise Refused(400, {"error": "name"})
        if len(body.description) > 2000:
            raise Refused(400, {"error": "description"})
        if body.lobbyState not in (0, 1) or (body.lobbyTimer or 0) < 0:
            raise Refused(400, {"error": "lobby"})
        self._check_password(body.password)
        room = self.add(name, body.description.strip(), {user: OWNER})
        room.lobby_state, room.lobby_timer = body.lobbyState, body.lobbyTimer if body.lobbyState else None
        room.password, room.sip = body.password, body.sipEnabled if self.sip and self.may_sip else 0
        if self.signaling_down:
            raise Refused(500, [], 996)
        return 201, self._shown(room, user)

    def _check_password(self, password: str) -> None:
        """Nextcloud's password policy with everything switched on."""
        kinds = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^A-Za-z0-9]")
        if password and (len(password) < 10 or not all(re.search(kind, password) for kind in kinds)):
            raise Refused(400, {"error": "password", "message": "Password needs to be longer, and more"})
        if self.force_passwords and not password:
            raise Refused(400, {"error": "password", "message": "Password needs to be set"})

    def _get(self, user: str, token: str) -> tuple[int, Any]:
        """A public conversation is shown to everybody."""
        if token not in self.rooms:
            raise Refused(404, [])
        return 200, self._shown(self.rooms[token], user)

    def _moderated(self, user: str, token: str) -> Room:
        """Who does not moderate a conversation is told that there is none."""
        room = self.rooms.get(token)
        if room is None or room.people.get(user) not in (OWNER, MODERATOR):
            raise Refused(404, [])
        return room

    def _rename(self, user: str, token: str, body: _Name) -> tuple[int, Any]:
        room = self._moderated(user, token)
        if room.object_type == "event":
            raise Refused(400, {"error": "event"})
        if not 1 <= len(body.roomName.strip()) <= 255:
            raise Refused(400, {"error": "value"})
        room.name = body.roomName.strip()
        return 200, self._shown(room, user)

    def _describe(self, user: str, token: str, body: _Description) -> tuple[int, Any]:
        room = self._moderated(user, token)
        if room.object_type == "event":
            raise Refused(400, {"error": "event"})
        if len(body.description) > 2000:
            raise Refused(400, {"error": "value"})
        room.description = body.description.strip()
        return 200, self._shown(room, user)

    def _set_lobby(self, user: str, token: str, body: _Lobby) -> tuple[int, Any]:
        room = self._moderated(user, token)
        if body.state not in (0, 1):
            raise Refused(400, {"error": "value"})
        room.lobby_state, room.lobby_timer = body.state, body.timer
        return 200, self._shown(room, user)

    def _set_sip(self, user: str, token: str, body: _Sip) -> tuple[int, Any]:
        room = self._moderated(user, token)
        if not self.may_sip:
            raise Refused(403)
        if not self.sip:
            raise Refused(412)
        if not token.isdecimal():
            raise Refused(400, {"error": "token"})
        room.sip = body.state
        return 200, self._shown(room, user)

    def _delete(self, user: str, token: str) -> tuple[int, Any]:
        del self.rooms[self._moderated(user, token).token]
        return 200, None

    def _settings(self, user: str, query: dict[str, str]) -> tuple[int, Any]:
        if query.get("token") not in self.rooms:
            raise Refused(404)
        return 200, {"signalingMode": "external", "userId": user, "sipDialinInfo": self.dial_in if self.sip else ""}

    def _token(self) -> str:
        """Ten digits that can be dialled where there are telephones, else eight signs."""
        if not self.sip:
            return "".join(self.randomness.choices(_LETTERS, k=8))
        digits = ""
        while len(digits) < 10:
            digits += self.randomness.choice([one for one in "123456789" if not digits.endswith(one)])
        return digits

    def _shown(self, room: Room, user: str) -> dict[str, Any]:
        kind = room.people.get(user, 4)
        return {
            "id": list(self.rooms).index(room.token) + 1,
            "token": room.token,
            "type": room.type,
            "name": room.name,
            "displayName": room.name,
            "description": room.description,
            "participantType": kind,
            "attendeePin": "4827159" if room.sip and kind == OWNER else "",
            "hasPassword": bool(room.password),
            "lobbyState": room.lobby_state,
            "lobbyTimer": room.lobby_timer or 0,
            "sipEnabled": room.sip,
            "objectType": room.object_type,
            "objectId": "",
            "lastMessage": [],
        }


def _read(body: bytes, content_type: str, of: type[_Body]) -> _Body:
    if content_type.partition(";")[0] != "application/json":
        raise Refused(400, {"error": "content-type"})
    try:
        return msgspec.json.decode(body, type=of)
    except msgspec.DecodeError:
        raise Refused(400, {"error": "body"}) from None


def _answer(status: int, data: Any, ocs: int) -> Answer:
    word = "ok" if status < 400 else "failure"
    meta = {"status": word, "statuscode": ocs, "message": "OK" if status < 400 else ""}
    return Answer.json(status, {"ocs": {"meta": meta, "data": data}})

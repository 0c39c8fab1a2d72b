"""Daily's REST API as its reference describes it; a field that it does not name is refused."""

from typing import Annotated, Any, Literal

import msgspec

from tests.contracts.providers.strict import Route, Strict
from tests.contracts.providers.wire import Answer

KEY = "canary-daily-key"
Name = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{1,128}\Z")]


class Properties(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Of a room: those that are asked for here, and some besides."""

    nbf: int | None = None
    exp: int | None = None
    max_participants: int | None = None
    enable_knocking: bool = False
    start_video_off: bool = False
    eject_at_room_exp: bool = False


class Room(msgspec.Struct, forbid_unknown_fields=True):
    """What a room is made with."""

    name: Name
    privacy: Literal["public", "private"] = "public"
    properties: Properties = Properties()


class Change(msgspec.Struct, forbid_unknown_fields=True):
    """What is told of a room; properties that are not named stay."""

    privacy: Literal["public", "private"] | None = None
    properties: dict[str, Any] = {}


def refusal(status: int, word: str, info: str = "no") -> Answer:
    """As Daily says no."""
    return Answer.json(status, {"error": word, "info": info})


class Daily:
    """A domain's rooms."""

    def __init__(self) -> None:
        self.rooms: dict[str, Room] = {}
        room = "/v1/rooms/([A-Za-z0-9_-]{1,128})"
        self.system = Strict(
            lambda headers, asked: headers.get("authorization") == f"Bearer {KEY}",
            refusal,
            routes=[
                Route("POST", "/v1/rooms", self._create, Room),
                Route("GET", room, self._shown),
                Route("POST", room, self._change, Change),
                Route("DELETE", room, self._delete),
            ],
        )

    def _create(self, room: Room) -> Answer:
        if room.name in self.rooms:
            return refusal(400, "invalid-request-error", f"a room named {room.name} already exists")
        self.rooms[room.name] = room
        return self._shown(room.name)

    def _shown(self, name: str) -> Answer:
        if name not in self.rooms:
            return refusal(404, "not-found")
        room = self.rooms[name]
        shown = {"id": f"id-{name}", "name": name, "api_created": True, "privacy": room.privacy}
        shown |= {"url": f"https://acme.daily.co/{name}", "created_at": "2031-01-01T00:00:00.000Z"}
        return Answer.json(200, {**shown, "config": msgspec.to_builtins(room.properties)})

    def _change(self, name: str, change: Change) -> Answer:
        if name not in self.rooms:
            return refusal(404, "not-found")
        room = self.rooms[name]
        try:
            properties = msgspec.convert({**msgspec.to_builtins(room.properties), **change.properties}, Properties)
        except msgspec.ValidationError:
            return refusal(400, "invalid-request-error")
        self.rooms[name] = Room(name, change.privacy or room.privacy, properties)
        return self._shown(name)

    def _delete(self, name: str) -> Answer:
        return (
            Answer.json(200, {"deleted": True, "name": name})
            if self.rooms.pop(name, None)
            else refusal(404, "not-found")
        )

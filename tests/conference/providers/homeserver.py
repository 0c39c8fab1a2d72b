"""The real Synapse behind a wire, and an account of ours there: what the tests of Matrix rooms say to it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest
from msgspec.structs import replace

from conference.http import HttpCall
from conference.providers import matrix as provider
from conference.providers.base import Changes, Conference, EventField, Known
from tests.conference.providers.conftest import MakeCall
from tests.contracts.providers.conftest import new_attempt
from tests.contracts.providers.events import EVENT
from tests.contracts.providers.synapse import SERVER_NAME, Account, Synapse
from tests.contracts.providers.wire import Asked, Wire

CALL = "https://call.example.org/room/#{alias}"


class Homeserver:
    """The real one behind a wire, and our account there."""

    def __init__(self, synapse: Synapse, wire: Wire, make_call: MakeCall) -> None:
        self.synapse, self.wire, self._make_call = synapse, wire, make_call
        self.account = synapse.unlimited()
        self.attempt = new_attempt()
        wire.system = synapse.answer

    def call(self, account: Account | None = None, **options: Any) -> HttpCall:
        token = (account or self.account).token
        table = {"url": self.wire.url, "join_url": CALL, "access_token": token, **options}
        return self._make_call("matrix", table)

    def create(self, attempt: str = "", **options: Any) -> Conference:
        return provider.create(EVENT, attempt or self.attempt, self.call(**options))

    def delete(self, conference: Conference, **options: Any) -> HttpCall:
        call = self.call(**options)
        provider.delete(Known(conference.id, self.attempt), call)
        return call

    def tell(self, conference: Conference, summary: str, description: str, *fields: EventField) -> None:
        event = replace(EVENT, summary=summary, description=description)
        provider.update(Known(conference.id, self.attempt), Changes(event, frozenset(fields)), self.call())

    def join(self, who: Account, room: str = "") -> int:
        """The status of entering by a room's id, or by the alias that the link has."""
        return self.say(who, "POST", f"join/{quote(room or self.alias)}", {})

    @property
    def alias(self) -> str:
        return f"#{self.attempt}:{SERVER_NAME}"

    def say(self, who: Account, method: str, path: str, body: Mapping[str, Any] | None = None) -> int:
        return self.synapse.ask(method, path, who.token, body)[0]

    def take_part(self, who: Account, room: str, whose: str) -> int:
        """The status of writing that `whose` device takes part in the room's call."""
        key = quote(f"_{whose}_DEVICE_m.call", safe="")
        path = f"rooms/{quote(room)}/state/org.matrix.msc3401.call.member/{key}"
        return self.say(who, "PUT", path, {"application": "m.call", "call_id": "", "device_id": "DEVICE"})

    def read(self, room: str, kind: str) -> Any:
        return self.synapse.ask("GET", f"rooms/{quote(room)}/state/{kind}", self.account.token)[1]

    def requests(self) -> list[str]:
        return [f"{asked.method} {asked.path.rpartition('/')[2]}" for asked in self.wire.asked]


@pytest.fixture
def homeserver(synapse: Synapse, wire: Wire, make_call: MakeCall) -> Homeserver:
    return Homeserver(synapse, wire, make_call)


@pytest.fixture
def guest(synapse: Synapse) -> Account:
    """A user such as Element Call makes for who has no account."""
    return synapse.unlimited()


def is_creation(asked: Asked) -> bool:
    return asked.path.endswith("/createRoom")

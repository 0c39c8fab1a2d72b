"""An instance of the function as far as tokens go: its store, its seal, its client, all that it does outside seen.

Run as a program it is one more process: `custodian.py STORE URL TIMES` says "ready", waits for a line, and
renews Ada's token that often.
"""

import base64
import hashlib
import os
import secrets
import sys
from dataclasses import dataclass, field
from typing import Any

import msgspec

from conference.clock import Deadline
from conference.custody import Ports
from conference.exchange import HttpClient
from conference.http import Bearer, Client
from conference.providers import LoadedProvider
from conference.providers.base import Account, OAuth, Provider
from conference.seal import Seal
from conference.secrets.cache import Secrets
from conference.secrets.local import Environment
from conference.solution import Solution
from conference.token_reply import Granted
from conference.tokens import Tokens
from sync.connections import StoredConnections
from sync.store import Store
from sync.store.opening import open_store
from tests.outside import Outside, SeenClient, SeenStore
from tests.token_endpoint import CLIENT_ID, CLIENT_SECRET
from tests.world import MovedClock

ADA, BOB = "1001", "1002"
ROOMS, SHARED = "rooms", "shared"
SCOPES = ("meeting:write", "meeting:read")
ASKED = Account("zoom-user-7", "ada@rooms.example")


class Options(msgspec.Struct, frozen=True):
    url: str
    account_id: str = ""
    client_id: str = "secret:client-id"
    client_secret: str = "secret:client-secret"


def oauth(scopes: tuple[str, ...] = SCOPES) -> OAuth:
    """An OAuth server at `options.url`; with an account id the account itself has the token."""
    return OAuth(
        authorize=lambda options: f"{options.url}/authorize",
        token=lambda options: f"{options.url}/token",
        revoke=lambda options: f"{options.url}/revoke",
        scopes=lambda options: scopes,
        client="basic",
        account=lambda options: (
            {"grant_type": "account_credentials", "account_id": options.account_id} if options.account_id else None
        ),
    )


def key(name: str) -> str:
    """A key of ANYROOM_KEYS, the same for the same name."""
    return base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()


def environment() -> dict[str, str]:
    return {"KEYS": key("first"), "CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET, "ACCOUNT": "account-1"}


def granted(issued: dict[str, Any]) -> Granted:
    """What a sign-in has given."""
    return Granted(
        issued["access_token"], issued["refresh_token"], frozenset(issued["scope"].split()), issued["expires_in"]
    )


@dataclass
class Instance:
    """One process: what it remembers dies with it, the `store` does not."""

    store: Store
    url: str
    clock: MovedClock = field(default_factory=MovedClock)
    environ: dict[str, str] = field(default_factory=environment)
    scopes: tuple[str, ...] = SCOPES
    outside: Outside = field(default_factory=Outside)
    client: Client = field(default_factory=HttpClient)

    def __post_init__(self) -> None:
        self.secrets = Secrets(Environment(self.environ), self.clock)
        self.seal = Seal("keys", self.secrets, os.urandom)
        self.connections = StoredConnections(SeenStore(self.store, self.outside, local=True))
        ports = Ports(self.connections, self.seal, self.clock, lambda: secrets.token_hex(8), lambda: 0.5)
        solutions = {
            ROOMS: Solution(ROOMS, "Rooms", "", "rooms", Options(self.url)),
            SHARED: Solution(SHARED, "Shared", "", "rooms", Options(self.url, account_id="secret:account")),
            "plain": Solution("plain", "Plain", "", "plain", None),
        }
        self.tokens = Tokens(ports, solutions, self._provider, SeenClient(self.client, self.outside))

    def _provider(self, solution: Solution) -> LoadedProvider:
        described = oauth(self.scopes) if solution.provider == "rooms" else None
        declared = Provider(
            name=solution.provider, authentication="oauth" if described else "none", idempotency="none", oauth=described
        )
        return LoadedProvider(declared, lambda *given: None, None, None, None, None)  # type: ignore[arg-type]  # nothing is created here

    def secret(self, reference: str) -> str:
        """The value behind `secret:NAME`, as a call gives it."""
        name = reference.removeprefix("secret:")
        return reference if name == reference else self.secrets.read(name)

    def deadline(self, seconds: float = 15.0) -> Deadline:
        return Deadline(self.clock, seconds)

    def bearer(self, sub: str = ADA, solution: str = ROOMS) -> Bearer:
        return self.tokens.bearer(solution, sub)

    def token(self, sub: str = ADA, solution: str = ROOMS, seconds: float = 15.0) -> str:
        return self.bearer(sub, solution).token(self.secret, self.deadline(seconds))

    def renewed(self, refused: str, sub: str = ADA, solution: str = ROOMS, seconds: float = 15.0) -> str:
        return self.bearer(sub, solution).renewed(refused, self.secret, self.deadline(seconds))

    def disconnect(self, sub: str = ADA, solution: str = ROOMS, seconds: float = 15.0) -> bool:
        return self.tokens.disconnect(sub, solution, self.secret, self.deadline(seconds))

    def kept_refresh_token(self, sub: str = ADA, solution: str = ROOMS) -> str:
        """The refresh token that is stored, "" when the user has to connect again."""
        held = StoredConnections(self.store).read(sub, solution)
        if held is None or held.connection.state == "reconnect":
            return ""
        opened = self.seal.open(held.connection.sealed, "connection", sub, solution)
        return str(msgspec.json.decode(opened)["refresh_token"])


def renew(setting: str, url: str, times: int) -> None:
    """Renew Ada's token that often, each time in place of the last one, once somebody says so."""
    clock = MovedClock()
    clock.waits = True
    instance = Instance(open_store(setting), url, clock)
    token = instance.token()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for _ in range(times):
        token = instance.renewed(token, seconds=60.0)


if __name__ == "__main__":
    renew(sys.argv[1], sys.argv[2], int(sys.argv[3]))

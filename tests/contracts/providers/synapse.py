"""The real Synapse on a free loopback port, with SQLite in memory, and accounts on it that no limit holds back."""

import base64
import contextlib
import hashlib
import hmac
import importlib.util
import json
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.contracts.providers.shared_server import shared
from tests.contracts.providers.wire import Answer, Asked

SERVER_NAME = "example.org"
_REGISTRATION = "canary-registration"
_ROOMS_AT_ONCE = 2
"""So many rooms an account may make that is not exempt, and then one in a thousand seconds."""
_CARRIED = frozenset({"content-type", "retry-after"})


@dataclass(frozen=True)
class Account:
    """A user of the homeserver."""

    id: str
    token: str


@dataclass(frozen=True)
class Synapse:
    """Where the homeserver is."""

    port: int

    def exchange(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One request, and what it is answered with."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, target, body, dict(headers))
            response = connection.getresponse()
            kept = {name: text for name, text in response.getheaders() if name.lower() in _CARRIED}
            return Answer(response.status, response.read(), kept)

    def answer(self, asked: Asked) -> Answer:
        """What it says to a request off a wire."""
        carried = ("authorization", "content-type")
        headers = {name: text for name, text in asked.headers.items() if name.lower() in carried}
        return self.exchange(asked.method, asked.target, headers, asked.body)

    def ask(self, method: str, path: str, token: str = "", body: Any = None) -> tuple[int, Any]:
        """Status and JSON of one request; a `path` that does not begin with / is one of the client-server API."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        target = path if path.startswith("/") else f"/_matrix/client/v3/{path}"
        reply = self.exchange(method, target, headers, b"" if body is None else json.dumps(body).encode())
        return reply.status, json.loads(reply.body)

    def register(self, admin: bool = False) -> Account:
        """A new account, which its limits hold back unless it is `unlimited`."""
        nonce = self.ask("GET", "/_synapse/admin/v1/register")[1]["nonce"]
        name, password = f"u{secrets.token_hex(8)}", secrets.token_hex(8)
        signed = "\0".join((nonce, name, password, "admin" if admin else "notadmin"))
        mac = hmac.new(_REGISTRATION.encode(), signed.encode(), hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": name, "password": password, "admin": admin, "mac": mac}
        status, made = self.ask("POST", "/_synapse/admin/v1/register", body=body)
        assert status == 200, made
        return Account(made["user_id"], made["access_token"])

    def unlimited(self, admin: bool = False) -> Account:
        """A new account that may do as much as it likes."""
        account, keeper = self.register(admin), self.register(admin=True)
        path = f"/_synapse/admin/v1/users/{quote(account.id)}/override_ratelimit"
        status, reply = self.ask("POST", path, keeper.token, {"messages_per_second": 0, "burst_count": 0})
        assert status == 200, reply
        return account

    def ping(self) -> None:
        """Raise unless it answers."""
        if self.exchange("GET", "/health", {}, b"").status != 200:
            raise OSError("Synapse does not answer")


def installed() -> bool:
    return importlib.util.find_spec("synapse") is not None


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Synapse]:
    """The Synapse of `folder`."""

    def start(port: int) -> subprocess.Popen[bytes]:
        _configure(folder, port)
        command = [sys.executable, "-m", "synapse.app.homeserver", "--config-path", str(folder / "homeserver.yaml")]
        with open(folder / "synapse.log", "wb") as log:
            return subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    with shared(folder, start, lambda port: Synapse(port).ping()) as port:
        yield Synapse(port)


def _configure(folder: Path, port: int) -> None:
    """Nothing but the client API on loopback, no other server to talk to, and JSON, which YAML contains."""
    (folder / "signing.key").write_text(f"ed25519 a_key {base64.b64encode(secrets.token_bytes(32)).decode()[:43]}\n")
    listener = {"port": port, "type": "http", "bind_addresses": ["127.0.0.1"], "resources": [{"names": ["client"]}]}
    configuration = {
        "server_name": SERVER_NAME,
        "listeners": [listener],
        # One connection, because each would have a memory of its own.
        "database": {"name": "sqlite3", "args": {"database": ":memory:", "cp_min": 1, "cp_max": 1}},
        "signing_key_path": str(folder / "signing.key"),
        "media_store_path": str(folder / "media"),
        "pid_file": str(folder / "synapse.pid"),
        "registration_shared_secret": _REGISTRATION,
        "allow_guest_access": True,
        "bcrypt_rounds": 4,
        "rc_room_creation": {"per_second": 0.001, "burst_count": _ROOMS_AT_ONCE},
        "room_list_publication_rules": [{"action": "allow"}],
        "federation_domain_whitelist": [],
        "trusted_key_servers": [],
        "report_stats": False,
    }
    (folder / "homeserver.yaml").write_text(json.dumps(configuration))

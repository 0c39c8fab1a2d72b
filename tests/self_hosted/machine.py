"""One machine that hosts Anyroom: the function as the unit starts it, nginx before it, a simulator for the world."""

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.process import Running, connect, running
from dev.local import free_port
from simulator import ids
from simulator.server import Simulator
from tests import browsing, simulating
from tests.raw_http import Reply
from tests.self_hosted.proxy import START_LIMIT, WAIT, Proxy, proxying
from tests.self_hosted.unit import Placed
from tests.world import LOGO, toml

PUBLIC_URL = "http://localhost:8443"
CREATE = "POST /conferences?solution=demo HTTP/1.1"
IDENTITY = (
    f"script={ids.SCRIPT_CLIENT_ID};addon={ids.ADDON_SERVICE_ACCOUNT},{ids.ADDON_CLIENT_ID};"
    f"tasks={ids.TASKS_SERVICE_ACCOUNT}"
)
THREADS = 8
_users = iter(range(1_000_000))


@dataclass
class Machine:
    """The parts. `ready` says what the function told systemd once it listened."""

    function: Running
    proxy: Proxy
    simulator: Simulator
    places: Placed
    ready: str

    def user(self) -> str:
        """Somebody new, whose budget is full."""
        return self.simulator.add_user(f"ada{next(_users)}@example.com")

    def bearer(self, user: str) -> str:
        return f"Authorization: Bearer {self.simulator.identity.script_token(user)}"

    def body(self, user: str) -> bytes:
        access = self.simulator.access_token(user)
        return json.dumps({"calendarId": user, "eventId": "event1", "oauthToken": access}).encode()

    def create(self, user: str, limit: float = WAIT) -> Reply:
        """One click of the user's, through nginx."""
        return self.proxy.ask(CREATE, self.bearer(user), body=self.body(user), limit=limit)

    def settle(self) -> None:
        """Wait for what a worker says once it has joined everything; it listens before."""
        give_up = time.monotonic() + START_LIMIT
        while '"subject": "start"' not in self.log():
            assert time.monotonic() < give_up, self.log()
            time.sleep(0.05)

    def log(self) -> str:
        return self.function.log.read_text("utf-8")


def solutions(simulator: Simulator) -> str:
    """An anyroom.toml with the demonstration rooms, and with Zoom, which has webhooks."""
    zoom = {
        name: value.format(simulator=simulator.url) if isinstance(value, str) else value
        for name, value in browsing.vendors()[0]["zoom"].items()
    }
    return toml({"demo": {"provider": "demo", "name": "Demo", "logo": LOGO, "url": simulator.url}, "zoom": zoom})


def secrets() -> dict[str, str]:
    """What stands behind `secret:NAME`; the unit itself names the keys."""
    values = browsing.vendors()[1]
    names = ("zoom-client", "zoom-webhook", "sign-in-secret")
    return {name: values[name.upper().replace("-", "_")] for name in names} | {"anyroom-keys": values["SEALING_KEYS"]}


@contextmanager
def hosting(folder: Path) -> Iterator[Machine]:
    """Everything, as docs/self-hosting.md sets it up."""
    with simulating.simulator() as simulator, closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as systemd:
        simulator.register_clients(PUBLIC_URL)
        places = Placed(folder, sys.executable)
        (places.etc / "anyroom.toml").write_text(solutions(simulator), "utf-8")
        (places.etc / "anyroom.env").write_text(
            f"""# What only a test sets: the simulator is Google.
ANYROOM_IDENTITY='{IDENTITY}'
ANYROOM_GOOGLE_API={simulator.url}
ANYROOM_PUBLIC_URL={PUBLIC_URL}
ANYROOM_SIGNIN={browsing.ENVIRONMENT["ANYROOM_SIGNIN"]}
HOST=127.0.0.1
THREADS={THREADS}
""",
            "utf-8",
        )
        drop_in = folder / "secrets.conf"
        drop_in.write_text(
            "".join(f"LoadCredential={name}:/etc/anyroom/secrets/{name}\n" for name in secrets()), "utf-8"
        )
        for name, content in secrets().items():
            (places.etc / "secrets" / name).write_text(content, "utf-8")
        places.load_credentials(drop_in)
        port, told = free_port(), folder / "notify"
        systemd.bind(str(told))
        systemd.settimeout(START_LIMIT)
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
        environment = kept | places.environment() | {"NOTIFY_SOCKET": str(told)}
        with running(places.command(port), environment, places.folder(), port, folder / "function.log") as function:
            connect(function, START_LIMIT).close()
            ready = systemd.recv(4096).decode()
            with proxying(folder / "nginx", port) as proxy:
                machine = Machine(function, proxy, simulator, places, ready)
                machine.settle()
                yield machine

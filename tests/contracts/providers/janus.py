"""Debian's Janus on a free loopback port."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from tests.contracts.providers import shared_server

API_SECRET = "canary-api-secret"
ADMIN_KEY = "canary-admin-key"

_UNUSED_PLUGINS = (
    *("audiobridge", "echotest", "nosip", "recordplay", "sip"),
    *("streaming", "textroom", "videocall", "voicemail"),
)
_UNUSED_TRANSPORTS = ("websockets", "rabbitmq", "mqtt", "nanomsg", "pfunix")


@dataclass(frozen=True)
class Janus:
    """Where its HTTP API is."""

    port: int

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """One request, and the status and body of the answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read()

    def ping(self) -> None:
        """Raise unless it answers."""
        if self.post("/janus", b'{"janus":"ping","transaction":"t"}')[0] != 200:
            raise OSError("Janus does not answer")


def installed() -> bool:
    return shutil.which("janus") is not None


@contextlib.contextmanager
def shared(folder: Path, string_ids: bool = True) -> Iterator[Janus]:
    """The Janus of `folder`."""

    def start(port: int) -> subprocess.Popen[bytes]:
        for name, text in _configuration(port, string_ids).items():
            (folder / name).write_text(text)
        command = ["janus", "-C", str(folder / "janus.jcfg"), "-F", str(folder), "-i", "127.0.0.1"]
        with open(folder / "janus.log", "wb") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    with shared_server.shared(folder, start, lambda port: Janus(port).ping()) as port:
        yield Janus(port)


def _configuration(port: int, string_ids: bool) -> dict[str, str]:
    """Only the VideoRoom plugin and only HTTP on loopback; the WebSocket transport would listen on every address."""
    plugins = ",".join(f"libjanus_{name}.so" for name in _UNUSED_PLUGINS)
    transports = ",".join(f"libjanus_{name}.so" for name in _UNUSED_TRANSPORTS)
    room_ids = str(string_ids).lower()
    return {
        "janus.jcfg": f'general: {{ debug_level = 4, api_secret = "{API_SECRET}", session_timeout = 60 }}\n'
        f'plugins: {{ disable = "{plugins}" }}\n'
        f'transports: {{ disable = "{transports}" }}\n',
        "janus.transport.http.jcfg": f'general: {{ json = "plain", base_path = "/janus", http = true, port = {port}, '
        'ip = "127.0.0.1", https = false }\nadmin: { admin_http = false, admin_https = false }\n',
        "janus.plugin.videoroom.jcfg": f'general: {{ admin_key = "{ADMIN_KEY}", string_ids = {room_ids} }}\n',
    }

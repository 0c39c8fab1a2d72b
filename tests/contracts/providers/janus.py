"""Debian's Janus on a free loopback port: one for the whole test run, shared by its workers, stopped by the last."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

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
    """The Janus of `folder`, started by whoever comes first and stopped by whoever leaves last."""
    folder.mkdir(exist_ok=True)
    state = folder / "state.json"
    with _locked(folder):
        known = json.loads(state.read_text()) if state.exists() else _start(folder, string_ids)
        known["users"] += 1
        state.write_text(json.dumps(known))
    try:
        yield Janus(known["port"])
    finally:
        with _locked(folder):
            known = json.loads(state.read_text())
            known["users"] -= 1
            state.write_text(json.dumps(known))
            if not known["users"]:
                state.unlink()
                with contextlib.suppress(ProcessLookupError):
                    os.kill(known["pid"], signal.SIGKILL)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start(folder: Path, string_ids: bool) -> dict[str, int]:
    port = _free_port()
    for name, text in _configuration(port, string_ids).items():
        (folder / name).write_text(text)
    with open(folder / "janus.log", "wb") as log:
        command = ["janus", "-C", str(folder / "janus.jcfg"), "-F", str(folder), "-i", "127.0.0.1"]
        # A session of its own: a worker that ends early must not take it along.
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    until = time.monotonic() + 15
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            Janus(port).ping()
            process.returncode = 0  # it outlives this worker: whoever leaves last stops it by its id
            return {"port": port, "pid": process.pid, "users": 0}
        time.sleep(0.05)
    process.kill()
    raise RuntimeError("Janus did not start:\n" + (folder / "janus.log").read_text(errors="replace")[-2000:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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

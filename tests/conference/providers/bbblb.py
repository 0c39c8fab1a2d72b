"""The real BBBLB on loopback, a load balancer that verifies checksums, fetched from the package index into a cache.

Its versions are pinned here and not in requirements-dev.txt: it says that it wants Python 3.13, though it runs on 3.11
too, and nothing else has a part in it.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

PINS = [
    "aiodns==4.0.4",
    "aiohappyeyeballs==2.7.1",
    "aiohttp==3.14.5",
    "aiosignal==1.4.0",
    "aiosqlite==0.22.1",
    "alembic==1.20.1",
    "anyio==4.16.0",
    "asyncpg==0.32.0",
    "attrs==26.1.0",
    "bbblb==0.0.18",
    "cffi==2.1.1",
    "click==8.5.1",
    "frozenlist==1.8.0",
    "greenlet==3.5.6",
    "h11==0.16.0",
    "httptools==0.9.0",
    "idna==3.20",
    "lxml==6.1.3",
    "Mako==1.4.3",
    "MarkupSafe==3.0.4",
    "multidict==7.2.1",
    "propcache==0.5.4",
    "psycopg==3.3.9",
    "psycopg-binary==3.3.9",
    "pycares==5.2.1",
    "pycparser==3.12",
    "PyJWT==2.15.1",
    "SQLAlchemy==2.1.9",
    "starlette==1.10.0",
    "tabulate==0.10.0",
    "typing_extensions==4.16.0",
    "uvicorn==0.54.0",
    "uvloop==0.23.0",
    "yarl==1.25.1",
]
SECRET, BEHIND = "canary-bbblb-tenant-secret", "canary-bbblb-server-secret"
"""What is shared by a tenant and BBBLB, and by BBBLB and the server behind it."""
MARK = "installed"
_PIP = ("--quiet", "--no-input", "--disable-pip-version-check", "--no-deps", "--ignore-requires-python", "--retries=1")
_UNREACHABLE = re.compile("Retrying|Connection|Timeout|ProxyError|name resolution|Could not connect", re.IGNORECASE)
_START_LIMIT = 60.0


class Missing(Exception):
    """The package index brought nothing; the message is one line that says so."""


def installed(cache: Path) -> Path:
    """The Python of an environment with BBBLB, made once for each list of pins. Raises Missing."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = cache / f"{version}-{hashlib.sha256(' '.join(PINS).encode()).hexdigest()[:12]}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / MARK).exists():
            shutil.rmtree(folder, ignore_errors=True)
            _install(folder)
            (folder / MARK).touch()
    return folder / "bin/python"


def _install(folder: Path) -> None:
    python = str(folder / "bin/python")
    for command in ([sys.executable, "-m", "venv", str(folder)], [python, "-m", "pip", "install", *_PIP, *PINS]):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode and _UNREACHABLE.search(done.stderr):
            raise Missing("bbblb is not installed: the package index cannot be reached")
        assert done.returncode == 0, done.stderr[-2000:]


@dataclass(frozen=True)
class Bbblb:
    """Where it is."""

    port: int

    @property
    def url(self) -> str:
        """What a tenant is told."""
        return f"http://127.0.0.1:{self.port}/bigbluebutton/"

    def get(self, target: str) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of one request, whose redirects are not followed."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", target)
            reply = connection.getresponse()
            return reply.status, dict(reply.getheaders()), reply.read()

    def follow(self, url: str) -> str:
        """Where a browser is sent on that opens an address of it."""
        parts = urlsplit(url)
        status, headers, body = self.get(f"{parts.path}?{parts.query}")
        assert status == 307, body
        return headers["location"]


@contextlib.contextmanager
def running(python: Path, folder: Path, behind: str, trusted: str) -> Iterator[Bbblb]:
    """BBBLB in front of the server at https://`behind`, whose certificate is in the file `trusted`."""
    port = _free_port()
    environment = {
        **{name: text for name, text in os.environ.items() if not name.startswith(("BBBLB_", "PYTHON"))},
        "BBBLB_DOMAIN": "bbblb.example.org",
        "BBBLB_SECRET": "canary-bbblb-own-secret",
        "BBBLB_DB": f"sqlite:///{folder / 'bbblb.db'}",
        "BBBLB_PATH_DATA": str(folder),
        "BBBLB_POLL_INTERVAL": "86400",
        "SSL_CERT_FILE": trusted,
    }
    state = {
        "v": 1,
        "servers": {behind: {"secret": BEHIND, "enabled": True}},
        "tenants": {"canary": {"secret": SECRET, "realm": f"127.0.0.1:{port}", "enabled": True, "overrides": {}}},
    }
    (folder / "state.json").write_text(json.dumps(state))
    for words in (["state", "import", "state.json"], ["server", "enable", "--now", behind]):
        command = [str(python), "-m", "bbblb", *words]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    serve = [str(python), "-m", "uvicorn", "bbblb.asgi:app", "--host=127.0.0.1", f"--port={port}"]
    with open(folder / "bbblb.log", "wb") as log:
        process = subprocess.Popen(
            serve, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait_for(Bbblb(port), process, folder / "bbblb.log")
        yield Bbblb(port)
    finally:
        process.kill()
        process.wait()


def _wait_for(server: Bbblb, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_LIMIT
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            if server.get("/bigbluebutton/api/")[0] == 200:
                return
        time.sleep(0.05)
    raise RuntimeError(f"BBBLB did not start: {log.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

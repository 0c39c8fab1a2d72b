"""A real nginx on loopback ports with deploy/self-hosted/nginx.conf: only names, ports and times are changed."""

import os
import re
import shutil
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.process import Running, connect, running
from dev.local import free_port
from tests import raw_http
from tests.conference.certificate import Tls
from tests.raw_http import Reply, read
from tests.self_hosted.unit import DEPLOY

CONF = DEPLOY / "nginx.conf"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed: apt-get install nginx")
START_LIMIT = 30.0
WAIT = 10.0
"""Seconds for an answer, on a slow machine."""
PAUSE = 1
"""Seconds for a slow client, in place of the file's 5."""
# As Debian's own nginx.conf, of which ours is a part.
_AROUND = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{user}
worker_processes 2;
events {{ worker_connections 768; }}
http {{
    sendfile on;
    tcp_nopush on;
    ssl_prefer_server_ciphers on;
    access_log {folder}/access.log;
    gzip on;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/answers;
    include {folder}/anyroom.conf;
}}
"""


class Proxy:
    """The running nginx: `port` speaks TLS, `clear` does not. `trusted` is the certificate's file."""

    def __init__(self, server: Running, clear: int, folder: Path, trusted: str) -> None:
        self.server = server
        self.port = server.port
        self.clear = clear
        self.folder = folder
        self.trusted = trusted

    def connection(self, *protocols: str, limit: float = WAIT) -> ssl.SSLSocket:
        """A new connection through TLS."""
        context = ssl.create_default_context(cafile=self.trusted)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=limit)
        return context.wrap_socket(plain, server_hostname="localhost")

    def ask(self, line: str, *fields: str, body: bytes = b"", limit: float = WAIT) -> Reply:
        """One request with a body of the right length, on a connection of its own."""
        with self.connection(limit=limit) as connection:
            connection.sendall(head(line, *fields, f"Content-Length: {len(body)}") + body)
            return read(connection, line.partition(" ")[0])

    def written(self) -> str:
        """All that nginx has written down."""
        return "".join(path.read_text("utf-8") for path in self.folder.rglob("*.log"))


def head(line: str, *fields: str) -> bytes:
    """A request up to its body, the last on its connection."""
    return raw_http.head(line, *fields, "Connection: close")


def placed(text: str, folder: Path, certificate: Path, ports: Mapping[str, int]) -> str:
    """The file for a test; a line that is not there as often as expected is an error."""

    def put(pattern: str, times: int, by: str) -> None:
        nonlocal text
        text, found = re.subn(pattern, by, text)
        assert found == times, f"{pattern} stands there {found} times"

    put(r" *listen \[::\]:.*\n", 2, "")
    put(r"\blisten 80;", 1, f"listen 127.0.0.1:{ports['clear']};")
    put(r"\blisten 443 ", 1, f"listen 127.0.0.1:{ports['tls']} ")
    put(r"/etc/letsencrypt/live/anyroom\.example\.org/(fullchain|privkey)\.pem", 2, str(certificate))
    put(r"anyroom\.example\.org", 3, "localhost")
    put(r"\b127\.0\.0\.1:8080\b", 1, f"127.0.0.1:{ports['function']}")
    put(r"/var/log/nginx/", 1, f"{folder}/")
    put(r"/var/www/html", 1, f"{folder}/www")
    put(r"(client_(?:header|body)_timeout) 5s;", 2, rf"\1 {PAUSE}s;")
    return text


@contextmanager
def proxying(folder: Path, function: int, text: str = "") -> Iterator[Proxy]:
    """nginx in front of that port; `text` replaces the file."""
    assert NGINX
    folder.mkdir(parents=True, exist_ok=True)
    tls = Tls(folder)
    ports = {"clear": free_port(), "tls": free_port(), "function": function}
    conf = placed(text or CONF.read_text("utf-8"), folder, folder / "chain.pem", ports)
    (folder / "anyroom.conf").write_text(conf, "utf-8")
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_AROUND.format(folder=folder, user=user), "utf-8")
    command = [NGINX, "-e", f"{folder}/error.log", "-p", str(folder), "-c", f"{folder}/nginx.conf"]
    with running(command, os.environ, folder, ports["tls"], folder / "nginx.out") as server:
        connect(server, START_LIMIT).close()
        yield Proxy(server, ports["clear"], folder, tls.trusted)

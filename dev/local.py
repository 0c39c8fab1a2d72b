"""What can be asked of a port of this machine: whether it is free, which one is, and what a web server there says."""

import http.client
import secrets
import socket
from contextlib import suppress

HOST = "127.0.0.1"
_PORTS = range(20000, 30000)
"""Below those that systems give to whoever asks for any port (Linux from 32768, macOS and Windows from 49152)."""


def is_free(port: int) -> bool:
    """Whether nothing listens on the port, and we may.

    Asks both ways: some systems let two programs listen on one port, with different addresses.
    """
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((HOST, port)) == 0:
            return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port(*promised: int) -> int:
    """A port that nothing listens on, and that the system will give to nobody else; none of those `promised`."""
    while True:
        port = secrets.choice(_PORTS)
        if port in promised:
            continue
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port


def answers(port: int, path: str, timeout: float = 2) -> bool:
    """Whether GET `path` is answered with 200 within `timeout` seconds. Never goes through a proxy."""
    try:
        return _get(port, path, timeout)[0] == http.client.OK
    except (OSError, http.client.HTTPException):
        return False


def read_text(port: int, path: str) -> str:
    """What GET `path` is answered with. Raises OSError or HTTPException when it is not answered with 200."""
    status, body = _get(port, path, timeout=10)
    if status != http.client.OK:
        raise http.client.HTTPException(f"GET {path.partition('?')[0]} on port {port} was answered with {status}")
    return body.decode()


def _get(port: int, path: str, timeout: float) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()

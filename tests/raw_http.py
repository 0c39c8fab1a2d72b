"""HTTP/1.1 byte by byte, for clients that send what no library would."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPResponse


@dataclass(frozen=True)
class Reply:
    """What a client gets."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def head(line: str, *fields: str) -> bytes:
    """A request up to its body, for localhost unless a field names another host."""
    if not any(field.startswith("Host:") for field in fields):
        fields = ("Host: localhost", *fields)
    return "\r\n".join((line, *fields, "", "")).encode("latin-1")


def read(connection: socket.socket, method: str) -> Reply:
    """The answer that comes on a connection."""
    response = HTTPResponse(connection, method=method)
    try:
        response.begin()
        return Reply(response.status, dict(response.getheaders()), response.read())
    finally:
        response.close()

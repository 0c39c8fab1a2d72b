"""A Secret Manager on loopback: the real wire format, and a refusal wherever the real service refuses."""

import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any, NoReturn

import grpc
from google.cloud.secretmanager_v1.types import (
    AccessSecretVersionRequest,
    AccessSecretVersionResponse,
    SecretPayload,
)
from google.protobuf.any_pb2 import Any as AnyMessage  # type: ignore[import-untyped]  # carries no types
from google.rpc.error_details_pb2 import ErrorInfo  # type: ignore[import-untyped]  # carries no types
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # carries no types
from grpc_status.rpc_status import to_status  # type: ignore[import-untyped]  # carries no types

PROJECT = "anyroom-test"
PROJECT_NUMBER = "250644331956"
_SERVICE = "google.cloud.secretmanager.v1.SecretManagerService"
_VERSION_NAME = re.compile(
    r"projects/(?P<project>[a-z0-9.:-]{1,63})/secrets/(?P<secret>[A-Za-z0-9_-]{1,255})"
    r"/versions/(?P<version>latest|[1-9]\d*)"
)


@dataclass
class _Secret:
    """A secret's versions, oldest first, as (data, state)."""

    readable: bool
    versions: list[tuple[bytes, str]] = field(default_factory=list)


class SecretManagerStandIn:
    """The secrets of PROJECT. Every caller is the same service account: it has the accessor role on each secret that
    is `readable`, and on the whole project unless `sees_project` is False.

    `calls` are the names that were asked for. `delay` is in seconds, and ends when the service is `closing`.
    `next_codes` are answered instead, one a call; `damage` is how many of the next payloads lose a bit after their
    checksum was taken.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.delay = 0.0
        self.closing = Event()
        self.damage = 0
        self.next_codes: deque[grpc.StatusCode] = deque()
        self.api_enabled = True
        self.sees_project = True
        self.address = ""
        self._secrets: dict[str, _Secret] = {}
        self._lock = Lock()

    def add_version(self, secret: str, data: bytes, *, readable: bool = True) -> int:
        """Store `data`, at most 65,536 bytes, as the secret's newest version; its number counts from 1."""
        if len(data) > 65_536:
            raise ValueError("a payload is at most 65,536 bytes")
        kept = self._secrets.setdefault(secret, _Secret(readable))
        kept.versions.append((data, "ENABLED"))
        return len(kept.versions)

    def set_state(self, secret: str, version: int, state: str) -> None:
        """Make a version ENABLED, DISABLED or DESTROYED."""
        data, _ = self._secrets[secret].versions[version - 1]
        self._secrets[secret].versions[version - 1] = (b"" if state == "DESTROYED" else data, state)

    def create_empty(self, secret: str) -> None:
        """Create the secret without any version."""
        self._secrets[secret] = _Secret(readable=True)

    def set_readable(self, secret: str, readable: bool) -> None:
        """Grant or take the accessor role on the secret."""
        self._secrets[secret].readable = readable

    def channel(self) -> grpc.Channel:
        """A channel to this service, without credentials."""
        return grpc.insecure_channel(self.address)

    def access(self, request: AccessSecretVersionRequest, context: grpc.ServicerContext) -> AccessSecretVersionResponse:
        """Answer AccessSecretVersion."""
        with self._lock:
            self.calls.append(request.name)
            code = self.next_codes.popleft() if self.next_codes else None
        self.closing.wait(self.delay)
        if code is not None:
            context.abort(code, "The service is currently unavailable.")
        if not self.api_enabled:
            context.abort_with_status(_service_disabled())
        number, data = self._version(request.name, context)
        secret = request.name.split("/")[3]
        return AccessSecretVersionResponse(
            name=f"projects/{PROJECT_NUMBER}/secrets/{secret}/versions/{number}",
            payload=SecretPayload(data=self._carried(data), data_crc32c=_crc32c(data)),
        )

    def _version(self, name: str, context: grpc.ServicerContext) -> tuple[int, bytes]:
        match = _VERSION_NAME.fullmatch(name)
        if match is None:
            _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, f"Resource ID [{name}] is not in a valid format.")
        ours = match["project"] in (PROJECT, PROJECT_NUMBER)
        secret = self._secrets.get(match["secret"]) if ours else None
        if not (secret.readable if secret else ours and self.sees_project):
            message = f"Permission 'secretmanager.versions.access' denied for resource '{name}' (or it may not exist)."
            _refuse(context, grpc.StatusCode.PERMISSION_DENIED, message)
        versions = secret.versions if secret else []
        number = len(versions) if match["version"] == "latest" else int(match["version"])
        if not 1 <= number <= len(versions):
            _refuse(context, grpc.StatusCode.NOT_FOUND, f"Secret [{name}] not found or has no versions.")
        data, state = versions[number - 1]
        if state != "ENABLED":
            _refuse(context, grpc.StatusCode.FAILED_PRECONDITION, f"Secret Version [{name}] is in {state} state.")
        return number, data

    def _carried(self, data: bytes) -> bytes:
        with self._lock:
            if not self.damage:
                return data
            self.damage -= 1
        return bytes([data[0] ^ 1]) + data[1:]


@contextmanager
def running(stand_in: SecretManagerStandIn) -> Iterator[SecretManagerStandIn]:
    """Serve `stand_in` on a free port of 127.0.0.1."""
    with ThreadPoolExecutor(max_workers=8) as threads:
        server = grpc.server(threads)
        access = grpc.unary_unary_rpc_method_handler(
            stand_in.access,
            request_deserializer=AccessSecretVersionRequest.deserialize,
            response_serializer=AccessSecretVersionResponse.serialize,
        )
        handlers = {"AccessSecretVersion": access}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, handlers),))
        stand_in.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        try:
            yield stand_in
        finally:
            stand_in.closing.set()
            server.stop(1).wait()


def _refuse(context: grpc.ServicerContext, code: grpc.StatusCode, message: str) -> NoReturn:
    context.abort(code, message)
    raise AssertionError("abort raises")


def _service_disabled() -> Any:
    detail = AnyMessage()
    detail.Pack(ErrorInfo(reason="SERVICE_DISABLED", domain="googleapis.com"))
    message = "Secret Manager API has not been used in project before or it is disabled."
    return to_status(Status(code=grpc.StatusCode.PERMISSION_DENIED.value[0], message=message, details=[detail]))


def _crc32c(data: bytes) -> int:
    """CRC32C a bit at a time: another way than the code under test takes."""
    remainder = 0xFFFFFFFF
    for byte in data:
        for position in range(8):
            low = (remainder ^ (byte >> position)) & 1
            remainder = (remainder >> 1) ^ (0x82F63B78 if low else 0)
    return remainder ^ 0xFFFFFFFF

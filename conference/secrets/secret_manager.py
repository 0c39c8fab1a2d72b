"""Google's Secret Manager: the latest version of a secret, checked for damage, in three seconds or not at all."""

import logging
import math
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any

from conference.clock import Clock, Deadline
from conference.errors import SecretUnavailable, Temporary
from conference.secrets.source import Payload

if TYPE_CHECKING:
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient

TIMEOUT = 3.0
"""Seconds for one reading, its repetitions included, the library's loading at the first one not."""
# gRPC connects again a second after a refused connection, give or take a fifth ("Connection Backoff Protocol"): the
# first repetition is for an answer lost on a good connection, the second for a new connection.
_PAUSES = (0.25, 1.0)
# The codes that the client library repeats by itself, over a minute and more.
_REPEATED = frozenset({"UNAVAILABLE", "RESOURCE_EXHAUSTED"})

# What Secret Manager means by a code of google.rpc, or by the reason in its ErrorInfo, and what the deployer can do
# ("Access control with IAM", "Access a secret version", "Enabling the Secret Manager API").
_REFUSALS = {
    "SERVICE_DISABLED": ("secret-project", "the API is off; run: gcloud services enable secretmanager.googleapis.com"),
    "NOT_FOUND": ("secret-missing", "no such secret, or it has no version; create it and add a version"),
    "PERMISSION_DENIED": (
        "secret-permission",
        "permission denied, or no such secret; grant roles/secretmanager.secretAccessor on it to the service account",
    ),
    "FAILED_PRECONDITION": (
        "secret-disabled",
        "its latest version is disabled or destroyed; enable it or add a new one",
    ),
    "INVALID_ARGUMENT": ("secret-project", "refused as malformed; check the project in ANYROOM_SECRETS"),
    "UNAUTHENTICATED": ("secret-credentials", "the credentials were refused; check the function's service account"),
}


class SecretManager:
    """The secrets of one project. The library is loaded and the channel opened at the first reading.

    So both belong to the process that reads: gRPC does not survive a fork. `channel` makes the channel to another
    service than Google's.
    """

    def __init__(
        self, project: str, clock: Clock, *, channel: Callable[[], Any] | None = None, timeout: float = TIMEOUT
    ) -> None:
        self._project = project
        self._clock = clock
        self._channel = channel
        self._timeout = timeout
        self._lock = Lock()
        self._client: SecretManagerServiceClient | None = None

    def fetch(self, name: str) -> Payload:
        """The payload of the latest version. Raises SecretUnavailable, or Temporary when it does not answer."""
        client = self._connected(name)
        # Loading the library is not the service's time: it may take seconds where the processor is throttled.
        deadline = Deadline(self._clock, self._timeout)
        for _ in range(2):
            payload, checksum = self._access(client, name, deadline)
            if crc32c(payload.data) == checksum:
                return payload
        raise Temporary("secret-damaged", f"secret {name}: arrived damaged twice; its CRC32C does not match")

    def _access(self, client: "SecretManagerServiceClient", name: str, deadline: Deadline) -> tuple[Payload, int]:
        from google.api_core.exceptions import GoogleAPICallError

        path = f"projects/{self._project}/secrets/{name}/versions/latest"
        pauses = iter(_PAUSES)
        while True:
            try:
                reply = client.access_secret_version(name=path, retry=None, timeout=max(0.001, deadline.left()))
                return Payload(reply.payload.data), reply.payload.data_crc32c
            except GoogleAPICallError as error:
                pause = next(pauses, math.inf)
                if _code(error) not in _REPEATED or pause >= deadline.left():
                    raise self._failure(name, error) from None
            self._clock.sleep(pause)

    def _failure(self, name: str, error: "GoogleAPICallError") -> SecretUnavailable | Temporary:
        code = _code(error)
        refusal = _REFUSALS.get(error.reason or "") or _REFUSALS.get(code)
        if refusal is None:
            return Temporary("secrets-down", f"secret {name}: Secret Manager does not answer now ({code})")
        reason, remedy = refusal
        return SecretUnavailable(reason, f"secret {name} of project {self._project}: {remedy}")

    def _connected(self, name: str) -> "SecretManagerServiceClient":
        from google.auth.exceptions import GoogleAuthError

        with self._lock:
            if self._client is None:
                try:
                    self._client = _connect(self._channel)
                except GoogleAuthError as error:
                    raise SecretUnavailable(
                        "secret-credentials",
                        f"secret {name}: no Google credentials ({type(error).__name__}); give the function a service"
                        " account, or run on a laptop: gcloud auth application-default login",
                    ) from None
            return self._client


def _connect(channel: Callable[[], Any] | None) -> "SecretManagerServiceClient":
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient
    from google.cloud.secretmanager_v1.services.secret_manager_service.transports import grpc

    # At DEBUG the library logs whole replies, values included, wherever GOOGLE_SDK_PYTHON_LOGGING_SCOPE or the root
    # logger asks for it.
    logging.getLogger(grpc.__name__).setLevel(logging.INFO)
    if channel is None:
        return SecretManagerServiceClient()
    return SecretManagerServiceClient(transport=grpc.SecretManagerServiceGrpcTransport(channel=channel()))


def _code(error: "GoogleAPICallError") -> str:
    code = error.grpc_status_code
    return code.name if code is not None else type(error).__name__


def _crc32c_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)


_TABLE = _crc32c_table()


def crc32c(data: bytes) -> int:
    """The CRC32C of `data`, unsigned (RFC 3720, appendix B.4); a tenth of a second for a megabyte."""
    remainder = 0xFFFFFFFF
    for byte in data:
        remainder = _TABLE[(remainder ^ byte) & 0xFF] ^ remainder >> 8
    return remainder ^ 0xFFFFFFFF

"""requests' transport, bounded: no exchange outlives its seconds or its bytes, or reaches a forbidden address.

A time-out of requests is for each read, so a server that sends a byte a second is never cut. Here each operation on the
socket gets only the time that the whole exchange has left. No thread is needed for it. Only the resolver of the
operating system keeps its own time-outs, because no call can interrupt it.
"""

import errno
import http.client
import re
import socket
import ssl
import time
import zlib
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, Response
from requests.adapters import DEFAULT_CA_BUNDLE_PATH, HTTPAdapter
from requests.exceptions import RequestException
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout

from conference import hosts
from conference.errors import AnyroomError, InvalidConferenceData, OutcomeUnknown, Permanent, Temporary
from conference.providers.base import Reply, Request

MOST_HEAD = 64 << 10
"""Bytes off the wire for one reply, beside those of the body that it may have."""
IDLE = 50.0
"""Seconds after which a kept connection is not used again: balancers close theirs after 60, NATs forget them."""

_POOL = 100
_PLACE = re.compile(r"https?://[^/?]+")
_ADDRESSES = 4
_GZIP = frozenset(("gzip", "x-gzip"))


class StaleConnection(Exception):
    """A kept connection was closed by the other side before anything of the reply came."""


class Bound:
    """What one exchange may still use: seconds, and bytes off the wire, `most` in all."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.start(0.0)

    def start(self, seconds: float) -> None:
        """A new exchange, or its next phase, with this much time left."""
        self._ends = time.monotonic() + seconds
        self.received = 0

    def left(self) -> float:
        """Seconds left. Raises TimeoutError when there are none."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the exchange has no time left")
        return left

    def count(self, received: int) -> None:
        """Count bytes that came. Raises OSError past the most."""
        self.received += received
        if self.received > self._most:
            raise OSError(errno.EMSGSIZE, "the reply is too large")


class BoundedSocket(socket.socket):
    """A TCP socket that keeps to its bound. Its sendall is one operation, which urllib3 gives what is left."""

    bound: Bound

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """As socket.recv_into, within the bound."""
        self.settimeout(self.bound.left())
        received = super().recv_into(*args, **kwargs)
        self.bound.count(received)
        return received


class BoundedTLSSocket(ssl.SSLSocket):
    """A TLS socket that keeps to its bound, once the handshake is over; that is one operation with one time-out."""

    bound: Bound

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """As SSLSocket.recv_into, within the bound."""
        self.settimeout(self.bound.left())
        received = super().recv_into(*args, **kwargs)
        self.bound.count(received)
        return received

    def send(self, *args: Any, **kwargs: Any) -> int:
        """As SSLSocket.send, of which sendall is made, within the bound."""
        self.settimeout(self.bound.left())
        return super().send(*args, **kwargs)


def tls_context(trusted: str | None = None) -> ssl.SSLContext:
    """A verifying context whose sockets are bounded. `trusted` is the path of a PEM file, certifi's when None."""
    context = ssl.create_default_context(cafile=trusted or DEFAULT_CA_BUNDLE_PATH)
    context.sslsocket_class = BoundedTLSSocket
    return context


class _BoundedConnection(HTTPConnection):
    """Connects to what the name resolves to and nothing forbidden, and raises Temporary while nothing is sent."""

    def __init__(self, *args: Any, most: int, **kwargs: Any) -> None:
        self.bound = Bound(most + MOST_HEAD)
        self._answered = 0
        self._used = 0.0
        super().__init__(*args, **kwargs)

    @property
    def timeout(self) -> float:
        """Seconds left: urllib3 sets it for each phase, and reads it before each operation."""
        try:
            return self.bound.left()
        except TimeoutError:
            return 0.001

    @timeout.setter
    def timeout(self, seconds: object) -> None:
        if isinstance(seconds, (int, float)):
            self.bound.start(seconds)

    @property
    def is_connected(self) -> bool:
        """False also for a connection that has been idle for too long."""
        return time.monotonic() - self._used < IDLE and super().is_connected

    def connect(self) -> None:
        """Connect. Raises Temporary or Permanent; nothing has been sent then."""
        self._answered = 0
        try:
            super().connect()
            assert isinstance(self.sock, (BoundedSocket, BoundedTLSSocket))
            self.sock.bound = self.bound
        except AnyroomError:
            raise
        except (OSError, HTTPError, ValueError) as error:
            raise Temporary("unreachable", f"{self.host}: {type(error).__name__}") from None

    def _new_conn(self) -> BoundedSocket:
        failure: AnyroomError = Temporary("unreachable", f"{self.host} has no address")
        addresses = self._resolve()
        for place, (family, kind, protocol, _, address) in enumerate(addresses):
            share = self.bound.left() / (len(addresses) - place)
            connected = BoundedSocket(family, kind, protocol)
            try:
                _check_peer(str(address[0]))
                connected.bound = self.bound
                connected.settimeout(share)
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connected.connect(address)
                connected.settimeout(self.bound.left())
                return connected
            except OSError as error:
                failure = Temporary("unreachable", f"{self.host}: {type(error).__name__}")
            except InvalidConferenceData as error:
                failure = Permanent("forbidden-address", f"{self.host} is {error.detail}")
            connected.close()
        raise failure

    def _resolve(self) -> list[Any]:
        try:
            return socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)[:_ADDRESSES]
        except (OSError, UnicodeError):
            raise Temporary("host-not-found", self.host) from None

    def request(self, *args: Any, **kwargs: Any) -> None:
        """As HTTPConnection.request; raises StaleConnection."""
        try:
            super().request(*args, **kwargs)
        except OSError as error:
            self._raise_if_stale(error)
            raise

    def getresponse(self) -> Any:
        """As HTTPConnection.getresponse; raises StaleConnection, and HTTPException for an interim reply."""
        try:
            response = super().getresponse()
        except OSError as error:
            self._raise_if_stale(error)
            raise
        if response.status < 200:
            # http.client takes it for the reply, and would take the reply for the next request's. An error ends the
            # connection.
            raise http.client.BadStatusLine("interim")
        self._answered += 1
        self._used = time.monotonic()
        return response

    def _raise_if_stale(self, error: OSError) -> None:
        """http.client's RemoteDisconnected is an OSError too."""
        if self._answered and not self.bound.received and not isinstance(error, TimeoutError):
            raise StaleConnection from error


class _BoundedTLSConnection(_BoundedConnection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _BoundedConnection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _BoundedTLSConnection


def _check_peer(address: str) -> None:
    """Raise InvalidConferenceData for a link-local or metadata address, in whatever family it is written."""
    host = address.partition("%")[0]
    hosts.check(f"[{host}]" if ":" in host else host)


class _Prepared(PreparedRequest):
    """A request with what its pool of connections is chosen by: the origin, and the bytes of body it may bring."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self.method, self.url = request.method, request.url
        self.place = _PLACE.match(request.url)[0]  # type: ignore[index]  # the exchange has checked the URL
        self.most = request.most
        self.fresh = request.fresh


class BoundedAdapter(HTTPAdapter):
    """The pools of connections of one scheme, and the one exchange over them."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context
        self._pools: dict[tuple[str, int], HTTPConnectionPool] = {}
        super().__init__()

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: the context has its roots."""

    def get_connection_with_tls_context(self, request: Any, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
        """The pool of the request's origin, looked up once: there are no proxies to choose among.

        A request that wants a connection of its own has a pool of its own, whose end is the connection's.
        """
        if request.fresh:
            return self._new_pool(request)
        pool = self._pools.get((request.place, request.most))
        return pool or self._pools.setdefault((request.place, request.most), self._new_pool(request))

    def _new_pool(self, request: Any) -> HTTPConnectionPool:
        """All pools have one TLS context: loading its roots takes 10 ms."""
        parts, given = urlsplit(request.place), {"maxsize": _POOL, "most": request.most}
        # Without a port http.client looks for one in the host, and finds the end of an IPv6 address.
        if self._context:
            return _TLSPool(str(parts.hostname), parts.port or 443, ssl_context=self._context, **given)
        return _Pool(str(parts.hostname), parts.port or 80, **given)

    def request_url(self, request: Any, proxies: Any) -> str:
        """The path with its query, as it stands in the URL."""
        path: str = request.url[len(request.place) :]
        return path if path.startswith("/") else f"/{path}"

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """Only what `exchange` reads: no cookies, and no guess at an encoding."""
        response = Response()
        response.status_code = resp.status
        response.raw = resp
        return response

    def close(self) -> None:
        """Close every kept connection."""
        for pool in self._pools.values():
            pool.close()

    def exchange(self, request: Request, headers: dict[str, str], body: bytes | None, seconds: float) -> Reply:
        """Send and read the whole reply within `seconds`; redirects are not followed.

        Raises Temporary or Permanent when nothing was sent, StaleConnection, OutcomeUnknown for no, half or too much of
        a reply.
        """
        ends = time.monotonic() + seconds
        prepared = _Prepared(request)
        prepared.body, prepared.headers = body, CaseInsensitiveDict(headers)
        try:
            raw = self.send(prepared, stream=True, timeout=Timeout(total=seconds)).raw  # type: ignore[arg-type]  # stub's gap
            return _read(raw, request.most)
        except (RequestException, HTTPError, http.client.HTTPException, OSError) as error:
            reason = "timeout" if time.monotonic() >= ends else "reply-cut"
            raise OutcomeUnknown(reason, f"{request.url.split('/')[2]}: {type(error).__name__}") from None


def _read(raw: Any, most: int) -> Reply:
    """The reply, its connection kept for the next exchange only when this one is over."""
    try:
        body = b""
        # Only the read after the last one tells a body that was cut from one that is over.
        while len(body) <= most and (more := raw.read(most + 1 - len(body), decode_content=False)):
            body += more
        if 0 < len(body) <= most and raw.headers.get("Content-Encoding", "").strip().lower() in _GZIP:
            body = _unpacked(body, most)
        if len(body) > most:
            raise OutcomeUnknown("reply-too-large", f"HTTP {raw.status}, more than {most} bytes")
    except BaseException:
        raw.close()
        raise
    finally:
        raw.release_conn()
    return Reply(raw.status, raw.headers, body)


def _unpacked(body: bytes, most: int) -> bytes:
    """The body without its gzip, cut past `most` bytes: packed once and in one piece, as servers do that ignore that no
    coding was asked for. What was packed in any other way stays as it came.

    urllib3 would also unpack what was packed several times and in many pieces: ten kibibytes of that take half a
    minute, and no deadline ends them. Raises OutcomeUnknown.
    """
    gzip = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        unpacked = gzip.decompress(body, most + 1)
    except zlib.error:
        raise OutcomeUnknown("reply-cut", "no gzip") from None
    if len(unpacked) <= most and (not gzip.eof or gzip.unused_data):
        raise OutcomeUnknown("reply-cut", "half a gzip, or more than one")
    return unpacked

"""What Firestore is asked and answers, in its own protobuf messages, over one gRPC channel of the process that asks.

Messages and service are those of google-cloud-firestore; what is left out is the package's `__init__`, which imports
twice as much as these need, and its wrappers, which take more than half of the processor time of each call.

Import this module late, and use it only after a server has forked: gRPC does not survive that.
"""

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote

import grpc

from conference.errors import StoreUnavailable
from sync.store import Body, Change, Create, documents

_PACKAGE = "google.cloud.firestore_v1"


@contextmanager
def _without_init() -> Iterator[None]:
    """Let a module of the package be imported alone. Whoever imports the package itself later gets it whole."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or _PACKAGE in sys.modules:
        yield
        return
    sys.modules[_PACKAGE] = importlib.util.module_from_spec(spec)
    try:
        yield
    finally:
        del sys.modules[_PACKAGE]


with _without_init():
    from google.cloud.firestore_v1.types import (
        CommitRequest,
        CommitResponse,
        Document,
        GetDocumentRequest,
        RunQueryRequest,
        RunQueryResponse,
    )

SERVICE = "firestore.googleapis.com:443"
SCOPE = "https://www.googleapis.com/auth/datastore"
OPTIONS = (
    ("grpc.keepalive_time_ms", 30_000),  # these two as the package's own client
    ("grpc.max_receive_message_length", -1),
    ("SingleThreadedUnaryStream", 1),  # a query without a thread of its own ("grpc.experimental")
)
EMULATOR_PROJECT = "google-cloud-firestore-emulator"  # the package's own client's, when none is named
OK = "OK"

MARK = "_write"  # no name in a body begins with _

_Commit, _Get, _Query = CommitRequest.pb(), GetDocumentRequest.pb(), RunQueryRequest.pb()
_LESS_THAN_OR_EQUAL, _EQUAL, _ASCENDING = 2, 5, 1  # StructuredQuery's FieldFilter.Operator and Direction
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Version = tuple[int, int]
"""A document's update time: seconds and nanoseconds."""


class Found(NamedTuple):
    """A document, with the random word of the commit that wrote it."""

    key: str
    body: dict[str, Any]
    version: Version
    mark: str


class Session:
    """A channel to one database: at the emulator's host:port, or at `service` with this machine's Google credentials.

    Each call takes a timeout in seconds and gives a pair: "OK" and the answer, or the name of gRPC's status code and
    its text. Raises StoreUnavailable when there are no credentials, or no project is named and they know none.
    """

    def __init__(self, database: str, project: str | None, emulator: str | None, service: str = SERVICE) -> None:
        metadata: tuple[tuple[str, str], ...] = ()
        if emulator:
            self._channel = grpc.insecure_channel(emulator, options=OPTIONS)
            metadata = (("authorization", "Bearer owner"),)
            project = project or EMULATOR_PROJECT
        else:
            self._channel, project = _secure_channel(service, project)
        self._database = f"projects/{project}/databases/{database}"
        self._root = f"{self._database}/documents"
        self._metadata = (*metadata, ("google-cloud-resource-prefix", self._database))
        self._commit = self._method("Commit", "database", _Commit, CommitResponse.pb())
        self._get = self._method("GetDocument", "name", _Get, Document.pb())
        self._query = self._method("RunQuery", "parent", _Query, RunQueryResponse.pb(), stream=True)

    def close(self) -> None:
        """End the channel, and the calls that are under way."""
        self._channel.close()

    def get(self, kind: str, key: str, timeout: float) -> tuple[str, Any]:
        """One document: a Found."""
        code, reply = self._get(_Get(name=self._name(kind, key)), timeout)
        return code, _found(reply) if code == OK else reply

    def commit(
        self, changes: Sequence[Change], bodies: Sequence[Body | None], mark: str, timeout: float
    ) -> tuple[str, Any]:
        """Every change or none: the Version that each document then has (of no meaning for a deleted one)."""
        writes = [self._write(change, body, mark) for change, body in zip(changes, bodies, strict=True)]
        request = _Commit(database=self._database, writes=writes)
        code, reply = self._commit(request, timeout)
        return code, [_version(result) for result in reply.write_results] if code == OK else reply

    def find(self, kind: str, field: str, value: str, limit: int, after: str | None, timeout: float) -> tuple[str, Any]:
        """A list of Found, by key."""
        query = _where(_query(kind, limit, "__name__"), field, _EQUAL, {"string_value": value})
        return self._found_by({**query, **self._after(kind, after)}, timeout)

    def due(self, kind: str, before: datetime, limit: int, timeout: float) -> tuple[str, Any]:
        """A list of Found, by `due` and key."""
        query = _where(_query(kind, limit, "due"), "due", _LESS_THAN_OR_EQUAL, _value(before))
        return self._found_by(query, timeout)

    def page(self, kind: str, limit: int, after: str | None, timeout: float) -> tuple[str, Any]:
        """A list of Found, by key."""
        return self._found_by({**_query(kind, limit, "__name__"), **self._after(kind, after)}, timeout)

    def _after(self, kind: str, after: str | None) -> dict[str, Any]:
        """What has a query by key begin behind that one."""
        if after is None:
            return {}
        return {"start_at": {"values": [{"reference_value": self._name(kind, after)}], "before": False}}

    def _found_by(self, query: dict[str, Any], timeout: float) -> tuple[str, Any]:
        code, reply = self._query(_Query(parent=self._root, structured_query=query), timeout)
        return code, [_found(each.document) for each in reply if each.HasField("document")] if code == OK else reply

    def _name(self, kind: str, key: str) -> str:
        # The k keeps clear of the ids that Firestore reserves, "__.*__" ("Usage and limits").
        return f"{self._root}/{kind}/k{key}"

    def _write(self, change: Change, body: Body | None, mark: str) -> dict[str, Any]:
        name = self._name(*documents.target(change))
        condition = (
            {"exists": False} if isinstance(change, Create) else {"update_time": _timestamp(change.read.version)}
        )
        if body is None:
            return {"delete": name, "current_document": condition}
        fields = {**_fields(body), MARK: {"string_value": mark}}
        return {"update": {"name": name, "fields": fields}, "current_document": condition}

    def _method(
        self, rpc: str, routed_by: str, request: Any, response: Any, *, stream: bool = False
    ) -> Callable[[Any, float], tuple[str, Any]]:
        stub = (self._channel.unary_stream if stream else self._channel.unary_unary)(
            f"/google.firestore.v1.Firestore/{rpc}",
            request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )

        def call(message: Any, timeout: float) -> tuple[str, Any]:
            routing = ("x-goog-request-params", f"{routed_by}={quote(getattr(message, routed_by))}")
            try:
                reply = stub(message, timeout=timeout, metadata=(*self._metadata, routing))
                return OK, list(reply) if stream else reply
            except grpc.RpcError as error:
                return error.code().name, error.details() or ""

        return call


def _query(kind: str, limit: int, order_by: str) -> dict[str, Any]:
    return {
        "from_": [{"collection_id": kind}],
        "order_by": [{"field": {"field_path": order_by}, "direction": _ASCENDING}],
        "limit": {"value": limit},
    }


def _where(query: dict[str, Any], field: str, operator: int, value: Any) -> dict[str, Any]:
    return {**query, "where": {"field_filter": {"field": {"field_path": field}, "op": operator, "value": value}}}


def _version(message: Any) -> Version:
    return message.update_time.seconds, message.update_time.nanos


def _timestamp(version: Any) -> dict[str, int]:
    return {"seconds": version[0], "nanos": version[1]}


def _fields(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(item) for name, item in body.items()}


def _value(item: Any) -> dict[str, Any]:
    kind = type(item)
    if kind is str:
        return {"string_value": item}
    if item is None:
        return {"null_value": 0}
    if kind is bool:
        return {"boolean_value": item}
    if kind is int:
        return {"integer_value": item}
    if kind is float:
        return {"double_value": item}
    if kind is datetime:
        since = item - _EPOCH
        return {"timestamp_value": _timestamp((since.days * 86_400 + since.seconds, since.microseconds * 1000))}
    if kind is dict:
        return {"map_value": {"fields": _fields(item)}}
    return {"array_value": {"values": [_value(each) for each in item]}}


def _found(message: Any) -> Found:
    body = _body(message.fields)
    return Found(message.name.rpartition("/k")[2], body, _version(message), body.pop(MARK, ""))


def _body(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _item(message) for name, message in fields.items()}


def _item(message: Any) -> Any:
    kind = message.WhichOneof("value_type")
    item = getattr(message, kind)
    if kind == "map_value":
        return _body(item.fields)
    if kind == "array_value":
        return [_item(each) for each in item.values]
    if kind == "timestamp_value":
        return item.ToDatetime(UTC)
    return None if kind == "null_value" else item


def _secure_channel(service: str, project: str | None) -> tuple[Any, str]:
    import google.auth
    import google.auth.exceptions
    import google.auth.transport.grpc
    import google.auth.transport.requests

    try:
        credentials, found = google.auth.default(scopes=[SCOPE])
    except google.auth.exceptions.GoogleAuthError as error:
        raise StoreUnavailable("store-credentials", "this machine has no Google credentials") from error
    project = project or found
    if not project:
        raise StoreUnavailable("store-project", "GOOGLE_CLOUD_PROJECT is not set and the credentials name no project")
    channel = google.auth.transport.grpc.secure_authorized_channel(  # type: ignore[no-untyped-call]  # google-auth's own
        credentials,
        google.auth.transport.requests.Request(),
        service,
        ssl_credentials=grpc.ssl_channel_credentials(),
        options=OPTIONS,
    )
    return channel, project

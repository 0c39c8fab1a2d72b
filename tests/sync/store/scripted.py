"""A Firestore that answers as a test's script says, for what the emulator never answers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from google.cloud.firestore_v1.types import CommitRequest, CommitResponse


class ScriptedFirestore(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpcio ships no types
    """Answers each call with the next (code, text) of `script`, and keeps the calls: method and headers."""

    def __init__(self) -> None:
        self.host = ""
        self.script: list[tuple[str, str]] = []
        self.calls: list[tuple[str, dict[str, str]]] = []

    def service(self, handler_call_details: Any) -> Any:
        """Handle one call."""
        method = handler_call_details.method.rpartition("/")[2]
        self.calls.append((method, dict(handler_call_details.invocation_metadata)))
        if method == "RunQuery":
            return grpc.unary_stream_rpc_method_handler(lambda request, context: iter([self._answer(request, context)]))
        return grpc.unary_unary_rpc_method_handler(self._answer)

    def _answer(self, request: bytes, context: Any) -> bytes:
        code, text = self.script.pop(0)
        if code != "OK":
            context.abort(grpc.StatusCode[code], text)
        writes = CommitRequest.deserialize(request).writes
        results = [{"update_time": {"seconds": 1}} for _ in writes]
        answer: bytes = CommitResponse.serialize(CommitResponse(write_results=results))
        return answer


@contextmanager
def scripted(credentials: Any = None) -> Iterator[ScriptedFirestore]:
    """A scripted Firestore on a port of its own, encrypted when it has credentials."""
    firestore = ScriptedFirestore()
    server = grpc.server(ThreadPoolExecutor(4), handlers=[firestore])
    port = (
        server.add_secure_port("127.0.0.1:0", credentials) if credentials else server.add_insecure_port("127.0.0.1:0")
    )
    firestore.host = f"127.0.0.1:{port}"
    server.start()
    yield firestore
    server.stop(None).wait()

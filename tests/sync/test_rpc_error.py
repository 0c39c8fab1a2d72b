"""Of an error reply only words are read; everything else may name somebody."""

import pytest

from sync import rpc_error
from sync.rpc_error import RpcError
from tests import cloud


def test_the_code_and_the_reason_are_read() -> None:
    body = cloud.rpc_error("PERMISSION_DENIED", "SERVICE_DISABLED")
    assert rpc_error.read(body) == RpcError("PERMISSION_DENIED", "SERVICE_DISABLED")


def test_without_details_there_is_no_reason() -> None:
    assert rpc_error.read(b'{"error": {"status": "NOT_FOUND"}}') == RpcError("NOT_FOUND")


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"<html>", b"[]", b'{"error": "x"}', b'{"error": {"status": 7}}', b"[" * 100_000, b"\xff"),
        *(cloud.rpc_error("ada@example.com", "two words"), cloud.rpc_error("A" * 100)),
    ],
)
def test_anything_else_says_nothing(body: bytes) -> None:
    assert rpc_error.read(body) == RpcError()

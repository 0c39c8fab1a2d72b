"""What an error reply of Google's newer APIs says, as far as it may be logged.

Source: AIP-193, Errors (google.rpc.Status with google.rpc.ErrorInfo).
"""

import re

import msgspec

_WORD = re.compile(r"[A-Z][A-Z0-9_]{0,62}")


class RpcError(msgspec.Struct, frozen=True):
    """`status` is a code of google.rpc such as ALREADY_EXISTS, `reason` ErrorInfo's; each "" when there is none."""

    status: str = ""
    reason: str = ""


class _Detail(msgspec.Struct):
    reason: str = ""


class _Status(msgspec.Struct):
    status: str = ""
    details: list[_Detail] = []


class _Body(msgspec.Struct):
    error: _Status


_decode = msgspec.json.Decoder(_Body).decode


def read(body: bytes) -> RpcError:
    """The words of an error body; anything else in it may name somebody."""
    try:
        error = _decode(body).error
    except (ValueError, RecursionError):
        return RpcError()
    reasons = (detail.reason for detail in error.details if detail.reason)
    return RpcError(_word(error.status), _word(next(reasons, "")))


def _word(text: str) -> str:
    return text if _WORD.fullmatch(text) else ""

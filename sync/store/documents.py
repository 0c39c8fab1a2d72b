"""What every adapter checks alike before anything is sent, so that no body or key is good for one store only.

The limits are Firestore's ("Usage and limits": nesting, names, ids) or tighter.
"""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from conference.errors import Permanent
from sync.store import Change, Create, Delete, Document, Replace

MAX_BYTES = 256 * 1024
MAX_CHANGES = 20
MAX_DEPTH = 20
MAX_NAME_BYTES = 1500
MAX_INDEXED_BYTES = 1024
MAX_PAGE = 1000

_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}")
_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_INT64 = 1 << 63
_ANY = frozenset({str, bool, type(None)})
"""Of these types any value is possible; text with half a surrogate pair fails when it is encoded."""
_SHORT = MAX_NAME_BYTES // 4  # No character has more than four bytes.
_NO_BEGINNINGS = frozenset({"", "_", "$"})


def prepared(changes: Sequence[Change]) -> list[dict[str, Any] | None]:
    """The bodies to write, in the order of `changes`, each a checked copy with its `rev`; None for a deletion.

    Raises ValueError for a bad kind, key or body, for two changes to one document and for more than 20 changes;
    Permanent("document-too-large") for a body over 256 KiB as JSON.
    """
    if len(changes) > MAX_CHANGES:
        raise ValueError(f"{len(changes)} changes in one commit, at most {MAX_CHANGES} are possible")
    if len({target(change) for change in changes}) < len(changes):
        raise ValueError("two changes to one document in one commit")
    return [_prepared(change) for change in changes]


def target(change: Change) -> tuple[str, str]:
    """Kind and key of the document that is changed."""
    of: Create | Document = change if isinstance(change, Create) else change.read
    return of.kind, of.key


def check_address(kind: str, key: str) -> None:
    """Raise ValueError unless `kind` and `key` are possible."""
    check_kind(kind)
    if not _KEY.fullmatch(key):
        raise ValueError("a key is 1 to 128 of A-Z a-z 0-9 _ -")


def check_kind(kind: str) -> None:
    """Raise ValueError unless `kind` is possible."""
    if not _KIND.fullmatch(kind):
        raise ValueError("a kind is 1 to 32 of a-z 0-9 _, beginning with a letter")


def check_find(kind: str, field: str, value: str, limit: int, after: str | None) -> None:
    """Raise ValueError unless these can be looked for: text of at most 1 KiB, pages of 1 to 1,000 documents."""
    check_address(kind, "0" if after is None else after)
    if type(value) is not str or len(value.encode()) > MAX_INDEXED_BYTES:
        raise ValueError(f"a value that is looked for is text of at most {MAX_INDEXED_BYTES} bytes")
    if not _FIELD.fullmatch(field):
        raise ValueError("a field that is looked for is 1 to 64 of A-Z a-z 0-9 _, beginning with a letter")
    check_page(limit)


def check_due(kind: str, before: datetime, limit: int) -> None:
    """Raise ValueError unless these can be looked for: `before` is aware, a page has 1 to 1,000 documents."""
    check_kind(kind)
    _value(before, 0)
    check_page(limit)


def check_walk(kind: str, limit: int, after: str | None) -> None:
    """Raise ValueError unless a page of that kind can be read: 1 to 1,000 documents, after a possible key."""
    check_address(kind, "0" if after is None else after)
    check_page(limit)


def check_page(limit: int) -> None:
    """Raise ValueError unless a page may have `limit` documents."""
    if not 1 <= limit <= MAX_PAGE:
        raise ValueError(f"a page has 1 to {MAX_PAGE} documents")


def _prepared(change: Change) -> dict[str, Any] | None:
    check_address(*target(change))
    if isinstance(change, Delete):
        return None
    body = _mapping(change.body, 0)
    body["rev"] = change.read.body["rev"] + 1 if isinstance(change, Replace) else 1
    size = len(msgspec.json.encode(body))
    if size > MAX_BYTES:
        raise Permanent("document-too-large", f"{size} bytes, at most {MAX_BYTES} are possible")
    return body


def _mapping(mapping: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    copy = {}
    for name, value in mapping.items():
        if (
            type(name) is not str
            or name[:1] in _NO_BEGINNINGS
            or (len(name) > _SHORT and len(name.encode()) > MAX_NAME_BYTES)
        ):
            raise ValueError("a body's names are text of 1 to 1,500 bytes that begins with neither _ nor $")
        copy[name] = value if type(value) in _ANY else _value(value, depth)
    return copy


def _value(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind in _ANY:
        return value
    if kind is int and -_INT64 <= value < _INT64:
        return value
    if kind is float and math.isfinite(value):
        return value
    if kind is datetime and value.tzinfo is not None:
        return value.astimezone(UTC)
    if depth < MAX_DEPTH:
        if kind is dict:
            return _mapping(value, depth + 1)
        if kind is list and list not in map(type, value):
            return [_value(item, depth + 1) for item in value]
    raise ValueError(f"a body cannot hold this {kind.__name__}")

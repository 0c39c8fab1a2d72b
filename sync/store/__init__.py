"""The store's port: documents by kind and key, read one by one or by one field, and committed all or not at all.

Two adapters keep it: `sqlite` for one machine, `firestore` for the cloud. The files test_store_* in tests/contracts are
their contract, `documents` is what both check before they write, `opening.open_store` makes the one that is configured.

A kind is a word of `[a-z][a-z0-9_]{0,31}`, a key `[A-Za-z0-9_-]{1,128}` (a hash, nothing personal).

A body is a mapping of text, whole numbers (64 bits), finite floats, booleans, None, aware datetimes (microseconds;
read back in UTC), lists and mappings of the same, at most 20 deep, no list directly in a list. Names are text that
begins with neither `_` nor `$`; those are the stores' own. It has a `rev` that the store itself writes: 1 on creation,
one more on each replacement, because Firestore does not count a write of equal content as a change. Anything else is a
defect: ValueError. A body with its `rev` is at most 256 KiB as JSON; over that Permanent("document-too-large") is
raised. Both are raised before anything is sent.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

Body = Mapping[str, Any]


class Document(msgspec.Struct, frozen=True):
    """A document as it was read or just written. `version` is the adapter's own, and only compared by it."""

    kind: str
    key: str
    body: Body
    version: object


class Create(msgspec.Struct, frozen=True):
    """Refused with Conflict when the document exists."""

    kind: str
    key: str
    body: Body


class Replace(msgspec.Struct, frozen=True):
    """Refused with Conflict unless the document is still `read`."""

    read: Document
    body: Body


class Delete(msgspec.Struct, frozen=True):
    """Refused with Conflict unless the document is still `read`."""

    read: Document


Change = Create | Replace | Delete


class Store(Protocol):
    """What claims, leases and records are built on; safe for many threads and, above one place, many processes.

    Making a store connects to nothing; that happens at `open`, or at the first use, in the process that uses it, so
    that it may be made before a server forks. Every method but `close` may raise StoreUnavailable, within five seconds.
    """

    @property
    def local(self) -> bool:
        """Whether it is on this machine: an operation then takes less than a thread's handover."""

    def open(self) -> None:
        """Do now what the first use would do: import, connect, lay out the tables."""

    def close(self) -> None:
        """Let go of connections. The next use opens them again."""

    def get(self, kind: str, key: str) -> Document | None:
        """The document, or None."""

    def find(self, kind: str, field: str, value: str, limit: int, after: str | None = None) -> list[Document]:
        """Documents whose top-level text `field` equals `value`, by key, at most `limit`, with keys above `after`.

        `value` has at most 1 KiB, as Firestore indexes no longer text whole; a page has 1 to 1,000 documents.
        """

    def due(self, kind: str, before: datetime, limit: int) -> list[Document]:
        """Documents whose `due` is not None and not after `before`, the oldest first (then by key), at most `limit`."""

    def page(self, kind: str, limit: int, after: str | None = None) -> list[Document]:
        """All documents of a kind by key, at most `limit` (1 to 1,000), with keys above `after`. For operators: what
        answers a request never reads everything.
        """

    def commit(self, changes: Sequence[Change]) -> list[Document | None]:
        """Make all changes or none: the documents as they now stand (None for a deleted one), in order.

        At most 20 changes, each to another document. Raises Conflict when any of them is refused; then none was made.
        After StoreUnavailable all or none of them were made, and which is not known: read again and decide again.
        """

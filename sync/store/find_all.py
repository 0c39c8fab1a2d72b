"""Every document of a kind whose field has one value, read from any store page by page."""

from collections.abc import Iterator

from sync.store import Document, Store

PAGE = 500
"""Documents that are read at once."""


def find_all(store: Store, kind: str, field: str, value: str) -> Iterator[Document]:
    """The documents by key, each page read when it is needed. One may be changed or deleted once it was given.

    Raises StoreUnavailable.
    """
    page = store.find(kind, field, value, PAGE)
    while page:
        yield from page
        page = store.find(kind, field, value, PAGE, page[-1].key) if len(page) == PAGE else []

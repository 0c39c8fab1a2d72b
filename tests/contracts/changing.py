"""One change and what was found, as every test of a store's contract says it."""

from sync.store import Body, Create, Document, Replace, Store


def create(store: Store, key: str, body: Body | None = None, kind: str = "thing") -> Document:
    (made,) = store.commit([Create(kind, key, body or {})])
    assert made is not None
    return made


def replace(store: Store, read: Document, body: Body | None = None) -> Document:
    (made,) = store.commit([Replace(read, body or {})])
    assert made is not None
    return made


def keys(found: list[Document]) -> list[str]:
    return [document.key for document in found]

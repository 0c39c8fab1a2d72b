"""One setting, one store: `ANYROOM_STORE` names the adapter, and no other adapter is imported."""

import re

from conference.errors import InvalidSetting
from sync.store import Store

_DATABASE = re.compile(r"[a-z][a-z0-9-]{2,61}[a-z0-9]")


def check_store(setting: str) -> None:
    """Raise InvalidSetting unless `setting` names a store; Firestore's library is not loaded for it."""
    adapter, _, place = setting.partition(":")
    if adapter != "firestore" or not _is_database(place):
        open_store(setting)


def open_store(setting: str) -> Store:
    """The store that `setting` names: `sqlite:PATH`, `firestore:` or `firestore:DATABASE`.

    Raises InvalidSetting when it names none, or a file that cannot be one. Firestore is asked at the first use only.
    """
    adapter, colon, place = setting.partition(":")
    if colon and adapter == "sqlite":
        from sync.store.sqlite import SqliteStore

        return SqliteStore(place)
    if colon and adapter == "firestore" and _is_database(place):
        from sync.store.firestore import FirestoreStore

        return FirestoreStore(place or None)
    raise InvalidSetting(
        "ANYROOM_STORE", "must be sqlite:PATH, firestore: or firestore:DATABASE (a-z 0-9 -, 4 to 63 long)"
    )


def _is_database(place: str) -> bool:
    return place in ("", "(default)") or bool(_DATABASE.fullmatch(place))

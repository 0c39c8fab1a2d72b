"""The store: a probe document is created, replaced, found, listed as due and deleted, as the function's records are."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from conference.errors import Conflict, InvalidSetting
from doctor.finding import Check, Finding, ok, problem
from doctor.subject import Subject
from sync.store import Create, Delete, Replace, Store
from sync.store.opening import open_store

KIND = "doctor"
"""Of the probes, which nothing else reads."""
_LEFT_BEHIND = timedelta(minutes=5)
_KEPT = timedelta(days=1)


def checks(subject: Subject) -> Iterator[Check]:
    """The store."""
    yield Check("store", lambda deadline: [_store(subject)], cleans_up=True)


def _store(subject: Subject) -> Finding:
    setting = subject.settings.store
    adapter, _, place = setting.partition(":")
    if adapter == "sqlite" and place and not Path(place).exists():
        return _not_yet_made(subject, Path(place))
    _probe(subject, open_store(setting))
    where = "Firestore" if adapter == "firestore" else place
    return ok("store", f"{where}: a probe document was written, found and deleted")


def _not_yet_made(subject: Subject, path: Path) -> Finding:
    """A database that is not there yet is left to the function: another one in its folder says whether it can be."""
    try:
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=path.parent) as folder:
            _probe(subject, open_store(f"sqlite:{folder}/probe.db"))
    except OSError as error:
        return problem("store", f"{path.parent} is no folder that can be written to ({error.strerror}); make it one")
    return ok("store", f"{path} is made at the function's first start; its folder can be written to")


def _probe(subject: Subject, store: Store) -> None:
    """Raises StoreUnavailable, InvalidSetting."""
    now = subject.clock.now()
    with closing(store):
        store.open()
        _tidy(store, now - _LEFT_BEHIND)
        key = secrets.token_hex(16)
        body = {"due": now, "forget": now + _KEPT, "probe": key}
        [created] = store.commit([Create(KIND, key, body)])
        assert created
        try:
            [replaced] = store.commit([Replace(created, {**body, "again": True})])
            found = store.find(KIND, "probe", key, 2)
            due = store.due(KIND, now, 100)
        finally:
            read = store.get(KIND, key)
            if read is not None:
                store.commit([Delete(read)])
    if replaced is None or [one.key for one in found] != [key] or key not in [one.key for one in due]:
        raise InvalidSetting("ANYROOM_STORE", "the store does not find what it has just taken; use another one")


def _tidy(store: Store, before: datetime) -> None:
    """Delete what a doctor left behind that was killed."""
    for left in store.due(KIND, before, 20):
        try:
            store.commit([Delete(left)])
        except Conflict:
            continue

"""`make export`: everything that is stored of a user or a domain, as one JSON file; nothing is changed.

Tokens and what proves a push channel are left out: they are ours and the systems', and would let their reader act.
"""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from conference.errors import InvalidSetting
from operations import whose
from operations.asked import Asked
from operations.console import DONE, LEFT, Console, Mistake, number
from operations.site import Site
from operations.whose import Whose
from sync.connections import StoredConnections
from sync.store import Document

LEFT_OUT = frozenset({"sealed", "whose", "token", "lease", "rev"})
"""Fields that no export holds, wherever they are in a record."""


def run(site: Site, asked: Asked, console: Console) -> int:
    """Write the file. Raises Mistake, StoreUnavailable, Stopped."""
    if not asked.file:
        raise Mistake("Name the file to write: FILE=PATH")
    path = Path(asked.file)
    if path.exists():
        raise Mistake(f"{path} is there already: name another FILE, or move it away")
    with console.working("reading the records"):
        found = whose.find(site, asked, console)
        documents = whose.documents(site, found)
        accounts = [one for user in found.users for one in _connections(site, user.sub)]
    if not documents and not accounts:
        for line in whose.nothing(found):
            console.say(line)
        return LEFT
    _write(path, msgspec.json.format(msgspec.json.encode(_told(found, documents, accounts)), indent=2))
    counts = Counter(document.kind for document in documents)
    counts["connection"] = len(accounts)
    console.say(f"{path}: {', '.join(number(count, kind) for kind, count in sorted(counts.items()) if count)}.")
    for line in whose.remarks(found):
        console.say(line)
    return DONE


def _told(found: Whose, documents: list[Document], accounts: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "of": found.named,
        "users": [{"number": user.sub, "address": user.email} for user in found.users],
        "connections": accounts,
        "records": [{"kind": one.kind, "key": one.key, **_readable(one.body)} for one in documents],
    }


def _connections(site: Site, sub: str) -> list[dict[str, Any]]:
    """What the user may see of each connection, which is all but its tokens."""
    shown = []
    for held in StoredConnections(site.store).of_user(sub):
        known = held.connection
        address = ""
        if site.parts.tokens:
            try:
                view = site.parts.tokens.connection(sub, known.solution)
            except InvalidSetting:
                view = None  # the solution left the configuration
            address = view.address if view else ""
        fields = {"state": known.state, "reason": known.reason, "since": known.since, "scopes": known.scopes}
        shown.append({"user": sub, "solution": known.solution, "address": address, **fields})
    return shown


def _readable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _readable(item) for name, item in value.items() if name not in LEFT_OUT}
    return [_readable(item) for item in value] if isinstance(value, list) else value


def _write(path: Path, content: bytes) -> None:
    """Write it whole or not at all, for its owner's eyes only. Raises Mistake."""
    part = path.with_name(f"{path.name}.part")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content + b"\n")
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except OSError as error:
        raise Mistake(f"{path} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)

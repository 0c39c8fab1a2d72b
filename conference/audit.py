"""Audit lines: who connected, disconnected, erased or was refused what, under a hash that names nobody.

The subject is the hash by which a user's connections are stored (`owner`), so that those who may read the store can
tell whose it is, and nobody else.
"""

import logging
from collections.abc import Mapping
from hashlib import sha256
from json import dumps
from typing import Literal

Action = Literal["connect", "disconnect", "delete", "policy"]

SYSTEM = "system"
"""The subject of what a conferencing system tells of its own accord."""
SYNC = "sync"
"""The subject of what follows from an event."""
START = "start"
"""The subject of what a new process was configured with."""

_log = logging.getLogger("anyroom.audit")


def subject(sub: str) -> str:
    """The name of a user in audit lines: 32 hexadecimal digits of a hash over their Google account's id."""
    return sha256(dumps(["owner", sub]).encode()).hexdigest()[:32]


def record(action: Action, who: str, what: str, **more: str | int | list[str]) -> None:
    """Write one line: `who` is a subject, `what` the kind of thing that was acted on, `more` says which.

    Nothing of it may name a person or an event.
    """
    fields: Mapping[str, object] = {"kind": "audit", "action": action, "subject": who, "object": what, **more}
    _log.info("%s: %s", action, more.get("solution", what), extra={"fields": fields})

"""`make rotate-keys`: how much is sealed with which key, and with DO=1 all of it sealed anew with the first one.

Each connection and each join link is replaced by itself, only as it was read, and a connection never while somebody
renews its tokens: a rotation that is stopped goes on where it was, and one beside a running function takes nothing from
it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from conference.custody import tokens_place, whose_place
from conference.errors import Conflict, Unsealable
from conference.seal import Seal, key_id
from operations.asked import Asked
from operations.console import DONE, LEFT, Console, Mistake, number
from operations.sealed_links import SealedLinks
from operations.site import Site
from sync import records
from sync.connections import connection_key
from sync.records import CALENDARS, CONNECTIONS, MAPPINGS, ORPHANS, ConnectionRecord
from sync.store import Replace

SETTLES = timedelta(seconds=30)
"""How long after the end of its lease a renewal may still be committing."""
_WAITS = 60
"""Seconds that connections which are being renewed are waited for."""


def run(site: Site, asked: Asked, console: Console) -> int:
    """Count, and seal anew when that is asked for. Raises StoreUnavailable, SecretUnavailable, Mistake, Stopped."""
    seal = site.parts.seal
    if seal is None:
        raise Mistake("ANYROOM_KEYS is not set, and nothing is sealed")
    links = SealedLinks(site)
    with console.working("reading what is sealed") as at:
        counts, behind = _counted(site, seal, console)
        links.read(seal.keys()[0].id, console)
        _tell(counts, links.counts, seal, console)
        if not asked.do:
            what = _what(len(behind), len(links.behind))
            console.say(f"{what} to seal anew." + (" DO=1 does." if behind or links.behind else ""))
            return DONE
        for place, key in enumerate(links.behind):
            at(f"{place} of {len(links.behind)} join links sealed anew")
            links.rotate(key)
            console.check()
        rotation = _Rotation(site, seal, _names(site, behind, console))
        for place, key in enumerate(behind):
            at(f"{place} of {len(behind)} sealed anew")
            rotation.rotate(key)
            console.check()
        for _ in range(_WAITS):
            if not rotation.busy:
                break
            at(f"waiting for {len(rotation.busy)} that are being renewed")
            console.pause(1.0)
            rotation.again()
    return _end(rotation, links, console)


def _counted(site: Site, seal: Seal, console: Console) -> tuple[Counter[str], Mapping[str, ConnectionRecord]]:
    """How many connections each key has sealed, and those that are not, or not whole, sealed with the first."""
    first, counts, behind = seal.keys()[0].id, Counter[str](), {}
    for document in site.all(CONNECTIONS, console):
        try:
            record = records.connection(document.body)
        except msgspec.ValidationError as defect:
            console.say(f"{document.key}: {defect}")
            continue
        if record.sealed:
            counts[key_id(record.sealed)] += 1
            if any(key_id(text) != first for text in (record.sealed, record.whose)):
                behind[document.key] = record
    return counts, behind


def _tell(connections: Mapping[str, int], links: Mapping[str, int], seal: Seal, console: Console) -> None:
    known = seal.keys()
    keys = [key.id for key in known]
    for one in (*keys, *sorted({*connections, *links} - {*keys})):
        role = "the first, which seals" if one == keys[0] else "opens"
        if one not in keys:
            role = "no key of ANYROOM_KEYS; put it back below the others, or users must connect again, and"
            role += " nobody is given these join links once more"
        console.say(f"key {one}: {_what(connections.get(one, 0), links.get(one, 0))}; {role}")


def _what(connections: int, links: int) -> str:
    """So many connections, and join links where there are any."""
    return number(connections, "connection") + (f" and {number(links, 'join link')}" if links else "")


def _names(site: Site, behind: Mapping[str, ConnectionRecord], console: Console) -> Mapping[str, str]:
    """Whose the connections are that do not say so themselves, where another record names the user."""
    unnamed = {key: record.solution for key, record in behind.items() if not record.whose}
    solutions, names = set(unnamed.values()), {}
    for sub in {"", *(_subs(site, console) if unnamed else ())}:
        for solution in solutions:
            if (key := connection_key(sub, solution)) in unnamed:
                names[key] = sub
    return names


def _subs(site: Site, console: Console) -> Iterator[str]:
    """Every user that a record names."""
    for kind, fields in ((MAPPINGS, ("user", "keeper")), (CALENDARS, ("kept_by",)), (ORPHANS, ("user",))):
        for document in site.all(kind, console):
            yield from (str(document.body.get(field, "")) for field in fields)


class _Rotation:
    """Seals connections anew. `names` says whose those are that do not say so themselves."""

    def __init__(self, site: Site, seal: Seal, names: Mapping[str, str]) -> None:
        self._site = site
        self._seal = seal
        self._names = names
        self.done = 0
        self.busy: list[str] = []
        self.unnamed = 0
        self.closed = 0

    def rotate(self, key: str) -> None:
        """Seal one anew, as it now is, unless somebody renews it. Raises StoreUnavailable, SecretUnavailable."""
        document = self._site.store.get(CONNECTIONS, key)
        if document is None:
            return
        record, now = records.connection(document.body), self._site.clock.now()
        if _is_renewed(record, now):
            self.busy.append(key)
            return
        try:
            changes = self._sealed_anew(key, record)
        except Unsealable:
            self.closed += 1
            return
        if changes is None:
            self.unnamed += 1
            return
        try:
            self._site.store.commit([Replace(document, {**document.body, **changes})])
            self.done += 1
        except Conflict:
            self.busy.append(key)

    def again(self) -> None:
        """Try once more those that were busy."""
        busy, self.busy = self.busy, []
        for key in busy:
            self.rotate(key)

    def _sealed_anew(self, key: str, record: ConnectionRecord) -> dict[str, Any] | None:
        """The fields that change; None where nobody knows whose it is. Raises Unsealable, as Seal does."""
        whose = whose_place(record.solution)
        sub = self._seal.open(record.whose, *whose) if record.whose else self._names.get(key)
        if sub is None:
            return None
        place = tokens_place(sub, record.solution)
        sealed = self._seal.seal(self._seal.open(record.sealed, *place), *place)
        return {"sealed": sealed, "whose": self._seal.seal(sub, *whose)}


def _is_renewed(record: ConnectionRecord, now: datetime) -> bool:
    """Whether a renewal may be under way, which commits what it was given only over what it has read."""
    return record.refreshing is not None and record.refreshing.until + SETTLES > now


def _end(rotation: _Rotation, links: SealedLinks, console: Console) -> int:
    console.say(f"{rotation.done + links.done} sealed anew with the first key.")
    if links.busy:
        console.say(f"{number(links.busy, 'join link')} changed too often just now; run it again in a minute.")
    if links.closed:
        console.say(
            f"{number(links.closed, 'join link')} with a key that is lost: they work, and are not given once more."
        )
    if rotation.busy:
        console.say(f"{len(rotation.busy)} are being renewed just now; run it again in a minute.")
    if rotation.unnamed:
        console.say(
            f"{rotation.unnamed} of users whom no record names: each is sealed anew when it is used next. Keep the old"
            " key until then, or they are asked to connect again."
        )
    if rotation.closed:
        console.say(f"{rotation.closed} do not open with any key; their users are asked to connect again.")
    left = rotation.busy or rotation.unnamed or rotation.closed or links.busy or links.closed
    return LEFT if left else DONE

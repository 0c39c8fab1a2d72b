"""One difference between Calendar, our records and a conferencing system, and the safe part of mending it.

Nothing here deletes a conference or changes one: what is marked is looked at by a run, with a run's own rules.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from conference.errors import Conflict
from conference.providers.base import Conference
from operations.site import Site
from sync import keepers, records
from sync.holdings import Mapped, looked_at, mapped
from sync.records import CALENDARS, MAPPINGS, ORPHANS
from sync.store import Change, Create, Document, Replace

Remedy = Literal["look", "list", "tell", "orphan", "follow", "nothing"]

_WOULD: dict[Remedy, str] = {
    "look": "would be marked for a look",
    "list": "its calendar would be listed anew",
    "tell": "would be told again",
    "orphan": "would be listed as an orphan",
    "follow": "its calendar would be followed",
    "nothing": "nothing is done",
}
_DONE: dict[Remedy, str] = {
    "look": "marked: the calendar's next run looks",
    "list": "the calendar's next run lists everything",
    "tell": "marked: the calendar's next run tells it all",
    "orphan": "listed: make orphans",
    "follow": "followed, as soon as somebody with the right role uses it",
    "nothing": "nothing is done",
}
_TRIES = 5


class Difference(msgspec.Struct, frozen=True):
    """`what` differs, named by the keys of our records; `remedy` is what is done about it, by `mend`: whether it had
    to be done still.
    """

    what: str
    remedy: Remedy = "nothing"
    mend: Callable[[], bool] = lambda: False
    advice: str = ""

    def line(self, do: bool) -> str:
        """The one line, after mending it when `do` says so. Raises StoreUnavailable."""
        if not do or self.remedy == "nothing":
            said = _WOULD[self.remedy]
        else:
            said = _DONE[self.remedy] if self.mend() else "done before, and waits for a run"
        return f"{self.what}; {said}{': ' + self.advice if self.advice else ''}"


class Mending:
    """What is safe to do, each one compare-and-set."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def look(self, one: Mapped, **changes: object) -> bool:
        """Have the next run look at the event of an offered or live mapping."""
        for _ in range(_TRIES):
            document = self._site.store.get(MAPPINGS, one.key)
            if document is None:
                return False
            current = mapped(document)
            if current.record.state not in ("offered", "live") or self._waits(current, changes):
                return False
            changed = mapped(Document(document.kind, document.key, {**document.body, **changes}, document.version))
            if self._made(looked_at(changed._replace(document=document), self._site.clock.now())):
                return True
        return False

    def tell(self, one: Mapped) -> bool:
        """Have the next run tell the system everything, as if it had been told nothing."""
        return self.look(one, told=None)

    def list(self, key: str) -> bool:
        """Have the calendar's next run list everything, and compare it with the mappings."""
        now = self._site.clock.now()
        for _ in range(_TRIES):
            document = self._site.store.get(CALENDARS, key)
            if document is None or (document.body.get("cursor") == "" and document.body.get("dirty")):
                return False
            anew = {"cursor": "", "page": None, "dirty": now, "due": now}
            if self._made(Replace(document, {**document.body, **anew})):
                return True
        return False

    def orphan(self, one: Mapped, found: Conference) -> bool:
        """List what was found as a suspected orphan: a run's look decides about it."""
        now, room = self._site.clock.now(), records.room(one.record.solution, found.id)
        account = found.host or one.record.account
        made = one.becoming(conference=found.id, room=room, account=account)
        orphan = records.orphaned(made, "reconciled", now, now)
        return self._made(Create(ORPHANS, records.key(one.record.attempt), records.to_body(orphan)))

    def follow(self, calendar: str) -> bool:
        """Make the record of a calendar that has conferences and none."""
        new = keepers.new_calendar(calendar, None, self._site.clock.now())
        return self._made(Create(CALENDARS, records.key(calendar), records.to_body(new)))

    def _waits(self, one: Mapped, changes: dict[str, object]) -> bool:
        """Whether it is marked already."""
        same = all(one.document.body.get(name) == value for name, value in changes.items())
        return same and bool(one.record.look) and one.record.until is None

    def _made(self, change: Change) -> bool:
        try:
            self._site.store.commit([change])
        except Conflict:
            return False
        return True

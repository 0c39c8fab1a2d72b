"""The events of one calendar beside its mappings, both ways: what one of them says that the other does not know."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from conference.clock import Deadline
from conference.create import KEEPERS
from conference.errors import PageTooLarge, PermissionDenied, Temporary
from operations.console import Console
from operations.difference import Difference, Mending
from operations.site import Site
from sync import records
from sync.calendar import QUERY, SMALL_PAGES
from sync.holdings import Holdings, Mapped, readable
from sync.records import CALENDARS, MAPPINGS, CalendarRecord
from sync.row import Row
from sync.store.find_all import find_all

PAGE_SECONDS = 60.0
"""That one page of a list may take."""
_SOON = timedelta(minutes=5)
"""An event that ends so soon may be left out of a list of those to come."""
_ASIDE = frozenset({"claimed", "failed", "lost", "unmanaged"})
"""States of which it is known, and shown elsewhere, that the event says something else."""


class Events:
    """Compares calendars that a credential can read. `carried` is where each conference was seen that no mapping knows:
    its id at the system, and the calendar.
    """

    def __init__(self, site: Site, console: Console) -> None:
        self._site = site
        self._console = console
        self._mending = Mending(site)
        self.carried: dict[str, str] = {}

    def differences(self, key: str, record: CalendarRecord) -> Iterator[Difference]:
        """What differs on one calendar. Raises ConferenceFailure when it cannot be read, StoreUnavailable, Stopped."""
        now = self._site.clock.now()
        rows = self._rows(record, now)
        holdings = Holdings(self._site.store, record.calendar)
        of_event: dict[str, list[Mapped]] = {}
        for one in readable(find_all(self._site.store, MAPPINGS, "calendar", record.calendar)):
            of_event.setdefault(one.record.event, []).append(one)
        shown: dict[str, Row] = {}
        for row in rows:
            if row.id in of_event:
                shown[row.id] = row
            if row.state == "there" and row.pointer:
                yield from self._pointed(key, record, row, of_event)
        for one in (one for several in of_event.values() for one in several):
            if one.record.state == "live" and (one.record.end is None or one.record.end > now + _SOON):
                yield from self._held(one, shown.get(one.record.event), holdings)

    def _rows(self, record: CalendarRecord, now: datetime) -> Iterator[Row]:
        """Every event that ends after now, and what was deleted of late. Raises ConferenceFailure, Stopped."""
        access = self._site.parts.following.access
        assert access
        calendar = self._site.parts.calendar.charged_to(access.quota_user(record))
        token = access.token(record, self._deadline())
        query, page = record.query if record.query == SMALL_PAGES else QUERY, ""
        while True:
            self._console.check()
            try:
                listed = calendar.page(record.calendar, token, self._deadline(), query=query, since=now, page=page)
            except PageTooLarge:
                query, page = SMALL_PAGES, ""
                continue
            if listed.role not in KEEPERS:
                raise PermissionDenied("access-role", "the keeper does not see the whole calendar any more")
            yield from listed.rows
            if listed.next_page and listed.next_page == page:
                raise Temporary("calendar-paging-loop", "Calendar named a page for the second time")
            page = listed.next_page
            if not page:
                return

    def _pointed(
        self, key: str, record: CalendarRecord, row: Row, of_event: dict[str, list[Mapped]]
    ) -> Iterator[Difference]:
        """An event that carries a conference of ours."""
        events = (row.id, row.series) if row.series else (row.id,)
        found = [one for event in events for one in of_event.get(event, ()) if one.record.pointer == row.pointer]
        if any(one.record.state in ("leaving", "deleting", "gone") for one in found if one.record.event == row.id):
            [one, *_] = [one for one in found if one.record.event == row.id]
            if self._is_unchanged(one):
                what = f"mapping {one.key} ({one.record.solution}) is {one.record.state}, and its event carries it"
                yield Difference(what, "list", lambda: self._mending.list(key))
            return
        if found or (row.event and not row.event.organizer.is_self):
            return
        try:
            named = Holdings(self._site.store, record.calendar).by_pointer(row.pointer)
        except msgspec.ValidationError:
            return  # the mapping is named for that itself
        if named is None:
            self.carried[row.conference] = record.calendar
            yield Difference(
                f"an event of {record.calendar} carries a conference of ours that no mapping knows",
                advice="to have it followed, take it off the event and choose the solution again",
            )
        elif row.event and self._is_of_same_keeper(record, named):
            yield Difference(
                f"a copy on calendar {key} shows the conference of mapping {named.key}, and is not held",
                "list",
                lambda: self._mending.list(key),
            )

    def _held(self, one: Mapped, row: Row | None, holdings: Holdings) -> Iterator[Difference]:
        """A mapping that says its event carries the conference."""
        if row and row.state == "there" and row.pointer == one.record.pointer:
            return
        if not self._is_unchanged(one) or one.record.state in _ASIDE:
            return
        why = "is gone" if row is None or row.state != "there" else "does not carry it"
        what = f"mapping {one.key} ({one.record.solution}) is live, and its event {why}"
        yield Difference(what, "look", lambda: self._mending.look(one))

    def _is_unchanged(self, one: Mapped) -> bool:
        """Whether no run has changed it since it was read: otherwise the function is at it."""
        document = self._site.store.get(one.document.kind, one.key)
        return document is not None and document.version == one.document.version

    def _is_of_same_keeper(self, record: CalendarRecord, named: Mapped) -> bool:
        if named.record.calendar == record.calendar:
            return True
        document = self._site.store.get(CALENDARS, records.key(named.record.calendar))
        theirs = records.calendar(document.body).keeper if document else None
        return theirs is not None and record.keeper is not None and theirs.sub == record.keeper.sub

    def _deadline(self) -> Deadline:
        return self._console.deadline(self._site.clock, PAGE_SECONDS)

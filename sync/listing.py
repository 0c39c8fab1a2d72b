"""Lists what changed in a calendar, page after page, and applies it: from the sync token, or from a full list.

A full list shows no deletions. It is therefore compared with the mappings: what it did not show is looked at.
"""

from datetime import datetime, timedelta

import msgspec

from conference.clock import Clock, Deadline
from conference.create import KEEPERS
from conference.errors import PermissionDenied, Temporary
from sync.apply import Applier
from sync.calendar import QUERY, SMALL_PAGES, GoogleCalendar, Listed
from sync.holdings import Mapped, readable
from sync.look import Looker
from sync.records import MAPPINGS, CalendarRecord, Page
from sync.store import Store

SINCE = timedelta(days=30)
"""How far back a full list reaches."""
_SEEN = 12
"""Digits of a mapping's key that a full list remembers."""
_MOST_SEEN = 8000
"""Mappings that a full list remembers; of a calendar with more, every one is looked at."""
_COMPARED = 100


class Progress(msgspec.Struct):
    """How far a list has come, made with `query`: what the calendar's record says when the run ends now."""

    cursor: str
    page: Page | None
    query: str = QUERY
    changed: bool = False
    pages: int = 0
    rows: int = 0

    @property
    def whole(self) -> bool:
        """Whether nothing is left to list."""
        return self.page is None


def begin(record: CalendarRecord, now: datetime) -> Progress:
    """Where a list goes on: at its next page, at the sync token, or with a full list."""
    if record.query in (QUERY, SMALL_PAGES) and (record.page or record.cursor):
        return Progress(record.cursor, record.page or Page(), record.query)
    return everything(now)


def everything(now: datetime, query: str = QUERY) -> Progress:
    """A full list, from its start."""
    return Progress("", Page(since=now - SINCE), query)


class Listing:
    """The list of one calendar in one run, with one access token."""

    def __init__(
        self,
        calendar: GoogleCalendar,
        record: CalendarRecord,
        token: str,
        applier: Applier,
        looker: Looker,
        store: Store,
        clock: Clock,
        deadline: Deadline,
    ) -> None:
        self._calendar = calendar
        self._record = record
        self._token = token
        self._applier = applier
        self._looker = looker
        self._store = store
        self._clock = clock
        self._deadline = deadline
        self._readable = False

    def go_on(self, progress: Progress, pages: int) -> None:
        """List and apply at most so many pages, which `progress` tells.

        Raises CursorExpired, PermissionDenied when the token may not see the whole calendar, OverQuota, Temporary when
        no time is left or Calendar's answers make no sense, StoreUnavailable. What `progress` says then is right.
        """
        asked = set()
        while progress.page and progress.pages < pages:
            if progress.page.comparing:
                if not self._readable:
                    self._deadline.check()
                    role = self._calendar.access_role(self._record.calendar, self._token, self._deadline)
                    if role not in KEEPERS:
                        raise PermissionDenied("access-role", "the keeper does not see the whole calendar any more")
                    self._readable = True
                self._compare(progress, progress.page)
                continue
            if progress.page.token in asked:
                raise Temporary("calendar-paging-loop", "Calendar named a page for the second time")
            asked.add(progress.page.token)
            self._list(progress, progress.page)

    def _list(self, progress: Progress, page: Page) -> None:
        self._deadline.check()
        listed = self._calendar.page(
            self._record.calendar,
            self._token,
            self._deadline,
            query=progress.query,
            cursor="" if page.since else progress.cursor,
            since=page.since,
            page=page.token,
        )
        progress.pages += 1
        if listed.role not in KEEPERS:  # others see private events without their details, which are no removals
            raise PermissionDenied("access-role", "the keeper does not see the whole calendar any more")
        self._readable = True
        if bool(listed.next_page) == bool(listed.next_sync):
            raise Temporary("calendar-malformed", "a page names neither a next page nor a sync token, or both")
        seen = self._apply(listed, progress)
        if page.since:
            page = msgspec.structs.replace(page, seen=sorted({*page.seen, *seen})[: _MOST_SEEN + 1])
        if listed.next_page:
            progress.page = msgspec.structs.replace(page, token=listed.next_page)
            return
        progress.cursor = listed.next_sync
        progress.page = msgspec.structs.replace(page, token="", comparing=True) if page.since else None

    def _apply(self, listed: Listed, progress: Progress) -> set[str]:
        """Apply every row; the mappings that they showed."""
        self._applier.holdings.expect(listed.rows)
        seen: set[str] = set()
        for row in listed.rows:
            seen.update(one.key[:_SEEN] for one in self._applier.apply(row))
        progress.rows += len(listed.rows)
        progress.changed = progress.changed or bool(listed.rows)
        return seen

    def _compare(self, progress: Progress, page: Page) -> None:
        """Look at the events that a full list should have shown and did not."""
        assert page.since
        seen = set(page.seen) if len(page.seen) <= _MOST_SEEN else set()
        documents = self._store.find(MAPPINGS, "calendar", self._record.calendar, _COMPARED, page.after or None)
        for one in readable(documents):
            if one.key[:_SEEN] not in seen and _should_be_listed(one, page.since):
                self._looker.look(one)
            progress.page = msgspec.structs.replace(page, after=one.key)
        progress.pages += 1
        more = len(documents) == _COMPARED
        progress.page = msgspec.structs.replace(page, after=documents[-1].key) if more else None


def _should_be_listed(one: Mapped, since: datetime) -> bool:
    """An event that lies in the list's time and was seen before with its conference."""
    return one.record.state == "live" and (one.record.end is None or one.record.end > since)

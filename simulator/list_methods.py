"""The methods of the Calendar API about many events: list, full and incremental, and instances."""

import hashlib
import json
from collections.abc import Sequence

from flask import Response

from conference.clock import Clock
from simulator import listing, pages, series, view
from simulator.calendar import Calendar
from simulator.calendars import Calendars
from simulator.call import Call
from simulator.errors import FULL_SYNC_REQUIRED, GoogleError, bad_request
from simulator.pages import Pages, Rest
from simulator.reach import Reach
from simulator.sync_tokens import Meaning


class ListMethods:
    """The methods over `calendars`, page by page."""

    def __init__(self, clock: Clock, calendars: Calendars, pages: Pages) -> None:
        self._clock = clock
        self._calendars = calendars
        self._pages = pages
        self._reach = Reach(calendars)

    def list(self, call: Call, calendar: str) -> Response:
        """events.list"""
        home = self._reach.calendar(call, calendar)
        listing.check(call.parameters)
        if home.gone:
            raise GoogleError(FULL_SYNC_REQUIRED)
        return self._page(call, home, self._rest(call, home))

    def instances(self, call: Call, calendar: str, event: str) -> Response:
        """events.instances"""
        home = self._reach.calendar(call, calendar)
        if "recurrence" not in self._reach.event(home, event).body:
            raise bad_request("Bad Request")
        listing.check(call.parameters)
        rest = self._begun(call, home)
        if rest is None:
            found = listing.instances(home, event, call.parameters, self._clock.now() + series.AHEAD)
            rest = self._begin(call, home, found)
        return self._page(call, home, rest, token=False)

    def _rest(self, call: Call, home: Calendar) -> Rest:
        """What the call is about: the rest of a list, what changed since a sync token, or everything."""
        begun = self._begun(call, home)
        if begun is not None:
            return begun
        bound = self._clock.now() + series.AHEAD
        if "syncToken" not in call.parameters:
            return self._begin(call, home, listing.select(home, call.email, call.parameters, bound))
        query = listing.query(call.parameters)
        since = self._calendars.sync_tokens.use(call.parameters["syncToken"][0], home.id, call.email, query)
        if since.change < home.purged:
            raise GoogleError(FULL_SYNC_REQUIRED)
        window = since.window if self._calendars.windowed_sync else {}
        return self._begin(call, home, listing.changed(home, since.change, call.parameters, bound, window), since)

    def _begun(self, call: Call, home: Calendar) -> Rest | None:
        if "pageToken" not in call.parameters:
            return None
        return self._pages.rest(call.parameters["pageToken"][0], home.id, pages.essence(call.email, call.parameters))

    def _begin(self, call: Call, home: Calendar, order: Sequence[str], since: Meaning | None = None) -> Rest:
        window = since.window if since else listing.window(call.parameters)
        following = Meaning(call.email, listing.query(call.parameters), home.change, window)
        essence = pages.essence(call.email, call.parameters)
        return Rest(home.id, essence, tuple(order), following, since is not None)

    def _page(self, call: Call, home: Calendar, rest: Rest, *, token: bool = True) -> Response:
        asked = call.parameters.get("pageToken", [None])[0]
        ids, following = self._pages.turn(rest, listing.page_size(call.parameters, self._calendars.largest_page), asked)
        # Some may have been purged since the list began: deletions, which a list of changes may not pass over.
        events = [event for event in (series.event(home, each) for each in ids) if event is not None]
        if rest.incremental and len(events) < len(ids):
            raise GoogleError(FULL_SYNC_REQUIRED)
        details = not rest.incremental or listing.flag(call.parameters, "showDeleted")
        items = [self._reach.shown(call, home, event, bin_details=details) for event in events]
        seen = json.dumps([home.id, home.change, home.role(call.email), sorted(call.parameters.items()), following])
        reply = view.list_for(home, call.email, items, f'"p{hashlib.sha256(seen.encode()).hexdigest()[:16]}"')
        if following is not None:
            reply["nextPageToken"] = following
        elif token and listing.syncs(call.parameters):
            reply["nextSyncToken"] = self._calendars.sync_tokens.give(home.id, rest.next)
        return call.reply(reply)

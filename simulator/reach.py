"""What a caller of the Calendar API may reach: no access and not existing look the same."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import request

from simulator import series, view
from simulator.calendar import WRITER_ROLES, Calendar, Event
from simulator.call import Call
from simulator.errors import CONDITION_NOT_MET, FORBIDDEN, NEEDS_WRITER, NOT_FOUND, GoogleError, bad_parameter
from simulator.event import Json
from simulator.ledger import Ledger


class Reach:
    """Finds calendars and events for a caller; every method raises the GoogleError that Google would answer with."""

    def __init__(self, calendars: Ledger) -> None:
        self._calendars = calendars

    def calendar(self, call: Call, calendar: str) -> Calendar:
        """A calendar that the caller may see something of."""
        found = self._calendars.find(call.email if calendar == "primary" else calendar)
        if found is None or found.role(call.email) == "none":
            raise GoogleError(NOT_FOUND)
        return found

    def writable(self, call: Call, calendar: str) -> Calendar:
        """A calendar that the caller may change."""
        found = self.calendar(call, calendar)
        if found.role(call.email) not in WRITER_ROLES:
            raise GoogleError(NEEDS_WRITER)
        return found

    def event(self, home: Calendar, event: str) -> Event:
        """An event, or an occurrence of a series that was shown before."""
        found = series.event(home, event)
        if found is None:
            raise GoogleError(NOT_FOUND)
        return found

    def to_change(self, call: Call, home: Calendar, event: str) -> Event:
        """An event that the caller may change, in the state that an If-Match header names."""
        found = self.event(home, event)
        if view.is_hidden(found.body, home.role(call.email), call.email):
            raise GoogleError(FORBIDDEN)
        wanted = request.if_match
        if wanted and not wanted.contains(found.body["etag"].strip('"')):
            raise GoogleError(CONDITION_NOT_MET)
        return found

    def shown(self, call: Call, home: Calendar, event: Event, *, bin_details: bool = True) -> Json:
        """The event as the caller sees it."""
        zone = call.parameters.get("timeZone", [None])[0]
        if zone is not None:
            _check_zone(zone)
        most = call.number("maxAttendees")
        return view.event_for(home, event.body, call.email, zone=zone, max_attendees=most, bin_details=bin_details)


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise bad_parameter("timeZone", f"Invalid time zone: {zone}") from None

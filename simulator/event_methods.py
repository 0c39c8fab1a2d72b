"""The methods of the Calendar API about one event: get, insert, patch, update, delete and move."""

from typing import Any

from flask import Response

from simulator import event as rules
from simulator.calendar import Calendar, Event
from simulator.calendars import Calendars
from simulator.call import Call, body
from simulator.conference_data import Conferences
from simulator.errors import required
from simulator.reach import Reach


class EventMethods:
    """The methods over `calendars`; conference data is written as `conferences` allow."""

    def __init__(self, calendars: Calendars, conferences: Conferences) -> None:
        self._calendars = calendars
        self._conferences = conferences
        self._reach = Reach(calendars)

    def get(self, call: Call, calendar: str, event: str) -> Response:
        """events.get"""
        home = self._reach.calendar(call, calendar)
        return self._reply(call, home, self._reach.event(home, event))

    def insert(self, call: Call, calendar: str) -> Response:
        """events.insert"""
        home = self._reach.writable(call, calendar)
        given = body()
        made = rules.writable(given, creating=True)
        conference = self._conferences.written(given, call.number("conferenceDataVersion") or 0, None)
        return self._reply(call, home, self._calendars.insert(home, call.email, made, conference))

    def patch(self, call: Call, calendar: str, event: str) -> Response:
        """events.patch"""
        return self._change(call, calendar, event, replace=False)

    def update(self, call: Call, calendar: str, event: str) -> Response:
        """events.update"""
        return self._change(call, calendar, event, replace=True)

    def delete(self, call: Call, calendar: str, event: str) -> Response:
        """events.delete"""
        home = self._reach.writable(call, calendar)
        self._own(home, self._reach.to_change(call, home, event))
        self._calendars.cancel(home, event)
        return Response(status=204)

    def move(self, call: Call, calendar: str, event: str) -> Response:
        """events.move"""
        home = self._reach.writable(call, calendar)
        if "destination" not in call.parameters:
            raise required("Required parameter: destination")
        target = self._reach.writable(call, call.parameters["destination"][0])
        self._reach.to_change(call, home, event)
        self._calendars.move(home.id, event, target.id)
        return self._reply(call, target, target.events[event])

    def _change(self, call: Call, calendar: str, event: str, *, replace: bool) -> Response:
        home = self._reach.writable(call, calendar)
        old = self._reach.to_change(call, home, event).body
        given = body()
        changes = rules.writable(given, creating=False)
        kept = rules.READ_ONLY | rules.ON_CREATION | {"sequence"}
        base = {key: value for key, value in old.items() if key in kept} if replace else old
        changed = rules.merged(base, {**changes, "conferenceData": None})
        conference = self._conference(call, given, old.get("conferenceData"), replace=replace)
        if conference is not None:
            changed["conferenceData"] = conference
        self._own(home, self._reach.event(home, event))
        return self._reply(call, home, self._calendars.write(home, event, changed))

    def _conference(self, call: Call, given: Any, old: Any, *, replace: bool) -> Any:
        version = call.number("conferenceDataVersion") or 0
        if replace and version == 1:
            # A client that knows conference data and sends none takes the conference off.
            given = {"conferenceData": None, **given}
        return self._conferences.written(given, version, old)

    def _own(self, home: Calendar, event: Event) -> None:
        """Have an unchanged occurrence, which is only its series until then, be an event of its own."""
        if event.body["id"] not in home.events:
            self._calendars.add_occurrence(home.id, event.body["recurringEventId"], event.body["originalStartTime"])

    def _reply(self, call: Call, home: Calendar, event: Event) -> Response:
        return call.reply(self._reach.shown(call, home, event))

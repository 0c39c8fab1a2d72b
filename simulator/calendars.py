"""What people do to their calendars: the ways of the web interface, which tests and the page use directly."""

from typing import Any

from simulator import event as rules
from simulator import guests, series
from simulator.calendar import Calendar
from simulator.errors import DUPLICATE, FORBIDDEN_FOR_NON_ORGANIZER, GoogleError, bad_request
from simulator.event import Json
from simulator.ledger import Ledger


class Calendars(Ledger):
    """The calendars, with everything that a person can do. Bad values raise GoogleError, unknown ids KeyError."""

    def reserve(self, calendar_id: str) -> str:
        """An id for an event that is being written and not saved yet: get answers 404 until `save`."""
        with self.lock:
            calendar, event_id = self.calendar(calendar_id), self.new_id()
            calendar.drafts[event_id] = None
            return event_id

    def save(self, calendar_id: str, event_id: str, **body: Any) -> Json:
        """Save a reserved event, with the conference that was chosen for it."""
        with self.changing():
            calendar = self.calendar(calendar_id)
            conference = calendar.drafts[event_id]
            made = self.insert(calendar, calendar.id, {"id": event_id, **body}, conference)
            del calendar.drafts[event_id]
            return made.body

    def discard(self, calendar_id: str, event_id: str) -> None:
        """Throw a reserved event away; nobody is told."""
        with self.lock:
            del self.calendar(calendar_id).drafts[event_id]

    def add_event(self, calendar_id: str, *, creator: str = "", conference: Json | None = None, **body: Any) -> str:
        """A new event of Google's fields (`summary`, `start`, `end`, ...); its random id."""
        with self.changing():
            calendar = self.calendar(calendar_id)
            made = self.insert(calendar, creator or calendar.id, rules.writable(body, creating=True), conference)
            return str(made.body["id"])

    def patch(self, calendar_id: str, event_id: str, **changes: Any) -> Json:
        """Change an event's fields; None removes one."""
        with self.changing():
            calendar = self.calendar(calendar_id)
            changed = rules.merged(calendar.events[event_id].body, rules.writable(changes, creating=False))
            return self.write(calendar, event_id, changed).body

    def delete(self, calendar_id: str, event_id: str, *, stub: bool = False) -> None:
        """Put an event into the bin; with `stub` only its id stays, as on a calendar that it was moved away from.

        A guest's copy is declined with it.
        """
        with self.changing():
            self.cancel(self.calendar(calendar_id), event_id, stub=stub)

    def restore(self, calendar_id: str, event_id: str) -> Json:
        """Take an event back out of the bin. Raises GoogleError 400 for one of which only the id is left."""
        with self.changing():
            calendar = self.calendar(calendar_id)
            return self.write(calendar, event_id, {**calendar.events[event_id].body, "status": "confirmed"}).body

    def purge(self, calendar_id: str, event_id: str) -> None:
        """Have a deleted event, and its occurrences, disappear for ever. Raises ValueError while it is not deleted.

        A sync token from before the deletion is good no more: a list must tell of every deletion, and can not.
        """
        with self.lock:
            calendar = self.calendar(calendar_id)
            if calendar.events[event_id].body["status"] != "cancelled":
                raise ValueError("only what is in the bin can be purged")
            for occurrence in list(calendar.occurrences.get(event_id, ())):
                calendar.forget(occurrence)
            calendar.forget(event_id)

    def set_conference(self, calendar_id: str, event_id: str, conference: Json | None) -> None:
        """Put a conference on a saved or reserved event, or take it off with None."""
        with self.changing():
            calendar = self.calendar(calendar_id)
            if event_id in calendar.drafts:
                calendar.drafts[event_id] = conference
                return
            body = rules.merged(calendar.events[event_id].body, {"conferenceData": None})
            if conference is not None:
                body["conferenceData"] = conference
            self.write(calendar, event_id, body)

    def respond(self, calendar_id: str, event_id: str, status: str) -> None:
        """A guest answers an invitation, with a responseStatus, on their own calendar."""
        with self.changing():
            calendar = self.calendar(calendar_id)
            copy = calendar.events[event_id].body
            if not guests.answer(copy, calendar.id):
                raise ValueError("only who was invited can answer")
            self.write(calendar, event_id, guests.answered(copy, calendar.id, status))

    def move(self, calendar_id: str, event_id: str, destination: str) -> Json:
        """Move an event to another calendar, whose it then is; a stub stays behind, or a copy of who is a guest.

        Raises GoogleError 403 for a guest's copy, 400 for one occurrence and 409 when the id is in use there.
        """
        with self.changing():
            source, target = self.calendar(calendar_id), self.calendar(destination)
            body = source.events[event_id].body
            _check_move(source, target, body)
            moved = [event_id, *source.occurrences.get(event_id, ())]
            for each in moved:
                old = source.events[each].body
                own = {key: value for key, value in old.items() if key not in ("etag", "htmlLink")}
                # Left first, so that a guest's copy can come back onto the calendar that it leaves.
                self.keep(source, each, {"id": each, "status": "cancelled"})
                self.store(target, each, {**own, "organizer": self.organizer(target)})
            return target.events[event_id].body

    def duplicate(self, calendar_id: str, event_id: str, **changes: Any) -> str:
        """Make a copy of an event, as the web interface does: its own id and iCalUID, the same conference; its id."""
        with self.changing():
            calendar = self.calendar(calendar_id)
            body = calendar.events[event_id].body
            copy = {key: value for key, value in body.items() if key not in rules.ON_CREATION | {"sequence"}}
            return self._anew(calendar, {**rules.writable(copy, creating=True), "status": "confirmed"}, body, changes)

    def split(self, calendar_id: str, event_id: str, at: Json, **changes: Any) -> str:
        """Change a series from the occurrence `at` on ("this and following"); the id of the series that then begins.

        Exceptions from there on are cancelled. Raises ValueError unless `at` is an occurrence behind the first.
        """
        with self.changing():
            calendar = self.calendar(calendar_id)
            body = calendar.events[event_id].body
            moment = rules.aware(at, calendar.time_zone)
            before, after = series.split(body, at, calendar.time_zone)
            self.write(calendar, event_id, {**body, "recurrence": before})
            for occurrence in calendar.occurrences.get(event_id, ()):
                held = calendar.events[occurrence].body
                later = rules.aware(held["originalStartTime"], calendar.time_zone) >= moment
                if later and held["status"] != "cancelled":
                    self.cancel(calendar, occurrence)
            rest = {**body, **series.moved_to(body, at, calendar.time_zone), "recurrence": after}
            kept = {key: value for key, value in rest.items() if key not in rules.ON_CREATION | {"sequence"}}
            return self._anew(calendar, rules.writable(kept, creating=True), body, changes)

    def add_occurrence(self, calendar_id: str, event_id: str, original_start: Json, **changes: Any) -> str:
        """An occurrence of a series that differs from it (`status="cancelled"` included); its opaque id.

        One that differed before is changed again. Raises ValueError for what is no series.
        """
        with self.changing():
            calendar = self.calendar(calendar_id)
            body = calendar.events[event_id].body
            if "recurrence" not in body:
                raise ValueError("only a series has occurrences")
            occurrence_id = series.occurrence_id(event_id, original_start, calendar.time_zone)
            if occurrence_id in calendar.events:
                held = calendar.events[occurrence_id].body
                self.write(calendar, occurrence_id, rules.merged(held, {"status": "confirmed", **changes}))
            else:
                own = rules.merged(series.occurrence(body, original_start, calendar.time_zone), changes)
                self.store(calendar, occurrence_id, own)
            return occurrence_id

    def remove(self, calendar_id: str) -> None:
        """Delete a calendar, as its owner may: nobody reaches it any more. Raises ValueError for a primary one."""
        with self.changing():
            calendar = self.calendar(calendar_id)
            if calendar.role(calendar.id) == "owner":
                raise ValueError("a primary calendar can only be cleared")
            calendar.roles.clear()
            calendar.removed = True
            self.sync_tokens.expire(calendar.id)
            self.touch(calendar)

    def expire_sync_tokens(self, calendar_id: str) -> None:
        """Have every sync token that was given out for the calendar so far answered with 410."""
        with self.lock:
            self.sync_tokens.expire(self.calendar(calendar_id).id)

    def always_gone(self, calendar_id: str, on: bool = True) -> None:
        """Have every list of the calendar answered with 410, full ones too, until it is switched off."""
        with self.lock:
            self.calendar(calendar_id).gone = on

    def _anew(self, calendar: Calendar, body: Json, old: Json, changes: dict[str, Any]) -> str:
        """A new event of the person whose calendar it is, with the conference of another one."""
        body = rules.merged(body, rules.writable(changes, creating=True))
        return str(self.insert(calendar, calendar.id, body, old.get("conferenceData")).body["id"])


def _check_move(source: Calendar, target: Calendar, body: Json) -> None:
    if "recurringEventId" in body:
        raise bad_request("Cannot change the organizer of an instance.")
    if body["status"] == "cancelled" or source is target:
        raise bad_request("The event cannot be moved.")
    if not source.organizes(body):
        raise GoogleError(FORBIDDEN_FOR_NON_ORGANIZER)
    there = target.events.get(body["id"])
    if there is not None and there.body.get("iCalUID", body["iCalUID"]) != body["iCalUID"]:
        raise GoogleError(DUPLICATE)

"""The copies of an event on its guests' calendars: they follow the organizer, who learns the guests' answers.

Source: Calendar API, "Invite users to events" and Event.status. What guests change of their copy stays theirs.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from simulator.calendar import Calendar
from simulator.event import Json

if TYPE_CHECKING:
    from simulator.ledger import Ledger

OWN: Final = frozenset({"reminders", "colorId", "transparency", "etag", "htmlLink"})
"""What each copy has for itself; beside it the private half of the extended properties."""


def spread(ledger: "Ledger", calendar: Calendar, event_id: str, old: Json | None, new: Json) -> None:
    """Have the guests' copies follow a change that the organizer made; `old` is None for a new event."""
    invited = _addresses(new) if new["status"] != "cancelled" else []
    for email in dict.fromkeys([*_addresses(new), *_addresses(old or {})]):
        home = ledger.find(email)
        if home is None or home is calendar:
            continue
        if email in invited:
            _invite(ledger, home, event_id, old, new)
        else:
            _withdraw(ledger, home, event_id, new)


def reflect(ledger: "Ledger", home: Calendar, event_id: str, copy: Json) -> None:
    """Have the organizer's event show what the guest whose copy this is has answered."""
    organizer = ledger.find(copy["organizer"]["email"])
    original = organizer.events.get(event_id) if organizer else None
    if organizer is None or original is None or original.body["status"] == "cancelled":
        return
    said = answer(copy, home.id)
    if said and answer(original.body, home.id) not in ("", said):
        ledger.replace(organizer, event_id, answered(original.body, home.id, said))


def answer(body: Json, email: str) -> str:
    """The responseStatus of a guest, "" for somebody who was not invited."""
    return next((person["responseStatus"] for person in body.get("attendees", ()) if person["email"] == email), "")


def answered(body: Json, email: str, status: str) -> Json:
    """The event with another responseStatus of a guest."""
    return {
        **body,
        "attendees": [
            {**person, "responseStatus": status} if person["email"] == email else person
            for person in body.get("attendees", ())
        ],
    }


def copied(body: Json) -> Json:
    """What a guest's copy takes over of an event."""
    taken = {key: value for key, value in body.items() if key not in OWN and key != "extendedProperties"}
    if shared := body.get("extendedProperties", {}).get("shared"):
        taken["extendedProperties"] = {"shared": shared}
    return taken


def _invite(ledger: "Ledger", home: Calendar, event_id: str, old: Json | None, new: Json) -> None:
    held = home.events.get(event_id)
    copy = held.body if held else {}
    if copy.get("iCalUID", new["iCalUID"]) != new["iCalUID"]:
        # The guest has another event of this id; Google would give the copy one of its own.
        return
    returns = old is not None and old["status"] == "cancelled" and "recurringEventId" in new
    if "iCalUID" not in copy or (returns and copy["status"] == "cancelled"):
        ledger.keep(home, event_id, {**copied(new), "reminders": {"useDefault": True}, "htmlLink": ledger.new_link()})
    elif copy["status"] != "cancelled":
        before, after = copied(old or {}), copied(new)
        changed = {key: after.get(key) for key in {**before, **after} if before.get(key) != after.get(key)}
        followed = _followed(copy, changed)
        if followed != copy:
            ledger.keep(home, event_id, followed)


def _followed(copy: Json, changed: Mapping[str, Any]) -> Json:
    private = copy.get("extendedProperties", {}).get("private")
    followed = {key: value for key, value in {**copy, **changed}.items() if value is not None}
    if "extendedProperties" in changed and private:
        followed["extendedProperties"] = {**followed.get("extendedProperties", {}), "private": private}
    return followed


def _withdraw(ledger: "Ledger", home: Calendar, event_id: str, new: Json) -> None:
    held = home.events.get(event_id)
    if "recurringEventId" in new:
        # An occurrence that is off must be known by its series, also where it never differed before.
        if new["recurringEventId"] in home.events and (held is None or held.body["status"] != "cancelled"):
            ledger.keep(home, event_id, {**copied(new), "status": "cancelled"})
    elif held is not None and held.body["status"] != "cancelled" and held.body["iCalUID"] == new["iCalUID"]:
        ledger.keep(home, event_id, {"id": event_id, "status": "cancelled"})


def _addresses(body: Json) -> list[str]:
    return [person["email"] for person in body.get("attendees", ())]

"""What the page lets a person do to an event, and what it says afterwards."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from simulator.calendars import Calendars
from simulator.event import Json

Change = Callable[[Calendars, str, str, Mapping[str, str]], str]


def change(calendars: Calendars, calendar: str, event: str, form: Mapping[str, str]) -> str:
    """Do what the form's `do` names to an event; what to say then. Raises KeyError and GoogleError."""
    return CHANGES[form.get("do", "")](calendars, calendar, event, form)


def shifted(time: Json, hours: int) -> Json:
    """A start or end that many hours later; a day, as many days."""
    if "date" in time:
        return {"date": (datetime.fromisoformat(time["date"]) + timedelta(days=hours)).date().isoformat()}
    return {**time, "dateTime": (datetime.fromisoformat(time["dateTime"]) + timedelta(hours=hours)).isoformat()}


def _shift(hours: int) -> Change:
    def shift(calendars: Calendars, calendar: str, event: str, form: Mapping[str, str]) -> str:
        with calendars.changing():
            held = calendars.get(calendar, event)
            times = {name: shifted(held[name], hours) for name in ("start", "end")}
            calendars.patch(calendar, event, **times)
        return "The event was moved."

    return shift


def _rename(calendars: Calendars, calendar: str, event: str, form: Mapping[str, str]) -> str:
    calendars.patch(calendar, event, summary=form.get("summary", "").strip() or "(No title)")
    return "The event was renamed."


def _duplicate(calendars: Calendars, calendar: str, event: str, form: Mapping[str, str]) -> str:
    calendars.duplicate(calendar, event)
    return "The event was duplicated."


def _delete(calendars: Calendars, calendar: str, event: str, form: Mapping[str, str]) -> str:
    calendars.delete(calendar, event)
    return "The event is in the bin."


def _restore(calendars: Calendars, calendar: str, event: str, form: Mapping[str, str]) -> str:
    calendars.restore(calendar, event)
    return "The event was restored."


def _remove(calendars: Calendars, calendar: str, event: str, form: Mapping[str, str]) -> str:
    calendars.set_conference(calendar, event, None)
    return "The conference was removed from the event."


CHANGES: Final[Mapping[str, Change]] = {
    "earlier": _shift(-1),
    "later": _shift(1),
    "rename": _rename,
    "duplicate": _duplicate,
    "delete": _delete,
    "restore": _restore,
    "remove": _remove,
}

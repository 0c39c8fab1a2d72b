"""Which events a call of events.list is about, and in which order.

Source: Calendar API, events.list, parameters.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from simulator import event as rules
from simulator.calendar import Calendar, Event
from simulator.errors import (
    FULL_SYNC_REQUIRED,
    TIME_RANGE_EMPTY,
    ErrorReply,
    GoogleError,
    bad_request,
)
from simulator.event import Json
from simulator.view import is_hidden

Parameters = Mapping[str, list[str]]

DEFAULT_PAGE: Final = 250
LARGEST_PAGE: Final = 2500
NOT_WITH_SYNC_TOKEN: Final = frozenset(
    ("iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty", "timeMin", "timeMax", "updatedMin")
)


def check(parameters: Parameters) -> None:
    """Raise GoogleError for a combination of parameters that is refused."""
    if "syncToken" in parameters:
        if clash := sorted(NOT_WITH_SYNC_TOKEN.intersection(parameters)):
            raise bad_request(f"Sync token cannot be used with {clash[0]}.")
        # None was ever given out.
        raise GoogleError(FULL_SYNC_REQUIRED)
    if flag(parameters, "singleEvents"):
        message = "The simulator does not expand recurring events: leave singleEvents out."
        raise GoogleError(ErrorReply(501, "notImplemented", message))
    if parameters.get("orderBy") == ["startTime"]:
        raise bad_request("The requested ordering is not available for the particular query.")
    low, high = moment(parameters, "timeMin"), moment(parameters, "timeMax")
    if low and high and low >= high:
        raise GoogleError(TIME_RANGE_EMPTY)


def select(calendar: Calendar, email: str, parameters: Parameters) -> list[Event]:
    """The events that the parameters ask for, oldest first unless `orderBy` says otherwise."""
    tests = [test for test in _tests(calendar, email, parameters) if test]
    found = [event for event in calendar.events.values() if all(test(event.body) for test in tests)]
    if parameters.get("orderBy") == ["updated"]:
        return sorted(found, key=lambda event: (event.body.get("updated", ""), event.place))
    return sorted(found, key=lambda event: event.place)


def page_size(parameters: Parameters) -> int:
    """How many events a page holds; more than the largest page is cut down to it, as Google does."""
    return min(int(parameters.get("maxResults", [str(DEFAULT_PAGE)])[0]), LARGEST_PAGE)


def flag(parameters: Parameters, name: str) -> bool:
    """A boolean parameter, false when it is absent."""
    return parameters.get(name, ["false"])[0].lower() == "true"


def moment(parameters: Parameters, name: str) -> datetime | None:
    """A date-time parameter; milliseconds are ignored."""
    values = parameters.get(name)
    return datetime.fromisoformat(values[0].upper()).replace(microsecond=0) if values else None


Test = Callable[[Json], bool]


def _tests(calendar: Calendar, email: str, parameters: Parameters) -> list[Test | None]:
    return [
        _not_deleted(calendar, parameters),
        _in_time(calendar, parameters),
        _updated_since(parameters),
        *_about(calendar, email, parameters),
        *(_has_property("private", pair) for pair in parameters.get("privateExtendedProperty", ())),
        *(_has_property("shared", pair) for pair in parameters.get("sharedExtendedProperty", ())),
    ]


def _not_deleted(calendar: Calendar, parameters: Parameters) -> Test | None:
    if flag(parameters, "showDeleted") or "updatedMin" in parameters:
        return None

    def test(event: Json) -> bool:
        if event["status"] != "cancelled":
            return True
        # A cancelled occurrence of a series that goes on is listed even without showDeleted.
        series = calendar.events.get(event.get("recurringEventId", ""))
        return series is not None and series.body["status"] != "cancelled"

    return test


def _in_time(calendar: Calendar, parameters: Parameters) -> Test | None:
    low, high = moment(parameters, "timeMin"), moment(parameters, "timeMax")
    if not low and not high:
        return None

    def test(event: Json) -> bool:
        if "start" not in event:
            return False
        start, _ = rules.instants(event, calendar.time_zone)
        end = rules.until(event, calendar.time_zone)
        return (not low or end is None or end > low) and (not high or start < high)

    return test


def _updated_since(parameters: Parameters) -> Test | None:
    since = moment(parameters, "updatedMin")
    if not since:
        return None
    return lambda event: "updated" in event and datetime.fromisoformat(event["updated"]) >= since


def _about(calendar: Calendar, email: str, parameters: Parameters) -> list[Test | None]:
    tests: list[Test | None] = []
    if "iCalUID" in parameters:
        tests.append(lambda event: event.get("iCalUID") == parameters["iCalUID"][0])
    if "eventTypes" in parameters:
        tests.append(lambda event: event.get("eventType", "default") in parameters["eventTypes"])
    if "q" in parameters:
        words = parameters["q"][0].casefold().split()
        role = calendar.role(email)
        tests.append(lambda event: not is_hidden(event, role, email) and all(word in _text(event) for word in words))
    return tests


def _has_property(kind: str, pair: str) -> Test:
    name, _, value = pair.partition("=")
    return lambda event: event.get("extendedProperties", {}).get(kind, {}).get(name) == value


def _text(event: Json) -> str:
    people = [*event.get("attendees", ()), event.get("organizer", {})]
    parts = [event.get(name, "") for name in ("summary", "description", "location")]
    parts += [person.get(name, "") for person in people for name in ("displayName", "email")]
    return "\n".join(parts).casefold()

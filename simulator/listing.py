"""Which events a call of events.list or events.instances is about, and in which order.

Source: Calendar API, events.list and events.instances, parameters.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final

from simulator import event as rules
from simulator import series
from simulator.calendar import Calendar, Event
from simulator.errors import TIME_RANGE_EMPTY, GoogleError, bad_request
from simulator.event import Json
from simulator.view import is_hidden

Parameters = Mapping[str, list[str]]
Test = Callable[[Json], bool]

DEFAULT_PAGE: Final = 250
NOT_WITH_SYNC_TOKEN: Final = frozenset(
    ("iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty", "timeMin", "timeMax", "updatedMin")
)
# A list within a time window may begin a sync: Google's own sample does so with timeMin.
NO_SYNC_TOKEN_AFTER: Final = NOT_WITH_SYNC_TOKEN - {"timeMin", "timeMax"}
# They say how a reply is written, not what the query is about.
STANDARD: Final = frozenset({"fields", "alt", "key", "oauth_token", "prettyPrint", "quotaUser", "userIp"})


def check(parameters: Parameters) -> None:
    """Raise GoogleError for a combination of parameters that is refused."""
    if "syncToken" in parameters:
        if clash := sorted(NOT_WITH_SYNC_TOKEN.intersection(parameters)):
            raise bad_request(f"Sync token cannot be used with {clash[0]}.")
        if parameters.get("showDeleted", ["true"])[0].lower() == "false":
            raise bad_request("Sync token cannot be used with showDeleted set to False.")
    if parameters.get("orderBy") == ["startTime"] and not flag(parameters, "singleEvents"):
        raise bad_request("The requested ordering is not available for the particular query.")
    low, high = moment(parameters, "timeMin"), moment(parameters, "timeMax")
    if low and high and low >= high:
        raise GoogleError(TIME_RANGE_EMPTY)


def syncs(parameters: Parameters) -> bool:
    """Whether the last page of such a list yields a sync token."""
    return NO_SYNC_TOKEN_AFTER.isdisjoint(parameters)


def query(parameters: Parameters) -> str:
    """What must be the same in an incremental list as in the full one that began the sync."""
    ignored = NOT_WITH_SYNC_TOKEN | STANDARD | {"syncToken", "pageToken"}
    kept = {name: sorted(values) for name, values in parameters.items() if name not in ignored}
    return json.dumps({name: values for name, values in sorted(kept.items()) if values != ["false"]})


def select(calendar: Calendar, email: str, parameters: Parameters, bound: datetime) -> list[str]:
    """The ids of the events that the parameters ask for, oldest first unless `orderBy` says otherwise.

    A series without an end is expanded up to `bound`.
    """
    tests = [test for test in _tests(calendar, email, parameters) if test]
    events: Iterator[Event] = iter(calendar.events.values())
    if flag(parameters, "singleEvents"):
        events = _single(calendar, events, moment(parameters, "timeMax") or bound)
    found = [event for event in events if all(test(event.body) for test in tests)]
    order = parameters.get("orderBy", [""])[0]
    if order == "updated":
        found.sort(key=lambda event: event.body.get("updated", ""))
    if order == "startTime":
        found = [event for event in found if "start" in event.body]
        found.sort(key=lambda event: rules.instants(event.body, calendar.time_zone)[0])
    return [event.body["id"] for event in found]


def window(parameters: Parameters) -> Parameters:
    """The time window of a list."""
    return {name: parameters[name] for name in ("timeMin", "timeMax") if name in parameters}


def changed(calendar: Calendar, since: int, parameters: Parameters, bound: datetime, window: Parameters) -> list[str]:
    """The ids of the events that changed after the calendar's change number `since`.

    Deleted ones are included; the others only within `window`, where it is not empty.
    """
    events: Iterator[Event] = iter(calendar.changed_since(since))
    if flag(parameters, "singleEvents"):
        events = _single(calendar, events, bound)
    kinds, inside = _of_types(parameters), _in_time(calendar, window)
    found = (event.body for event in events if kinds is None or kinds(event.body))
    return list(
        dict.fromkeys(body["id"] for body in found if inside is None or body["status"] == "cancelled" or inside(body))
    )


def instances(calendar: Calendar, series_id: str, parameters: Parameters, bound: datetime) -> list[str]:
    """The ids of a series' occurrences that the parameters ask for, in the order of their starts."""
    tests = [test for test in (_shown_instance(parameters), _in_time(calendar, parameters)) if test]
    if "originalStart" in parameters:
        tests.append(_starts_at(calendar, parameters["originalStart"][0]))
    found = _single(calendar, iter([calendar.events[series_id]]), moment(parameters, "timeMax") or bound)
    return [event.body["id"] for event in found if all(test(event.body) for test in tests)]


def _single(calendar: Calendar, events: Iterator[Event], bound: datetime) -> Iterator[Event]:
    """The events with each series replaced by its occurrences, every one once."""
    seen: set[str] = set()
    for event in events:
        ids = [event.body["id"]]
        if "recurrence" in event.body:
            ids = series.instances(calendar, event.body["id"], bound)
        for found in (series.event(calendar, each) for each in ids if each not in seen):
            if found is not None:
                yield found
        seen.update(ids)


def _shown_instance(parameters: Parameters) -> Test | None:
    return None if flag(parameters, "showDeleted") else lambda event: event["status"] != "cancelled"


def _starts_at(calendar: Calendar, text: str) -> Test:
    try:
        wanted = rules.aware({"dateTime": text.upper()} if "T" in text.upper() else {"date": text}, calendar.time_zone)
    except ValueError:
        raise bad_request("Bad Request") from None
    return lambda event: rules.aware(event["originalStartTime"], calendar.time_zone) == wanted


def page_size(parameters: Parameters, largest: int) -> int:
    """How many events a page holds; more than the largest page is cut down to it, as Google does."""
    return min(int(parameters.get("maxResults", [str(DEFAULT_PAGE)])[0]), largest)


def flag(parameters: Parameters, name: str) -> bool:
    """A boolean parameter, false when it is absent."""
    return parameters.get(name, ["false"])[0].lower() == "true"


def moment(parameters: Parameters, name: str) -> datetime | None:
    """A date-time parameter; milliseconds are ignored."""
    values = parameters.get(name)
    return datetime.fromisoformat(values[0].upper()).replace(microsecond=0) if values else None


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
    single = flag(parameters, "singleEvents")

    def test(event: Json) -> bool:
        if event["status"] != "cancelled":
            return True
        # A cancelled occurrence of a series that goes on is listed even without showDeleted.
        whole = calendar.events.get(event.get("recurringEventId", ""))
        return not single and whole is not None and whole.body["status"] != "cancelled"

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
    tests.append(_of_types(parameters))
    if "q" in parameters:
        words = parameters["q"][0].casefold().split()
        role = calendar.role(email)
        tests.append(lambda event: not is_hidden(event, role, email) and all(word in _text(event) for word in words))
    return tests


def _of_types(parameters: Parameters) -> Test | None:
    types = parameters.get("eventTypes")
    return (lambda event: event.get("eventType", "default") in types) if types else None


def _has_property(kind: str, pair: str) -> Test:
    name, _, value = pair.partition("=")
    return lambda event: event.get("extendedProperties", {}).get(kind, {}).get(name) == value


def _text(event: Json) -> str:
    people = [*event.get("attendees", ()), event.get("organizer", {})]
    parts = [event.get(name, "") for name in ("summary", "description", "location")]
    parts += [person.get(name, "") for person in people for name in ("displayName", "email")]
    return "\n".join(parts).casefold()

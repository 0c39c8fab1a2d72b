"""Whether every event's room is as the event is, and every room some event's."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from simulator.server import Simulator


def adrift(simulator: Simulator, held: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A line for each (calendar, event) whose room is missing or not as the event is, and for each room of no event.

    `held` are the events that are not cancelled and have a conference.
    """
    rooms = {room.id: room for room in simulator.rooms.having(None)}
    for calendar, event in held:
        body = simulator.calendar.get(calendar, event)
        room = rooms.pop(body["conferenceData"]["conferenceId"], None)
        if room is None:
            yield f"{calendar} {event}: its room is gone"
        elif (room.title, _moment(room.starts)) != (body["summary"], _moment(body["start"]["dateTime"])):
            yield f"{calendar} {event}: its room was told {room.title}, {room.starts}"
    for left in rooms:
        yield f"room {left}: no event has it any more"


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

"""What must hold of the whole world, the invariants I1 to I10 that one can see from outside: every breach, in a line.

They look at the simulator's calendars, rooms and channels and at the store. I5, I7 and I10 hold at any time, the others
once the world is at rest. I6 speaks of connections, which are proved where they are made.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from conference import event as events
from conference.attempt import fitted
from conference.event import PARAMETER, Event
from conference.providers import demo
from simulator.rooms import Room
from simulator.server import Simulator
from sync import records
from sync.holdings import Mapped, is_over, mapped, rank
from sync.outside import KEPT
from sync.records import CALENDARS, MAPPINGS, ORPHANS, CalendarRecord, MappingRecord, OrphanRecord
from sync.store import Store

HOLDING = frozenset({"offered", "live", "leaving", "deleting", "unmanaged"})
"""States of a mapping that stand for a conference at the provider."""
FOLLOWING = frozenset({"offered", "live", "unmanaged"})
SCHEDULED = timedelta(days=2)
"""By how much a deletion may be late: a day until the next run that can look, and a day of retries."""
MOST_CALLS = 150
"""Outside calls that one entry may make in a world as small as ours."""
LONGEST = 180.0


class Held(NamedTuple):
    """An event on a calendar, as its owner sees it."""

    calendar: str
    body: Mapping[str, Any]

    @property
    def pointer(self) -> str:
        """Our parameter, "" where it is missing or the event is deleted."""
        data = self.body.get("conferenceData") or {}
        parameters = data.get("parameters", {}).get("addOnParameters", {}).get("parameters", {})
        return "" if self.body["status"] == "cancelled" else str(parameters.get(PARAMETER, ""))


class State:
    """Everything there is, read once. `calendars` are the records of those calendars that have one."""

    def __init__(self, simulator: Simulator, store: Store) -> None:
        self.simulator = simulator
        self.now: datetime = simulator.clock.now()
        self.rooms = {room.id: room for room in simulator.rooms.having(None)}
        self.mappings: dict[str, Mapped] = {}
        self.orphans: list[OrphanRecord] = []
        self.calendars: dict[str, CalendarRecord] = {}
        self.text: list[str] = []
        for name in simulator.calendar._calendars:
            for document in store.find(MAPPINGS, "calendar", name, 1000):
                self.mappings[document.key] = mapped(document)
                self.text.append(_json(document.body))
            for document in store.find(ORPHANS, "calendar", name, 1000):
                self.orphans.append(records.orphan(document.body))
                self.text.append(_json(document.body))
            known = store.get(CALENDARS, records.key(name))
            if known:
                self.calendars[name] = records.calendar(known.body)
                self.text.append(_json(known.body))

    def event(self, one: Mapped) -> Held | None:
        """The event of a mapping, None when nothing is left of it."""
        kept = self.simulator.calendar.calendar(one.record.calendar).events.get(one.record.event)
        return Held(one.record.calendar, kept.body) if kept else None

    def is_wanted(self, one: Mapped) -> bool:
        """Whether the event is there and names the mapping's conference."""
        held = self.event(one)
        return held is not None and held.pointer == one.record.pointer

    def read(self, one: Mapped) -> Event:
        """The event of a mapping whose event is there."""
        held = self.event(one)
        assert held
        zone = self.simulator.calendar.calendar(held.calendar).time_zone
        return events.from_calendar(held.calendar, held.body, zone)

    def is_readable(self, calendar: str) -> bool:
        """Whether the keeper sees all of the calendar."""
        record = self.calendars.get(calendar)
        keeper = record.keeper if record else None
        return keeper is not None and self.simulator.calendar.calendar(calendar).role(keeper.email) in (
            "writer",
            "owner",
        )

    def holders(self, room: str) -> list[Mapped]:
        """The mappings that hold a room."""
        return [one for one in self.mappings.values() if one.record.conference == room and one.record.state in HOLDING]


def at_rest(simulator: Simulator, store: Store) -> list[str]:
    """Every breach in a world in which everything has been delivered and done."""
    state = State(simulator, store)
    checks = (one_each, nobodys, used, unused, in_step, followed, strangers, uncovered, told_secrets, leaked, deaf)
    return [breach for check in checks for breach in check(state)]


def at_any_time(simulator: Simulator, store: Store) -> list[str]:
    """Every breach in a world in which anything may be under way, or a process have died."""
    state = State(simulator, store)
    return [breach for check in (uncovered, told_secrets, leaked) for breach in check(state)]


def one_each(state: State) -> Iterator[str]:
    """I1: one conference for each event and solution, under its key, which exists; no claim is left over.

    An event may hold one of another event's beside it.
    """
    for one in state.mappings.values():
        record = one.record
        if one.key != _key(record):
            yield f"I1 {one.key} is not the key of its event"
        if record.state in FOLLOWING and record.solution != "jitsi" and record.conference not in state.rooms:
            yield f"I1 {_name(one)} names a room that is not there"
        if record.state == "claimed":
            yield f"I1 {_name(one)} is claimed for ever"
    held = Counter((one.record.place, one.record.event, one.record.pointer) for one in state.mappings.values())
    yield from (f"I1 {event} is mapped {times} times" for (_, event, _), times in held.items() if times > 1)


def nobodys(state: State) -> Iterator[str]:
    """I2: each room is held by a mapping, or listed as a suspected orphan with its attempt.

    A system without keys does not say what was made under which attempt: there each attempt may have made one.
    """
    unknown = sum(not orphan.conference for orphan in state.orphans)
    for room in state.rooms.values():
        claimed = any(
            one.record.state == "claimed" and one.record.attempt == room.key for one in state.mappings.values()
        )
        listed = any(room.id == orphan.conference or room.key == orphan.attempt for orphan in state.orphans)
        if room.key is None and not listed and not state.holders(room.id):
            unknown -= 1
            listed = unknown >= 0
        if not (claimed or listed or state.holders(room.id)):
            yield f"I2 {_room(room)} is nobody's"


def used(state: State) -> Iterator[str]:
    """I3, its other half: what an event carries is followed, and never on its way out."""
    for one in state.mappings.values():
        if state.is_wanted(one) and state.is_readable(one.record.calendar):
            if one.record.state in ("leaving", "deleting"):
                yield f"I3 {_name(one)} is used and {one.record.state}"
            ends = one.record.end
            if one.record.state == "gone" and not (ends and ends + KEPT <= state.now):
                yield f"I3 {_name(one)} is used and gone ({one.record.reason})"
    for calendar in state.calendars:
        for kept in state.simulator.calendar.calendar(calendar).events.values():
            held = Held(calendar, kept.body)
            owner = state.mappings.get(held.pointer)
            if owner and owner.record.state in FOLLOWING and _is_copy(state, held, owner):
                key = records.copy_key(calendar, held.body["id"], owner.record.solution, held.pointer)
                if key not in state.mappings:
                    yield f"I3 {held.body['id']} holds the room of {_name(owner)} unseen"


def unused(state: State) -> Iterator[str]:
    """I3: the conference of an event that is cancelled, or carries it no more, is deleted or scheduled for deletion."""
    for one in state.mappings.values():
        record = one.record
        if record.state not in HOLDING or state.is_wanted(one) or not state.is_readable(record.calendar):
            continue
        if record.state == "live":
            yield f"I3 {_name(one)} is not used and live"
        elif record.due is None and not record.look:
            yield f"I3 {_name(one)} is not used, {record.state}, and nobody looks at it"
        elif record.until and record.until < state.now - SCHEDULED:
            yield f"I3 {_name(one)} is not used and {record.state} since {record.until}"


def in_step(state: State) -> Iterator[str]:
    """I4: what the mapping and the provider know is the event's latest version."""
    for one in state.mappings.values():
        if one.record.state != "live" or not state.is_wanted(one):
            continue
        event = state.read(one)
        if one.record.parked:
            yield f"I4 {_name(one)} is parked: {one.record.reason}"
        if one.record.tells and one.record.told != event.told():
            yield f"I4 {_name(one)} was told something else"
        if one.record.end != event.last_end():
            yield f"I4 {_name(one)} ends at another time"
    for room in state.rooms.values():
        live = [one for one in state.holders(room.id) if one.record.state == "live" and state.is_wanted(one)]
        leader = min(live, key=lambda one: rank(one, state.now), default=None)
        left = any(one.record.state == "leaving" and one.record.tells for one in state.holders(room.id))
        waits = left and leader and is_over(leader, state.now)
        if leader and not waits and not _shows(room, state.read(leader)):
            yield f"I4 {_room(room)} is not what {_name(leader)} says"


def followed(state: State) -> Iterator[str]:
    """I4: what has been saved with its conference is known to be."""
    for one in state.mappings.values():
        if one.record.state == "offered" and state.is_wanted(one) and state.is_readable(one.record.calendar):
            yield f"I4 {_name(one)} is saved and still an offer"


def uncovered(state: State) -> Iterator[str]:
    """I5: the stored sync token covers no change that was not applied."""
    for calendar, record in state.calendars.items():
        meaning = state.simulator.calendar.sync_tokens._given.get(calendar, {}).get(record.cursor)
        kept = state.simulator.calendar.calendar(calendar).events
        for one in state.mappings.values():
            event = kept.get(one.record.event)
            if meaning is None or event is None or one.record.calendar != calendar or event.change > meaning.change:
                continue
            if one.record.state == "live" and not one.record.parked and not one.record.look:
                if not state.is_wanted(one):
                    yield f"I5 {_name(one)} was taken off before the sync token"
                elif one.record.tells and one.record.told != state.read(one).told() and not _hands_on(state, one):
                    yield f"I5 {_name(one)} changed before the sync token"


def told_secrets(state: State) -> Iterator[str]:
    """I7: no token stands in the store."""
    secrets = [channel.token for channel in state.simulator.push.channels if channel.token]
    yield from revealed([*state.simulator.tokens._grants, *secrets], state.text)


def revealed(secrets: Collection[str], texts: Collection[str]) -> Iterator[str]:
    """I7: which of the secrets are in the texts."""
    for text in texts:
        yield from (f"I7 {text[:40]}... tells a secret" for secret in secrets if secret in text)


def unbounded(calls: int, seconds: float) -> Iterator[str]:
    """I8: the work of one entry is bounded."""
    if calls > MOST_CALLS:
        yield f"I8 {calls} outside calls in one entry"
    if seconds > LONGEST:
        yield f"I8 an entry took {seconds} s"


def strangers(state: State) -> Iterator[str]:
    """I9: a conference parameter counts only on calendars of the keeper under whom the conference was made."""
    for one in state.mappings.values():
        owner = state.mappings.get(one.record.pointer)
        if one.key == one.record.pointer or one.record.state not in HOLDING or owner is None:
            continue
        record = state.calendars.get(owner.record.calendar)
        keepers = {owner.record.keeper, record.keeper.sub if record and record.keeper else ""} - {""}
        if one.record.calendar != owner.record.calendar and one.record.keeper not in keepers:
            yield f"I9 {_name(one)} holds a stranger's room"


def leaked(state: State) -> Iterator[str]:
    """I10: each living channel is known to the calendar's record."""
    for channel in state.simulator.push.channels:
        record = state.calendars.get(channel.calendar)
        known = [each.id for each in (record.channel, *record.previous_channels) if each] if record else []
        if state.simulator.push._lives(channel) and channel.id not in known:
            yield f"I10 a channel of {channel.calendar} is known to nobody"


def deaf(state: State) -> Iterator[str]:
    """I10: where channels are used, each calendar that can be read has one that lives."""
    living = {channel.id for channel in state.simulator.push.channels if state.simulator.push._lives(channel)}
    for calendar, record in state.calendars.items():
        used = record.channel is not None and state.is_readable(calendar) and not record.refused
        if used and record.channel and record.channel.id not in living:
            yield f"I10 the channel of {calendar} does not live"


def _is_copy(state: State, held: Held, owner: Mapped) -> bool:
    """Whether an event is one that holds another one's conference: no occurrence or invitation, and of one keeper."""
    if "recurringEventId" in held.body or held.body["id"] == owner.record.event:
        return False
    if held.body.get("organizer", {}).get("email") != held.calendar:
        return False
    ours, theirs = state.calendars.get(held.calendar), state.calendars.get(owner.record.calendar)
    if not (ours and theirs and ours.keeper and theirs.keeper and state.is_readable(held.calendar)):
        return False
    return held.calendar == owner.record.calendar or ours.keeper.sub == theirs.keeper.sub


def _hands_on(state: State, one: Mapped) -> bool:
    """Whether another holder is about to be looked at, and to take over what the system shows."""
    return one.record.shared and any(other.record.look for other in state.holders(one.record.conference))


def _key(record: MappingRecord) -> str:
    """Where the mapping must be kept."""
    key = records.key(record.calendar, record.event, record.solution)
    if record.pointer == key:
        return key
    return records.copy_key(record.calendar, record.event, record.solution, record.pointer)


def _shows(room: Room, event: Event) -> bool:
    """Whether a room is as the event says."""
    shown, told = room.json(), demo._told(fitted(event, demo.PROVIDER.limits))
    return all(_same(shown[name], value) for name, value in told.items())


def _same(shown: Any, told: Any) -> bool:
    return bool(shown == told or (isinstance(shown, list) and sorted(shown) == sorted(told)))


def _json(body: Mapping[str, Any]) -> str:
    return json.dumps(msgspec.to_builtins(body))


def _name(one: Mapped) -> str:
    return f"{one.record.event[:6]} on {one.record.calendar} ({one.key[:6]})"


def _room(room: Room) -> str:
    return f"room {room.title!r} ({room.id[:4]})"

"""`make orphans`: conferences that may exist and that nothing holds, and with DO=1 those deleted that a look confirms.

The look and the deletion are a run's own, on a calendar that it has read: an orphan that its event carries, or that a
mapping holds, is never deleted. Where changes are relayed only a user's own trigger can look, and is asked to.
"""

from datetime import timedelta

import msgspec

from conference.errors import Conflict, StoreUnavailable, Temporary
from operations.asked import Asked
from operations.console import DONE, LEFT, Console, number, shown
from operations.site import Site
from sync import records
from sync.outside import KEPT
from sync.records import CALENDARS, ORPHANS, OrphanRecord
from sync.store import Document, Replace

RUN = 120.0
"""Seconds that the run of one calendar may take."""
_LATER = timedelta(hours=1)


def run(site: Site, asked: Asked, console: Console) -> int:
    """Show the suspected orphans, and have them looked at when that is asked for. Raises StoreUnavailable, Stopped."""
    found: dict[str, list[str]] = {}
    with console.working("reading the orphans") as at:
        for document in site.all(ORPHANS, console):
            orphan = _readable(document)
            if orphan is None:
                console.say(f"{document.key}: cannot be read; it is of a later version")
                continue
            if not asked.do:
                console.say(f"{document.key} {orphan.solution}: {_described(site, orphan)}")
            found.setdefault(records.key(orphan.calendar), []).append(document.key)
        total = sum(map(len, found.values()))
        if not asked.do:
            console.say(
                f"{number(total, 'suspected orphan')}." + (" DO=1 deletes those that a look confirms." if total else "")
            )
            return DONE
        left = 0
        for done, (calendar, keys) in enumerate(found.items()):
            at(f"calendar {done + 1} of {len(found)}")
            left += _looked_at(site, calendar, keys, console)
            console.check()
    console.say(f"{total - left} settled, {left} still listed.")
    return LEFT if left else DONE


def _described(site: Site, orphan: OrphanRecord) -> str:
    """What is known of it, for who deletes it there by hand: its id at the system, or what it can be found by."""
    provider = site.parts.conferences.provider(orphan.solution)
    name = "its id there is not known"
    if orphan.conference:
        name = f"its id there is {orphan.conference}"
    elif provider and provider.declared.idempotency == "searchable":
        name = f"found there by {orphan.attempt}, if it was made"
    return f"{orphan.reason} since {shown(orphan.since)}, {name}; forgotten at {shown(orphan.since + KEPT)}"


def _looked_at(site: Site, calendar: str, keys: list[str], console: Console) -> int:
    """Have a run of that calendar look at them: how many are still listed. Raises StoreUnavailable."""
    for key in keys:
        _mark(site, calendar, key)
    why = _ran(site, calendar, console)
    left = 0
    for key in keys:
        document = site.store.get(ORPHANS, key)
        orphan = _readable(document) if document else None
        if orphan is None:
            console.say(f"{key}: settled: deleted there, never made, or held by an event after all")
            continue
        left += 1
        console.say(f"{key} {orphan.solution}: {why or orphan.reason}")
    return left


def _mark(site: Site, calendar: str, key: str) -> None:
    """Have the next run of the calendar look at it; one that changed just now is left as it is."""
    document = site.store.get(ORPHANS, key)
    orphan = _readable(document) if document else None
    if document is None or orphan is None or orphan.look == calendar:
        return
    marked = msgspec.structs.replace(orphan, look=calendar, due=site.clock.now() + _LATER)
    try:
        site.store.commit([Replace(document, records.to_body(marked))])
    except Conflict:
        return


def _ran(site: Site, calendar: str, console: Console) -> str:
    """Run the calendar: why that could not be done, "" when it was. Raises StoreUnavailable."""
    following = site.parts.following
    if site.store.get(CALENDARS, calendar) is None:
        return "its calendar is not followed, so that nobody can look"
    if following.access is None:
        return "marked: the next change or daily trigger of its user looks"
    try:
        outcome = following.puller.run(calendar, following.access, console.deadline(site.clock, RUN))
    except StoreUnavailable:
        raise
    except Temporary as busy:
        return f"not looked at: {busy.reason}"
    if outcome.reason:
        return f"its calendar could not be read: {outcome.reason}"
    return "" if outcome.ran else "a run has its calendar, or its keeper is refused; try again in three minutes"


def _readable(document: Document) -> OrphanRecord | None:
    try:
        return records.orphan(document.body)
    except msgspec.ValidationError:
        return None

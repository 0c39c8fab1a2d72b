"""`make parked`: what a conferencing system could not be told yet, and with DO=1 tells it now, whenever it is due.

A retry is the sweep's own: under the calendar's lease, with the values that are parked, without a credential. What
could not be deleted waits for a look, as every deletion does, and so for a run of its calendar.
"""

from collections import Counter

from conference.errors import ConferenceFailure, Conflict, StoreUnavailable
from operations.asked import Asked
from operations.console import DONE, LEFT, Console, number, shown
from operations.site import Site
from sync import records
from sync.holdings import Mapped, mapped, readable
from sync.records import CALENDARS, MAPPINGS
from sync.store import Replace

SECONDS = 30.0
"""That one retry may take."""
IN_VAIN = 5
"""After so many in a row that it did not take a system is told no more: each may take its time."""


def run(site: Site, asked: Asked, console: Console) -> int:
    """Show what is parked, and retry it when that is asked for. Raises StoreUnavailable, Stopped."""
    found = left = 0
    in_vain = Counter[str]()
    with console.working("reading the mappings") as at:
        for document in site.all(MAPPINGS, console):
            for one in readable([document]):
                if one.record.parked is None and not _fails(one):
                    continue
                found += 1
                at(f"{found} parked")
                retried = _retried if one.record.parked else _marked
                if asked.do and in_vain[one.record.solution] >= IN_VAIN:
                    outcome = _GIVEN_UP
                else:
                    outcome = retried(site, one, console) if asked.do else _waits(one)
                in_vain[one.record.solution] = in_vain[one.record.solution] + 1 if outcome.startswith(_REFUSED) else 0
                left += outcome != _TOLD
                console.say(f"{one.key} {one.record.solution}: {outcome}")
                console.check()
    if not asked.do:
        console.say(f"{number(found, 'conference')} parked." + (" DO=1 tells them now." if found else ""))
        return DONE
    console.say(f"{found - left} told, {left} still parked.")
    return LEFT if left else DONE


_TOLD = "told"
_REFUSED = "refused again"
_GIVEN_UP = f"{_REFUSED}: not asked, as its system did not take the last ones"


def _fails(one: Mapped) -> bool:
    return one.record.failing is not None and one.record.state in ("live", "leaving", "deleting")


def _waits(one: Mapped) -> str:
    parked = one.record.parked
    if parked is None:
        since, due = shown(one.record.failing), shown(one.record.due)
        what = "not told, and too large to be kept," if one.record.state == "live" else "not deleted"
        return f"{what} since {since} ({one.record.reason}), the next try at {due}"
    return (
        f"{one.record.reason}, {number(parked.tries, 'try', 'tries')} since {shown(parked.since)},"
        f" the next at {shown(one.record.due)}"
    )


def _marked(site: Site, one: Mapped, console: Console) -> str:
    """Have the calendar's next run look and tell or delete it: what came of that, in words. Raises StoreUnavailable."""
    now = site.clock.now()
    if one.record.state != "deleting":
        marked = one.becoming(look=records.key(one.record.calendar), until=now, due=now)
        try:
            site.store.commit([Replace(one.document, records.to_body(marked))])
        except Conflict:
            return "it changed just now; look again"
    if one.record.state == "live":
        return "marked: the calendar's next run tells it"
    return "marked: the calendar's next run deletes it, if its event does not carry it"


def _retried(site: Site, one: Mapped, console: Console) -> str:
    """What came of it, in words. Raises StoreUnavailable."""
    if site.store.get(CALENDARS, records.key(one.record.calendar)) is None:
        return "its calendar is not followed; make reconcile DO=1 mends that"
    before = one.record.parked
    try:
        site.parts.following.sweep.retry(one.document, console.deadline(site.clock, SECONDS))
    except StoreUnavailable:
        raise
    except Conflict:
        return "it changed just now; look again"
    except ConferenceFailure as failure:
        return f"not told: {failure.reason}"
    document = site.store.get(MAPPINGS, one.key)
    current = mapped(document).record if document else None
    if current is None or current.parked is None:
        return _TOLD if current is None or current.state == "live" else f"not managed any more: {current.reason}"
    if before and current.parked.tries == before.tries:
        return "a run has its calendar; try again in three minutes"
    return f"{_REFUSED}: {current.reason}, the next try at {shown(current.due)}"

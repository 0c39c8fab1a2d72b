"""`make erase`: what is stored of a user or a domain, counted, and with DO=1 erased as the settings page erases it.

Tokens are given back to the conferencing systems. Conferences stay where they are: nobody is put out of a meeting. It
can be stopped and started again; whose calendars they are is known to the end, as their records go last.
"""

from collections import Counter

from conference import audit
from conference.clock import Deadline
from conference.errors import Temporary
from conference.identity import User
from operations import whose
from operations.asked import Asked
from operations.console import DONE, LEFT, Console, number
from operations.site import Site
from sync.connections import StoredConnections
from sync.users import StoredOfUsers

SECONDS = 30.0
"""That giving one user's tokens back may take."""


def run(site: Site, asked: Asked, console: Console) -> int:
    """Count, and erase when that is asked for. Raises Mistake, StoreUnavailable, Temporary, Stopped."""
    with console.working("reading the records"):
        found = whose.find(site, asked, console)
        counts = Counter(document.kind for document in whose.documents(site, found))
        counts["connection"] = whose.connections(site, found)
    told = [number(count, kind) for kind, count in sorted(counts.items()) if count]
    if not told:
        for line in whose.nothing(found):
            console.say(line)
        return LEFT
    if not asked.do:
        console.say(
            f"Of {found.named}: {', '.join(told)}. DO=1 erases them and gives tokens back; conferences stay where they"
            " are."
        )
        for line in whose.remarks(found):
            console.say(line)
        return DONE
    unconfirmed = 0
    with console.working("erasing") as at:
        for done, user in enumerate(found.users):
            at(f"user {done + 1} of {len(found.users)}")
            console.check()
            unconfirmed += not _erase(site, user)
        for calendar in found.calendars:
            console.check()
            StoredOfUsers(site.store, site.clock).forget_calendar(calendar)
    console.say(f"Of {found.named}: {', '.join(told)} erased; conferences stay where they are.")
    if unconfirmed:
        console.say(
            f"{number(unconfirmed, 'user')}: a system did not confirm that it takes the tokens no more; remove Anyroom"
            " from the account there."
        )
    for line in whose.remarks(found):
        console.say(line)
    return DONE


def _erase(site: Site, user: User) -> bool:
    """Whether every system has taken its tokens back. Raises StoreUnavailable, Temporary."""
    confirmed = True
    if tokens := site.parts.tokens:
        confirmed = tokens.forget(user.sub, site.parts.secret, Deadline(site.clock, SECONDS))
    else:
        stored = StoredConnections(site.store)
        for held in stored.of_user(user.sub):
            confirmed = False
            if not stored.erase(held):
                raise Temporary("contention", "a connection changes just now; run it again")
    StoredOfUsers(site.store, site.clock).forget(user)
    audit.record("delete", audit.subject(user.sub), "user")
    return confirmed

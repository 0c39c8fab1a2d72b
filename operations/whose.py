"""Whose records an operator means: users found by what records hold, and never by a guess.

Records name users by Google's number. Only a calendar's record says which address that is: its keeper's, which was
proved. An address in any other record is that of an account at a conferencing system, which several users may share.
"""

from collections.abc import Iterator

import msgspec

from conference.identity import User
from operations.asked import Asked
from operations.console import Console, Mistake
from operations.site import Site
from sync import records
from sync.connections import StoredConnections
from sync.records import CALENDARS, MAPPINGS, ORPHANS
from sync.store import Document
from sync.users import StoredOfUsers


class Whose(msgspec.Struct, frozen=True):
    """The users, and of a domain its calendars too, whoever asked for their conferences. `named` is how to speak of
    them; `unproved` counts records that name an account of that address or domain and a user who is not among these.
    """

    named: str
    users: tuple[User, ...]
    calendars: tuple[str, ...] = ()
    unproved: int = 0


def find(site: Site, asked: Asked, console: Console) -> Whose:
    """Who is meant. Raises Mistake, StoreUnavailable, Stopped."""
    if bool(asked.user) == bool(asked.domain):
        raise Mistake("Name one of USER=ADDRESS, USER=NUMBER (Google's, of the user) and DOMAIN=DOMAIN")
    if asked.domain:
        return _domain(site, asked.domain, console)
    if asked.user.isdecimal():
        addresses = [user.email for user in _keepers(site, console) if user.sub == asked.user]
        return Whose(f"user {asked.user}", (User(asked.user, addresses[0] if addresses else ""),))
    users = tuple(user for user in _keepers(site, console) if user.email == asked.user)
    return Whose(asked.user, users, unproved=_unproved(site, asked.user, users, console))


def documents(site: Site, whose: Whose) -> list[Document]:
    """All records of theirs, each once; connections are not among them. Raises StoreUnavailable."""
    users = StoredOfUsers(site.store, site.clock)
    found = [document for user in whose.users for document in users.stored(user)]
    found += [document for calendar in whose.calendars for document in users.on_calendar(calendar)]
    return list({(document.kind, document.key): document for document in found}.values())


def connections(site: Site, whose: Whose) -> int:
    """How many connections they have. Raises StoreUnavailable."""
    stored = StoredConnections(site.store)
    return sum(len(stored.of_user(user.sub)) for user in whose.users)


def remarks(whose: Whose) -> Iterator[str]:
    """What to say of records that are left out."""
    if whose.unproved:
        yield (
            f"{whose.unproved} more name such an account at a conferencing system, but not whose it is: left out. Name"
            " their users by number: the id that the Admin SDK's users.get gives."
        )


def nothing(whose: Whose) -> Iterator[str]:
    """What to say when nothing of them is found."""
    yield (
        f"Nothing is stored of {whose.named}, as far as records say. Who has only connected an account is found by"
        " number: USER=ID, the id that the Admin SDK's users.get gives."
    )
    yield from remarks(whose)


def _domain(site: Site, domain: str, console: Console) -> Whose:
    users = tuple(user for user in _keepers(site, console) if _is_of(user.email, domain))
    found = (
        str(document.body.get("calendar", ""))
        for kind in (CALENDARS, MAPPINGS, ORPHANS)
        for document in site.all(kind, console)
    )
    calendars = tuple(sorted({calendar for calendar in found if _is_of(calendar, domain)}))
    return Whose(domain, users, calendars, _unproved(site, f"@{domain}", users, console))


def _keepers(site: Site, console: Console) -> list[User]:
    """Every keeper with each address that was proved of them. Raises Mistake for a record that cannot be read."""
    found = set()
    for document in site.all(CALENDARS, console):
        try:
            keeper = records.calendar(document.body).keeper
        except msgspec.ValidationError as defect:
            raise Mistake(f"calendar {document.key} {defect}") from defect
        if keeper:
            found.add((keeper.sub, keeper.email.lower()))
    return [User(sub, email) for sub, email in sorted(found)]


def _unproved(site: Site, ending: str, users: tuple[User, ...], console: Console) -> int:
    """Mappings in an account of such an address whose users are others."""
    known = {user.sub for user in users}
    bodies = (document.body for document in site.all(MAPPINGS, console))
    return sum(_ends(str(body.get("account", "")), ending) and body.get("user") not in known for body in bodies)


def _ends(address: str, ending: str) -> bool:
    return address.lower().endswith(ending) if ending.startswith("@") else address.lower() == ending


def _is_of(address: str, domain: str) -> bool:
    return address.lower().endswith(f"@{domain}")

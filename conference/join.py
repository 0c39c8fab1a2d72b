"""The page behind a link of ours, where the system's own is made at the click: guests type a name, hosts sign in.

Looking at the page makes nothing, as a chat's preview does that too; only its form enters. Whoever has the link is a
guest. The host is who signs in with Google as the one who asked for the conference, as the calendar's keeper, or as one
of the solution's co-hosts.
"""

import logging
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple, Protocol

import msgspec
from msgspec.structs import replace

from conference import pages
from conference.browser import Sent, Visit, redirect
from conference.budget import Budget
from conference.clock import Clock, Deadline
from conference.errors import ConferenceFailure, NotFound, Temporary, TooManyRequests
from conference.identity import User
from conference.meeting import Meeting, found_by
from conference.occurrence import Occurrence, current_or_next
from conference.providers.base import Visitor
from conference.session import Sessions
from conference.solution import Solution
from conference.text import shorten

BURST, REFILL = 300, 10.0
"""Guests by one link at once on one instance, and those that may follow each second: each may ask the system twice."""
LATE = timedelta(hours=2)
"""How long after its end a meeting still runs over: who comes back then does not wait for next week's."""
HOSTED = timedelta(hours=12)
"""How long guests need not wait after the host has entered: a host who only looks in does not open the whole week."""
LONGEST_NAME = 100
"""Characters of a visitor's name."""
_JOINERS = "\u200c\u200d"
"""What Persian, Indic and emoji are written with (UAX #31, section 2.3)."""


class Occasion(msgspec.Struct, frozen=True):
    """One event that holds the conference; `user` is the `sub` of who asked for it. Until `opened` nobody waits. `mark`
    is the store's own.
    """

    solution: str
    meeting: Meeting
    user: str
    opened: datetime | None
    mark: object


class Meetings(Protocol):
    """The conferences that are entered by our page. Every method may raise StoreUnavailable, SecretUnavailable."""

    def of(self, link: str) -> list[Occasion]:
        """The events whose conference the link with that hash leads to; none when it leads nowhere (any more)."""

    def keeper(self, occasion: Occasion) -> str:
        """The `sub` of who keeps the event's calendar now, "" for nobody."""

    def enter(self, occasion: Occasion, visitor: Visitor, deadline: Deadline) -> str:
        """Where the visitor's browser goes. Raises ConferenceFailure."""

    def open(self, occasion: Occasion, until: datetime) -> None:
        """Let guests enter until then."""


SignIn = Callable[[Visit, bool], Sent]
"""Sends the visitor to Google, to choose an account or not, and back to the page."""


class _Entrance(NamedTuple):
    """`occurrence` is the one that guests come for, None where none is known; `opens` when they may, None for now."""

    occasion: Occasion
    solution: Solution
    occurrence: Occurrence | None = None
    opens: datetime | None = None
    is_over: bool = False

    @property
    def until(self) -> datetime | None:
        """When the meeting is over, if that is known."""
        return self.occurrence.end if self.occurrence else None

    def rank(self, now: datetime) -> tuple[bool, float, bool, float]:
        """Lowest for the event that is on, of several the last to begin; then for what is open, and what opens next."""
        opens = self.opens.timestamp() if self.opens else 0.0
        starts = self.occurrence.start.timestamp() if self.occurrence else 0.0
        ran_over = self.until is not None and self.until <= now
        return self.is_over, opens, ran_over, -starts if starts <= now.timestamp() else starts


class Joining:
    """The page and its form. `sign_in` is the way to Google and back, `new_text` gives a text that nobody can guess."""

    def __init__(
        self,
        solutions: Mapping[str, Solution],
        meetings: Meetings,
        sessions: Sessions,
        sign_in: SignIn,
        clock: Clock,
        new_text: Callable[[], str],
    ) -> None:
        self._solutions = solutions
        self._meetings = meetings
        self._sessions = sessions
        self._sign_in = sign_in
        self._clock = clock
        self._new_text = new_text
        self._budget = Budget(clock, BURST, REFILL)

    def show(self, visit: Visit) -> Sent:
        """GET /join/TOKEN, and with ?host=1 on to Google first. Raises ConferenceFailure where store or keys fail."""
        entrance = self._entrance(visit)
        if entrance is None:
            return _gone(visit)
        if "host" in visit.query:
            return self._sign_in(visit, "switch" in visit.query)
        return self._page(visit, entrance)

    def enter(self, visit: Visit) -> Sent:
        """POST /join/TOKEN: on to the conference, as host or as guest. Raises as `show`, and RequestRefused for a body
        that is no form.
        """
        entrance, form = self._entrance(visit), visit.form()
        if entrance is None:
            return _gone(visit)
        name, host = _name(form.get("name", "")), None
        if form.get("as") == "host":
            host = self._host(visit, entrance, form.get("form", ""))
            if host is None:
                return self._page(visit, entrance, name, "join_signed_out")
        elif entrance.opens:
            return self._page(visit, entrance, name)
        if not name:
            return self._page(visit, entrance, name, "join_name_missing")
        return self._entered(visit, entrance, name, host)

    def _entered(self, visit: Visit, entrance: _Entrance, name: str, host: User | None) -> Sent:
        """On to the conference; or the page once more, that says why not."""
        visit.note["role"] = "host" if host else "guest"
        identity = found_by(f"{host.sub} {visit.token}") if host else self._new_text()
        visitor = Visitor(name, host is not None, identity, entrance.occasion.meeting.summary, entrance.until)
        try:
            self._spend(identity if host else found_by(visit.token))
            url = self._meetings.enter(entrance.occasion, visitor, visit.deadline)
            if host and entrance.opens:
                self._meetings.open(entrance.occasion, self._opened_until(entrance))
        except (ConferenceFailure, TooManyRequests) as failure:
            visit.note.update(reason=failure.reason, detail=failure.detail)
            text, status, level = _refusal(failure)
            page = self._page(visit, entrance, name, text)
            return page._replace(status=status, outcome="refused", level=level)
        return redirect(url)

    def _entrance(self, visit: Visit) -> _Entrance | None:
        """The event that is on, else the one that is next, of those that hold the conference."""
        known = self._solutions
        occasions = [one for one in self._meetings.of(found_by(visit.token)) if one.solution in known]
        entrances = []
        for part in (part for one in occasions for part in _parts(one)):
            visit.deadline.check()  # a long series takes its time
            entrances.append(self._at(part, known[part.solution]))
        if not entrances:
            return None
        now = self._clock.now()
        entrance = min(entrances, key=lambda one: one.rank(now))
        visit.note["solution"] = entrance.solution.id
        return entrance

    def _at(self, occasion: Occasion, solution: Solution) -> _Entrance:
        """When guests may enter. Times that are not known, or make no sense, keep nobody out."""
        meeting, now = occasion.meeting, self._clock.now()
        if meeting.start is None or meeting.end is None:
            return _Entrance(occasion, solution)
        at = partial(current_or_next, meeting.start, meeting.end, meeting.recurrence)
        try:
            coming = at(now)
            opens = _earlier(coming.start, solution.opens) if coming else None
            if opens is None or opens > now:
                before = at(now - LATE)
                if before and before.end <= now:
                    return _Entrance(occasion, solution, before)
        except (ValueError, OverflowError):
            return _Entrance(occasion, solution)
        is_open = opens is None or opens <= now or (occasion.opened is not None and now < occasion.opened)
        return _Entrance(occasion, solution, coming, None if is_open else opens, is_over=coming is None)

    def _opened_until(self, entrance: _Entrance) -> datetime:
        """Until when a host who enters now lets guests in."""
        until = self._clock.now() + HOSTED
        return min(until, entrance.until + LATE) if entrance.until else until

    def _host(self, visit: Visit, entrance: _Entrance, form: str) -> User | None:
        """Who sent the form, if they may host and it is one of ours."""
        user = self._sessions.visitor(visit.cookies)
        is_host = user and self._may_host(user, entrance) and self._sessions.is_form_of(user, form)
        return user if is_host else None

    def _may_host(self, user: User, entrance: _Entrance) -> bool:
        if user.sub == entrance.occasion.user or (user.email in entrance.solution.co_hosts and _is_vouched_for(user)):
            return True
        return user.sub == self._meetings.keeper(entrance.occasion)

    def _spend(self, who: str) -> None:
        """Raise TooManyRequests when too many guests enter by one link at once, who keep no host out."""
        wait = self._budget.spend(who)
        if wait:
            raise TooManyRequests("join-budget", wait)

    def _page(self, visit: Visit, entrance: _Entrance, name: str = "", alert: str = "") -> Sent:
        user, meeting = self._sessions.visitor(visit.cookies), entrance.occasion.meeting
        host = user if user and self._may_host(user, entrance) else None
        opens = entrance.opens
        page = pages.render(
            "join",
            pages.language(visit.languages),
            leads_out=True,
            path=f"/join/{visit.token}",
            solution=entrance.solution.name,
            summary=meeting.summary,
            opens=opens.isoformat() if opens else "",
            shown=f"{pages.shown(opens)} ({opens.tzname()})" if opens else "",
            email=user.email if user else "",
            form=self._sessions.form(host) if host else "",
            alert=alert,
            name=name,
        )
        return Sent(200, page.headers, page.content, outcome="waiting" if opens and not host else "ok")


def _parts(occasion: Occasion) -> list[Occasion]:
    """The event, of a series without the occurrences that were moved or cancelled; and each of the moved by itself."""
    meeting = occasion.meeting
    if meeting.start is None:
        return [occasion]
    zone = meeting.start.tzinfo
    removed = (f"EXDATE:{original}" for original in (*(one.original for one in meeting.moved), *meeting.cancelled))
    series = replace(meeting, recurrence=(*meeting.recurrence, *removed))
    single = partial(replace, meeting, recurrence=())
    moved = [single(start=one.start.astimezone(zone), end=one.end.astimezone(zone)) for one in meeting.moved]
    return [replace(occasion, meeting=part) for part in (series, *moved)]


def _is_vouched_for(user: User) -> bool:
    """Whether Google itself gives out the user's address: any other may have another owner by now (Google Identity,
    "Verify the Google ID token on your server side": hd, or gmail.com).
    """
    return bool(user.domain) or user.email.endswith("@gmail.com")


def _earlier(moment: datetime, by: timedelta) -> datetime:
    """So long before, really, shown by the same clock."""
    return (moment.astimezone(UTC) - by).astimezone(moment.tzinfo)


def _refusal(failure: Exception) -> tuple[str, int, int]:
    """What the page says, its status and the level of the log line."""
    if isinstance(failure, TooManyRequests):
        return "join_crowd", failure.status, logging.WARNING
    if isinstance(failure, Temporary):
        return "join_busy", 503, logging.WARNING
    return "join_broken", 500, logging.ERROR


def _gone(visit: Visit) -> Sent:
    page = pages.render("join_gone", pages.language(visit.languages))
    visit.note["reason"] = "no-such-meeting"
    return Sent(NotFound.status, page.headers, page.content, outcome="refused", level=logging.WARNING)


def _name(typed: str) -> str:
    """The name on one line, without what cannot be seen but for joiners; "" where nothing could."""
    letters = [(letter, unicodedata.category(letter)[0]) for letter in typed[:1000]]
    if all(category in "CZ" for _, category in letters):
        return ""
    kept = (letter for letter, category in letters if category != "C" or letter in _JOINERS or letter.isspace())
    return shorten(" ".join("".join(kept).split()), LONGEST_NAME)

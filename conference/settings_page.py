"""The page behind Calendar's own "Settings": who am I, what is connected, what needs attention, and the ways out.

It works without a script. What changes anything is a POST with a form of ours, answered by sending the browser back.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, Protocol
from urllib.parse import urlencode

import msgspec

from conference import audit, pages
from conference.browser import Cookie, Sent, Visit, redirect
from conference.clock import Deadline
from conference.connect import Connecting
from conference.errors import ConferenceFailure, SignInRefused
from conference.identity import User
from conference.providers.base import Secret
from conference.session import Sessions, Told
from conference.solution import Solution
from conference.tokens import Tokens

Trouble = Literal["parked", "lost", "gone_there", "unmanaged", "unreachable"]


class Troubled(msgspec.Struct, frozen=True):
    """A conference that needs attention. `title` is "" where it is not stored, which is nearly always; `start` is None
    where the event has no fixed time, or it is not known.
    """

    title: str
    start: datetime | None
    solution: str
    state: Trouble


class Kept(Protocol):
    """What is stored of a user's conferences. Every method may raise StoreUnavailable."""

    def troubled(self, user: User) -> list[Troubled]:
        """Those that need attention."""

    def forget(self, user: User) -> None:
        """Erase all of it."""


class SettingsPage:
    """The page and its forms. `connects` are the ids of the solutions that users connect; `test` asks a system who a
    user is, and raises ConferenceFailure. What every method may raise: SignInRefused, and ConferenceFailure where the
    store or our keys fail.
    """

    def __init__(
        self,
        solutions: Mapping[str, Solution],
        connects: frozenset[str],
        tokens: Tokens,
        secret: Secret,
        test: Callable[[Solution, User, Deadline], None],
        kept: Kept,
        sessions: Sessions,
        connecting: Connecting,
    ) -> None:
        self._solutions = solutions
        self._connects = connects
        self._tokens = tokens
        self._secret = secret
        self._test = test
        self._kept = kept
        self._sessions = sessions
        self._connecting = connecting

    def show(self, visit: Visit) -> Sent:
        """GET /settings."""
        spoken = pages.language(visit.languages)
        visitor = self._sessions.visitor(visit.cookies)
        told = self._told(visit, spoken)
        if visitor is None:
            if "sign-in" in visit.query:
                return self._connecting.sign_in(visit)
            return _page("sign_in", spoken, told=told)
        return _page(
            "settings",
            spoken,
            told=told,
            email=visitor.email,
            form=self._sessions.form(visitor),
            solutions=[
                shown
                for one in self._solutions.values()
                if (shown := self._shown(one, visitor))["state"] or one.is_for(visitor.domain)
            ],
            attention=[self._troubled(one) for one in self._kept.troubled(visitor)],
        )

    def disconnect(self, visit: Visit) -> Sent:
        """POST /disconnect/ID."""
        user, solution = self._asked(visit), self._connected(visit)
        confirmed = self._tokens.disconnect(user.sub, solution.id, self._secret, visit.deadline)
        audit.record("disconnect", audit.subject(user.sub), "connection", solution=solution.id)
        return self._back(Told("disconnected" if confirmed else "disconnected_here", solution.id))

    def test(self, visit: Visit) -> Sent:
        """POST /test/ID."""
        user, solution = self._asked(visit), self._connected(visit)
        try:
            self._test(solution, user, visit.deadline)
        except ConferenceFailure as failure:
            visit.note.update(reason=failure.reason, detail=failure.detail)
            return self._back(Told("test_fails", solution.id, failure.reason))
        return self._back(Told("test_works", solution.id))

    def forget(self, visit: Visit) -> Sent:
        """POST /forget: everything that is stored of the user."""
        user = self._asked(visit)
        self._tokens.forget(user.sub, self._secret, visit.deadline)
        self._kept.forget(user)
        audit.record("delete", audit.subject(user.sub), "user")
        return self._back(Told("deleted"), self._sessions.end())

    def sign_out(self, visit: Visit) -> Sent:
        """POST /sign-out."""
        self._asked(visit)
        return redirect("/settings", self._sessions.end())

    def _asked(self, visit: Visit) -> User:
        """Who sent a form of ours. Raises SignInRefused, and RequestRefused for a body that is no form."""
        visitor = self._sessions.visitor(visit.cookies)
        if visitor is None:
            raise SignInRefused("signed-out", "expired")
        if not self._sessions.is_form_of(visitor, visit.form().get("form", "")):
            raise SignInRefused("another-form", "expired")
        return visitor

    def _connected(self, visit: Visit) -> Solution:
        if visit.solution not in self._connects:
            raise SignInRefused("unknown-solution", "unknown")
        return self._solutions[visit.solution]

    def _back(self, told: Told, *cookies: Cookie) -> Sent:
        return redirect(f"/settings?{urlencode({'told': self._sessions.tell(told)})}", *cookies)

    def _told(self, visit: Visit, spoken: str) -> str:
        """What the last form came to, where the address that we made for it says so."""
        told = self._sessions.told(visit.query.get("told", ""))
        if told is None:
            return ""
        solution = self._solutions.get(told.solution)
        return pages.text(told.word, spoken, solution=solution.name if solution else told.solution, reason=told.reason)

    def _shown(self, solution: Solution, user: User) -> Mapping[str, Any]:
        connects = solution.id in self._connects
        known = self._tokens.connection(user.sub, solution.id) if connects else None
        return {
            "id": solution.id,
            "name": solution.name,
            "connects": connects,
            "state": known.state if known else "",
            "account": known.address if known else "",
            "scopes": known.scopes if known else (),
            "missing": known.missing if known else (),
        }

    def _troubled(self, one: Troubled) -> Mapping[str, Any]:
        solution = self._solutions.get(one.solution)
        return {
            "title": one.title,
            "start": one.start.isoformat() if one.start else "",
            "shown": pages.shown(one.start) if one.start else "",
            "solution": solution.name if solution else one.solution,
            "state": one.state,
        }


def _page(template: str, spoken: str, **data: Any) -> Sent:
    page = pages.render(template, spoken, **data)
    return Sent(200, page.headers, page.content)


def nothing_to_connect(visit: Visit) -> Sent:
    """GET /settings where no solution needs an account of the user's."""
    return _page("nothing", pages.language(visit.languages))

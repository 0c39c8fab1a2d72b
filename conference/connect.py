"""A user connects a solution: signs in with Google, agrees at the conferencing system, and comes back to us.

Sources: RFC 6749, sections 4.1 and 10.12; RFC 7636; RFC 9207 (`iss`); RFC 9700 (best current practice: exact redirects,
one-time state, PKCE).
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol
from urllib.parse import urlencode

from conference import audit, pages, refused, token_reply
from conference.browser import Cookie, Sent, Visit, redirect
from conference.clock import Clock, Deadline
from conference.errors import ConferenceFailure, NotConnected, SignInRefused, StoreUnavailable
from conference.identity import ISSUERS, User
from conference.limits import LONGEST
from conference.oauth import AuthorizationServer
from conference.providers.base import OAuth
from conference.session import Flow, Sessions
from conference.sign_in import GoogleSignIn
from conference.solution import Solution
from conference.token_reply import Granted

GOOGLE = "google"
"""Where a flow leads that signs somebody in. A solution's flow leads to its id, behind another word."""


class Spent(Protocol):
    """Remembers what may be used once, over all instances."""

    def spend(self, value: str, until: datetime) -> bool:
        """Whether it was not used before; it need not be remembered longer than `until`. Raises StoreUnavailable."""


Keep = Callable[[Solution, User, Granted, Deadline], None]
"""Finds out whose account at the system it is, and stores the connection. Raises ConferenceFailure."""
GiveBack = Callable[[Solution, User, Granted, Deadline], None]
"""Has what was granted and not stored revoked there, if that can be. Raises nothing."""


class Connecting:
    """The pages of a connection. `solutions` are those that users connect; `server` gives the authorization server of
    one, `renew` reads secrets anew and says whether one changed, `keep` stores what the server gave, `give_back` is for
    what is not stored; `public_url` is the function's address.
    """

    def __init__(
        self,
        solutions: Mapping[str, Solution],
        oauth: Callable[[Solution], OAuth],
        server: Callable[[Solution], AuthorizationServer],
        renew: Callable[[frozenset[str]], bool],
        keep: Keep,
        give_back: GiveBack,
        sessions: Sessions,
        google: GoogleSignIn,
        spent: Spent,
        clock: Clock,
        public_url: str,
    ) -> None:
        self._solutions = solutions
        self._oauth = oauth
        self._server = server
        self._renew = renew
        self._keep = keep
        self._give_back = give_back
        self._sessions = sessions
        self._google = google
        self._spent = spent
        self._clock = clock
        self._public_url = public_url

    def link(self, user: User, solution: str) -> str:
        """The address at which that user connects it. Raises SecretUnavailable, Temporary.

        Where names are so long that Calendar would not take it, it says nothing of who is expected.
        """
        bare = f"{self._public_url}{_path(solution)}"
        link = f"{bare}?{urlencode({'link': self._sessions.link(user, solution)})}"
        return link if len(link) <= LONGEST["authentication_url"] else bare

    def connect(self, visit: Visit) -> Sent:
        """GET /connect/ID: on to Google when nobody is signed in, else on to the conferencing system."""
        return self._shown(visit, lambda: self._connect(visit))

    def signed_in(self, visit: Visit) -> Sent:
        """GET /sign-in: the visitor comes back from Google."""
        return self._shown(visit, lambda: self._signed_in(visit))

    def callback(self, visit: Visit) -> Sent:
        """GET /oauth/callback/ID: the visitor comes back from the conferencing system."""
        return self._shown(visit, lambda: self._callback(visit))

    def sign_in(
        self, visit: Visit, then: str = "", expected: User | None = None, choose: bool = False, join: str = ""
    ) -> Sent:
        """On to Google, and from there to the settings, to connect the solution `then`, or back to a join link."""
        flow, cookie = self._sessions.flow(GOOGLE, expected=expected, then=then, join=join)
        return redirect(self._google.url(flow, expected.sub if expected else "", choose), cookie)

    def _connect(self, visit: Visit) -> Sent:
        solution = self._solution(visit)
        link = visit.query.get("link", "")
        expected = self._sessions.expected(link, visit.solution)
        visitor = self._sessions.visitor(visit.cookies)
        switch = "switch" in visit.query
        if visitor is None or (switch and (expected is None or expected.sub != visitor.sub)):
            return self.sign_in(visit, visit.solution, expected, choose=switch)
        if expected and expected.sub != visitor.sub:
            return self._another_account(visit, visit.solution, visitor, expected)
        if not solution.is_for(visitor.domain):
            refusal = SignInRefused("domain", "domain")
            return refused.page(visit, refusal, f"{_path(solution.id)}?switch=1", email=visitor.email)
        flow, cookie = self._sessions.flow(_to(visit.solution), user=visitor)
        url = self._server(solution).authorization_url(self._redirect(solution), flow.state, flow.verifier)
        return redirect(url, cookie)

    def _signed_in(self, visit: Visit) -> Sent:
        flow = self._flow(visit, GOOGLE)
        if visit.query.get("iss") not in {None, *ISSUERS}:
            raise SignInRefused("wrong-issuer", "other")
        user = self._google.user(flow, self._code(visit), visit.deadline)
        session = self._sessions.begin(user)
        if flow.expected and flow.expected.sub != user.sub:
            return self._another_account(visit, flow.then, user, flow.expected, session)
        return redirect(_path(flow.then) if flow.then else _page_of(flow), session, self._sessions.ended())

    def _callback(self, visit: Visit) -> Sent:
        solution = self._solution(visit)
        visitor = self._sessions.visitor(visit.cookies)
        if visitor is None:
            raise SignInRefused("signed-out", "expired")
        flow = self._flow(visit, _to(visit.solution))
        if flow.user is None or flow.user.sub != visitor.sub:
            raise SignInRefused("another-user", "browser")
        issuer = self._oauth(solution).issuer(solution.options)
        if issuer and visit.query.get("iss", issuer) != issuer:
            raise SignInRefused("wrong-issuer", "other")
        granted = self._granted(solution, flow, visit)
        try:
            self._check_scopes(solution, granted)
            self._keep(solution, visitor, granted, visit.deadline)
        except StoreUnavailable:  # it may be stored
            raise
        except (SignInRefused, ConferenceFailure):
            self._give_back(solution, visitor, granted, visit.deadline)
            raise
        audit.record("connect", audit.subject(visitor.sub), "connection", solution=solution.id)
        page = pages.render("done", pages.language(visit.languages), close=True, solution=solution.name)
        return Sent(200, page.headers, page.content, (self._sessions.ended(),), "connected")

    def _granted(self, solution: Solution, flow: Flow, visit: Visit) -> Granted:
        """What the system gave for the code. Raises SignInRefused when that is refused."""
        code, redirect_uri = self._code(visit), self._redirect(solution)
        try:
            return self._server(solution).by_code(code, flow.verifier, redirect_uri, visit.deadline, self._renew)
        except NotConnected as refusal:
            raise SignInRefused("code-refused", "other", refusal.detail) from refusal

    def _check_scopes(self, solution: Solution, granted: Granted) -> None:
        """Raise SignInRefused when too little was granted; a server that does not say granted all."""
        asked = self._oauth(solution).scopes(solution.options)
        if granted.scopes is not None and token_reply.missing(asked, granted.scopes):
            raise SignInRefused("scopes", "scopes")

    def _flow(self, visit: Visit, to: str) -> Flow:
        """The flow that the visitor comes back from, spent now. Raises SignInRefused, StoreUnavailable."""
        flow, state = self._sessions.under_way(visit.cookies), visit.query.get("state", "")
        if not state:
            raise SignInRefused("no-state", "browser")
        if flow is None:
            raise SignInRefused("no-flow", "browser")
        if flow.state != state:
            raise SignInRefused("another-state", "browser")
        if flow.to != to:
            raise SignInRefused("another-solution", "browser")
        if flow.until <= self._clock.now():
            raise SignInRefused("late", "expired")
        visit.deadline.check()
        if not self._spent.spend(state, flow.until):
            raise SignInRefused("used", "expired")
        return flow

    def _code(self, visit: Visit) -> str:
        """The code that the visitor brings. Raises SignInRefused; what the other side says is not repeated."""
        error = visit.query.get("error", "")
        if error == "access_denied":
            raise SignInRefused("denied", "denied")
        if error:
            raise SignInRefused("refused-there", "other")
        if not visit.query.get("code"):
            raise SignInRefused("no-code", "other")
        return visit.query["code"]

    def _solution(self, visit: Visit) -> Solution:
        if visit.solution not in self._solutions:
            raise SignInRefused("unknown-solution", "unknown")
        return self._solutions[visit.solution]

    def _another_account(self, visit: Visit, solution: str, user: User, expected: User, *cookies: Cookie) -> Sent:
        again = f"{_path(solution)}?{urlencode({'link': self._sessions.link(expected, solution), 'switch': 1})}"
        refusal = SignInRefused("another-account", "another_account")
        ended = self._sessions.ended()
        return refused.page(visit, refusal, again, *cookies, ended, email=user.email, expected=expected.email)

    def _shown(self, visit: Visit, work: Callable[[], Sent]) -> Sent:
        """What that gives, or a page that says why not. Raises SecretUnavailable, Temporary: nothing can be read.

        Only who comes back from a flow ends it: it may be another tab's.
        """
        flow = self._sessions.under_way(visit.cookies)
        solution = visit.solution or (flow.then if flow else "")
        again = _path(solution) if solution in self._solutions else _page_of(flow)
        ended = (self._sessions.ended(),) if flow and flow.state == visit.query.get("state") else ()
        return refused.shown(visit, work, again, *ended)

    def _redirect(self, solution: Solution) -> str:
        return f"{self._public_url}/oauth/callback/{solution.id}"


def _to(solution: str) -> str:
    return f"solution:{solution}"


def _page_of(flow: Flow | None) -> str:
    """The page at which somebody began to sign in."""
    return f"/join/{flow.join}" if flow and flow.join else refused.SETTINGS


def _path(solution: str) -> str:
    return f"/connect/{solution}"

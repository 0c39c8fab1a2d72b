"""Who visits: what a browser keeps of a sign-in, and what a link from Calendar says of who is expected.

All of it is sealed: nobody else can make it or read it, and each kind is good for nothing else. Cookies bear the prefix
__Host- (RFC 6265bis, section 4.1.3.2), so that no neighbouring host can set them; a laptop's http address cannot have
that.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from conference.browser import Cookie
from conference.clock import Clock
from conference.errors import Unsealable
from conference.identity import User
from conference.seal import Seal

LINK = timedelta(hours=1)
"""How long a link from Calendar says who is expected; later it is a link like any other."""
SESSION = timedelta(hours=12)
FLOW = timedelta(minutes=10)
"""How long somebody may take to sign in somewhere else."""

TOLD = timedelta(minutes=5)
"""How long a page may say what the last form came to."""

_SESSION, _FLOW, _LINK, _FORM, _TOLD = "session", "flow", "link", "form", "told"
T = TypeVar("T")


class Expected(msgspec.Struct, frozen=True):
    """Whom Calendar has sent, to connect which solution."""

    user: User
    solution: str
    until: datetime


class Flow(msgspec.Struct, frozen=True):
    """A sign-in that is under way somewhere else, in this browser.

    `to` is "google" or the solution's id; `user` is who began it, None before anybody signed in, and `expected` whom
    Calendar has sent. `verifier` is PKCE's (RFC 7636), `nonce` OpenID Connect's. `then` is the solution to go on with,
    "" for the settings; `join` is the end of the join link to go back to, if it was begun there.
    """

    state: str
    to: str
    verifier: str
    until: datetime
    nonce: str = ""
    user: User | None = None
    expected: User | None = None
    then: str = ""
    join: str = ""


class Told(msgspec.Struct, frozen=True):
    """What a form came to: a word, of which solution ("" of all), and the reason where it failed."""

    word: str
    solution: str = ""
    reason: str = ""
    until: datetime | None = None


class _Session(msgspec.Struct, frozen=True):
    user: User
    until: datetime


class Sessions:
    """Makes and reads all of it. `new_text` gives 43 random characters (RFC 7636, section 4.1); `secure` is False only
    for a laptop's http address.
    """

    def __init__(self, seal: Seal, clock: Clock, new_text: Callable[[], str], secure: bool) -> None:
        self._new_text = new_text
        self._seal = seal
        self._clock = clock
        self._prefix = "__Host-" if secure else ""

    def link(self, user: User, solution: str) -> str:
        """What a link to /connect/ID says of who is expected. Raises SecretUnavailable, Temporary."""
        return self._sealed(Expected(user, solution, self._clock.now() + LINK), _LINK)

    def expected(self, link: str, solution: str) -> User | None:
        """Whom a link expects, None when it is late, of another solution, or none of ours: it proves nothing anyway."""
        expected = self._opened(link, _LINK, Expected)
        if expected is None or expected.solution != solution or expected.until <= self._clock.now():
            return None
        return expected.user

    def begin(self, user: User) -> Cookie:
        """The cookie of somebody who has just signed in."""
        until = self._clock.now() + SESSION
        return self._cookie(_SESSION, self._sealed(_Session(user, until), _SESSION), SESSION)

    def visitor(self, cookies: Mapping[str, str]) -> User | None:
        """Who visits, None when nobody is signed in."""
        session = self._opened(cookies.get(self._prefix + _SESSION, ""), _SESSION, _Session)
        return session.user if session and session.until > self._clock.now() else None

    def end(self) -> Cookie:
        """The cookie that signs out."""
        return self._cookie(_SESSION, "", timedelta())

    def flow(self, to: str, **of: object) -> tuple[Flow, Cookie]:
        """A sign-in somewhere else that begins now; the next one in this browser takes its place."""
        state, verifier, nonce = (self._new_text() for _ in range(3))
        flow = msgspec.structs.replace(Flow(state, to, verifier, self._clock.now() + FLOW, nonce), **of)
        return flow, self._cookie(_FLOW, self._sealed(flow, _FLOW), FLOW)

    def under_way(self, cookies: Mapping[str, str]) -> Flow | None:
        """The sign-in that was begun in this browser, late or not, None when there is none."""
        return self._opened(cookies.get(self._prefix + _FLOW, ""), _FLOW, Flow)

    def ended(self) -> Cookie:
        """The cookie that takes the flow away."""
        return self._cookie(_FLOW, "", timedelta())

    def form(self, user: User) -> str:
        """What a form of ours carries, so that no other site can send it for that user."""
        return self._sealed(_Session(user, self._clock.now() + SESSION), _FORM)

    def is_form_of(self, user: User, text: str) -> bool:
        """Whether a form was made by us, for that user, and not too long ago."""
        form = self._opened(text, _FORM, _Session)
        return form is not None and form.user.sub == user.sub and form.until > self._clock.now()

    def tell(self, told: Told) -> str:
        """What the next page's address says of the last form; nobody else can have a page of ours say anything."""
        return self._sealed(msgspec.structs.replace(told, until=self._clock.now() + TOLD), _TOLD)

    def told(self, text: str) -> Told | None:
        """What an address says of the last form, None when it is late or none of ours."""
        told = self._opened(text, _TOLD, Told)
        return told if told and told.until and told.until > self._clock.now() else None

    def _cookie(self, name: str, value: str, lasts: timedelta) -> Cookie:
        return Cookie(self._prefix + name, value, int(lasts.total_seconds()))

    def _sealed(self, content: msgspec.Struct, kind: str) -> str:
        return self._seal.seal(msgspec.json.encode(content).decode(), kind)

    def _opened(self, text: str, kind: str, shape: type[T]) -> T | None:
        """The content, None when it is none of ours or of an earlier shape. Raises SecretUnavailable, Temporary."""
        if not text:
            return None
        try:
            return msgspec.json.decode(self._seal.open(text, kind), type=shape)
        except (Unsealable, msgspec.ValidationError):
            return None

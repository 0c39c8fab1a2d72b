"""What a user's browser and the systems' webhooks meet, joined at its first use: no conference waits for it."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from conference.browser import Sent, Visit
from conference.clock import Clock, Deadline
from conference.connect import Connecting
from conference.errors import CredentialsRefused, NotConnected, NotFound
from conference.http import Client, HttpCall
from conference.identity import User, Verifier
from conference.join import Joining
from conference.meeting import JoinLinks
from conference.providers import LoadedProvider, connects_users
from conference.providers.base import OAuth, Secret
from conference.seal import Seal
from conference.session import Sessions
from conference.settings_page import SettingsPage, nothing_to_connect
from conference.sign_in import GoogleSignIn
from conference.solution import Solution
from conference.token_reply import Granted
from conference.tokens import Tokens
from conference.webhooks import Webhooks
from settings import Settings
from sync.conferences import Conferences
from sync.meetings import StoredMeetings
from sync.once import Once
from sync.store import Store
from sync.there import Heard
from sync.users import StoredOfUsers

OpenCall = Callable[[Solution, str, str, str, Deadline], HttpCall]
_log = logging.getLogger("anyroom.visitors")


class Outside(msgspec.Struct, frozen=True):
    """What Visitors needs of the service: how it reaches the world, and what it may know of it."""

    clock: Clock
    client: Client
    store: Store
    verifier: Verifier
    secret: Secret
    read_secret: Callable[[str], str]
    renew: Callable[[frozenset[str]], bool]
    provider: Callable[[Solution], LoadedProvider]
    open_call: OpenCall
    conferences: Conferences
    links: JoinLinks
    new_text: Callable[[], str]


class Visitors:
    """The pages and webhooks. `seal` and `tokens` are None where the configuration has nothing to seal."""

    def __init__(self, settings: Settings, outside: Outside, seal: Seal | None, tokens: Tokens | None) -> None:
        self._outside = outside
        self._tokens = tokens
        self._users = StoredOfUsers(outside.store, outside.clock)
        once = Once(outside.store)
        heard = Heard(outside.store, outside.clock, once, tokens)
        self._webhooks = Webhooks(
            settings.solutions, outside.provider, outside.secret, outside.renew, heard, outside.clock
        )
        self._connecting: Connecting | None = None
        self._settings: SettingsPage | None = None
        self._joining: Joining | None = None
        if not (settings.sign_in and seal and tokens):
            return
        connects = {one.id: one for one in settings.solutions.values() if connects_users(one)}
        secure = settings.public_url.startswith("https:")
        sessions = Sessions(seal, outside.clock, outside.new_text, secure)
        google = GoogleSignIn(
            settings.sign_in,
            settings.accounts,
            settings.oauth2,
            f"{settings.public_url}/sign-in",
            outside.verifier,
            outside.client,
            outside.clock,
            outside.secret,
            outside.renew,
        )
        self._connecting = Connecting(
            connects,
            self._oauth,
            lambda solution: tokens.server(solution.id, outside.secret),
            outside.renew,
            self._keep,
            lambda solution, user, granted, deadline: tokens.give_back(
                user.sub, solution.id, granted, outside.secret, deadline
            ),
            sessions,
            google,
            once,
            outside.clock,
            settings.public_url,
        )
        self._joining = Joining(
            settings.solutions,
            StoredMeetings(outside.store, outside.conferences, outside.links),
            sessions,
            lambda visit, choose: self._connects().sign_in(visit, choose=choose, join=visit.token),
            outside.clock,
            outside.new_text,
        )
        self._settings = SettingsPage(
            settings.solutions,
            frozenset(connects),
            tokens,
            outside.secret,
            self._test,
            self._users,
            sessions,
            self._connecting,
        )

    def link(self, user: User, solution: str) -> str:
        """The address at which that user connects the solution. Raises SecretUnavailable, Temporary."""
        return self._connects().link(user, solution)

    def settings(self, visit: Visit) -> Sent:
        """GET /settings."""
        return self._settings.show(visit) if self._settings else nothing_to_connect(visit)

    def connect(self, visit: Visit) -> Sent:
        """GET /connect/ID."""
        return self._connects().connect(visit)

    def signed_in(self, visit: Visit) -> Sent:
        """GET /sign-in, from Google."""
        return self._connects().signed_in(visit)

    def callback(self, visit: Visit) -> Sent:
        """GET /oauth/callback/ID, from the conferencing system."""
        return self._connects().callback(visit)

    def disconnect(self, visit: Visit) -> Sent:
        """POST /disconnect/ID."""
        return self._page().disconnect(visit)

    def test(self, visit: Visit) -> Sent:
        """POST /test/ID."""
        return self._page().test(visit)

    def forget(self, visit: Visit) -> Sent:
        """POST /forget."""
        return self._page().forget(visit)

    def sign_out(self, visit: Visit) -> Sent:
        """POST /sign-out."""
        return self._page().sign_out(visit)

    def join(self, visit: Visit) -> Sent:
        """GET /join/TOKEN."""
        return self._joins().show(visit)

    def enter(self, visit: Visit) -> Sent:
        """POST /join/TOKEN."""
        return self._joins().enter(visit)

    def webhook(self, solution: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
        """POST /webhooks/ID: what the call is answered with. Raises RequestRefused, SecretUnavailable, Temporary."""
        return self._webhooks.take(solution, headers, body)

    def _joins(self) -> Joining:
        if self._joining is None:
            raise NotFound("nothing-to-join", "ANYROOM_SIGNIN is not set")
        return self._joining

    def _connects(self) -> Connecting:
        if self._connecting is None:
            raise NotFound("nothing-connects", "ANYROOM_SIGNIN is not set")
        return self._connecting

    def _page(self) -> SettingsPage:
        if self._settings is None:
            raise NotFound("nothing-connects", "ANYROOM_SIGNIN is not set")
        return self._settings

    def _oauth(self, solution: Solution) -> OAuth:
        oauth = self._outside.provider(solution).declared.oauth
        assert oauth
        return oauth

    def _keep(self, solution: Solution, user: User, granted: Granted, deadline: Deadline) -> None:
        """Find out whose account it is, store the connection, and have what it manages taken up again."""
        provider, outside = self._outside.provider(solution), self._outside
        assert provider.account
        assert self._tokens
        call = HttpCall(
            provider.declared,
            solution.options,
            outside.client,
            deadline,
            outside.clock,
            outside.read_secret,
            _Given(granted.access_token),
        )
        self._tokens.connect(user.sub, solution.id, granted, provider.account(call))
        self._users.take_up(user, solution.id)

    def _test(self, solution: Solution, user: User, deadline: Deadline) -> None:
        """Ask the system who the user is; credentials that it refuses are read again once."""
        account = self._outside.provider(solution).account
        assert account
        call = self._outside.open_call(solution, user.sub, user.email, "", deadline)
        try:
            account(call)
        except CredentialsRefused:
            if not self._outside.renew(call.used_secrets):
                raise
            account(self._outside.open_call(solution, user.sub, user.email, "", deadline))


class _Given:
    """The access token that has just come: there is no other."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self, secret: Secret, deadline: Deadline) -> str:
        return self._token

    def renewed(self, refused: str, secret: Secret, deadline: Deadline) -> str:
        raise NotConnected("token-refused", "the system does not take the token that it was said to")

    def refusal(self, refused: str, failure: CredentialsRefused, deadline: Deadline) -> NotConnected:
        return NotConnected(failure.reason, failure.detail)

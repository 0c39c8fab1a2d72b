"""Sign in with Google: the OpenID Connect server, its users those of the simulator, its ID tokens signed as all others.

Sources: OpenID Connect and its reference (Google Identity); that `iss` comes with every callback is not documented, but
has been seen since 2026 (RFC 9207).
"""

import random
from collections.abc import Callable, Collection
from typing import Any, Final

from conference.clock import Clock
from simulator import ids
from simulator.authorization import AuthorizationServer
from simulator.authorization_request import AuthorizationRequest
from simulator.identity import Identity
from simulator.oauth_clients import Client
from simulator.oauth_errors import ErrorText
from simulator.vendors import Vendor

SCOPES: Final = frozenset({"openid", "email", "profile"})

GOOGLE: Final = Vendor(
    name="google",
    title="Google",
    authorize="/o/oauth2/v2/auth",
    hints={
        "access_type": frozenset({"online", "offline"}),
        "prompt": frozenset({"consent", "select_account"}),
        "include_granted_scopes": frozenset({"true", "false"}),
        "login_hint": None,
        "hd": None,
        "nonce": None,
    },
    access_lifetime=3599,
    # A client that only signs people in gets nothing to refresh.
    offline_scope="offline_access",
    issuer=ids.ISSUER,
    callback={"authuser": "0", "prompt": "none"},
    scope_names={"email": ids.SCOPE + "userinfo.email", "profile": ids.SCOPE + "userinfo.profile"},
    errors={
        "client": ErrorText(401, "invalid_client", "The OAuth client was not found."),
        "secret": ErrorText(401, "invalid_client", "Unauthorized"),
        "code": ErrorText(400, "invalid_grant", "Malformed auth code."),
        "code_expired": ErrorText(400, "invalid_grant", "Bad Request"),
        "code_used": ErrorText(400, "invalid_grant", "Bad Request"),
        "redirect": ErrorText(400, "redirect_uri_mismatch", "Bad Request"),
        "verifier": ErrorText(400, "invalid_grant", "Invalid code verifier."),
    },
)


class SignIn(AuthorizationServer):
    """The server for clients that sign people in. `forgery` is what ID tokens have wrong, as for Identity.sign."""

    def __init__(
        self, clock: Clock, randomness: random.Random, identity: Identity, known: Callable[[], Collection[str]]
    ) -> None:
        super().__init__(GOOGLE, clock, randomness, known, self._signed)
        self._identity = identity
        self.forgery: dict[str, Any] = {}

    def hinted(self, hint: str) -> str:
        """The address of the user whom a login_hint means: it may be their `sub`."""
        return next((user for user in self.users() if self._identity.subject(user) == hint), super().hinted(hint))

    def _signed(self, request: AuthorizationRequest, email: str, access_token: str) -> str:
        return self._identity.sign_in_token(email, request.client.id, request.nonce, access_token, **self.forgery)


def client(*redirects: str) -> Client:
    """Anyroom's own client, which people are sent back from to `redirects`."""
    return Client(*ids.SIGN_IN_CLIENT, SCOPES, frozenset(redirects), frozenset({"authorization_code"}))

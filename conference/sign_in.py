"""Sign in with Google: who sits at the browser, proved anew by OpenID Connect, whatever a link says.

Source: OpenID Connect (Google Identity), the server flow: state, nonce, login_hint (which takes a `sub`), prompt.
"""

from collections.abc import Callable

from conference.clock import Clock, Deadline
from conference.errors import NotConnected, SignInRefused, Unauthenticated
from conference.http import Client
from conference.identity import SignInClient, User, Verifier
from conference.oauth import AuthorizationServer
from conference.providers.base import OAuth
from conference.session import Flow

SCOPES = ("openid", "email")


class GoogleSignIn:
    """`accounts` and `oauth2` are the base URLs of Google's authorization and token endpoints; `redirect` is ours;
    `secret` gives the value behind a text written `secret:NAME`, `renew` reads such secrets anew and says whether one
    changed.
    """

    def __init__(
        self,
        known: SignInClient,
        accounts: str,
        oauth2: str,
        redirect: str,
        verifier: Verifier,
        client: Client,
        clock: Clock,
        secret: Callable[[str], str],
        renew: Callable[[frozenset[str]], bool],
    ) -> None:
        google = OAuth(
            authorize=lambda options: f"{accounts}/o/oauth2/v2/auth",
            token=lambda options: f"{oauth2}/token",
            scopes=lambda options: SCOPES,
        )
        self._known = known
        self._redirect = redirect
        self._verifier = verifier
        self._renew = renew
        self._server = AuthorizationServer(google, known, client, clock, secret)

    def url(self, flow: Flow, hint: str, choose: bool) -> str:
        """Where the visitor signs in: with the account `hint` (its `sub`), or with one to `choose`."""
        return self._server.authorization_url(
            self._redirect,
            flow.state,
            flow.verifier,
            nonce=flow.nonce,
            login_hint=hint,
            prompt="select_account" if choose else "",
        )

    def user(self, flow: Flow, code: str, deadline: Deadline) -> User:
        """Who signed in. Raises SignInRefused, CredentialsRefused when our client is refused, Temporary."""
        try:
            granted = self._server.by_code(code, flow.verifier, self._redirect, deadline, self._renew)
            return self._verifier.signed_in_user(granted.id_token, self._known.client_id, flow.nonce)
        except NotConnected as refused:
            raise SignInRefused("code-refused", "other", refused.detail) from refused
        except Unauthenticated as refused:
            raise SignInRefused("identity-refused", "other", refused.reason) from refused

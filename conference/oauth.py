"""The client of one OAuth 2.0 server: where a user signs in, and tokens by code, by refresh and for the account itself.

Everything goes through the one bounded exchange, which has a total deadline and a byte cap, follows no redirect and
takes no proxy from the environment. A session library has none of that: Authlib 1.9's client for requests, measured
for this, costs 50 to 90 ms of import (its protocol core alone 25 to 30) where this costs 2, and leaves the checks of
replies to be written all the same.

Sources: RFC 6749 (sections 2.3.1, 4.1 and 6), RFC 7636 (PKCE), RFC 7009 (revocation).
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

from conference import token_reply
from conference.clock import Clock, Deadline
from conference.errors import CredentialsRefused, NotConnected
from conference.http import Client
from conference.providers.base import OAuth, Reply, Request, origin
from conference.secrets import secret_name
from conference.token_reply import Granted

EXCHANGE = 5.0
"""The most seconds that an exchange with the server may take."""


def new_verifier(random: Callable[[int], bytes]) -> str:
    """A code verifier of 43 characters, from 32 random bytes (RFC 7636, section 4.1)."""
    return _base64url(random(32))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class AuthorizationServer:
    """The OAuth 2.0 server of one solution, with our client's id and secret there.

    `options` are the solution's; `secret` gives the value behind a `secret:NAME` of theirs. What every method may raise
    beside what it says: SecretUnavailable, CredentialsRefused when our client is refused, Permanent when the request
    is, Temporary, and OutcomeUnknown when the server may have acted. No message repeats what the server said.
    """

    def __init__(self, oauth: OAuth, options: Any, client: Client, clock: Clock, secret: Callable[[str], str]) -> None:
        self._oauth = oauth
        self._options = options
        self._client = client
        self._clock = clock
        self._secret = secret

    def authorization_url(self, redirect: str, state: str, verifier: str, **more: str) -> str:
        """Where the user signs in and agrees; the browser comes back to `redirect` with a code and this state.

        `more` goes along, where it is not "".
        """
        parameters = {
            **self._oauth.more,
            **more,
            "response_type": "code",
            "client_id": self._secret(self._options.client_id),
            "redirect_uri": redirect,
            "scope": " ".join(self._oauth.scopes(self._options)),
            "state": state,
            "code_challenge": _base64url(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        query = urlencode({name: value for name, value in parameters.items() if value}, quote_via=quote)
        url = self._oauth.authorize(self._options)
        return f"{url}{'&' if '?' in url else '?'}{query}"

    def by_code(
        self, code: str, verifier: str, redirect: str, deadline: Deadline, renew: Callable[[frozenset[str]], bool]
    ) -> Granted:
        """The tokens for the code that the browser came back with. Raises NotConnected when that is refused.

        When our client is refused, `renew` reads its secrets anew, once: the code is still good, because servers look
        at the client before it (RFC 6749, section 3.2.1).
        """
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier}
        try:
            return self._granted(form, deadline)
        except CredentialsRefused:
            known = map(secret_name, (self._options.client_id, self._options.client_secret))
            if not renew(frozenset(name for name in known if name)):
                raise
            return self._granted(form, deadline)

    def by_refresh(self, refresh_token: str, deadline: Deadline) -> Granted:
        """New tokens for a refresh token. Raises NotConnected when the server takes it no more."""
        return self._granted({"grant_type": "refresh_token", "refresh_token": refresh_token}, deadline)

    def by_account(self, deadline: Deadline) -> Granted:
        """A token of the account itself. A grant that is refused raises CredentialsRefused too."""
        form = self._oauth.account(self._options)
        assert form is not None
        try:
            return self._granted({name: self._secret(value) for name, value in form.items()}, deadline)
        except NotConnected as refused:
            raise CredentialsRefused(refused.reason, refused.detail) from None

    def account_grant(self) -> str:
        """A hash of what `by_account` asks with: a token of another grant is of another account."""
        form = self._oauth.account(self._options)
        assert form is not None
        asked = [self._oauth.token(self._options), self._secret(self._options.client_id)]
        asked += [f"{name}={self._secret(value)}" for name, value in sorted(form.items())]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()

    def revoke(self, token: str, hint: str, deadline: Deadline) -> bool:
        """Give a token back; `hint` is "refresh_token" or "access_token". Whether the server has confirmed it."""
        url = self._oauth.revoke(self._options)
        return bool(url) and self._posted(url, {"token": token, "token_type_hint": hint}, deadline, True).status < 300

    def _granted(self, form: Mapping[str, str], deadline: Deadline) -> Granted:
        reply = self._posted(self._oauth.token(self._options), form, deadline, False)
        if not 200 <= reply.status < 300:
            raise token_reply.refusal(reply, self._clock.now())
        return token_reply.read(reply)

    def _posted(self, url: str, form: Mapping[str, str], deadline: Deadline, repeatable: bool) -> Reply:
        client_id, secret = self._secret(self._options.client_id), self._secret(self._options.client_secret)
        headers: dict[str, str] = {}
        if self._oauth.client == "basic":
            proof = f"{quote_plus(client_id)}:{quote_plus(secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(proof.encode()).decode()}"
        else:
            form = {**form, "client_id": client_id, "client_secret": secret}
        deadline.check()
        request = Request("POST", url, form=form, headers=headers)
        return self._client.exchange(request, min(EXCHANGE, deadline.left()), frozenset({origin(url)}), repeatable)

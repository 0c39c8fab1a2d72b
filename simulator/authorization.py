"""An authorization server: asks users for their consent, and gives clients codes and tokens by its vendor's rules.

Sources: RFC 6749, RFC 7009 (revocation), RFC 7636 (PKCE), RFC 9207 (`iss`); the vendors' ways are in vendors.py. It is
stricter than they are: unknown and repeated parameters are refused, codes are good for a minute.
"""

import random
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from conference.clock import Clock
from simulator import authorization_request
from simulator.authorization_request import AuthorizationRequest, fits, returning
from simulator.oauth_clients import Client, Clients
from simulator.oauth_errors import Problem, Refused, explained
from simulator.oauth_tokens import Family, Grant, Tokens
from simulator.vendors import Vendor

CODE_LIFETIME: Final = 60
SHARED_TENANTS: Final = frozenset({"common", "organizations"})

IdToken = Callable[[AuthorizationRequest, str, str], str]
"""The ID token for an authorization: the request, the user's address, and the access token beside it."""


@dataclass(frozen=True, slots=True)
class Consent:
    """How a user answers, whatever is pressed: `withholds` are scopes never granted, `denies` grants nothing at all."""

    withholds: frozenset[str] = frozenset()
    denies: bool = False


@dataclass(slots=True)
class _Code:
    request: AuthorizationRequest
    email: str
    scopes: frozenset[str]
    expires: datetime
    spent: bool = False
    family: Family | None = None


class AuthorizationServer:
    """The server that `vendor` describes. Thread-safe.

    `known` are the addresses of users who grant what they are asked for, beside those that `set_consent` names.
    `id_token` makes the ID token where the scope openid was granted. `removed` are told of each user who removes the
    application.
    """

    def __init__(
        self,
        vendor: Vendor,
        clock: Clock,
        randomness: random.Random,
        known: Callable[[], Collection[str]] = tuple,
        id_token: IdToken | None = None,
    ) -> None:
        self.vendor = vendor
        self._clock = clock
        self._known = known
        self._id_token = id_token
        self._lock = threading.RLock()
        self._consents: dict[str, Consent] = {}
        self._clients = Clients(vendor.authentication)
        self._tokens = Tokens(vendor, clock, randomness)
        self._codes: dict[str, _Code] = {}
        self.removed: list[Callable[[str], None]] = []

    def register(self, client: Client) -> None:
        """Add a client, or put it in the place of the one with its id."""
        with self._lock:
            self._clients.register(client)

    def set_consent(self, email: str, *, withholds: Collection[str] = (), denies: bool = False) -> None:
        """Say how a user answers. Raises ValueError for a part that this vendor's users cannot withhold."""
        if withholds and not self.vendor.reducible:
            raise ValueError(f"{self.vendor.title} asks for all or nothing")
        with self._lock:
            self._consents[email.lower()] = Consent(frozenset(withholds), denies)

    def users(self) -> list[str]:
        """The addresses that can sign in."""
        with self._lock:
            return sorted({*self._known(), *self._consents})

    def hinted(self, hint: str) -> str:
        """The address of the user whom a login_hint means."""
        return hint.lower()

    def access(self, token: str) -> Grant | None:
        """What an access token stands for; None when it is not good, or no access token."""
        with self._lock:
            return self._tokens.grant(token)

    def expire(self, token: str) -> None:
        """Have an access or refresh token be over. Raises KeyError."""
        with self._lock:
            self._tokens.expire(token)

    def revoke_user(self, email: str) -> None:
        """As a user who removes the application, or an administrator who does so for them."""
        with self._lock:
            self._tokens.revoke(email.lower())
        for tell in self.removed:
            tell(email.lower())

    def rotate_secret(self, client_id: str) -> str:
        """A new secret for the client; the old one is refused at once."""
        with self._lock:
            secret = self._tokens.opaque(32)
            self._clients.change_secret(client_id, secret)
            return secret

    def authorize_account(self, client_id: str) -> Mapping[str, Any]:
        """The tokens of the account itself, as an administrator gets them for a Webex service app."""
        with self._lock:
            client = self._clients.get(client_id)
            return self._opened(Family(client.id, None, client.scopes))

    def read(self, values: Mapping[str, Sequence[str]], tenant: str = "") -> AuthorizationRequest:
        """The authorization request in a query. Raises Refused, and Declined where the browser is sent back."""
        with self._lock:
            request = authorization_request.read(self.vendor, self._clients, values)
            self._check_tenant(request.client, tenant)
            return request

    def decide(self, request: AuthorizationRequest, email: str, chosen: Collection[str]) -> str:
        """Where the browser goes when the user has allowed the scopes `chosen`; none is a refusal.

        Raises Refused for a user that does not exist.
        """
        email = email.lower()
        if email not in self.users():
            raise Refused("denied", "there is no such user")
        with self._lock:
            consent = self._consents.get(email, Consent())
            granted = request.scopes & frozenset(chosen) - consent.withholds
            if consent.denies or not granted or (granted != request.scopes and not self.vendor.reducible):
                return self.declined(request.redirect_uri, request.state, Refused("denied"))
            code = self._tokens.opaque(48)
            expires = self._clock.now() + timedelta(seconds=CODE_LIFETIME)
            self._codes[code] = _Code(request, email, granted, expires)
            return self._callback(request.redirect_uri, request.state, {"code": code, **self.vendor.callback})

    def declined(self, redirect_uri: str, state: str | None, refused: Refused) -> str:
        """Where the browser goes with an error (RFC 6749, section 4.1.2.1)."""
        told = explained(self.vendor.errors, refused)
        return self._callback(redirect_uri, state, {"error": told.error, "error_description": told.text})

    def token(self, authorization: str | None, values: Mapping[str, Sequence[str]], tenant: str = "") -> dict[str, Any]:
        """The reply to a token request. Raises Refused."""
        form = authorization_request.single(values)
        with self._lock:
            client = self._clients.authenticated(authorization, form)
            self._check_tenant(client, tenant)
            grant = form.pop("grant_type", None)
            if grant is None:
                raise Refused("parameter", "grant_type is missing")
            if grant not in ("authorization_code", "refresh_token", self.vendor.account or None):
                raise Refused("grant_type")
            if grant not in client.grants:
                raise Refused("grant")
            if grant == "authorization_code":
                return self._exchange(client, form)
            if grant == "refresh_token":
                return self._refresh(client, form)
            return self._of_account(client, form, tenant)

    def revoke(self, authorization: str | None, values: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
        """Revoke the authorization that a token of either kind came of. Raises Refused.

        An unknown token is as good as revoked (RFC 7009, section 2.2).
        """
        form = authorization_request.single(values)
        with self._lock:
            client = self._clients.authenticated(authorization, form)
            (token,) = _fields(form, {"token"}, {"token_type_hint"}, "token")
            family = self._tokens.family(token)
            if family is not None and family.client == client.id:
                family.revoked = True
            return self.vendor.revoke_reply

    def _exchange(self, client: Client, form: Mapping[str, str]) -> dict[str, Any]:
        optional = {"code_verifier"} | ({"scope"} if self.vendor.offline_scope else set())
        name, redirect_uri = _fields(form, {"code", "redirect_uri"}, optional, "code", "redirect_uri")
        code = self._codes.get(name)
        if code is None or code.request.client.id != client.id:
            raise Refused("code")
        if code.spent:
            if code.family is not None:
                code.family.revoked = True
            raise Refused("code_used")
        code.spent = True
        problem = self._against(code, redirect_uri, form.get("code_verifier"))
        if problem:
            raise Refused(problem)
        _within(form.get("scope"), code.scopes)
        if self.vendor.one_grant:
            self._tokens.revoke(code.email, client.id)
        code.family = Family(client.id, code.email, code.scopes)
        reply = self._opened(code.family)
        if self._id_token is not None and "openid" in code.scopes:
            reply["id_token"] = self._id_token(code.request, code.email, reply["access_token"])
        return reply

    def _against(self, code: _Code, redirect_uri: str, verifier: str | None) -> Problem | None:
        """What speaks against a code that is used for the first time."""
        if code.expires <= self._clock.now():
            return "code_expired"
        if redirect_uri != code.request.redirect_uri:
            return "redirect"
        challenge = code.request.challenge
        if challenge is None:
            return "verifier" if verifier is not None and self.vendor.pkce else None
        return None if verifier is not None and fits(challenge, verifier) else "verifier"

    def _refresh(self, client: Client, form: Mapping[str, str]) -> dict[str, Any]:
        (token,) = _fields(form, {"refresh_token"}, {"scope"}, "refresh_token")
        asked = form.get("scope")
        family = self._tokens.family(token)
        if family is not None:
            _within(asked, family.scopes)
        family, successor = self._tokens.refreshed(token, client.id)
        return self._reply(family, frozenset(asked.split()) if asked else family.scopes, successor)

    def _of_account(self, client: Client, form: Mapping[str, str], tenant: str) -> dict[str, Any]:
        if self.vendor.account == "account_credentials":
            (account,) = _fields(form, {"account_id"}, set(), "account_id")
            if account != client.account:
                raise Refused("account")
            # A new server-to-server token of Zoom's kills the one before it.
            self._tokens.revoke(None, client.id)
        else:
            (scope,) = _fields(form, {"scope"}, set(), "scope")
            if tenant != client.account:
                raise Refused("account")
            if not scope.endswith("/.default") or " " in scope:
                raise Refused("scope", "one scope that ends in /.default is needed")
        reply = self._reply(Family(client.id, None, client.scopes), client.scopes, None)
        if self.vendor.account == "client_credentials":
            del reply["scope"]
        return reply

    def _opened(self, family: Family) -> dict[str, Any]:
        """The first tokens of a family."""
        refreshes = not self.vendor.offline_scope or self.vendor.offline_scope in family.scopes
        refresh = self._tokens.issue(family, family.scopes, refreshes=True) if refreshes else None
        return self._reply(family, family.scopes, refresh)

    def _reply(self, family: Family, scopes: frozenset[str], refresh: str | None) -> dict[str, Any]:
        vendor = self.vendor
        named = sorted(vendor.scope_names.get(scope, scope) for scope in scopes - {vendor.offline_scope})
        reply: dict[str, Any] = {
            "access_token": self._tokens.issue(family, scopes),
            "token_type": vendor.kind,
            "expires_in": vendor.access_lifetime,
            "scope": vendor.scope_separator.join(named),
            **vendor.reply,
        }
        if refresh is not None:
            reply["refresh_token"] = refresh
            if vendor.tells_refresh_lifetime:
                reply["refresh_token_expires_in"] = vendor.refresh_lifetime
        if vendor.user_field and family.email:
            reply[vendor.user_field] = family.email
        return reply

    def _callback(self, redirect_uri: str, state: str | None, parameters: Mapping[str, str]) -> str:
        return returning(redirect_uri, {**parameters, "state": state, "iss": self.vendor.issuer or None})

    def _check_tenant(self, client: Client, tenant: str) -> None:
        """Only Entra has tenants: personal accounts ("consumers") have no meetings of Teams'."""
        if tenant and tenant not in SHARED_TENANTS | {client.account}:
            raise Refused("account")


def _fields(form: Mapping[str, str], needed: set[str], optional: set[str], *names: str) -> list[str]:
    """The values of `names`. Raises Refused when a field is missing or unknown."""
    if needed - form.keys() or form.keys() - needed - optional:
        raise Refused("parameter", "a field is missing or unknown")
    return [form[name] for name in names]


def _within(asked: str | None, granted: frozenset[str]) -> None:
    if asked is not None and not granted.issuperset(asked.split()):
        raise Refused("scope")

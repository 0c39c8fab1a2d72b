"""What a browser brings to an authorization endpoint, checked to the letter: RFC 6749, section 4.1.1, and RFC 7636."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from simulator.oauth_clients import Client, Clients
from simulator.oauth_errors import Problem, Refused
from simulator.vendors import Vendor

COMMON: Final = frozenset(
    {"response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"}
)
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What a client asks a user for. `hint` is who the client believes the user to be."""

    client: Client
    redirect_uri: str
    scopes: frozenset[str]
    state: str | None = None
    challenge: str | None = None
    nonce: str | None = None
    hint: str = ""


class Declined(Exception):
    """A request that is refused by sending the browser back to `redirect_uri` (RFC 6749, section 4.1.2.1)."""

    def __init__(self, problem: Problem, redirect_uri: str, state: str | None, detail: str = "") -> None:
        super().__init__(detail or problem)
        self.refused = Refused(problem, detail)
        self.redirect_uri = redirect_uri
        self.state = state


def single(values: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Parameters as one text each. Raises Refused for a repeated one (RFC 6749, section 3.1) and an empty one."""
    for name, given in values.items():
        if len(given) != 1 or not given[0]:
            raise Refused("parameter", f"{name} is repeated or empty")
    return {name: given[0] for name, given in values.items()}


def read(vendor: Vendor, clients: Clients, values: Mapping[str, Sequence[str]]) -> AuthorizationRequest:
    """The request in a query. Raises Refused where nobody may be redirected, and Declined."""
    given = single(values)
    client = clients.get(given.get("client_id"))
    redirect_uri = given.get("redirect_uri", "")
    if redirect_uri not in client.redirects:
        raise Refused("redirect")
    try:
        return _read(vendor, client, given)
    except Refused as refused:
        raise Declined(refused.problem, redirect_uri, given.get("state"), refused.detail) from None


def returning(redirect_uri: str, parameters: Mapping[str, str | None]) -> str:
    """The redirect URI with further parameters, but for those that are None; its own query stays."""
    query = urlencode({name: value for name, value in parameters.items() if value is not None})
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{query}"


def fits(challenge: str, verifier: str) -> bool:
    """Whether the S256 challenge was made of this verifier (RFC 7636, section 4.6)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return _VERIFIER.fullmatch(verifier) is not None and made == challenge


def _read(vendor: Vendor, client: Client, given: Mapping[str, str]) -> AuthorizationRequest:
    for name, value in given.items():
        if name not in COMMON | set(vendor.hints):
            raise Refused("parameter", f"unknown parameter: {name}")
        good = vendor.hints.get(name)
        if good is not None and not good.issuperset(value.split()):
            raise Refused("parameter", f"bad value: {name}")
    if given.get("response_type") != "code":
        raise Refused("response_type")
    if "authorization_code" not in client.grants:
        raise Refused("grant")
    return AuthorizationRequest(
        client=client,
        redirect_uri=given["redirect_uri"],
        scopes=_scopes(vendor, client, given.get("scope", "")),
        state=given.get("state"),
        challenge=_challenge(vendor, client, given),
        nonce=given.get("nonce"),
        hint=given.get("login_hint", ""),
    )


def _scopes(vendor: Vendor, client: Client, asked: str) -> frozenset[str]:
    if vendor.registered_scopes:
        return client.scopes
    scopes = frozenset(asked.split())
    if not scopes or not scopes <= client.scopes:
        raise Refused("scope")
    return scopes


def _challenge(vendor: Vendor, client: Client, given: Mapping[str, str]) -> str | None:
    challenge, method = given.get("code_challenge"), given.get("code_challenge_method")
    if not vendor.pkce:
        return None
    if challenge is None and method is None and not client.pkce:
        return None
    if method != "S256" or challenge is None or not _CHALLENGE.fullmatch(challenge):
        raise Refused("parameter", "a code_challenge of the method S256 is needed")
    return challenge

"""The authorization servers of Zoom, Webex, Microsoft Entra and GoTo, as data: where each is and what it does its way.

Sources: Zoom, "OAuth 2.0"; Webex, "Integrations & Authorization" and "Service Apps"; Microsoft identity platform,
"OAuth 2.0 authorization code flow" and "client credentials flow"; GoTo, "How to obtain an OAuth access token" and "How
to Obtain and Use Refresh Tokens". Lifetimes that no vendor promises are what has been seen: clients go by the replies.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from simulator import oauth_errors
from simulator.oauth_errors import ErrorText, Form, Problem

DAY: Final = 86400

Way = Literal["basic", "post"]
Refresh = Literal["rotates", "replaces", "renews", "keeps"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """One vendor's authorization server. Times are in seconds.

    Where: `authorize`, `exchange` (the token endpoint) and `revoke` are the routes, each under the vendor's name;
    `exchange` is "" where another route hands over, `revoke` where there is none.

    Clients: `authentication` says how they prove themselves. `pkce` is whether challenges are understood; else they are
    taken and forgotten. `registered_scopes` is whether an authorization is for all that the client is registered for,
    whatever `scope` says. `hints` are the further parameters of an authorization request, with their values where only
    some are good. `reducible` is whether the user may grant a part.

    Tokens: `refresh` is what a refresh does to the refresh token. It "rotates": a new one, and the old one used again
    revokes the grant; "replaces": a new one, and the old one stays good; "renews": the same one, for longer; "keeps":
    the reply has none. `one_grant` is whether a new authorization of a user revokes the earlier one. Where there is an
    `offline_scope`, only it brings a refresh token, and replies do not name it.

    Replies: `issuer` is the callback's `iss`, "" without one; `callback` and `reply` are what else is in callbacks and
    token replies. `kind` is `token_type`, `tells_refresh_lifetime` adds `refresh_token_expires_in`, and `user_field` is
    where the user's address is. `scope_names` are other names of scopes. `account` is the grant of the account itself.
    """

    name: str
    title: str
    authorize: str
    exchange: str = ""
    revoke: str = ""
    authentication: tuple[Way, ...] = ("basic", "post")
    pkce: bool = True
    registered_scopes: bool = False
    hints: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    reducible: bool = False
    refresh: Refresh = "replaces"
    access_lifetime: int = 3600
    refresh_lifetime: int = 90 * DAY
    one_grant: bool = False
    offline_scope: str = ""
    issuer: str = ""
    callback: Mapping[str, str] = field(default_factory=dict)
    reply: Mapping[str, Any] = field(default_factory=dict)
    revoke_reply: Mapping[str, str] = field(default_factory=dict)
    kind: str = "Bearer"
    tells_refresh_lifetime: bool = False
    user_field: str = ""
    scope_names: Mapping[str, str] = field(default_factory=dict)
    scope_separator: str = " "
    account: Literal["", "account_credentials", "client_credentials"] = ""
    error_form: Form = "rfc6749"
    errors: Mapping[Problem, ErrorText] = field(default_factory=dict)


ZOOM: Final = Vendor(
    name="zoom",
    title="Zoom",
    authorize="/zoom/oauth/authorize",
    exchange="/zoom/oauth/token",
    revoke="/zoom/oauth/revoke",
    authentication=("basic",),
    registered_scopes=True,
    # Apps may have optional scopes, which the user can leave out.
    reducible=True,
    refresh="rotates",
    one_grant=True,
    kind="bearer",
    reply={"api_url": "https://api.zoom.us"},
    revoke_reply={"status": "success"},
    account="account_credentials",
    error_form="zoom",
    errors=oauth_errors.ZOOM,
)

WEBEX: Final = Vendor(
    name="webex",
    title="Webex",
    authorize="/webex/v1/authorize",
    exchange="/webex/v1/access_token",
    authentication=("post",),
    hints={"prompt": None, "login_hint": None},
    refresh="renews",
    access_lifetime=14 * DAY - 1,
    tells_refresh_lifetime=True,
    error_form="webex",
)

ENTRA: Final = Vendor(
    name="entra",
    title="Microsoft",
    authorize="/entra/<tenant>/oauth2/v2.0/authorize",
    exchange="/entra/<tenant>/oauth2/v2.0/token",
    hints={
        "response_mode": frozenset({"query"}),
        "prompt": frozenset({"login", "consent", "select_account"}),
        "login_hint": None,
        "domain_hint": None,
        "nonce": None,
    },
    access_lifetime=4211,
    offline_scope="offline_access",
    callback={"session_state": "6c4f8a3e-5d0b-4d0e-9d5f-2f1f7f0c9a11"},
    reply={"ext_expires_in": 4211},
    account="client_credentials",
    error_form="entra",
    errors=oauth_errors.ENTRA,
)

GOTO: Final = Vendor(
    name="goto",
    title="GoTo",
    authorize="/goto/oauth/authorize",
    exchange="/goto/oauth/token",
    authentication=("basic",),
    # Nowhere said to be understood.
    pkce=False,
    registered_scopes=True,
    refresh="keeps",
    refresh_lifetime=30 * DAY,
    user_field="principal",
)

VENDORS: Final = (ZOOM, WEBEX, ENTRA, GOTO)

"""The applications that are registered with each vendor for a function: one for its users, one for the account."""

from collections.abc import Collection, Mapping
from typing import Final

from simulator import ids
from simulator.oauth_clients import USER_GRANTS, Client

ZOOM_SCOPES: Final = frozenset(
    {
        *("meeting:write:meeting", "meeting:update:meeting", "meeting:delete:meeting", "meeting:read:meeting"),
        *("meeting:read:list_meetings", "meeting:read:invitation", "user:read:user"),
    }
)
WEBEX_SCOPES: Final = frozenset(
    {"meeting:schedules_write", "meeting:schedules_read", "meeting:preferences_read", "spark:people_read"}
)
ENTRA_SCOPES: Final = frozenset(
    {"OnlineMeetings.ReadWrite", "User.Read", "offline_access", "openid", "email", "profile"}
)
GOTO_SCOPES: Final = frozenset({"collab:"})


def clients(vendor: str, redirects: Collection[str]) -> list[Client]:
    """The clients of that vendor; those of users are sent back to `redirects`."""
    return [_made(name, redirects) for name in ids.OAUTH_CLIENTS if name.partition("-")[0] == vendor]


def _made(name: str, redirects: Collection[str]) -> Client:
    client_id, secret = ids.OAUTH_CLIENTS[name]
    account = name.endswith("-account")
    return Client(
        client_id,
        secret,
        _SCOPES.get(name) or _SCOPES[name.partition("-")[0]],
        frozenset() if account else frozenset(redirects),
        _GRANTS.get(name, USER_GRANTS),
        _ACCOUNTS.get(name, ""),
    )


_SCOPES: Final[Mapping[str, frozenset[str]]] = {
    "zoom": ZOOM_SCOPES,
    "zoom-account": frozenset(f"{scope}:admin" for scope in ZOOM_SCOPES),
    "webex": WEBEX_SCOPES,
    "entra": ENTRA_SCOPES,
    "goto": GOTO_SCOPES,
}
_GRANTS: Final = {
    "zoom-account": frozenset({"account_credentials"}),
    "webex-account": frozenset({"refresh_token"}),
    "entra": USER_GRANTS | {"client_credentials"},
}
_ACCOUNTS: Final = {"zoom-account": ids.ZOOM_ACCOUNT, "entra": ids.ENTRA_TENANT}

"""A connection: one user's link to a solution, or the link of the account that all share, and where it is kept."""

from datetime import datetime
from typing import Literal, NamedTuple, Protocol

import msgspec


class Refreshing(msgspec.Struct, frozen=True, omit_defaults=False):
    """A refresh that has begun and did not end as it should: whoever comes next must know that.

    `by` has the connection to itself until `until`; "" where it ended without a word of the outcome.
    """

    by: str
    until: datetime


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a connection without opening it.

    `state` "reconnect" means that the user must connect again, for that `reason`; `since` is when the state began.
    `sealed` holds the tokens, `whose` the user's `sub`, so that who has the keys can seal both anew, and nobody else
    learns whose it is; "" in a record of before. The access token is good until `expires`, and replaced from `renew` on
    (all UTC).
    """

    solution: str
    state: Literal["connected", "reconnect"]
    reason: str = ""
    since: datetime
    scopes: list[str]
    sealed: str = ""
    whose: str = ""
    renew: datetime
    expires: datetime
    refreshing: Refreshing | None = None


class Kept(msgspec.Struct, frozen=True):
    """What is sealed: the tokens and the address of the account at the provider. It shows nothing of them.

    `grant` names what the token of an account itself was asked for with.
    """

    access_token: str = ""
    refresh_token: str = ""
    address: str = ""
    grant: str = ""

    def __repr__(self) -> str:
        return "Kept(...)"


class Held(NamedTuple):
    """A connection as it was read, with what its store compares when it is written."""

    connection: Connection
    version: object


class Connections(Protocol):
    """Where connections are kept, by the user's `sub` and the solution; sub "" is the account itself.

    Each method may raise StoreUnavailable: then what was to be written may be or not, and must be read again.
    """

    def read(self, sub: str, solution: str) -> Held | None:
        """The connection, or None."""

    def write(self, sub: str, held: Held | None, connection: Connection, account: str | None = None) -> Held | None:
        """Replace what is `held`, or create where that is None. None when it is not as it was read.

        `account` is the account's id at the provider, by which `of_account` finds the connection; None keeps it.
        """

    def erase(self, held: Held) -> bool:
        """Erase the connection. False when it is not as it was read."""

    def of_user(self, sub: str) -> list[Held]:
        """All connections of a user."""

    def of_account(self, solution: str, account: str) -> list[Held]:
        """All connections to an account at the provider; several users may have one each."""

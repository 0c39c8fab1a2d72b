"""The applications that are registered with an authorization server, and how they prove who they are."""

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Final

from simulator.oauth_errors import Refused

USER_GRANTS: Final = frozenset({"authorization_code", "refresh_token"})


@dataclass(frozen=True, slots=True)
class Client:
    """One application: what it is registered for.

    `redirects` are compared letter by letter. `account` is the only account (Zoom) or tenant (Entra) that its account
    grant is good for. With `pkce` an authorization needs a challenge, where the server understands one.
    """

    id: str
    secret: str = field(repr=False)
    scopes: frozenset[str]
    redirects: frozenset[str] = frozenset()
    grants: frozenset[str] = USER_GRANTS
    account: str = ""
    pkce: bool = True


class Clients:
    """The clients by id. Their user holds the lock."""

    def __init__(self, authentication: Collection[str]) -> None:
        self._authentication = authentication
        self._clients: dict[str, Client] = {}

    def register(self, client: Client) -> None:
        """Add a client, or put it in the place of the one with its id."""
        self._clients[client.id] = client

    def get(self, client_id: str | None) -> Client:
        """The client of that id. Raises Refused."""
        client = self._clients.get(client_id or "")
        if client is None:
            raise Refused("client")
        return client

    def change_secret(self, client_id: str, secret: str) -> None:
        """From now on only this secret is good."""
        self.register(replace(self.get(client_id), secret=secret))

    def authenticated(self, authorization: str | None, form: dict[str, str]) -> Client:
        """The client that a request comes from; its credentials are taken out of the form (RFC 6749, section 2.3.1).

        Raises Refused: for the way that this server does not take, two ways at once, an unknown client, a wrong secret.
        """
        client_id, secret = form.pop("client_id", None), form.pop("client_secret", None)
        if authorization is not None and secret is not None:
            raise Refused("parameter", "more than one client authentication")
        way = "post" if authorization is None else "basic"
        if way not in self._authentication:
            raise Refused("authentication")
        if authorization is not None:
            named, secret = _basic(authorization)
            if client_id not in (None, named):
                raise Refused("parameter", "client_id differs from the header's")
            client_id = named
        if not client_id or not secret:
            raise Refused("authentication")
        client = self.get(client_id)
        if secret != client.secret:
            raise Refused("secret")
        return client


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise Refused("authentication")
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode("ascii").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Refused("authentication") from None
    return user, password

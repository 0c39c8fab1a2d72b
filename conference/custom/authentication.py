"""Who we are to a system: nobody, a token, a name and a password, a header, OAuth 1.0a or OAuth 2."""

import base64
import os
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, cast, get_args
from urllib.parse import quote_plus

import msgspec

from conference.custom import addresses, bodies, headers, oauth1, templates
from conference.custom.addresses import Address
from conference.custom.fields import HOST, Facts, Scope
from conference.custom.mistakes import Mistake, quoted
from conference.custom.oauth1 import Credentials
from conference.custom.tables import Table
from conference.custom.templates import Template
from conference.errors import OutcomeUnknown, Temporary
from conference.providers.base import Call, OAuth, Request

Kind = Literal["none", "bearer", "basic", "header", "client_credentials", "oauth1", "oauth2"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Sign = Callable[[Request, Facts], Request]


class Authentication(msgspec.Struct, frozen=True):
    """`signed` makes a request ours; `oauth` is there where `call` itself sends an access token along.

    `addresses` are those that are asked for tokens.
    """

    kind: Kind = "none"
    signed: Sign = lambda request, facts: request
    oauth: OAuth | None = None
    addresses: tuple[Address, ...] = ()


class Clients(msgspec.Struct, frozen=True):
    """What reading needs to know: whether there are the options `client_id` and `client_secret`, and where random bytes
    come from."""

    client: bool
    random: Callable[[int], bytes] = os.urandom


def read(table: Table | None, scope: Scope, clients: Clients) -> Authentication:
    """The table [authentication]. Raises Mistake."""
    if table is None:
        return Authentication()
    kind = cast(Kind, table.choice("type", KINDS))
    authentication = _READERS[kind](table, scope, clients)
    table.close()
    return authentication


def _none(table: Table, scope: Scope, clients: Clients) -> Authentication:
    return Authentication()


def _bearer(table: Table, scope: Scope, clients: Clients) -> Authentication:
    token = _text(table, "token", scope)
    headers.check_value(table.at("token"), table.text("token"), token)
    return Authentication("bearer", lambda request, facts: _with(request, f"Bearer {token.text(facts)}"))


def _basic(table: Table, scope: Scope, clients: Clients) -> Authentication:
    username, password = _text(table, "username", scope), _text(table, "password", scope)

    def signed(request: Request, facts: Facts) -> Request:
        pair = f"{username.text(facts)}:{password.text(facts)}".encode("utf-8", "replace")
        return _with(request, f"Basic {base64.b64encode(pair).decode()}")

    return Authentication("basic", signed)


def _header(table: Table, scope: Scope, clients: Clients) -> Authentication:
    name, value = table.text("name"), _text(table, "value", scope)
    if name.lower() != "authorization":
        headers.check_name(table.at("name"), name)
    headers.check_value(table.at("value"), table.text("value"), value)
    return Authentication("header", lambda request, facts: _with(request, value.text(facts), name))


def _oauth1(table: Table, scope: Scope, clients: Clients) -> Authentication:
    method = cast(oauth1.Method, table.choice("signature", oauth1.METHODS, "HMAC-SHA1"))
    realm = table.text("realm", "")
    if not realm.isprintable() or not realm.isascii():
        raise Mistake(table.at("realm"), f"{quoted(realm)!r} cannot stand in a header; expected ASCII")
    key, secret = _text(table, "consumer_key", scope), _text(table, "consumer_secret", scope)
    token = _text(table, "token", scope) if table.has("token") else None
    token_secret = _text(table, "token_secret", scope) if table.has("token_secret") else None
    if (token is None) != (token_secret is None):
        raise Mistake(table.path, "has one of token and token_secret; expected both or neither")

    def signed(request: Request, facts: Facts) -> Request:
        credentials = Credentials(
            key.text(facts),
            secret.text(facts),
            token.text(facts) if token else "",
            token_secret.text(facts) if token_secret else "",
        )
        nonce, timestamp = clients.random(16).hex(), int(facts.call.now().timestamp())
        return _with(request, oauth1.authorization(request, credentials, method, nonce, timestamp, realm))

    return Authentication("oauth1", signed)


class _Settings(msgspec.Struct, frozen=True):
    """What the URLs and scopes of OAuth 2 are made of: they depend on nothing but options."""

    options: Any


def _settled(options: Any) -> Facts:
    return Facts(cast(Call, _Settings(options)))


def _oauth2(table: Table, scope: Scope, clients: Clients) -> Authentication:
    _check_client(table, clients)
    places = scope.within({})
    authorize, token = _address(table, "authorize", places), _address(table, "token", places)
    revoke = _address(table, "revoke", places) if table.has("revoke") else None
    scopes = [
        templates.read(text, places, (*table.at("scopes"), index), private=False)
        for index, text in enumerate(table.texts("scopes"))
    ]
    oauth = OAuth(
        authorize=lambda options: authorize.url(_settled(options), {}),
        token=lambda options: token.url(_settled(options), {}),
        revoke=lambda options: revoke.url(_settled(options), {}) if revoke else "",
        scopes=lambda options: tuple(word for one in scopes for word in one.text(_settled(options)).split()),
        client=_client(table),
        more=_literal(table.table("more")),
    )
    return Authentication("oauth2", oauth=oauth, addresses=tuple(filter(None, (authorize, token, revoke))))


def _client_credentials(table: Table, scope: Scope, clients: Clients) -> Authentication:
    """A token of the account's own, kept and renewed as every access token is; one that is for the host of each
    conference is asked for in each operation, because it is good for that host alone."""
    _check_client(table, clients)
    token, client = _address(table, "token", scope.within({})), _client(table)
    places = scope.within(HOST)
    host, more = places.field("host"), table.table("form")
    form = {"scope": _text(table, "scope", places)} if table.has("scope") else {}
    form |= bodies.pairs(more, places) if more else {}
    if any(placeholder.field is host for template in form.values() for placeholder in template.placeholders):
        return Authentication("client_credentials", _of_host(token, client, form), addresses=(token,))

    def account(options: Any) -> Mapping[str, str]:
        return {"grant_type": "client_credentials", **bodies.filled(form, _settled(options))}

    if any(placeholder.field.private for template in form.values() for placeholder in template.placeholders):
        raise Mistake(table.path, "has a secret in its form; expected client_id and client_secret alone")
    oauth = OAuth(
        authorize=lambda options: "",
        token=lambda options: token.url(_settled(options), {}),
        scopes=lambda options: (),
        client=client,
        account=account,
    )
    return Authentication("client_credentials", oauth=oauth, addresses=(token,))


class _Token(msgspec.Struct):
    access_token: Annotated[str, msgspec.Meta(pattern=r"\A[!-~]{1,16384}\Z")]


def _of_host(token: Address, client: Literal["basic", "post"], form: Mapping[str, Template]) -> Sign:
    """Source: RFC 6749, sections 2.3.1 and 4.4.2."""

    def asked(facts: Facts) -> str:
        options, secret = facts.call.options, facts.call.secret
        pair = {"client_id": secret(options.client_id), "client_secret": secret(options.client_secret)}
        fields = {"grant_type": "client_credentials", **bodies.filled(form, facts)}
        request = Request(
            "POST", token.url(facts, {}), form={**fields, **(pair if client == "post" else {})}, safe=True
        )
        if client == "basic":
            proof = ":".join(quote_plus(value) for value in pair.values())
            request = _with(request, f"Basic {base64.b64encode(proof.encode()).decode()}")
        try:
            granted: _Token = facts.call(request).read(_Token)
        except OutcomeUnknown as unknown:
            # Nothing was asked of the conferencing system.
            raise Temporary(unknown.reason, unknown.detail, retry_after=unknown.retry_after) from unknown
        return granted.access_token

    def signed(request: Request, facts: Facts) -> Request:
        facts.token = facts.token or asked(facts)
        return _with(request, f"Bearer {facts.token}")

    return signed


_READERS: Mapping[Kind, Callable[[Table, Scope, Clients], Authentication]] = {
    "none": _none,
    "bearer": _bearer,
    "basic": _basic,
    "header": _header,
    "client_credentials": _client_credentials,
    "oauth1": _oauth1,
    "oauth2": _oauth2,
}


def _with(request: Request, value: str, name: str = "Authorization") -> Request:
    return msgspec.structs.replace(request, headers={**request.headers, name: value})


def _text(table: Table, key: str, scope: Scope) -> Template:
    text = table.text(key)
    templates.check_alone(text, table.at(key))
    return templates.read(text, scope, table.at(key))


def _address(table: Table, key: str, scope: Scope) -> Address:
    return addresses.read(table, key, scope)


def _client(table: Table) -> Literal["basic", "post"]:
    return cast(Literal["basic", "post"], table.choice("client", ("post", "basic"), "post"))


def _literal(table: Table | None) -> Mapping[str, str]:
    return {name: table.text(name) for name in table} if table else {}


def _check_client(table: Table, clients: Clients) -> None:
    if not clients.client:
        raise Mistake(table.at("type"), "needs the options client_id and client_secret, which are not there")

"""A request signed as OAuth 1.0a asks for: RFC 5849, section 3, with HMAC-SHA1, HMAC-SHA256 or PLAINTEXT.

Written here because it is forty lines: Authlib and oauthlib would each add a package to what is deployed, and their
clients sign requests of libraries that are not ours. The RFC's own examples prove it, and Authlib as a second opinion.
"""

import base64
import hmac
from collections.abc import Iterable
from typing import Literal, get_args
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec

from conference.providers.base import Request

Method = Literal["HMAC-SHA1", "HMAC-SHA256", "PLAINTEXT"]
METHODS: tuple[Method, ...] = get_args(Method)
_DIGESTS = {"HMAC-SHA1": "sha1", "HMAC-SHA256": "sha256"}
_PORTS = {"http": 80, "https": 443}


class Credentials(msgspec.Struct, frozen=True):
    """The client's key and secret, and the token's where there is one; it shows nothing of them."""

    key: str
    secret: str
    token: str = ""
    token_secret: str = ""

    def __repr__(self) -> str:
        return "Credentials(...)"


def authorization(
    request: Request, credentials: Credentials, method: Method, nonce: str, timestamp: int, realm: str = ""
) -> str:
    """The value of the Authorization header (section 3.5.1). `timestamp` is in seconds since 1970.

    Without oauth_version, as in the RFC's examples: it may be left out.
    """
    parameters = {"oauth_consumer_key": credentials.key}
    if credentials.token:
        parameters["oauth_token"] = credentials.token
    parameters |= {"oauth_signature_method": method, "oauth_timestamp": str(timestamp), "oauth_nonce": nonce}
    parameters["oauth_signature"] = signature(base_string(request, parameters), credentials, method)
    given = {"realm": realm, **parameters} if realm else parameters
    return "OAuth " + ", ".join(f'{escaped(name)}="{escaped(value)}"' for name, value in given.items())


def base_string(request: Request, parameters: dict[str, str]) -> str:
    """The signature base string (section 3.4.1), over the URL's query and a form's fields too."""
    parts = urlsplit(request.url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    if parts.port is not None and parts.port != _PORTS[parts.scheme]:
        host += f":{parts.port}"
    given = [*parse_qsl(parts.query, keep_blank_values=True), *parameters.items(), *(request.form or {}).items()]
    return "&".join(
        escaped(part) for part in (request.method, f"{parts.scheme}://{host}{parts.path or '/'}", normalized(given))
    )


def normalized(parameters: Iterable[tuple[str, str]]) -> str:
    """The parameters sorted and joined (section 3.4.1.3.2)."""
    pairs = sorted((escaped(name), escaped(value)) for name, value in parameters)
    return "&".join(f"{name}={value}" for name, value in pairs)


def signature(base: str, credentials: Credentials, method: Method) -> str:
    """The signature of a base string (sections 3.4.2 and 3.4.4)."""
    key = f"{escaped(credentials.secret)}&{escaped(credentials.token_secret)}"
    if method == "PLAINTEXT":
        return key
    return base64.b64encode(hmac.digest(key.encode(), base.encode(), _DIGESTS[method])).decode()


def escaped(text: str) -> str:
    """Percent-encoding as section 3.6 has it: everything but letters, digits and -._~."""
    return quote(text.encode("utf-8", "replace"), safe="")

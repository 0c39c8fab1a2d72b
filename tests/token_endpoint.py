"""A strict OAuth server over HTTP: it rotates refresh tokens, and revokes a grant whose spent token comes back."""

import base64
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

CLIENT_ID = "client:id"
CLIENT_SECRET = "s3cret/+canary"
_FIELDS = {
    "refresh_token": {"grant_type", "refresh_token"},
    "authorization_code": {"grant_type", "code", "redirect_uri", "code_verifier"},
    "account_credentials": {"grant_type", "account_id"},
}


@dataclass
class Grant:
    """What one user has granted: the refresh token that is good now, those that are spent, the access tokens."""

    newest: str = ""
    spent: set[str] = field(default_factory=set)
    access: set[str] = field(default_factory=set)
    revoked: bool = False


class Refused(Exception):
    """A status and an error of RFC 6749, section 5.2."""


@dataclass
class TokenEndpoint:
    """`client_secrets` are those that are taken. `rotates`: a refresh brings a new refresh token, else none at all.

    `shape` changes a reply of success before it is sent; `answer` replaces it, a status and a body, and nothing is done
    then; `headers` go along; `lose` cuts so many replies after the work is done.
    """

    client_secrets: set[str] = field(default_factory=lambda: {CLIENT_SECRET})
    grants: list[Grant] = field(default_factory=list)
    account: Grant = field(default_factory=Grant)
    rotates: bool = True
    shape: Callable[[dict[str, Any]], dict[str, Any]] = lambda reply: reply
    answer: Callable[[], tuple[int, str] | None] = lambda: None
    headers: dict[str, str] = field(default_factory=dict)
    lose: int = 0
    reused: int = 0
    refreshes: int = 0
    asked: list[dict[str, str]] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def grant(self) -> tuple[Grant, dict[str, Any]]:
        """A new grant, as after a sign-in, with its first tokens."""
        grant = Grant()
        self.grants.append(grant)
        return grant, self._issue(grant)

    def handle(self, path: str, authorization: str, form: dict[str, str]) -> tuple[int, str]:
        with self.lock:
            self.asked.append(form)
            if answered := self.answer():
                return answered
            try:
                self._prove(authorization)
                if path == "/revoke":
                    return self._revoke(form)
                return 200, json.dumps(self.shape(self._token(form)))
            except Refused as refused:
                status, error = refused.args
                return status, json.dumps({"error": error, "error_description": f"{form} {authorization}"})

    def good(self, access_token: str) -> bool:
        """Whether an API would take this token."""
        with self.lock:
            grants = [*self.grants, self.account]
            return any(access_token in grant.access and not grant.revoked for grant in grants)

    def _prove(self, authorization: str) -> None:
        kind, _, proof = authorization.partition(" ")
        pair = base64.b64decode(proof).decode().partition(":")
        if kind != "Basic" or unquote_plus(pair[0]) != CLIENT_ID or unquote_plus(pair[2]) not in self.client_secrets:
            raise Refused(401, "invalid_client")

    def _token(self, form: dict[str, str]) -> dict[str, Any]:
        kind = form.get("grant_type", "")
        if set(form) != _FIELDS.get(kind):
            raise Refused(400, "invalid_request")
        if kind == "account_credentials":
            self.account.access.clear()  # a new token kills the old one
            return {name: value for name, value in self._issue(self.account).items() if name != "refresh_token"}
        if kind != "refresh_token":
            raise Refused(400, "unsupported_grant_type")
        return self._refresh(form["refresh_token"])

    def _refresh(self, token: str) -> dict[str, Any]:
        grant = next((grant for grant in self.grants if token == grant.newest or token in grant.spent), None)
        if grant is None or grant.revoked:
            raise Refused(400, "invalid_grant")
        if token in grant.spent:
            self.reused += 1
            grant.revoked = True
            raise Refused(400, "invalid_grant")
        self.refreshes += 1
        if self.rotates:
            return self._issue(grant)
        return {name: value for name, value in self._issue(grant, token).items() if name != "refresh_token"}

    def _issue(self, grant: Grant, refresh_token: str = "") -> dict[str, Any]:
        if grant.newest and not refresh_token:
            grant.spent.add(grant.newest)
        grant.newest = refresh_token or f"refresh-{secrets.token_urlsafe(16)}"
        access = f"access-{secrets.token_urlsafe(16)}"
        grant.access.add(access)
        return {
            "access_token": access,
            "refresh_token": grant.newest,
            "token_type": "bearer",
            "expires_in": 3600,
            "scope": "meeting:write meeting:read",
        }

    def _revoke(self, form: dict[str, str]) -> tuple[int, str]:
        self.revoked.append(form["token_type_hint"])
        for grant in self.grants:
            if form["token"] in {grant.newest, *grant.access}:
                grant.revoked = True
        return 200, ""


@contextmanager
def running(endpoint: TokenEndpoint) -> Iterator[TokenEndpoint]:
    """Serve it on loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = dict(parse_qsl(body, keep_blank_values=True, strict_parsing=True))
            status, reply = endpoint.handle(self.path, self.headers.get("Authorization", ""), form)
            if endpoint.lose:
                endpoint.lose -= 1
                self.close_connection = True
                return
            content = reply.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            for name, value in endpoint.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    endpoint.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

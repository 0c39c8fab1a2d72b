"""A browser and a client at the simulator's authorization servers, written against the pages and RFCs, not the code."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from simulator import ids, registrations
from simulator.server import Simulator

FUNCTION = "https://function.example"
VERIFIER = "a-code-verifier-of-forty-three-letters-or-more"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PATHS = {
    "zoom": ("/zoom/oauth/authorize", "/zoom/oauth/token"),
    "webex": ("/webex/v1/authorize", "/webex/v1/access_token"),
    "entra": ("/entra/organizations/oauth2/v2.0/authorize", "/entra/organizations/oauth2/v2.0/token"),
    "goto": ("/goto/oauth/authorize", "/goto/oauth/token"),
}
SCOPES = {
    "zoom": registrations.ZOOM_SCOPES,
    "webex": registrations.WEBEX_SCOPES,
    "entra": registrations.ENTRA_SCOPES,
    "goto": registrations.GOTO_SCOPES,
}
BASIC = frozenset({"zoom", "goto"})


@dataclass
class Party:
    """Anyroom's side of one vendor: `ask` and `consent` are the browser's, `post` is ours."""

    sim: Simulator
    vendor: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False
        self.client_id, self.secret = ids.OAUTH_CLIENTS[self.vendor]
        self.redirect_uri = f"{FUNCTION}/oauth/callback/{self.vendor}"
        self.server = self.sim.authorization[self.vendor]
        self.authorize, self.token = (self.sim.url + path for path in PATHS[self.vendor])

    def close(self) -> None:
        """Close its connections."""
        self.session.close()

    def query(self, **changes: Any) -> dict[str, Any]:
        """A good authorization request; None leaves a parameter out."""
        good = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(sorted(SCOPES[self.vendor])),
            "state": "the-state",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    def ask(self, **changes: Any) -> requests.Response:
        """Open the authorization page."""
        return self.session.get(self.authorize, params=self.query(**changes), allow_redirects=False, timeout=10)

    def consent(self, email: str, decision: str = "allow", scopes: Any = None, **changes: Any) -> dict[str, str]:
        """Send the page's form; the callback's parameters."""
        form: dict[str, Any] = {"user": email, "decision": decision}
        if self.vendor == "zoom":
            form["scope"] = sorted(SCOPES["zoom"]) if scopes is None else scopes
        reply = self.session.post(
            self.authorize, params=self.query(**changes), data=form, allow_redirects=False, timeout=10
        )
        assert reply.status_code == 303, reply.text
        assert reply.headers["Location"].startswith(self.redirect_uri + "?")
        return callback(reply)

    def post(self, *, secret: str | None = None, url: str = "", **form: Any) -> requests.Response:
        """A request to the token endpoint, or to `url`, authenticated in the vendor's way."""
        secret = secret or self.secret
        filled = {name: value for name, value in form.items() if value is not None}
        if self.vendor in BASIC:
            return self.session.post(url or self.token, data=filled, auth=(self.client_id, secret), timeout=10)
        credentials = {"client_id": self.client_id, "client_secret": secret}
        return self.session.post(url or self.token, data={**credentials, **filled}, timeout=10)

    def exchange(self, code: str, **changes: Any) -> requests.Response:
        """Exchange a code; None leaves a field out."""
        good = {"code": code, "redirect_uri": self.redirect_uri, "code_verifier": VERIFIER}
        return self.post(grant_type="authorization_code", **{**good, **changes})

    def connect(self, email: str, **changes: Any) -> dict[str, Any]:
        """The token reply of a user who allows everything."""
        reply = self.exchange(self.consent(email, **changes)["code"])
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def refresh(self, token: str, **more: Any) -> requests.Response:
        """Use a refresh token."""
        return self.post(grant_type="refresh_token", refresh_token=token, **more)


def callback(reply: requests.Response) -> dict[str, str]:
    """The parameters of a redirect, each there once."""
    return {name: value for name, (value,) in parse_qs(urlsplit(reply.headers["Location"]).query).items()}


def account(party: Party, name: str) -> Party:
    """The same vendor, with the client of the account itself."""
    party.client_id, party.secret = ids.OAUTH_CLIENTS[name]
    return party

"""Authlib, an OAuth client that knows nothing of this project, works against the simulator's authorization servers."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

from simulator import ids
from simulator.server import Simulator
from tests.simulator.oauth import BASIC, FUNCTION, PATHS, SCOPES, Party

ADA = "ada@example.com"


@pytest.fixture
def opened(sim: Simulator) -> Iterator[Callable[..., Any]]:
    """Sessions of Authlib's."""
    sim.register_clients(FUNCTION)
    made: list[Any] = []

    def session(credentials: tuple[str, str], way: str, scope: str, redirect_uri: str) -> Any:
        authentication = {f"{kind}_endpoint_auth_method": f"client_secret_{way}" for kind in ("token", "revocation")}
        made.append(
            OAuth2Session(
                *credentials,
                scope=scope,
                redirect_uri=redirect_uri,
                code_challenge_method="S256",
                **authentication,
            )
        )
        made[-1].trust_env = False
        return made[-1]

    yield session
    for each in made:
        each.close()


def allowed(session: Any, url: str, form: dict[str, Any], **more: str) -> tuple[str, str, str]:
    """Where the browser was sent after the page's form, the state that was asked with, and the code's verifier."""
    verifier = generate_token(48)
    address, state = session.create_authorization_url(url, code_verifier=verifier, **more)
    reply = session.post(address, withhold_token=True, data=form, allow_redirects=False, timeout=10)
    return reply.headers["Location"], state, verifier


@pytest.mark.parametrize("vendor", sorted(PATHS))
def test_a_user_is_connected_and_refreshed(sim: Simulator, opened: Callable[..., Any], vendor: str) -> None:
    authorize, token = (sim.url + path for path in PATHS[vendor])
    scope = " ".join(sorted(SCOPES[vendor]))
    way = "basic" if vendor in BASIC else "post"
    session = opened(ids.OAUTH_CLIENTS[vendor], way, scope, f"{FUNCTION}/oauth/callback/{vendor}")
    form = {"user": ADA, "decision": "allow", "scope": scope.split()}
    where, state, verifier = allowed(session, authorize, form if vendor == "zoom" else {**form, "scope": None})
    first = session.fetch_token(token, authorization_response=where, state=state, code_verifier=verifier)
    # Authlib keeps the old refresh token where the reply has none, as it must be kept with GoTo.
    second = session.refresh_token(token)
    grant = sim.authorization[vendor].access(second["access_token"])
    assert first["access_token"] != second["access_token"]
    assert grant is not None
    assert (grant.email, grant.scopes) == (ADA, SCOPES[vendor])


def test_a_connection_is_revoked(sim: Simulator, opened: Callable[..., Any], meet: Callable[[str], Party]) -> None:
    tokens = meet("zoom").connect(ADA)
    session = opened(ids.OAUTH_CLIENTS["zoom"], "basic", "", f"{FUNCTION}/oauth/callback/zoom")
    url = f"{sim.url}/zoom/oauth/revoke"
    assert session.revoke_token(url, tokens["access_token"], token_type_hint="access_token").status_code == 200
    with pytest.raises(OAuthError, match="invalid_grant"):
        session.refresh_token(f"{sim.url}/zoom/oauth/token", tokens["refresh_token"])


def test_a_wrong_verifier_is_an_oauth_error(sim: Simulator, opened: Callable[..., Any]) -> None:
    authorize, token = (sim.url + path for path in PATHS["entra"])
    scope = " ".join(sorted(SCOPES["entra"]))
    session = opened(ids.OAUTH_CLIENTS["entra"], "post", scope, f"{FUNCTION}/oauth/callback/entra")
    where, state, _ = allowed(session, authorize, {"user": ADA, "decision": "allow"})
    with pytest.raises(OAuthError, match=r"invalid_grant: AADSTS501481"):
        session.fetch_token(token, authorization_response=where, state=state, code_verifier=generate_token(48))


def test_an_account_gets_its_own_token(sim: Simulator, opened: Callable[..., Any]) -> None:
    session = opened(ids.OAUTH_CLIENTS["entra"], "basic", "https://graph.microsoft.com/.default", "")
    url = f"{sim.url}/entra/{ids.ENTRA_TENANT}/oauth2/v2.0/token"
    reply = session.fetch_token(url, grant_type="client_credentials", scope="https://graph.microsoft.com/.default")
    grant = sim.authorization["entra"].access(reply["access_token"])
    assert grant is not None
    assert grant.email is None


def test_a_user_signs_in_with_google(sim: Simulator, opened: Callable[..., Any]) -> None:
    session = opened(ids.SIGN_IN_CLIENT, "post", "openid email", f"{FUNCTION}/sign-in")
    form = {"user": ADA, "decision": "allow"}
    where, state, verifier = allowed(session, f"{sim.url}/o/oauth2/v2/auth", form, nonce="n", login_hint=ADA)
    reply = session.fetch_token(f"{sim.url}/token", authorization_response=where, state=state, code_verifier=verifier)
    keys: Any = session.get(f"{sim.url}/oauth2/v3/certs", withhold_token=True, timeout=10).json()
    token = jwt.decode(reply["id_token"], KeySet.import_key_set(keys), algorithms=["RS256"])
    now = int(sim.clock.now().timestamp())
    jwt.JWTClaimsRegistry(
        now=now,
        leeway=0,
        iss={"essential": True, "value": "https://accounts.google.com"},
        aud={"essential": True, "value": ids.SIGN_IN_CLIENT[0]},
        nonce={"essential": True, "value": "n"},
        email={"essential": True, "value": ADA},
        email_verified={"essential": True, "value": True},
    ).validate(token.claims)

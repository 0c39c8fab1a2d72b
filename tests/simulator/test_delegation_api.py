"""signJwt and the token endpoint over HTTP: who may sign, what is taken, and errors in each API's own form."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from simulator import ids
from simulator.delegation import AUDIENCE
from simulator.delegation_api import GRANT
from simulator.server import Simulator

ADA = "ada@example.com"
ACCOUNT = ids.DELEGATE_SERVICE_ACCOUNT
CLAIMS = {"iss": ACCOUNT, "sub": ADA, "scope": "scope-1", "aud": AUDIENCE}


@pytest.fixture
def sign(sim: Simulator, caller: Any) -> Callable[..., Any]:
    program = caller()
    program.token = sim.access_token(ids.FUNCTION_SERVICE_ACCOUNT, (ids.CLOUD_PLATFORM,))
    url = f"{sim.url}/v1/projects/-/serviceAccounts/{ACCOUNT}:signJwt"
    return lambda body: program("POST", url, json=body)


@pytest.fixture
def exchange(sim: Simulator, caller: Any) -> Callable[..., Any]:
    program = caller()
    return lambda **form: program("POST", f"{sim.url}/token", data=form)


def payload(sim: Simulator) -> dict[str, str]:
    now = int(sim.clock.now().timestamp())
    return {"payload": json.dumps({**CLAIMS, "iat": now, "exp": now + 3600})}


def test_a_payload_is_signed_with_a_key_of_the_account(sim: Simulator, sign: Any) -> None:
    first, second = sign(payload(sim)).json(), sign(payload(sim)).json()
    assert first["keyId"] == second["keyId"]
    assert first["keyId"] not in {key["kid"] for key in sim.identity.jwks()["keys"]}
    key = RSAKey.import_key(sim.delegation._keys[ACCOUNT].public_pem())
    assert jwt.decode(first["signedJwt"], key, algorithms=["RS256"]).claims["sub"] == ADA


def test_who_may_not_sign_is_told_so(sim: Simulator, sign: Any) -> None:
    sim.delegation.signers.clear()
    reply = sign(payload(sim))
    error = reply.json()["error"]
    assert (reply.status_code, error["status"]) == (403, "PERMISSION_DENIED")
    assert error["details"][0]["reason"] == "IAM_PERMISSION_DENIED"


def test_a_token_is_needed_to_sign(sim: Simulator, caller: Any) -> None:
    reply = caller()("POST", f"{sim.url}/v1/projects/-/serviceAccounts/{ACCOUNT}:signJwt", json=payload(sim))
    assert (reply.status_code, reply.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    "body", [{}, {"payload": {}}, {"payload": "[]"}, {"payload": "{"}, {"payload": "{}", "claims": "{}"}, []]
)
def test_what_is_no_payload_is_refused(sign: Any, body: Any) -> None:
    reply = sign(body)
    assert (reply.status_code, reply.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_an_assertion_gets_a_token(sim: Simulator, sign: Any, exchange: Any) -> None:
    sim.delegation.authorise(ACCOUNT, ["scope-1"], "example.com")
    reply = exchange(grant_type=GRANT, assertion=sign(payload(sim)).json()["signedJwt"]).json()
    assert (reply["token_type"], reply["expires_in"]) == ("Bearer", 3599)
    assert sim.tokens.holder(f"Bearer {reply['access_token']}", {"scope-1"}) == ADA


def test_a_refusal_has_oauths_form(sim: Simulator, sign: Any, exchange: Any) -> None:
    reply = exchange(grant_type=GRANT, assertion=sign(payload(sim)).json()["signedJwt"])
    assert (reply.status_code, reply.json()["error"]) == (401, "unauthorized_client")
    assert sorted(reply.json()) == ["error", "error_description"]


@pytest.mark.parametrize("form", [{}, {"grant_type": "refresh_token", "assertion": "x"}])
def test_another_grant_is_not_supported(exchange: Any, form: dict[str, str]) -> None:
    reply = exchange(**form)
    assert (reply.status_code, reply.json()["error"]) == (400, "unsupported_grant_type")

"""Tokens are what Google's would be, checked with a library of its own; a forged one is forged in one way only."""

import hmac
import json
import os
from base64 import urlsafe_b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from simulator import ids
from simulator.identity import ABSENT
from simulator.server import Simulator

ADA = "ada@example.com"
NOW = 1772442000


def claims(sim: Simulator, token: str) -> dict[str, Any]:
    published: Any = sim.identity.jwks()
    return dict(jwt.decode(token, KeySet.import_key_set(published), algorithms=["RS256"]).claims)


@pytest.mark.parametrize(
    ("make", "audience", "email"),
    [
        (lambda identity: identity.script_token(ADA), ids.SCRIPT_CLIENT_ID, ADA),
        (lambda identity: identity.user_id_token(ADA), ids.ADDON_CLIENT_ID, ADA),
        (
            lambda identity: identity.system_token("https://fn/conferences"),
            "https://fn/conferences",
            ids.ADDON_SERVICE_ACCOUNT,
        ),
        (lambda identity: identity.tasks_token("https://fn/sweep"), "https://fn/sweep", ids.TASKS_SERVICE_ACCOUNT),
    ],
)
def test_each_kind_names_its_audience_and_account(
    sim: Simulator, make: Callable[[Any], str], audience: str, email: str
) -> None:
    found = claims(sim, make(sim.identity))
    assert (found["iss"], found["aud"], found["email"]) == ("https://accounts.google.com", audience, email)
    assert (found["email_verified"], found["iat"], found["exp"]) == (True, NOW, NOW + 3600)
    assert len(found["sub"]) == 21
    assert found["sub"].isdigit()


def test_a_users_subject_is_always_the_same(sim: Simulator) -> None:
    first, second = sim.identity.script_token(ADA), sim.identity.user_id_token(ADA)
    other = sim.identity.script_token("bob@example.com")
    assert claims(sim, first)["sub"] == claims(sim, second)["sub"] != claims(sim, other)["sub"]


@pytest.mark.parametrize(
    ("email", "domain"), [(ADA, "example.com"), ("eve@gmail.com", None), ("eve@googlemail.com", None)]
)
def test_only_managed_accounts_have_a_hosted_domain(sim: Simulator, email: str, domain: str | None) -> None:
    assert claims(sim, sim.identity.script_token(email)).get("hd") == domain


def test_any_claim_can_be_replaced_or_left_out(sim: Simulator) -> None:
    found = claims(sim, sim.identity.script_token(ADA, sub="7", aud=["a", "b"], hd=ABSENT, email_verified="true"))
    assert (found["sub"], found["aud"], found["email_verified"], "hd" in found) == ("7", ["a", "b"], "true", False)


def test_any_header_can_be_replaced_or_left_out(sim: Simulator) -> None:
    token = sim.identity.script_token(ADA, header={"kid": ABSENT, "crit": ["x"]})
    header = jws.extract_compact(token.encode()).headers()
    assert header == {"alg": "RS256", "typ": "JWT", "crit": ["x"]}


def test_a_token_without_a_signature_says_so(sim: Simulator) -> None:
    token = sim.identity.script_token(ADA, algorithm="none")
    assert token.endswith(".")
    assert jws.extract_compact(token.encode()).headers()["alg"] == "none"


def test_an_hs256_token_is_keyed_with_the_public_key(sim: Simulator) -> None:
    signed, _, signature = sim.identity.script_token(ADA, algorithm="HS256").rpartition(".")
    digest = hmac.new(sim.identity.key.public_pem(), signed.encode(), "sha256").digest()
    assert urlsafe_b64decode(signature + "=") == digest


def test_a_strangers_key_does_not_verify(sim: Simulator) -> None:
    stranger = sim.identity.new_key()
    token = sim.identity.script_token(ADA, key=stranger, header={"kid": sim.identity.key.kid})
    with pytest.raises(JoseError):
        claims(sim, token)


def test_rotation_keeps_the_old_key_unless_it_is_forgotten(sim: Simulator) -> None:
    old = sim.identity.script_token(ADA)
    sim.identity.rotate()
    assert claims(sim, old)["email"] == claims(sim, sim.identity.script_token(ADA))["email"]
    sim.identity.rotate(forget=True)
    assert len(sim.identity.jwks()["keys"]) == 1
    with pytest.raises((JoseError, ValueError)):
        claims(sim, old)


def test_certificates_hold_public_members_only(sim: Simulator) -> None:
    (key,) = sim.identity.jwks()["keys"]
    assert sorted(key) == ["alg", "e", "kid", "kty", "n", "use"]


def test_the_keyfile_names_who_is_accepted(sim: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    sim.identity.write_keyfile(str(path))
    assert json.loads(path.read_text()) == {
        **sim.identity.jwks(),
        "script": ids.SCRIPT_CLIENT_ID,
        "addon": [ids.ADDON_SERVICE_ACCOUNT, ids.ADDON_CLIENT_ID],
        "tasks": ids.TASKS_SERVICE_ACCOUNT,
    }
    assert os.listdir(tmp_path) == ["keys.json"]

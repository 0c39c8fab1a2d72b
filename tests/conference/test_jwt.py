"""A token that we sign is what the RFCs say it is, and others take it; a key that cannot sign is named as such."""

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc import jwt as oracle
from joserfc.jwk import OctKey, RSAKey

from conference import jwt

VECTORS = Path(__file__).resolve().parents[1] / "contracts/providers/jitsi_jwt_vectors.json"
SECRET = "canary-app-secret-of-enough-octets"
CLAIMS: dict[str, Any] = {
    "iss": "canary",
    "exp": 1_900_000_000,
    "context": {"user": {"name": 'Zoë "Z" \U0001f469‍\U0001f680 </x>'}},
}


@cache
def key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def pem(
    of: PrivateKeyTypes,
    style: PrivateFormat = PrivateFormat.PKCS8,
    encryption: KeySerializationEncryption | None = None,
) -> str:
    return of.private_bytes(Encoding.PEM, style, encryption or NoEncryption()).decode()


def test_hs256_is_as_in_the_vector() -> None:
    vector = json.loads(VECTORS.read_text("utf-8"))["hs256_static"]

    assert jwt.with_secret(vector["claims"], vector["secret"]) == vector["token"]


def test_hs256_is_taken_by_somebody_else_s_code() -> None:
    token = oracle.decode(jwt.with_secret(CLAIMS, SECRET), OctKey.import_key(SECRET), algorithms=["HS256"])

    assert token.header == {"alg": "HS256", "typ": "JWT"}
    assert token.claims == CLAIMS


@pytest.mark.parametrize("style", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_rs256_is_taken_by_somebody_else_s_code(style: PrivateFormat) -> None:
    token = jwt.with_key(CLAIMS, pem(key(), style), "team/2031")

    public = key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    taken = oracle.decode(token, RSAKey.import_key(public), algorithms=["RS256"])
    assert taken.header == {"alg": "RS256", "kid": "team/2031", "typ": "JWT"}
    assert taken.claims == CLAIMS


@pytest.mark.parametrize("claims", [{}, {"a": ""}, {"a": "x"}, {"a": "xy"}, {"a": "xyz"}, CLAIMS], ids=range(6))
def test_it_can_stand_in_an_address_as_it_is(claims: dict[str, Any]) -> None:
    for token in (jwt.with_secret(claims, SECRET), jwt.with_key(claims, pem(key()), "k")):
        assert token.count(".") == 2
        assert token.replace(".", "").replace("-", "").replace("_", "").isalnum()
        assert token.isascii()


def test_a_signature_loses_no_letter() -> None:
    private = pem(key(3072))

    signatures = {jwt.with_key({"n": number}, private, "k").rpartition(".")[2] for number in range(200)}

    assert {len(signature) for signature in signatures} == {3072 // 6}


UNFIT = {
    "no PEM": lambda: "canary",
    "half of one": lambda: pem(key())[:-200],
    "a public key": lambda: key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    "one with a password": lambda: pem(key(), encryption=BestAvailableEncryption(b"canary")),
    "one of an elliptic curve": lambda: pem(ec.generate_private_key(ec.SECP256R1())),
    "one of an Edwards curve": lambda: pem(ed25519.Ed25519PrivateKey.generate()),
    "one that is too short": lambda: pem(rsa.generate_private_key(65537, 1024)),
    "letters that are not ASCII": lambda: "-----BEGIN PRIVATE KEY-----\ncanaryé\n-----END PRIVATE KEY-----",
}


@pytest.mark.parametrize("unfit", UNFIT.values(), ids=UNFIT)
def test_a_key_that_cannot_sign_is_refused_and_not_repeated(unfit: Any) -> None:
    with pytest.raises(ValueError, match=r"^must be .*(PEM, without a password|at least 2048 bits)$") as refused:
        jwt.with_key(CLAIMS, unfit(), "k")
    assert refused.value.__cause__ is None
    assert "canary" not in repr(refused.value)


def test_nothing_of_cryptography_is_loaded_for_it_before_a_key_signs() -> None:
    script = "import sys, conference.jwt; sys.exit(any(name.startswith('cryptography') for name in sys.modules))"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


TAKEN_BY_PROSODY = """
local jwt = require "util.jwt"
local taken, claims = jwt.verify(arg[1], arg[2])
io.write(tostring(taken), " ", taken and claims.context.user.name or claims)
"""


def prosody_says(secret: str, token: str) -> str:
    """What Debian's Prosody, by its own module for tokens, makes of one."""
    program = shutil.which("prosody")
    if program is None:
        pytest.skip("prosody is not installed: apt-get install prosody")
    modules = Path(program).parents[1] / "lib/prosody"
    paths = {"LUA_PATH": f"{modules}/?.lua;;", "LUA_CPATH": f"{modules}/?.so;;"}
    lua = shutil.which("lua5.4") or "lua5.4"
    done = subprocess.run(
        [lua, "-", secret, token], env=paths, input=TAKEN_BY_PROSODY, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_real_prosody_takes_hs256_and_reads_the_name() -> None:
    assert prosody_says(SECRET, jwt.with_secret(CLAIMS, SECRET)) == f"true {CLAIMS['context']['user']['name']}"


def test_the_real_prosody_refuses_another_secret() -> None:
    assert prosody_says("other", jwt.with_secret(CLAIMS, SECRET)) == "false signature-mismatch"

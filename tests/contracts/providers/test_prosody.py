"""The stand-in for Prosody gives the verdicts that the real one gave."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OctKey

from tests.contracts.providers.prosody import AuthenticationFailed, NotAllowed, Prosody, Seat

VECTORS = json.loads(Path(__file__).with_name("jitsi_jwt_vectors.json").read_text("utf-8"))
NOW = 1_900_000_000
SECRET = OctKey.import_key("canary-app-secret-of-enough-octets")
CLAIMS = {
    "iss": "myappid",
    "aud": "jitsi",
    "sub": "meet.loop.test",
    "room": "planning",
    "exp": NOW + 3600,
    "nbf": NOW - 60,
    "iat": NOW,
    "context": {"user": {"id": "1", "name": "Ada"}},
}


def signed(claims: Mapping[str, Any], algorithm: str = "HS256", key: OctKey = SECRET) -> str:
    return jws.serialize_compact(
        {"alg": algorithm, "typ": "JWT"}, json.dumps(claims), key, algorithms=["HS256", "HS512"]
    )


def unsigned(claims: Mapping[str, Any]) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


def changed(**claims: Any) -> str:
    return signed(CLAIMS | claims)


def without(name: str) -> str:
    return signed({claim: value for claim, value in CLAIMS.items() if claim != name})


def user(**more: Any) -> str:
    return changed(context={"user": {"id": "1", "name": "Ada", **more}})


Case = tuple[str, str, str]
"""A token, and the room and the tenant of the address."""


def planning(token: str) -> Case:
    return token, "planning", ""


CASES: Mapping[str, Callable[[], list[Case]]] = {
    "no token": lambda: [planning("")],
    "context.user.moderator='true' (string)": lambda: [planning(user(moderator="true"))],
    "context.user.moderator=true (bool)": lambda: [planning(user(moderator=True))],
    "context.user.affiliation='owner'": lambda: [planning(user(affiliation="owner"))],
    "no moderator claim / moderator='false' / no context": lambda: [
        planning(token) for token in (user(), user(moderator="false"), without("context"))
    ],
    "room='*'": lambda: [(changed(room="*"), room, "") for room in ("planning", "other")],
    "room differs from joined room": lambda: [(changed(), "other", "")],
    "room claim upper case": lambda: [planning(changed(room="PLANNING"))],
    "room regex: context.room.regex=true, room='^pla.*$' (Lua pattern)": lambda: [
        planning(changed(room="^pla.*$", context={"room": {"regex": True}}))
    ],
    "sub='*'": lambda: [planning(changed(sub="*"))],
    "sub upper-case domain": lambda: [planning(changed(sub="MEET.LOOP.TEST"))],
    "sub wrong domain": lambda: [planning(changed(sub="evil.example"))],
    "sub='tenant1' for room [tenant1]planning (URL /tenant1/planning)": lambda: [
        (changed(sub="tenant1"), "planning", "tenant1")
    ],
    "sub=domain for tenant room": lambda: [(changed(), "planning", "tenant1")],
    "sub missing": lambda: [planning(without("sub"))],
    "room missing": lambda: [planning(without("room"))],
    "iss not app_id": lambda: [planning(changed(iss="other"))],
    "aud any string": lambda: [planning(changed(aud="other"))],
    "aud list": lambda: [planning(changed(aud=["jitsi"]))],
    "aud missing": lambda: [planning(without("aud"))],
    "exp in past": lambda: [planning(changed(exp=NOW - 1))],
    "nbf in future": lambda: [planning(changed(nbf=NOW + 1))],
    "no exp": lambda: [planning(without("exp"))],
    "wrong secret": lambda: [planning(signed(CLAIMS, key=OctKey.import_key("another-app-secret-of-enough-octets")))],
    "HS512 while HS256 configured": lambda: [planning(signed(CLAIMS, "HS512"))],
    "alg none": lambda: [planning(unsigned(CLAIMS))],
}


def entered(case: Case) -> Seat | AuthenticationFailed | NotAllowed:
    token, room, tenant = case
    prosody = Prosody("meet.loop.test", "myappid", {"": SECRET})
    try:
        return prosody.join(prosody.authenticate(token, NOW), room, tenant)
    except (AuthenticationFailed, NotAllowed) as refusal:
        return refusal


def test_every_verdict_is_tried() -> None:
    assert [case for case, _ in VECTORS["verdicts"]] == list(CASES)
    assert len(CASES) == 26


@pytest.mark.parametrize(("case", "verdict"), VECTORS["verdicts"], ids=list(CASES))
def test_it_gives_the_verdict_of_the_real_one(case: str, verdict: str) -> None:
    for one in CASES[case]():
        came_to = entered(one)
        if verdict.startswith("AUTH FAIL"):
            assert isinstance(came_to, AuthenticationFailed)
            assert str(came_to) in verdict
        elif verdict.startswith("join refused"):
            assert isinstance(came_to, NotAllowed)
        else:
            assert isinstance(came_to, Seat)
            said = f"role={came_to.role} affiliation={came_to.affiliation}"
            assert "role=" not in verdict or verdict.endswith(said)

"""GoTo Meeting's stand-in refuses what GoTo refuses, and answers as GoTo does."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from simulator.goto import Goto, GotoApi

MEETING = {
    "subject": "Review",
    "starttime": "2031-03-14T14:00:00Z",
    "endtime": "2031-03-14T15:00:00Z",
    "passwordrequired": False,
    "conferencecallinfo": "VoIP",
    "timezonekey": "",
    "meetingtype": "scheduled",
}

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def ask() -> Ask:
    """`ask(method, path, json, token)`: the status and the body of an answer."""
    app = Flask("goto")
    GotoApi(Goto(random.Random(1), {"ada": "ada@goto.example", "bob": "bob@goto.example"}.get), prefix="").register(app)

    def send(method: str, path: str, json: Any = None, token: str = "ada") -> tuple[int, Any]:
        with app.test_client() as client:
            headers = {"Authorization": f"Bearer {token}"}
            reply = client.open(path, method=method, json=json, headers=headers)
            return reply.status_code, reply.get_json(silent=True)

    return send


def made(ask: Ask) -> Any:
    status, [meeting] = ask("POST", "/meetings", MEETING)
    assert status == 201
    return meeting


def test_a_meeting_is_kept_replaced_and_deleted(ask: Ask) -> None:
    meeting = made(ask)
    path = f"/meetings/{meeting['meetingid']}"
    assert meeting["joinURL"].endswith(f"/{meeting['meetingid']}")
    assert ask("PUT", path, {**MEETING, "subject": "Retrospective"}) == (204, None)
    status, [known] = ask("GET", path)
    assert (status, known["subject"], known["startTime"]) == (200, "Retrospective", MEETING["starttime"])
    assert ask("DELETE", path) == (204, None)
    for method, body in (("GET", None), ("PUT", MEETING), ("DELETE", None)):
        assert ask(method, path, body)[0] == 404


REFUSED = {
    "an unknown field": {"agenda": "x"},
    "a subject that is too long": {"subject": "x" * 101},
    "a subject with markup": {"subject": "a < b"},
    "a time with an offset": {"starttime": "2031-03-14T14:00:00+00:00"},
    "a day that is none": {"starttime": "2031-02-30T14:00:00Z"},
    "an end before the start": {"endtime": "2031-03-14T13:00:00Z"},
    "an end at the start": {"endtime": MEETING["starttime"]},
    "a password as text": {"passwordrequired": "false"},
    "audio that is too long": {"conferencecallinfo": "1" * 256},
    "a time zone": {"timezonekey": "61"},
    "a type that is none": {"meetingtype": "weekly"},
}


@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED)
def test_what_goto_does_not_take_is_refused(ask: Ask, fields: dict[str, Any]) -> None:
    path = f"/meetings/{made(ask)['meetingid']}"
    for method, where in (("POST", "/meetings"), ("PUT", path)):
        status, refusal = ask(method, where, {**MEETING, **fields})
        assert (status, refusal["int_err_code"]) == (400, "InvalidRequest")


@pytest.mark.parametrize("missing", MEETING)
def test_every_field_is_required(ask: Ask, missing: str) -> None:
    assert ask("POST", "/meetings", {name: MEETING[name] for name in MEETING if name != missing})[0] == 400


def test_a_token_is_good_for_its_own_organizer(ask: Ask) -> None:
    path = f"/meetings/{made(ask)['meetingid']}"
    assert ask("GET", path, token="bob")[0] == 404
    status, refusal = ask("GET", path, token="nobody")
    assert (status, refusal["int_err_code"]) == (403, "InvalidToken")

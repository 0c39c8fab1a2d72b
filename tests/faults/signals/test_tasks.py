"""Tasks and sweeps come from Cloud Tasks and Cloud Scheduler only, which prove it; nobody else learns anything."""

from collections.abc import Callable

import pytest

from conference.errors import RequestRefused
from simulator import ids
from simulator.identity import Identity
from sync import records
from tests.faults.signals.story import begun, calls, rename
from tests.followed import Followed
from tests.world import ADA, ON_SQLITE

URL = "http://localhost:8080"
BODY = f'{{"calendar": "{records.key(ADA)}"}}'.encode()
Forge = Callable[[Identity, str], str]
FORGED: dict[str, Forge] = {
    "nothing": lambda identity, path: "",
    "garbage": lambda identity, path: "a.b.c",
    "another route": lambda identity, path: identity.tasks_token(URL + ("/sweep" if path == "/sync" else "/sync")),
    "no route": lambda identity, path: identity.tasks_token(URL),
    "a query": lambda identity, path: identity.tasks_token(f"{URL}{path}?a=1"),
    "another host": lambda identity, path: identity.tasks_token(f"https://other.example{path}"),
    "another account": lambda identity, path: identity.tasks_token(
        URL + path, email="stranger@acme.iam.gserviceaccount.com"
    ),
    "not verified": lambda identity, path: identity.tasks_token(URL + path, email_verified=False),
    "expired": lambda identity, path: identity.tasks_token(URL + path, lifetime=-3600),
    "another key": lambda identity, path: identity.tasks_token(URL + path, key=identity.new_key()),
    "none": lambda identity, path: identity.tasks_token(URL + path, algorithm="none"),
    "a user of the add-on": lambda identity, path: identity.script_token(ADA),
    "the add-on": lambda identity, path: identity.system_token(URL + path),
}


def status(followed: Followed, path: str, bearer: str, body: bytes = BODY) -> int:
    """What such a call of /sync or /sweep is answered with."""
    following = followed.instance.service.following
    answer = following.sync if path == "/sync" else following.sweep
    try:
        return answer(followed.incoming(path, bearer, body)).status
    except RequestRefused as refused:
        return refused.status


@ON_SQLITE
@pytest.mark.parametrize("path", ["/sync", "/sweep"])
def test_f30_only_the_tasks_account_and_the_exact_audience_are_let_in(watched: Followed, path: str) -> None:
    event = begun(watched)
    rename(watched, event, "Renamed")
    calls(watched)
    for name, forge in FORGED.items():
        assert status(watched, path, forge(watched.simulator.identity, path)) == 401, name
    assert set(calls(watched)) <= {"GET /oauth2/v3/certs"}
    good = watched.simulator.identity.tasks_token(URL + path, email=ids.TASKS_SERVICE_ACCOUNT)
    assert status(watched, path, good) in (200, 204)
    assert calls(watched)[0] == ("get calendar" if path == "/sync" else "due calendar")


@ON_SQLITE
@pytest.mark.parametrize("path", ["/sync", "/sweep"])
def test_f30_without_a_tasks_account_nobody_is_let_in(relayed: Followed, path: str) -> None:
    begun(relayed)
    calls(relayed)
    assert status(relayed, path, relayed.simulator.identity.tasks_token(URL + path)) == 401
    assert calls(relayed) == []


@ON_SQLITE
def test_a_body_that_is_no_task_of_ours_is_400_and_runs_nothing(watched: Followed) -> None:
    begun(watched)
    calls(watched)
    for body in (b"", b"[]", b'{"calendar": 7}', b"{}", b"[" * 100_000, b'{"calendar": "../x"}'):
        assert status(watched, "/sync", watched.simulator.identity.tasks_token(f"{URL}/sync"), body) == 400
    assert calls(watched) == []


@ON_SQLITE
def test_a_task_for_a_calendar_that_is_not_known_does_nothing(watched: Followed) -> None:
    begun(watched)
    calls(watched)
    body = b'{"calendar": "0123456789abcdef0123456789abcdef"}'
    assert status(watched, "/sync", watched.simulator.identity.tasks_token(f"{URL}/sync"), body) == 200
    assert calls(watched) == ["get calendar"]

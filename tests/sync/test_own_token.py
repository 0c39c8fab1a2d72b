"""The function's own token comes from the metadata server by google-auth's real path, and nobody waits too long."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from google.auth import environment_vars
from google.auth.compute_engine import _metadata

from conference.clock import Deadline, SystemClock
from conference.errors import Temporary
from simulator import faults, ids
from simulator.faults import Fault
from simulator.server import Simulator
from sync.own_token import OwnToken
from tests import simulating

ROOT = Path(__file__).parents[2]
TOKEN = "/computeMetadata/v1/instance/service-accounts/default/token"


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A simulator in the place of this process's metadata server, and no other credentials."""
    with simulating.simulator() as simulator:
        address = simulator.url.removeprefix("http://")
        monkeypatch.delenv(environment_vars.CREDENTIALS, raising=False)
        monkeypatch.setenv(environment_vars.CLOUD_SDK_CONFIG_DIR, str(tmp_path))
        monkeypatch.setenv(environment_vars.GCE_METADATA_IP, address)
        monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", address)
        yield simulator


def soon(seconds: float = 10.0) -> Deadline:
    return Deadline(SystemClock(), seconds)


def holder(simulator: Simulator, token: str) -> str:
    return simulator.tokens.holder(f"Bearer {token}", {ids.CLOUD_PLATFORM})


def test_the_token_is_the_functions_service_accounts(simulator: Simulator) -> None:
    assert holder(simulator, OwnToken()(soon())) == ids.FUNCTION_SERVICE_ACCOUNT


def test_a_token_is_kept(simulator: Simulator) -> None:
    own = OwnToken()
    assert own(soon()) == own(soon())
    assert len(simulator.requests.under(TOKEN)) == 1


def test_a_token_about_to_end_is_renewed(simulator: Simulator) -> None:
    own = OwnToken()
    body = b'{"access_token": "old", "expires_in": 60, "token_type": "Bearer"}'
    simulator.faults.add(faults.status(200, body), TOKEN)
    assert own(soon()) == "old"
    assert holder(simulator, own(soon())) == ids.FUNCTION_SERVICE_ACCOUNT


def test_many_who_ask_at_once_ask_the_server_once(simulator: Simulator) -> None:
    own, start = OwnToken(), threading.Barrier(8)
    simulator.faults.add(faults.latency(0.2), TOKEN)

    def ask(_: int) -> str:
        start.wait()
        return own(soon())

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert len(simulator.requests.under(TOKEN)) == 1


def test_nobody_waits_longer_than_their_deadline_and_the_next_finds_the_token(simulator: Simulator) -> None:
    own = OwnToken()
    simulator.faults.add(faults.latency(0.5), TOKEN)
    with pytest.raises(Temporary):
        own(soon(0.1))
    assert holder(simulator, own(soon())) == ids.FUNCTION_SERVICE_ACCOUNT
    assert len(simulator.requests.under(TOKEN)) == 1


def test_an_outage_is_a_hiccup_that_is_over_soon_for_who_asks(simulator: Simulator) -> None:
    own = OwnToken()
    simulator.faults.add(faults.status(503), TOKEN, times=None)
    with pytest.raises(Temporary):
        own(soon(0.2))
    simulator.faults.clear()
    assert holder(simulator, own(soon())) == ids.FUNCTION_SERVICE_ACCOUNT


@pytest.mark.parametrize(
    "fault",
    [
        faults.status(404, b"no such account ada@example.com"),
        faults.status(200, b"{}"),
        faults.status(200, b'"text"'),
        faults.status(200, b'{"access_token": "x", "expires_in": "soon"}'),
        faults.malformed(),
        faults.truncated(),
    ],
)
def test_a_server_that_gives_no_token_is_a_hiccup_without_its_words(simulator: Simulator, fault: Fault) -> None:
    own = OwnToken()
    simulator.faults.add(fault, TOKEN)
    with pytest.raises(Temporary) as raised:
        own(soon())
    assert raised.value.reason == "own-token"
    assert "@" not in raised.value.detail
    assert holder(simulator, own(soon())) == ids.FUNCTION_SERVICE_ACCOUNT


def test_without_any_credentials_it_says_what_to_do(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(_metadata, "_NO_GCE_CHECK", True)
    with pytest.raises(Temporary) as raised:
        OwnToken()(soon())
    assert "service account" in raised.value.detail


def test_google_auth_is_loaded_at_the_first_use_and_works_after_a_quick_start(
    simulator: Simulator, tmp_path: Path
) -> None:
    code = """
import sys, startup
from conference.clock import Deadline, SystemClock
from sync.own_token import OwnToken
own = OwnToken()
assert "google.auth" not in sys.modules
startup.loaded()
print(own(Deadline(SystemClock(), 10.0)))
"""
    address = simulator.url.removeprefix("http://")
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "GCE_METADATA_HOST": address,
            "GCE_METADATA_IP": address,
            "CLOUDSDK_CONFIG": str(tmp_path),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.stderr == ""
    assert holder(simulator, process.stdout.strip()) == ids.FUNCTION_SERVICE_ACCOUNT

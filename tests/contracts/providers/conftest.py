"""One bench per provider: its harness behind a wire of its own."""

import secrets
from base64 import b32encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conference.exchange import HttpClient
from conference.providers import load, names, of, read_options
from conference.solution import Solution
from tests.contracts.providers import janus as janus_server
from tests.contracts.providers import synapse as synapse_server
from tests.contracts.providers.harness import Bench, build, joins, provider_of, ways
from tests.contracts.providers.wire import Answer, Wire
from tests.thorough import takes_long

SECOND_RENDERING = "microsoft_teams"


@pytest.fixture(scope="session")
def janus(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[janus_server.Janus]:
    if not janus_server.installed():
        pytest.skip("janus is not installed: apt-get install janus")
    base = tmp_path_factory.getbasetemp()
    with janus_server.shared(_of_the_run(base, worker_id) / "janus") as running:
        yield running


@pytest.fixture(scope="session")
def synapse(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[synapse_server.Synapse]:
    if not synapse_server.installed():
        pytest.skip("matrix-synapse is not installed: requirements-dev.txt brings it")
    with synapse_server.running(_of_the_run(tmp_path_factory.getbasetemp(), worker_id) / "synapse") as running:
        yield running


def _of_the_run(base: Path, worker_id: str) -> Path:
    """The temporary folder that all workers of this run share."""
    return base if worker_id == "master" else base.parent


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire(lambda asked: Answer(500)).running() as running:
        yield running


@pytest.fixture
def bench(provider: str, wire: Wire, request: pytest.FixtureRequest) -> Bench:
    harness = build(provider, wire.url, request)
    wire.system = harness.system
    name = provider_of(provider)
    solution = Solution("canary", "Canary", "https://www.gstatic.com/x.png", name, read_options(name, harness.table))
    return Bench(name, of(solution), harness, wire, HttpClient())


@pytest.fixture
def joining(bench: Bench) -> Bench:
    """The bench of a provider whose conferences are entered by our own page; there is one for each of these only."""
    return bench


@pytest.fixture
def attempt() -> str:
    return new_attempt()


def new_attempt() -> str:
    """As the function makes them: 128 random bits as 26 lower-case letters and digits."""
    return b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test here is about every provider file that there is, or about every one that it can be about."""
    if "declared_code" in metafunc.fixturenames:
        codes = [(name, code) for name in names() for code in load(name).declared.errors]
        metafunc.parametrize(("provider", "declared_code"), codes, ids=[f"{name}-{code}" for name, code in codes])
    elif "joining" in metafunc.fixturenames:
        metafunc.parametrize("provider", [way for name in names() for way in ways(name) if joins(way)])
    elif "provider" in metafunc.fixturenames:
        metafunc.parametrize("provider", [*_all_ways(first_only=metafunc.module.__name__.endswith("faults"))])


def _all_ways(first_only: bool) -> Iterator[Any]:
    """Every provider in every way; faults are much the same in all of them, and tried in the others with more time, as
    is all of the example that another test holds to the same requests.
    """
    for name in names():
        first, *others = ways(name)
        yield pytest.param(first, marks=[takes_long] if name == SECOND_RENDERING else [])
        yield from (pytest.param(way, marks=[takes_long] if first_only else []) for way in others)

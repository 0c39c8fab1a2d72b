"""The function that is fuzzed: with every solution that has a door of its own, followed by delegation."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from google.auth import environment_vars
from google.auth.compute_engine import _metadata
from schemathesis.core.result import Ok

from simulator import ids
from sync.credentials import SCOPES
from tests import browsing
from tests.served import Function, serving
from tests.world import LOGO

ROOMS = {"provider": "demo", "name": "Rooms", "logo": LOGO, "url": "{simulator}", "join_page": True}
"""Entered by our page."""
DOCUMENT = Path(__file__).with_name("openapi.yaml")
_FOUND = schemathesis.openapi.from_path(DOCUMENT).get_all_operations()
OPERATIONS = [found.ok() for found in _FOUND if isinstance(found, Ok)]


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Function]:
    folder = tmp_path_factory.mktemp("fuzz")
    solutions, secrets = browsing.vendors()
    delegation = {"ANYROOM_CREDENTIAL": f"delegation:{ids.DELEGATE_SERVICE_ACCOUNT}"}
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        serving(folder, monkeypatch, {"zoom": solutions["zoom"], "rooms": ROOMS}, secrets | delegation) as function,
    ):
        address = function.simulator.url.removeprefix("http://")
        monkeypatch.delenv(environment_vars.CREDENTIALS, raising=False)
        monkeypatch.setenv(environment_vars.CLOUD_SDK_CONFIG_DIR, str(folder))
        monkeypatch.setenv(environment_vars.GCE_METADATA_IP, address)
        monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", address)
        function.simulator.delegation.authorise(ids.DELEGATE_SERVICE_ACCOUNT, SCOPES, "example.com")
        yield function

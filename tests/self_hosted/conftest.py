"""One machine for a whole file of tests."""

from collections.abc import Iterator

import pytest

from tests.self_hosted.machine import Machine, hosting


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with hosting(tmp_path_factory.mktemp("machine")) as machine:
        yield machine

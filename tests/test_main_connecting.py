"""Users connect their accounts: from Calendar's sign-in link through Google and the vendor to a conference."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browsing import Browser, create, link, vendors
from tests.served import PUBLIC_URL, Function, serving

EACH = pytest.mark.parametrize("vendor", ["zoom", "webex", "teams", "goto"])


@pytest.fixture
def function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Function]:
    solutions, environment = vendors()
    with serving(tmp_path, monkeypatch, solutions, environment) as function:
        yield function


@EACH
def test_f21_who_has_not_connected_is_sent_to_do_so_and_then_has_the_conference(
    function: Function, vendor: str
) -> None:
    url = link(function, vendor)
    assert url.startswith(f"{PUBLIC_URL}/connect/{vendor}?")
    assert len(url) <= 1300
    page = Browser(function).connect(vendor, url)
    assert page.status_code == 200, page.text
    assert "is connected" in page.text
    data = create(function, vendor)
    assert "error" not in data, function.log()
    assert data["entryPoints"][0]["entryPointType"] == "VIDEO"

"""BigBlueButton behind the real BBBLB, which verifies what we sign, sends browsers on, and passes on what we meant."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from msgspec.structs import replace

from conference.errors import CredentialsRefused, Permanent
from conference.http import HttpCall
from conference.providers import bigbluebutton as provider
from conference.providers.base import Known, Visitor
from tests.conference.certificate import Tls
from tests.conference.providers import bbblb
from tests.conference.providers.conftest import MakeCall
from tests.contracts.providers.bbb import BigBlueButton, Entered
from tests.contracts.providers.conftest import new_attempt
from tests.contracts.providers.events import EVENT
from tests.contracts.providers.harness import guest_of, host_of
from tests.contracts.providers.wire import Wire, asked_for
from tests.thorough import takes_long

CACHE = Path(__file__).resolve().parents[3] / ".run" / "bbblb"

pytestmark = takes_long


@pytest.fixture(scope="module")
def behind() -> BigBlueButton:
    """The server behind it: the strict stand-in, which checks what BBBLB signs."""
    return BigBlueButton(bbblb.BEHIND)


@pytest.fixture(scope="module")
def balancer(behind: BigBlueButton, tmp_path_factory: pytest.TempPathFactory) -> Iterator[bbblb.Bbblb]:
    try:
        python = bbblb.installed(CACHE)
    except bbblb.Missing as missing:
        pytest.skip(str(missing))
    folder = tmp_path_factory.mktemp("bbblb")
    tls, wire = Tls(folder), Wire(behind)
    wire._server.socket = tls.server.wrap_socket(wire._server.socket, server_side=True)
    with wire.running(), bbblb.running(python, folder, f"localhost:{urlsplit(wire.url).port}", tls.trusted) as running:
        yield running


class Tenant:
    """One conference of a tenant."""

    def __init__(self, balancer: bbblb.Bbblb, behind: BigBlueButton, make_call: MakeCall) -> None:
        self._balancer, self._behind, self._make_call = balancer, behind, make_call
        self.known = Known(new_attempt(), "")

    def call(self, **options: Any) -> HttpCall:
        table = {"url": self._balancer.url, "secret": bbblb.SECRET, **options}
        return self._make_call("bigbluebutton", table)

    def enter(self, visitor: Visitor, **options: Any) -> Entered:
        """As a browser does: by our address to BBBLB, and by its redirect to the server."""
        url = provider.join(self.known, visitor, self.call(**options))
        answer = self._behind(asked_for(self._balancer.follow(url)))
        assert answer.status == 302, answer.body
        [meeting] = [one for one in self._behind.meetings.values() if self.known.id in one.made_with["meetingID"]]
        return meeting.people[-1]

    def end(self, **options: Any) -> None:
        provider.delete(self.known, self.call(**options))

    def runs(self) -> bool:
        return any(self.known.id in name for name in self._behind.meetings)


@pytest.fixture
def tenant(balancer: bbblb.Bbblb, behind: BigBlueButton, make_call: MakeCall) -> Tenant:
    return Tenant(balancer, behind, make_call)


def test_where_no_package_can_be_had_one_line_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)

    with pytest.raises(bbblb.Missing, match="the package index cannot be reached"):
        bbblb.installed(tmp_path)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
def test_it_takes_what_we_sign(algorithm: str, tenant: Tenant) -> None:
    tenant.end(checksum=algorithm)

    assert tenant.enter(guest_of(EVENT), checksum=algorithm).role == "VIEWER"


def test_it_does_not_take_sha384(tenant: Tenant) -> None:
    with pytest.raises(CredentialsRefused):
        tenant.end(checksum="sha384")


def test_it_does_not_take_another_secret(tenant: Tenant) -> None:
    for act in (tenant.end, lambda **options: tenant.enter(host_of(EVENT), **options)):
        with pytest.raises(CredentialsRefused):
            act(secret="canary-wrong")


def test_a_meeting_lives_behind_it_from_the_first_click_to_its_end(tenant: Tenant) -> None:
    guest, host = tenant.enter(guest_of(EVENT)), tenant.enter(host_of(EVENT))
    assert (guest.name, guest.role, guest.guest) == ("Grace", "VIEWER", True)
    assert (host.name, host.role, host.guest) == ("Ada", "MODERATOR", False)
    assert guest.meeting == host.meeting

    tenant.end()
    assert not tenant.runs()
    tenant.end()


@pytest.mark.parametrize("text", ["Zoë & Ömer + 1 = 100 %?", "a~b!c*d(e)'f'", "王小明 \U0001f680", "#/?;:@,$"])
def test_names_and_titles_survive_both_signatures(text: str, tenant: Tenant) -> None:
    assert tenant.enter(replace(guest_of(EVENT, text), summary=text)).name == text


def test_what_the_server_behind_it_refuses_comes_through(tenant: Tenant) -> None:
    with pytest.raises(Permanent) as refused:
        tenant.enter(host_of(EVENT), api_parameters=["neverHeardOf=1"])
    assert refused.value.reason == "bigbluebutton-validationError"


def test_a_meeting_id_that_is_too_long_for_it_is_said(tenant: Tenant) -> None:
    tenant.known = Known("m" * 256, "")
    with pytest.raises(Permanent) as refused:
        tenant.enter(host_of(EVENT))
    assert refused.value.reason == "bigbluebutton-sizeError"

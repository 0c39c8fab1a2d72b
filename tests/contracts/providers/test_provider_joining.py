"""Who enters by our join page is sent to the system as who they are, and may come again; nobody else is told."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from conference.errors import SecretUnavailable
from conference.providers.base import Known, Visitor, check_address
from tests.contracts.providers.conftest import new_attempt
from tests.contracts.providers.events import EVENT, PRIVATE, TITLE
from tests.contracts.providers.harness import LINK, Bench, TurnedAway

HOST = Visitor("Zoë", True, "v1", TITLE, datetime.now(UTC) + timedelta(hours=1))
GUEST = Visitor("Ада \U0001f469\u200d\U0001f680", False, "v2", TITLE, None)
NAMELESS = Visitor("", False, "v3", TITLE, None)


def made(bench: Bench, attempt: str) -> Known:
    conference = bench.provider.create(EVENT, attempt, bench.call(attempt=attempt))
    return Known(conference.id, attempt, conference.host)


def address(bench: Bench, known: Known, visitor: Visitor) -> str:
    assert bench.provider.join
    return bench.provider.join(known, visitor, bench.call())


def test_calendar_has_our_own_page_just_where_visitors_are_sent_on_from_it(bench: Bench, attempt: str) -> None:
    conference = bench.provider.create(EVENT, attempt, bench.call(attempt=attempt))

    [link] = [point.uri for point in conference.entry_points if point.type == "VIDEO"]
    assert (link == LINK + attempt) is bool(bench.provider.join)
    assert bool(bench.provider.join) is bench.provider.declared.joins is bool(bench.harness.admits)


@pytest.mark.parametrize("visitor", [HOST, GUEST, NAMELESS], ids=["host", "guest", "nameless"])
def test_a_visitor_is_let_in_and_only_a_host_moderates(bench: Bench, attempt: str, visitor: Visitor) -> None:
    if not bench.harness.admits:
        return
    known = made(bench, attempt)

    for _ in range(2):
        assert bench.harness.admits(address(bench, known, visitor)) is visitor.host


def test_many_enter_at_once(bench: Bench, attempt: str) -> None:
    if not bench.harness.admits:
        return
    known = made(bench, attempt)

    with ThreadPoolExecutor(8) as pool:
        addresses = list(pool.map(lambda visitor: address(bench, known, visitor), [HOST, GUEST] * 8))
    assert [bench.harness.admits(one) for one in addresses] == [True, False] * 8


def test_the_way_into_one_conference_is_none_into_another(bench: Bench, attempt: str) -> None:
    if not bench.harness.admits:
        return
    first, second = made(bench, attempt), made(bench, new_attempt())

    stolen = address(bench, first, HOST).replace(first.id, second.id)
    with pytest.raises(TurnedAway):
        bench.harness.admits(stolen)


def test_the_address_is_one_for_a_browser_and_tells_nothing_of_the_event(bench: Bench, attempt: str) -> None:
    if not bench.harness.admits:
        return
    url = address(bench, made(bench, attempt), HOST)

    check_address("join", url)
    for private in (*PRIVATE, *bench.harness.hidden.values()):
        assert private not in url


def test_who_joins_and_how_is_not_logged(bench: Bench, attempt: str, caplog: pytest.LogCaptureFixture) -> None:
    if not bench.harness.admits:
        return
    with caplog.at_level(logging.DEBUG):
        url = address(bench, made(bench, attempt), HOST)

    told = caplog.text + " ".join(note for call in bench.calls for note in call.notes)
    for private in (HOST.name, HOST.id, url, url.partition("?")[2], *bench.harness.hidden.values()):
        assert private not in told


def test_without_the_secret_nobody_enters_and_it_is_said_why(bench: Bench, attempt: str) -> None:
    if not bench.harness.admits:
        return
    known = made(bench, attempt)

    class Missing(dict[str, str]):
        def __missing__(self, name: str) -> str:
            raise SecretUnavailable("secret-missing", name)

    assert bench.provider.join
    with pytest.raises(SecretUnavailable):
        bench.provider.join(known, HOST, bench.call(secrets=Missing()))

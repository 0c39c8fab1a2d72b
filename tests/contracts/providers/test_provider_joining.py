"""Whoever enters by our join page comes into the one conference, under their name, and as the host only if they are."""

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from conference.errors import SecretUnavailable
from conference.providers.base import Conference, Visitor, check_address
from tests.contracts.providers.conftest import new_attempt
from tests.contracts.providers.events import EVENT, PRIVATE
from tests.contracts.providers.harness import Bench, Entered, TurnedAway, guest_of, host_of, joins, known, page

HOST, GUEST = host_of(EVENT), guest_of(EVENT)


def created(joining: Bench, attempt: str) -> Conference:
    """The conference before anybody enters."""
    return joining.provider.create(EVENT, attempt, joining.call(attempt=attempt))


def address(joining: Bench, attempt: str, conference: Conference, visitor: Visitor) -> str:
    assert joining.provider.join
    return joining.provider.join(known(conference, attempt), visitor, joining.call(attempt=attempt))


def entered(joining: Bench, attempt: str, conference: Conference, visitor: Visitor) -> Entered:
    assert joining.harness.enters, "its harness has to say as whom an address lets somebody in"
    return joining.harness.enters(address(joining, attempt, conference, visitor))


def test_calendar_has_our_own_page_just_where_visitors_are_sent_on_from_it(
    bench: Bench, provider: str, attempt: str
) -> None:
    [video] = [point for point in created(bench, attempt).entry_points if point.type == "VIDEO"]

    assert (video.uri == page(attempt)) is bench.provider.declared.joins is bool(bench.provider.join)
    assert bench.provider.declared.joins is joins(provider) is bool(bench.harness.enters)


@pytest.mark.parametrize("order", ["hggh", "ghhg"])
def test_hosts_and_guests_who_come_and_come_again_meet_in_one_conference(
    joining: Bench, attempt: str, order: str
) -> None:
    conference = created(joining, attempt)
    visitors = {"h": HOST, "g": GUEST}

    who = [entered(joining, attempt, conference, visitors[one]) for one in order]

    assert {one.conference for one in who} == {conference.id}
    assert [(one.name, one.host) for one in who] == [("Ada", True) if one == "h" else ("Grace", False) for one in order]
    assert joining.harness.count() <= 1


def test_everybody_at_once_meets_in_one_conference(joining: Bench, attempt: str) -> None:
    conference = created(joining, attempt)
    visitors = [HOST, *(guest_of(EVENT, f"Guest {number}") for number in range(7))]

    with ThreadPoolExecutor(len(visitors)) as crowd:
        addresses = list(crowd.map(lambda visitor: address(joining, attempt, conference, visitor), visitors))

    assert joining.harness.enters
    assert {joining.harness.enters(url).conference for url in addresses} == {conference.id}
    assert joining.harness.count() <= 1


NAMES = [
    "Zoë Ångström-O'Neill",
    "a&role=MODERATOR&b",
    "100 % + #1 = ?",
    "<b>x</b>",
    "王小明 \U0001f469\u200d\U0001f680",
    "x" * 100,
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_comes_there_as_it_was_typed_and_gives_nobody_a_right(joining: Bench, attempt: str, name: str) -> None:
    who = entered(joining, attempt, created(joining, attempt), guest_of(EVENT, name))

    assert (who.name, who.host) == (name, False)


@pytest.mark.parametrize("visitor", [host_of(EVENT, ""), guest_of(EVENT, "")], ids=["host", "guest"])
def test_who_types_no_name_is_let_in_all_the_same(joining: Bench, attempt: str, visitor: Visitor) -> None:
    who = entered(joining, attempt, created(joining, attempt), visitor)

    assert who.host is visitor.host
    assert who.conference


def test_the_way_into_one_conference_is_none_into_another(joining: Bench, attempt: str) -> None:
    first, other = created(joining, attempt), new_attempt()
    second = created(joining, other)
    entered(joining, other, second, HOST)

    stolen = address(joining, attempt, first, HOST).replace(first.id, second.id)
    assert joining.harness.enters
    with pytest.raises(TurnedAway):
        joining.harness.enters(stolen)


def test_an_address_is_one_for_a_browser_and_tells_nothing_of_the_event(joining: Bench, attempt: str) -> None:
    conference = created(joining, attempt)

    for visitor in (HOST, GUEST):
        url = address(joining, attempt, conference, visitor)
        check_address("join", url)
        assert not [private for private in (*PRIVATE, *joining.harness.hidden.values()) if private in url]


def test_who_joins_and_how_is_not_logged(joining: Bench, attempt: str, caplog: pytest.LogCaptureFixture) -> None:
    visitor = host_of(EVENT, "Zoë Ångström")
    with caplog.at_level(logging.DEBUG):
        url = address(joining, attempt, created(joining, attempt), visitor)

    told = caplog.text + " ".join(note for call in joining.calls for note in call.notes)
    for private in (visitor.name, visitor.id, url, url.partition("?")[2], *joining.harness.hidden.values()):
        assert private not in told


class Missing(dict[str, str]):
    """Secrets of which none is there."""

    def __missing__(self, name: str) -> str:
        raise SecretUnavailable("secret-missing", name)


def test_without_the_secret_nobody_enters_and_it_is_said_why(joining: Bench, attempt: str) -> None:
    conference = created(joining, attempt)

    assert joining.provider.join
    with pytest.raises(SecretUnavailable):
        joining.provider.join(known(conference, attempt), HOST, joining.call(secrets=Missing(), attempt=attempt))


def test_without_the_secret_no_event_gets_a_link_that_nobody_can_enter_by(joining: Bench, attempt: str) -> None:
    with pytest.raises(SecretUnavailable):
        joining.provider.create(EVENT, attempt, joining.call(secrets=Missing(), attempt=attempt))

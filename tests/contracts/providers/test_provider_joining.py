"""Whoever enters by our join page comes into the one conference, under their name, and as the host only if they are."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from conference.providers.base import Conference, Visitor, origin
from tests.contracts.providers.events import EVENT, PRIVATE
from tests.contracts.providers.harness import Bench, Entered, guest_of, host_of, known, page


def created(joining: Bench, attempt: str) -> Conference:
    """The conference before anybody enters."""
    return joining.provider.create(EVENT, attempt, joining.call(attempt=attempt))


def address(joining: Bench, attempt: str, conference: Conference, visitor: Visitor) -> str:
    assert joining.provider.join
    return joining.provider.join(known(conference, attempt), visitor, joining.call(attempt=attempt))


def entered(joining: Bench, attempt: str, conference: Conference, visitor: Visitor) -> Entered:
    assert joining.harness.enters, "its harness has to say as whom an address lets somebody in"
    return joining.harness.enters(address(joining, attempt, conference, visitor))


def test_what_calendar_is_given_is_our_own_page(joining: Bench, attempt: str) -> None:
    [video] = [point for point in created(joining, attempt).entry_points if point.type == "VIDEO"]

    assert video.uri == page(attempt)


@pytest.mark.parametrize("order", ["hggh", "ghhg"])
def test_hosts_and_guests_who_come_and_come_again_meet_in_one_conference(
    joining: Bench, attempt: str, order: str
) -> None:
    conference = created(joining, attempt)
    visitors = {"h": host_of(EVENT), "g": guest_of(EVENT)}

    who = [entered(joining, attempt, conference, visitors[one]) for one in order]

    assert {one.conference for one in who} == {conference.id}
    assert [(one.name, one.host) for one in who] == [("Ada", True) if one == "h" else ("Grace", False) for one in order]
    assert joining.harness.count() <= 1


def test_everybody_at_once_meets_in_one_conference(joining: Bench, attempt: str) -> None:
    conference = created(joining, attempt)
    visitors = [host_of(EVENT), *(guest_of(EVENT, f"Guest {number}") for number in range(7))]

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


def test_an_address_tells_nothing_of_the_event_and_no_secret(joining: Bench, attempt: str) -> None:
    conference = created(joining, attempt)

    for visitor in (host_of(EVENT), guest_of(EVENT)):
        url = address(joining, attempt, conference, visitor)
        assert origin(url)
        assert not [private for private in (*PRIVATE, *joining.harness.secrets.values()) if private in url]

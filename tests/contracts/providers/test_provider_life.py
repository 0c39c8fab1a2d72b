"""A conference is made once for each attempt, found, changed, and deleted, as the provider declares it can."""

from typing import get_args
from urllib.parse import unquote_plus

import pytest
from msgspec.structs import replace

from conference.data import compose
from conference.errors import OutcomeUnknown, Permanent, Temporary
from conference.event import Event
from conference.providers.base import Changes, Conference, EventField, origin
from conference.solution import Solution
from tests.contracts.providers.conftest import new_attempt
from tests.contracts.providers.events import CHANGED, EVENT, ONE_CHANGE, PRIVATE
from tests.contracts.providers.harness import Bench, known
from tests.contracts.providers.wire import acts_and_hangs_up, hangs_up


def made(bench: Bench, attempt: str, event: Event = EVENT) -> Conference:
    return bench.made(event, attempt)


def test_what_is_made_is_a_conference_that_calendar_takes(bench: Bench, attempt: str) -> None:
    conference = made(bench, attempt)

    solution = Solution("canary", "Canary", "https://www.gstatic.com/x.png", bench.name, None)
    lost: list[str] = []
    data = compose(conference, solution, "mapping", lost.append)
    assert data.conference_id == conference.id
    assert [point.type for point in data.entry_points].count("VIDEO") == 1
    assert not lost


def test_each_attempt_has_a_conference_of_its_own(bench: Bench, attempt: str) -> None:
    assert made(bench, attempt).id != made(bench, new_attempt()).id


def test_the_link_cannot_be_guessed(bench: Bench) -> None:
    def link() -> str:
        return next(point.uri for point in made(bench, new_attempt()).entry_points if point.type == "VIDEO")

    first, second = link(), link()
    differing = sum(a != b for a, b in zip(first, second, strict=True))
    assert differing >= (1 if bench.harness.short_links else 8)


def test_the_same_attempt_gives_the_same_conference(bench: Bench, attempt: str) -> None:
    repeatable = bench.provider.declared.idempotency in ("chosen", "keyed")

    assert (made(bench, attempt) == made(bench, attempt, CHANGED)) is repeatable
    assert bench.harness.count() == (1 if repeatable else 2)


def test_f06_a_conference_whose_answer_was_lost_is_not_made_twice(bench: Bench, attempt: str) -> None:
    bench.wire.spoil(acts_and_hangs_up, bench.harness.decides or (lambda asked: True))
    if bench.harness.decides:
        with pytest.raises(OutcomeUnknown):
            made(bench, attempt)
    else:
        made(bench, attempt)
    bench.wire.spoil(None)

    idempotency = bench.provider.declared.idempotency
    if idempotency == "none":
        return
    conference = bench.provider.find(attempt, bench.call()) if bench.provider.find else made(bench, attempt)
    assert conference
    assert bench.harness.count() == 1
    if idempotency in ("chosen", "keyed"):
        assert conference.id == made(bench, attempt).id


def test_an_attempt_is_found_once_it_has_a_conference(bench: Bench, attempt: str) -> None:
    if not bench.provider.find:
        assert bench.provider.declared.idempotency != "searchable"
        return

    assert bench.provider.find(attempt, bench.call()) is None
    conference = made(bench, attempt)
    assert bench.provider.find(attempt, bench.call()) == conference
    assert bench.provider.find(new_attempt(), bench.call()) is None


def test_a_list_of_what_has_our_marker_is_of_what_was_made(bench: Bench, attempt: str) -> None:
    if not bench.provider.rooms:
        return
    assert bench.provider.rooms(bench.call()) == []
    made(bench, "no attempt of ours")
    first, second = made(bench, attempt), made(bench, other := new_attempt())
    listed = {one.attempt: one.id for one in bench.provider.rooms(bench.call())}
    assert (listed[attempt], listed[other]) == (first.id, second.id)


@pytest.mark.parametrize("field", get_args(EventField))
def test_a_change_reaches_the_system_and_nothing_else_does(bench: Bench, attempt: str, field: EventField) -> None:
    conference = made(bench, attempt)
    before = bench.harness.held(conference.id)
    assert before is not None
    if not bench.provider.update or field not in bench.provider.declared.updates:
        assert field not in before
        return
    changed = replace(EVENT, **{field: ONE_CHANGE[field]})

    bench.provider.update(known(conference, attempt), Changes(changed, frozenset({field})), bench.call())

    after = bench.harness.held(conference.id)
    assert after is not None
    assert after[field] != before[field]
    untouched = set(before) - {field} - ({"start", "end"} if field in ("start", "end", "recurrence") else set())
    assert {name: after[name] for name in untouched} == {name: before[name] for name in untouched}


def test_a_deleted_conference_is_gone_and_deleting_it_again_is_no_failure(bench: Bench, attempt: str) -> None:
    conference = made(bench, attempt)
    if not bench.provider.delete:
        assert not bench.provider.declared.deletes
        return
    assert bench.harness.held(conference.id) is not None

    bench.provider.delete(known(conference, attempt), bench.call())
    assert bench.harness.held(conference.id) is None
    bench.provider.delete(known(conference, attempt), bench.call())


def test_a_deletion_that_is_not_answered_can_be_repeated(bench: Bench, attempt: str) -> None:
    if not bench.provider.delete:
        return
    conference = made(bench, attempt)
    bench.wire.spoil(hangs_up)
    with pytest.raises(Temporary):
        bench.provider.delete(known(conference, attempt), bench.call())
    bench.wire.spoil(None)

    bench.provider.delete(known(conference, attempt), bench.call())
    assert bench.harness.held(conference.id) is None


def test_a_change_of_what_is_gone_is_a_failure_that_says_so(bench: Bench, attempt: str) -> None:
    if not (bench.provider.update and bench.provider.delete):
        return
    conference = made(bench, attempt)
    bench.provider.delete(known(conference, attempt), bench.call())

    changes = Changes(CHANGED, frozenset(bench.provider.declared.updates))
    with pytest.raises(Permanent):
        bench.provider.update(known(conference, attempt), changes, bench.call())


def test_nothing_private_stands_in_a_link_or_an_address(bench: Bench, attempt: str) -> None:
    conference = made(bench, attempt)

    texts = [conference.id, *(point.uri for point in conference.entry_points)]
    asked = [unquote_plus(asked.target) for asked in bench.wire.asked]
    if bench.harness.titles_in_query:
        asked = [text.replace(EVENT.summary, "") for text in asked]
    for private in (*PRIVATE, *bench.harness.hidden.values()):
        assert not [text for text in (*texts, *asked) if private in text]


def test_hosts_are_declared_as_origins(bench: Bench) -> None:
    hosts = bench.provider.declared.hosts(bench.call().options)

    assert hosts == tuple(origin(host) for host in hosts)
    assert set(hosts) == {origin(bench.wire.url)}, "the harness has nothing else to be asked"


def test_whose_access_token_it_is(bench: Bench) -> None:
    account = bench.provider.account
    if bench.provider.declared.oauth is None:
        assert account is None
        return
    assert account is not None
    found = account(bench.call())
    assert found.id or bench.harness.host
    assert "@" in found.address or not found.address

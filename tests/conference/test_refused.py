"""Whatever fails becomes a page with a status, a word for the log and a way on, and gives away nothing else."""

import logging

import pytest

from conference import refused
from conference.browser import Cookie, Sent, Visit
from conference.clock import Deadline
from conference.errors import (
    BadRequest,
    CredentialsRefused,
    NotConnected,
    NotFound,
    OutcomeUnknown,
    SecretUnavailable,
    SignInRefused,
    StoreUnavailable,
    TooLarge,
    Unavailable,
    Unknown,
)
from conference.legs import Legs
from tests.world import MovedClock

DETAIL = "canary-detail"


@pytest.fixture
def visit() -> Visit:
    clock = MovedClock()
    return Visit("zoom", {}, dict, {}, "en", "number-7", Deadline(clock, 15.0), Legs(clock))


@pytest.mark.parametrize(
    ("failure", "status", "said"),
    [
        (SignInRefused("denied", "denied", DETAIL), 400, "You did not allow it"),
        (NotFound("nothing-connects", DETAIL), 404, "There is nothing to connect here"),
        (StoreUnavailable("store-down", DETAIL), 503, "Try again in a minute"),
        (OutcomeUnknown("lost", DETAIL), 503, "Try again in a minute"),
        (Unavailable("no-keys", DETAIL), 503, "Try again in a minute"),
        (BadRequest("malformed", DETAIL), 400, "The sign-in was refused"),
        (TooLarge("too-large", DETAIL), 413, "The sign-in was refused"),
        (NotConnected("scopes", DETAIL), 400, "The sign-in was refused"),
        (SecretUnavailable("secret-missing", DETAIL), 500, "only your administrator can mend it"),
        (CredentialsRefused("token-refused", DETAIL), 500, "only your administrator can mend it"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_each_failure_has_its_page(visit: Visit, failure: Exception, status: int, said: str) -> None:
    sent = refused.page(visit, failure)
    page = sent.content.decode()
    assert (sent.status, sent.outcome) == (status, "refused")
    assert said in page
    assert f"number-7 ({getattr(failure, 'reason', '')})" in page
    assert DETAIL not in page
    assert (visit.note["reason"], visit.note["detail"]) == (getattr(failure, "reason", ""), DETAIL)
    assert sent.level == (logging.ERROR if status == 500 else logging.WARNING)


def test_a_defect_has_a_page_without_a_word_of_it(visit: Visit) -> None:
    sent = refused.page(visit, RuntimeError("canary"))
    assert (sent.status, sent.outcome, sent.level) == (500, "defect", logging.ERROR)
    assert "canary" not in sent.content.decode() + str(visit.note)


def test_there_is_a_way_on_but_from_where_there_is_nothing(visit: Visit) -> None:
    assert 'href="/connect/zoom"' in refused.page(visit, BadRequest("x"), "/connect/zoom").content.decode()
    assert 'href="/settings"' in refused.page(visit, BadRequest("x")).content.decode()
    assert "href" not in refused.page(visit, NotFound("x"), "/connect/zoom").content.decode()


def test_what_goes_well_is_shown_as_it_is(visit: Visit) -> None:
    good = Sent(200, {})
    assert refused.shown(visit, lambda: good, "/settings") is good


def test_a_failure_takes_the_flow_away(visit: Visit) -> None:
    def fails() -> Sent:
        raise Unknown("defect")

    ended = Cookie("flow", "", 0)
    assert refused.shown(visit, fails, "/settings", ended).cookies == (ended,)


def test_a_defect_is_left_to_who_logs_it(visit: Visit) -> None:
    def fails() -> Sent:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        refused.shown(visit, fails, "/settings")

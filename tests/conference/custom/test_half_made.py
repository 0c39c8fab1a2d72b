"""What a first request has made is not made again when a later one fails, unless the system knows our attempt."""

import pytest

from conference.attempt import Attempt
from conference.clock import Deadline
from conference.errors import ConferenceFailure, CredentialsRefused, PermissionDenied, Temporary
from conference.providers import of
from conference.providers.base import Idempotency, Reply
from conference.solution import Solution
from tests.conference.custom.asking import ATTEMPT, ROOMS, Asking, reply
from tests.contracts.providers.events import EVENT
from tests.world import MovedClock

TWO = [{"method": "POST", "url": ROOMS, "json": {"name": "{attempt}"}}, {"method": "POST", "url": f"{ROOMS}/dialins"}]


def asked(*replies: Reply, idempotency: Idempotency, meets: type[ConferenceFailure]) -> tuple[int, bool]:
    """How often the system was asked until that failure, and whether something may have been made then."""
    asking, clock = Asking(*replies, idempotency=idempotency, create=TWO), MovedClock()
    solution = Solution("acme", "Acme", "https://www.gstatic.com/x.png", "custom", asking.options)
    attempt = Attempt(
        of(solution),
        lambda deadline: asking.call(),
        ATTEMPT,
        EVENT,
        Deadline(clock, 18.0),
        clock,
        renew=lambda names: True,
        jitter=lambda: 0.5,
    )
    with pytest.raises(meets) as met:
        attempt.make()
    assert type(met.value) is meets
    return len(asking.asked), attempt.uncertain


@pytest.mark.parametrize(("status", "meets"), [(429, Temporary), (403, PermissionDenied), (401, CredentialsRefused)])
def test_a_system_that_would_make_a_second_one_is_not_asked_again(status: int, meets: type[ConferenceFailure]) -> None:
    assert asked(reply(), reply(status, None), idempotency="none", meets=meets) == (2, True)


def test_a_system_that_knows_our_attempt_is_asked_again() -> None:
    assert asked(reply(), reply(429, None), idempotency="chosen", meets=Temporary) == (4, True)


def test_where_the_first_request_is_refused_nothing_was_made() -> None:
    assert asked(reply(429, None), idempotency="none", meets=Temporary) == (3, False)

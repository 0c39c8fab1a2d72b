"""An attempt tries again only where a second conference cannot come of it, and reads refused credentials anew once."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from conference.attempt import Attempt, fitted
from conference.clock import Deadline
from conference.data import EntryPoint
from conference.errors import (
    ConferenceFailure,
    CredentialsRefused,
    InvalidConferenceData,
    OutcomeUnknown,
    Permanent,
    Temporary,
)
from conference.event import Event
from conference.http import HttpCall
from conference.providers import LoadedProvider
from conference.providers.base import Call, Conference, Idempotency, Limits, Provider, Reply, Request
from tests.world import MovedClock

ROOM = Conference("room-1", (EntryPoint("VIDEO", "https://x.example/1"),))
FOUND = Conference("room-2", ROOM.entry_points)
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


class Nobody:
    """A client that is never asked."""

    def exchange(self, request: Request, seconds: float, origins: frozenset[str], repeatable: bool) -> Reply:
        raise AssertionError("nothing is sent in these tests")


class System:
    """A conferencing system that answers by a script, and what it was asked."""

    def __init__(self, *answers: ConferenceFailure | Conference, idempotency: Idempotency = "keyed") -> None:
        self.clock = MovedClock()
        self.answers = list(answers)
        self.asked: list[str] = []
        self.renewed: list[frozenset[str]] = []
        self.titles: list[str] = []
        self.found: Conference | None = None
        self.provider = LoadedProvider(
            Provider("script", "secrets", idempotency, limits=Limits(summary=10, description=5)),
            self._create,
            None,
            None,
            self._find,
            None,
        )

    def attempt(
        self,
        *,
        resumed: bool = False,
        renew: Callable[[frozenset[str]], bool] | None = None,
        jitter: Callable[[], float] = lambda: 0.5,
    ) -> Attempt:
        def open_call(deadline: Deadline) -> HttpCall:
            return HttpCall(
                self.provider.declared, None, Nobody(), deadline, self.clock, lambda name: f"value of {name}"
            )

        def renewing(names: frozenset[str]) -> bool:
            self.renewed.append(names)
            return renew(names) if renew else False

        event = Event("e1", "c1", "A title that is long", NOON, NOON, "UTC", description="more than five")
        return Attempt(
            self.provider,
            open_call,
            "attempt-1",
            event,
            Deadline(self.clock, 18.0),
            self.clock,
            renew=renewing,
            jitter=jitter,
            resumed=resumed,
        )

    def _create(self, event: Event, attempt: str, call: Call) -> Conference:
        self.asked.append(f"create {attempt}")
        self.titles.append(event.summary)
        call.secret("secret:rooms-key")
        answer = self.answers.pop(0)
        if isinstance(answer, Conference):
            return answer
        raise answer

    def _find(self, attempt: str, call: Call) -> Conference | None:
        self.asked.append(f"find {attempt}")
        return self.found


def failure(attempt: Attempt) -> type[ConferenceFailure]:
    with pytest.raises(ConferenceFailure) as raised:
        attempt.make()
    return type(raised.value)


def test_a_conference_is_made_at_once() -> None:
    system = System(ROOM)
    assert system.attempt().make() == ROOM
    assert system.asked == ["create attempt-1"]


def test_f08_a_passing_failure_is_tried_twice_more_with_growing_pauses() -> None:
    system = System(*[Temporary("busy") for _ in range(5)])
    assert failure(system.attempt()) is Temporary
    assert len(system.asked) == 3
    assert system.clock.slept == [0.3, 1.0]


def test_f08_each_pause_is_spread_by_a_half_either_way() -> None:
    spread = iter([0.0, 1.0, 1.0, 0.0])
    for pauses in ([0.15, 1.5], [0.45, 0.5]):
        system = System(*[Temporary("busy") for _ in range(3)])
        assert failure(system.attempt(jitter=lambda: next(spread))) is Temporary
        assert system.clock.slept == pytest.approx(pauses)


@pytest.mark.parametrize("kind", ["keyed", "chosen"])
def test_f06_an_unknown_outcome_is_asked_again_where_the_same_attempt_gets_the_same_room(kind: Idempotency) -> None:
    system = System(OutcomeUnknown("cut"), ROOM, idempotency=kind)
    attempt = system.attempt()
    assert attempt.make() == ROOM
    assert attempt.uncertain


def test_f06_an_unknown_outcome_is_searched_for_before_it_is_tried_again() -> None:
    system = System(OutcomeUnknown("cut"), idempotency="searchable")
    system.found = FOUND
    assert system.attempt().make() == FOUND
    assert system.asked == ["create attempt-1", "find attempt-1"]


def test_f06_what_is_not_found_may_still_be_in_the_making_and_is_not_made_again() -> None:
    system = System(OutcomeUnknown("cut"), ROOM, idempotency="searchable")
    assert failure(system.attempt()) is OutcomeUnknown
    assert system.asked == ["create attempt-1", "find attempt-1", "find attempt-1"]


def test_f01_what_a_resumed_attempt_does_not_find_is_made() -> None:
    system = System(ROOM, idempotency="searchable")
    assert system.attempt(resumed=True).make() == ROOM
    assert system.asked == ["find attempt-1", "create attempt-1"]


def test_a_name_that_is_not_resolved_is_not_asked_for_again() -> None:
    system = System(Temporary("host-not-found"), ROOM)
    assert failure(system.attempt()) is Temporary
    assert len(system.asked) == 1


def test_f06_an_unknown_outcome_is_left_alone_where_nothing_finds_it() -> None:
    system = System(OutcomeUnknown("cut"), ROOM, idempotency="none")
    assert failure(system.attempt()) is OutcomeUnknown
    assert len(system.asked) == 1


def test_f01_a_resumed_attempt_is_searched_for_first() -> None:
    system = System(idempotency="searchable")
    system.found = FOUND
    assert system.attempt(resumed=True).make() == FOUND
    assert system.asked == ["find attempt-1"]


@pytest.mark.parametrize("refusal", [Permanent("bad"), InvalidConferenceData("uri-scheme")])
def test_a_refusal_is_not_tried_again(refusal: ConferenceFailure) -> None:
    system = System(refusal, ROOM)
    assert failure(system.attempt()) is type(refusal)
    assert len(system.asked) == 1


def test_f07_a_wait_is_kept_to_and_a_wait_past_the_deadline_is_not_begun() -> None:
    patient = System(Temporary("slow-down", retry_after=5), ROOM)
    assert patient.attempt().make() == ROOM
    assert patient.clock.slept == [5]
    hasty = System(Temporary("slow-down", retry_after=3600), ROOM)
    assert failure(hasty.attempt()) is Temporary
    assert hasty.clock.slept == []


def test_f70_refused_credentials_are_read_again_once_and_the_call_made_again() -> None:
    system = System(CredentialsRefused("key"), ROOM)
    assert system.attempt(renew=lambda names: True).make() == ROOM
    assert system.renewed == [frozenset({"rooms-key"})]


@pytest.mark.parametrize(("changed", "asked"), [(False, 1), (True, 2)])
def test_f70_credentials_that_stay_refused_are_permanent(changed: bool, asked: int) -> None:
    system = System(CredentialsRefused("key"), CredentialsRefused("key"))
    assert failure(system.attempt(renew=lambda names: changed)) is CredentialsRefused
    assert (len(system.asked), len(system.renewed)) == (asked, 1)


def test_f13_texts_are_shortened_to_what_the_system_takes() -> None:
    system = System(ROOM)
    system.attempt().make()
    assert system.titles == ["A title t…"]


def test_a_description_in_html_is_told_as_text_and_shortened_as_such() -> None:
    event = Event("e1", "c1", "A title", NOON, NOON, "UTC", description="<p><b>Tea</b> &amp; <i>cake</i></p>")
    assert fitted(event, Limits()).description == "Tea & cake"
    assert fitted(event, Limits(description=5)).description == "Tea\u2026"

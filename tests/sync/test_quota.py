"""Whoever meets the end of Calendar's quota makes the others wait that share it, and nobody else."""

import pytest

from conference.errors import OverQuota
from sync.quota import Quota
from tests.world import MovedClock

OF_USER, OF_PROJECT = OverQuota("calendar-unavailable", "", "user"), OverQuota("calendar-unavailable", "", "project")


class Desk:
    """The quota, and its clock."""

    def __init__(self) -> None:
        self.clock = MovedClock()
        self.quota = Quota(self.clock, lambda: 0.5)

    def waits(self, user: str) -> bool:
        try:
            self.quota.check(user)
        except OverQuota as over:
            return over.reason == "calendar-quota"
        return False


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_f62_who_is_over_their_own_quota_waits_alone(desk: Desk) -> None:
    desk.quota.met("ada", "user")
    assert (desk.waits("ada"), desk.waits("bob"), desk.waits("")) == (True, False, False)
    desk.clock.advance(61)
    assert not desk.waits("ada")


def test_f62_when_the_project_is_over_quota_everybody_waits(desk: Desk) -> None:
    desk.quota.met("ada", "project")
    assert desk.waits("ada")
    assert desk.waits("bob")
    desk.clock.advance(61)
    assert not desk.waits("bob")


def test_f62_each_refusal_in_a_row_makes_the_wait_longer_until_calendar_answers(desk: Desk) -> None:
    for minutes in (1, 2, 4):
        desk.quota.met("ada", "user")
        desk.clock.advance(60 * minutes - 1)
        assert desk.waits("ada")
        desk.clock.advance(2)
        assert not desk.waits("ada")
    desk.quota.answered("ada")
    desk.quota.met("ada", "user")
    desk.clock.advance(61)
    assert not desk.waits("ada")


def test_f62_an_answer_to_one_user_ends_neither_the_projects_wait_nor_another_users(desk: Desk) -> None:
    desk.quota.met("ada", "project")
    desk.quota.met("bob", "user")
    desk.quota.answered("ada")
    assert (desk.waits("ada"), desk.waits("bob")) == (True, True)


def test_the_projects_wait_begins_anew_once_calendar_answers_after_it(desk: Desk) -> None:
    desk.quota.met("ada", "project")
    desk.clock.advance(61)
    desk.quota.answered("ada")
    desk.quota.met("ada", "project")
    desk.clock.advance(61)
    assert not desk.waits("ada")


def test_of_very_many_users_the_longest_waiting_is_forgotten(desk: Desk) -> None:
    for number in range(10_001):
        desk.quota.met(str(number), "user")
    assert (desk.waits("0"), desk.waits("1"), desk.waits("10000")) == (False, True, True)

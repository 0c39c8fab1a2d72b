"""A run reads with the relayer's token, or with that of the keeper whom the record names, and with nobody else's."""

import logging

import pytest

from conference.clock import Deadline, SystemClock
from conference.errors import ConferenceFailure, PermissionDenied
from simulator import ids
from sync.access import Delegated, Relayed
from sync.credentials import SCOPES, Delegation
from sync.records import CalendarRecord, Keeper
from tests.cloud import cloud

ADA = Keeper("1", "ada@example.com")
CALENDAR = CalendarRecord(calendar="team@example.com", keeper=ADA)


def soon() -> Deadline:
    return Deadline(SystemClock(), 5.0)


def test_a_relayed_token_is_the_only_one() -> None:
    relayed = Relayed(ADA, "token")
    assert (relayed.newcomer, relayed.token(CALENDAR, soon()), relayed.quota_user(CALENDAR)) == (ADA, "token", "")
    assert not relayed.forget(CALENDAR, "token")
    assert relayed.token(CALENDAR, soon()) == "token"


def test_a_delegated_token_is_the_keepers_and_another_one_once_it_is_forgotten() -> None:
    with cloud() as google:
        google.simulator.add_user(ADA.email)
        google.simulator.delegation.authorise(ids.DELEGATE_SERVICE_ACCOUNT, SCOPES, "example.com")
        delegation = Delegation(
            ids.DELEGATE_SERVICE_ACCOUNT, google.token, google.send, google.clock, iam=google.url, oauth2=google.url
        )
        delegated = Delegated(delegation)
        token = delegated.token(CALENDAR, google.deadline())
        assert google.simulator.tokens.holder(f"Bearer {token}", SCOPES) == ADA.email
        assert (delegated.newcomer, delegated.quota_user(CALENDAR)) == (None, "1")
        assert delegated.forget(CALENDAR, "another")
        assert delegated.token(CALENDAR, google.deadline()) == token
        assert delegated.forget(CALENDAR, token)
        assert delegated.token(CALENDAR, google.deadline()) != token


def test_without_a_keeper_nobody_is_impersonated() -> None:
    with cloud() as google:
        delegation = Delegation("a@b.c", google.token, google.send, google.clock, iam=google.url, oauth2=google.url)
        delegated, nobody = Delegated(delegation), CalendarRecord(calendar="team@example.com")
        with pytest.raises(PermissionDenied) as raised:
            delegated.token(nobody, google.deadline())
        assert raised.value.reason == "no-keeper"
        assert delegated.quota_user(nobody) == ""
        assert len(google.simulator.requests) == 0


@pytest.mark.parametrize(
    ("scopes", "signers", "level", "reason"),
    [
        (SCOPES, False, logging.ERROR, "sign-jwt-refused"),
        ((), True, logging.WARNING, "delegation-refused"),
        (SCOPES, True, logging.WARNING, "keeper-refused"),
    ],
)
def test_only_a_setting_of_ours_wakes_somebody(
    scopes: tuple[str, ...], signers: bool, level: int, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Ada's account is not there. What the line says names nobody."""
    with cloud() as google:
        google.simulator.delegation.authorise(ids.DELEGATE_SERVICE_ACCOUNT, scopes, "example.com")
        if not signers:
            google.simulator.delegation.signers.clear()
        delegation = Delegation(
            ids.DELEGATE_SERVICE_ACCOUNT, google.token, google.send, google.clock, iam=google.url, oauth2=google.url
        )
        with pytest.raises(ConferenceFailure):
            Delegated(delegation).token(CALENDAR, google.deadline())
    [line] = [record for record in caplog.records if record.name == "anyroom.access"]
    fields = line.__dict__["fields"]
    assert (line.levelno, fields["reason"]) == (level, reason)
    assert fields["detail"]
    assert "@" not in fields["detail"]

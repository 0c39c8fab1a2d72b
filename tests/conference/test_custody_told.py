"""A token that cannot be had is a line of the log that metrics count: of which solution, why, and once each time."""

import logging

import pytest

from conference.errors import AnyroomError, CredentialsRefused, NotConnected, OutcomeUnknown, Temporary
from tests.conference.test_custody_exactly import Desk, failure
from tests.conference.test_custody_exactly import desk as desk
from tests.custodian import ROOMS


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (OutcomeUnknown("cut"), "refresh-unknown"),
        (NotConnected("grant-refused"), "grant-refused"),
        (CredentialsRefused("token-refused"), "token-refused"),
        (Temporary("token-503"), "token-503"),
    ],
)
def test_a_refresh_that_fails_is_counted_once_by_its_reason(
    desk: Desk, caplog: pytest.LogCaptureFixture, reply: AnyroomError, reason: str
) -> None:
    desk.connect(lifetime=10.0)
    desk.at(10)
    desk.server.replies = [reply]
    with caplog.at_level(logging.INFO, "anyroom"):
        failure(desk.token)
    [line] = [line for line in caplog.records if hasattr(line, "fields")]
    assert line.__dict__["fields"] == {"kind": "token", "credential": ROOMS, "reason": reason}
    assert (line.levelno, line.getMessage()) == (logging.WARNING, f"connection to {ROOMS}: {reason}")

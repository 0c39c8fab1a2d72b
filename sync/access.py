"""With whose access token a run reads a calendar: the relayer's own, or the keeper's by delegation."""

import logging
from typing import Protocol

from conference.clock import Deadline
from conference.errors import ConferenceFailure, Permanent, PermissionDenied
from sync.records import CalendarRecord, Keeper

_log = logging.getLogger("anyroom.access")


class Access(Protocol):
    """The credential of one run."""

    @property
    def newcomer(self) -> Keeper | None:
        """Who becomes the keeper when the calendar has none that it can rely on."""

    def quota_user(self, calendar: CalendarRecord) -> str:
        """Whose quota the run's requests are counted for, "" for that of whom the token is of."""

    def token(self, calendar: CalendarRecord, deadline: Deadline) -> str:
        """An access token. Raises PermissionDenied when there is none to be had, Temporary."""

    def forget(self, calendar: CalendarRecord, token: str) -> bool:
        """Use a token no more that Calendar refused: whether there will be another one for the same keeper."""


class Relayed:
    """The token that a trigger of the add-on brought along, used for one run and stored nowhere."""

    def __init__(self, user: Keeper, token: str) -> None:
        self._user = user
        self._token = token

    @property
    def newcomer(self) -> Keeper | None:
        """The user whose trigger it was."""
        return self._user

    def quota_user(self, calendar: CalendarRecord) -> str:
        """The token's own user."""
        return ""

    def token(self, calendar: CalendarRecord, deadline: Deadline) -> str:
        """The token."""
        return self._token

    def forget(self, calendar: CalendarRecord, token: str) -> bool:
        """There is no other one."""
        return False


class Impersonation(Protocol):
    """Access tokens of a domain's users: sync.credentials.Delegation."""

    def access_token(self, email: str, deadline: Deadline) -> str:
        """An access token of that user. Raises PermissionDenied, Temporary, Permanent."""

    def forget(self, email: str, token: str) -> None:
        """Have the user's next token be another one than this."""


class Delegated:
    """The keeper's token, by domain-wide delegation: always of the verified address that the record names."""

    newcomer = None

    def __init__(self, delegation: Impersonation) -> None:
        self._delegation = delegation

    def quota_user(self, calendar: CalendarRecord) -> str:
        """The keeper: otherwise all of a domain would share the service account's."""
        return calendar.keeper.sub if calendar.keeper else ""

    def token(self, calendar: CalendarRecord, deadline: Deadline) -> str:
        """A token of the calendar's keeper."""
        if calendar.keeper is None:
            raise PermissionDenied("no-keeper", "nobody with the right role has created a conference yet")
        try:
            return self._delegation.access_token(calendar.keeper.email, deadline)
        except ConferenceFailure as failure:
            _report(failure)
            raise

    def forget(self, calendar: CalendarRecord, token: str) -> bool:
        """The keeper's next token is a new one."""
        assert calendar.keeper
        self._delegation.forget(calendar.keeper.email, token)
        return True


def _report(failure: ConferenceFailure) -> None:
    """A keeper's token cannot be had: what is a setting of ours, and stops every calendar, wakes somebody."""
    level = logging.ERROR if isinstance(failure, Permanent) else logging.WARNING
    line = {"kind": "token", "credential": "delegation", "reason": failure.reason, "detail": failure.detail}
    _log.log(level, "no token of a keeper: %s", failure.reason, extra={"fields": line})

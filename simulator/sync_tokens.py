"""Sync tokens: opaque, each good for one caller's one query of one calendar, until it is expired.

Source: Calendar API, "Synchronize resources efficiently"; events.list, syncToken.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from simulator.errors import FULL_SYNC_REQUIRED, GoogleError, bad_request

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


Window = Mapping[str, list[str]]
"""The parameters timeMin and timeMax of a list."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a token stands for: the changes after `change`, and the time window of the list that began the sync."""

    email: str
    query: str
    change: int
    window: Window


class SyncTokens:
    """The tokens that were given out and have not expired. Its user holds the calendars' lock."""

    def __init__(self, randomness: random.Random) -> None:
        self._random = randomness
        self._given: dict[str, dict[str, Meaning]] = {}

    def give(self, calendar_id: str, meaning: Meaning) -> str:
        """A token for what happens to the calendar from then on."""
        token = "".join(self._random.choices(_LETTERS, k=40)) + "="
        self._given.setdefault(calendar_id, {})[token] = meaning
        return token

    def use(self, token: str, calendar_id: str, email: str, query: str) -> Meaning:
        """What the token stands for.

        Raises GoogleError 410 when it is not good for this caller and calendar, and 400 for another query.
        """
        meaning = self._given.get(calendar_id, {}).get(token)
        if meaning is None or meaning.email != email:
            raise GoogleError(FULL_SYNC_REQUIRED)
        if meaning.query != query:
            raise bad_request("Sync token cannot be used with other parameters than those of the initial request.")
        return meaning

    def expire(self, calendar_id: str, email: str | None = None) -> None:
        """Make the calendar's tokens worthless: those of one user, or all."""
        kept = self._given.pop(calendar_id, {})
        if email is not None:
            self._given[calendar_id] = {token: mean for token, mean in kept.items() if mean.email != email}

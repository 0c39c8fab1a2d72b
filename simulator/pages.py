"""Page tokens: each stands for the rest of one list, as one caller asked for it; a test may have them misbehave."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from simulator.errors import bad_parameter
from simulator.ledger import Ledger
from simulator.sync_tokens import Meaning


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left of a list: the ids of its events in order, from `at` on.

    `next` is what the sync token on the last page will stand for, and `incremental` whether one began the list.
    """

    calendar: str
    call: str
    order: tuple[str, ...]
    next: Meaning
    incremental: bool
    at: int = 0


class Pages:
    """The page tokens that were given out; their user holds the calendars' lock.

    The next `empty` pages hold no event and lose none: their nextPageToken leads on. While `repeating`, a page that was
    asked for with a token, and is not the last, names that token again.
    """

    def __init__(self, calendars: Ledger) -> None:
        self._calendars = calendars
        self._rests: dict[str, Rest] = {}
        self.empty = 0
        self.repeating = False

    def rest(self, token: str, calendar_id: str, call: str) -> Rest:
        """What a token stands for. Raises GoogleError 400 when it was not given to this call."""
        rest = self._rests.get(token)
        if rest is None or (rest.calendar, rest.call) != (calendar_id, call):
            raise bad_parameter("pageToken", "Invalid Value")
        return rest

    def turn(self, rest: Rest, size: int, token: str | None) -> tuple[tuple[str, ...], str | None]:
        """The ids of the next page, at most `size`, and the token of the one behind it, None at the end.

        `token` is the one that this page was asked for with.
        """
        if self.empty:
            self.empty -= 1
            size = 0
        end = rest.at + size
        ids = rest.order[rest.at : end]
        if size and end >= len(rest.order):
            return ids, None
        if self.repeating and token is not None:
            return ids, token
        following = self._calendars.new_id()
        self._rests[following] = replace(rest, at=end)
        return ids, following


def essence(email: str, parameters: Mapping[str, list[str]]) -> str:
    """What must not change from page to page."""
    return json.dumps([email, sorted((name, value) for name, value in parameters.items() if name != "pageToken")])

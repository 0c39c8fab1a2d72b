"""A page in place of an error: what a visitor is told when something could not be done, and a word for the log."""

import logging
from collections.abc import Callable

from conference import pages
from conference.browser import Cookie, Sent, Visit
from conference.errors import (
    AnyroomError,
    ConferenceFailure,
    NotFound,
    Permanent,
    RequestRefused,
    SignInRefused,
    Temporary,
    Unavailable,
)

SETTINGS = "/settings"
"""Where everybody may go on."""


def shown(visit: Visit, work: Callable[[], Sent], again: str, *cookies: Cookie) -> Sent:
    """What that gives, or a page that says why not; `again` is where to begin anew. Raises nothing of our tree."""
    try:
        return work()
    except (RequestRefused, ConferenceFailure) as failure:
        return page(visit, failure, again, *cookies)


def page(
    visit: Visit, failure: Exception, again: str = "", *cookies: Cookie, email: str = "", expected: str = ""
) -> Sent:
    """The page of a failure. Nothing that the other side said is on it, and of a defect no word.

    Who followed a join link goes on there, and everybody else at the settings, unless `again` is another place.
    `email` and `expected` are who is signed in, and who should be, where that is what is wrong.
    """
    text, status, level = _kind(failure)
    reason, detail = (failure.reason, failure.detail) if isinstance(failure, AnyroomError) else ("defect", "")
    visit.note.update(reason=reason, detail=detail)
    made = pages.render(
        "refused",
        pages.language(visit.languages),
        text=text,
        reason=reason,
        request=visit.number,
        again="" if text == "unknown" else again or (f"/join/{visit.token}" if visit.token else SETTINGS),
        email=email,
        expected=expected,
    )
    outcome = "refused" if isinstance(failure, AnyroomError) else "defect"
    return Sent(status, made.headers, made.content, cookies, outcome, level)


def _kind(failure: Exception) -> tuple[str, int, int]:
    """The text, the status, and the level of the log line: our settings and defects wake somebody."""
    if isinstance(failure, SignInRefused):
        return failure.text, failure.status, logging.WARNING
    if isinstance(failure, NotFound):
        return "unknown", failure.status, logging.WARNING
    if isinstance(failure, Temporary | Unavailable):
        return "busy", Unavailable.status, logging.WARNING
    if isinstance(failure, RequestRefused):
        return "other", failure.status, logging.WARNING
    if isinstance(failure, ConferenceFailure) and not isinstance(failure, Permanent):
        return "other", SignInRefused.status, logging.WARNING
    return "broken", 500, logging.ERROR

"""What the add-on calls: proof of who calls before all else, the user's budget, the work, the answer in their shape."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from conference import addon, audit
from conference.addon import AddOnRequest
from conference.budget import Budget
from conference.clock import Deadline
from conference.create import Creation, Ports, Wanted
from conference.data import ConferenceData, ConferenceFailed
from conference.errors import (
    AuthenticationRequired,
    ConferenceFailure,
    InvalidConferenceData,
    NotConnected,
    NotFound,
    Permanent,
    SolutionForbidden,
    Temporary,
    TooManyRequests,
    Unauthenticated,
    Unknown,
)
from conference.identity import User, Verifier
from conference.legs import Legs
from conference.solution import Solution

_log = logging.getLogger("anyroom.endpoint")


@dataclass
class Incoming:
    """One request, without its transport. `url` is its path with the query; `body` reads it, once; `note` is what the
    log line will say."""

    url: str
    authorization: str
    solution: str
    body: Callable[[], bytes]
    deadline: Deadline
    legs: Legs
    note: dict[str, Any] = field(default_factory=dict)


class Answer(NamedTuple):
    """JSON values to answer with, and what the log line says of it; none are sent with the status 204."""

    body: Mapping[str, Any]
    outcome: str = "ok"
    level: int = logging.INFO
    status: int = 200


class AddOnEndpoint:
    """Answers the add-on. `public_url` is the function's own address, "" when it is not set; `link` is the address at
    which a user connects a solution.
    """

    def __init__(
        self,
        verifier: Verifier,
        budget: Budget,
        solutions: Mapping[str, Solution],
        ports: Ports,
        public_url: str,
        reply: Literal["bare", "wrapped"],
        link: Callable[[User, str], str],
    ) -> None:
        self._verifier = verifier
        self._budget = budget
        self._solutions = solutions
        self._ports = ports
        self._public_url = public_url
        self._wrapped = reply == "wrapped"
        self._link = link

    def create_conference(self, incoming: Incoming) -> Answer:
        """The ConferenceData of an event, or one that carries a ConferenceError. Raises RequestRefused."""
        request, caller = self.caller(incoming)
        solution = self._solutions.get(incoming.solution)
        if solution is None:
            raise NotFound("unknown-solution")
        incoming.note["solution"] = solution.id
        request = addon.require_event(request).of(caller.email)
        wanted = Wanted(caller, solution, request.calendar_id, request.event_id, request.access_token)
        outcome, level = "conference", logging.INFO
        data: ConferenceData | ConferenceFailed
        try:
            data = self._conference(wanted, incoming)
        except ConferenceFailure as failure:
            incoming.note.update(reason=failure.reason, detail=failure.detail)
            if isinstance(failure, SolutionForbidden):
                audit.record(
                    "policy", audit.subject(caller.sub), "refusal", solution=solution.id, reason=failure.reason
                )
            data = _failed(failure)
            outcome, level = data.error_type, _level(failure)
        return Answer(addon.render(request.shape, data, self._wrapped), outcome, level)

    def settings_url(self, incoming: Incoming) -> Answer:
        """The address of the settings page. Raises RequestRefused."""
        request, caller = self.caller(incoming)
        if wait := self._budget.spend(caller.sub):
            raise TooManyRequests("budget", wait)
        if not self._public_url:
            raise NotFound("no-public-url", "ANYROOM_PUBLIC_URL is not set")
        return Answer(addon.render_settings_url(request.shape, f"{self._public_url}/settings", self._wrapped))

    def _conference(self, wanted: Wanted, incoming: Incoming) -> ConferenceData:
        if wait := self._budget.spend(wanted.caller.sub):
            raise Temporary("budget", "the caller asks too often", retry_after=wait)
        try:
            with self._budget.turn(wanted.caller.sub):
                return Creation(wanted, self._ports, incoming.deadline, incoming.legs).run()
        except NotConnected as failure:
            link = self._link(wanted.caller, wanted.solution.id)
            raise AuthenticationRequired(failure.reason, link, failure.detail) from failure
        except ConferenceFailure:
            raise
        except Exception as defect:
            _log.error("a defect of ours", exc_info=defect)
            raise Unknown("defect", type(defect).__name__) from defect

    def caller(self, incoming: Incoming) -> tuple[AddOnRequest, User]:
        """What was sent and who sent it. The body is not read before its sender is proved. Raises RequestRefused."""
        scheme, _, bearer = incoming.authorization.partition(" ")
        if scheme.lower() != "bearer" or not bearer:
            raise Unauthenticated("no-token")
        with incoming.legs.leg("identity"):
            user = self._script_user(bearer, incoming)
        request = addon.parse(incoming.body())
        if (user is None) != (request.shape == "addon"):
            raise Unauthenticated("another-shape", "the token is of the other kind of add-on")
        return request, user or self._verifier.addon_user(request.user_token)

    def _script_user(self, bearer: str, incoming: Incoming) -> User | None:
        """The user of the Apps Script add-on, None when the HTTP add-on calls. Raises Unauthenticated."""
        try:
            return self._verifier.script_user(bearer)
        except Unauthenticated as refused:
            try:
                self._verifier.check_addon(bearer, self._audiences(incoming))
            except Unauthenticated as also:
                raise (refused if also.reason == "addon-not-accepted" else also) from None
            return None

    def _audiences(self, incoming: Incoming) -> frozenset[str]:
        """This route's URL, with its query and without: which of them Google signs for is not documented."""
        url = self._public_url + incoming.url
        return frozenset({url, url.partition("?")[0]}) if self._public_url else frozenset()


def _failed(failure: ConferenceFailure) -> ConferenceFailed:
    if not isinstance(failure, AuthenticationRequired):
        return ConferenceFailed(failure.error_type)
    try:
        return ConferenceFailed(failure.error_type, failure.authentication_url)
    except InvalidConferenceData as invalid:
        _log.warning("the sign-in address is not valid: %s", invalid.reason)
        return ConferenceFailed("TEMPORARY")


def _level(failure: ConferenceFailure) -> int:
    """Defects and settings of ours wake somebody; what a user or another system does is a warning."""
    return logging.ERROR if isinstance(failure, Unknown | Permanent | InvalidConferenceData) else logging.WARNING

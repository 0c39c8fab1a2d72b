"""Every error Anyroom raises, in one tree: the class says what the caller gets and whether trying again may help.

AnyroomError
    ConferenceFailure         answered as a ConferenceError inside ConferenceData, HTTP 200
        AuthenticationRequired    AUTHENTICATION: the user has to sign in at `authentication_url`
        NotConnected              AUTHENTICATION: the user has no connection that can be used
        SolutionForbidden         CONFERENCE_SOLUTION_FORBIDDEN: this user may not use this solution
        PermissionDenied          PERMISSION_DENIED: this user may not do this
        Temporary                 TEMPORARY: nothing was made; choosing the solution again may work
            OutcomeUnknown        the conferencing system may have acted: the claim stays
            OverQuota             Calendar asks us to come back later
            StoreUnavailable      the store did not answer
            InvalidConferenceData what the conferencing system gave is no valid ConferenceData
        Permanent                 PERMANENT: trying again without a change will not help
            CredentialsRefused    the conferencing system refused our own credentials
            SecretUnavailable     a secret is missing, empty or unreadable
        Unknown                   UNKNOWN: a defect of ours
    RequestRefused            answered with an HTTP status
        BadRequest 400  Unauthenticated 401  NotFound 404  MethodNotAllowed 405  TooLarge 413  TooManyRequests 429
        Unavailable 503  SignInRefused 400
    InvalidSetting            stops the start, with one line that names the setting
    Conflict                  a document of the store is not as it was read
    CursorExpired             a list of changes cannot go on: list everything
        PageTooLarge          in smaller pages
    Overtaken                 another run has this one's lease
    Unsealable                what was sealed does not open

`reason` is a short word for logs and metrics. `detail` is for the log: it never holds a secret, a token, an e-mail
address or an event's title.
"""

from typing import ClassVar, Literal

from conference.limits import ErrorType


class AnyroomError(Exception):
    """The root."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class ConferenceFailure(AnyroomError):
    """A failure that Calendar is told as a ConferenceError of type `error_type`.

    `retry_after` is in seconds: when the same may work, where that is known.
    """

    error_type: ClassVar[ErrorType] = "UNKNOWN"
    retry_after: float | None = None


class AuthenticationRequired(ConferenceFailure):
    """The user must sign in at `authentication_url` (http or https, at most 1,300 characters) first."""

    error_type = "AUTHENTICATION"

    def __init__(self, reason: str, authentication_url: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.authentication_url = authentication_url


class NotConnected(ConferenceFailure):
    """The user has not connected the solution, or must connect it again: who answers the user knows where."""

    error_type = "AUTHENTICATION"


class SolutionForbidden(ConferenceFailure):
    """The user may not use this solution, but perhaps another one of the add-on."""

    error_type = "CONFERENCE_SOLUTION_FORBIDDEN"


class PermissionDenied(ConferenceFailure):
    """The user may not act on this calendar, or not in this way at the conferencing system."""

    error_type = "PERMISSION_DENIED"


class Temporary(ConferenceFailure):
    """Nothing was made; the same request may work later."""

    error_type = "TEMPORARY"

    def __init__(self, reason: str, detail: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(reason, detail)
        self.retry_after = retry_after


class OutcomeUnknown(Temporary):
    """The conferencing system may or may not have acted (a time-out, a cut connection): the claim stays."""


class OverQuota(Temporary):
    """Calendar's quota is used up: `scope` says whose, the "user"'s or the whole "project"'s."""

    def __init__(self, reason: str, detail: str, scope: Literal["user", "project"]) -> None:
        super().__init__(reason, detail)
        self.scope = scope


class StoreUnavailable(Temporary):
    """The store did not answer."""


class InvalidConferenceData(Temporary):
    """No valid ConferenceData can be made of this. The detail tells a length, a count or a scheme, never the value."""


class Permanent(ConferenceFailure):
    """The same request will fail again until somebody changes the event, the settings or the system."""

    error_type = "PERMANENT"


class CredentialsRefused(Permanent):
    """The conferencing system refused the credentials of the solution (not of the user)."""


class SecretUnavailable(Permanent):
    """A secret is missing, empty or unreadable; the detail names the secret and the role that is needed."""


class Unknown(ConferenceFailure):
    """A defect of ours."""

    error_type = "UNKNOWN"


class RequestRefused(AnyroomError):
    """A request that is answered with the HTTP status `status` and nothing read or written."""

    status: ClassVar[int] = 400


class BadRequest(RequestRefused):
    """The request is malformed; the reason says how."""

    status = 400


class Unauthenticated(RequestRefused):
    """The caller did not prove who calls."""

    status = 401


class NotFound(RequestRefused):
    """No such route, solution or document."""

    status = 404


class MethodNotAllowed(RequestRefused):
    """The route exists, with other methods."""

    status = 405


class TooLarge(RequestRefused):
    """The body is over the cap."""

    status = 413


class TooManyRequests(RequestRefused):
    """The caller is over the budget; `retry_after` is in seconds."""

    status = 429

    def __init__(self, reason: str, retry_after: float) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Unavailable(RequestRefused):
    """Who calls cannot be proved right now, or what they tell not be recorded: it is to be sent again."""

    status = 503


class SignInRefused(RequestRefused):
    """A sign-in cannot be finished, and nothing was stored; `text` names what the page says of it."""

    def __init__(self, reason: str, text: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.text = text


class InvalidSetting(AnyroomError):
    """A setting is missing or wrong; the message is one line that names it and says what to do.

    `path` is where it stands in a solution's table, where its line is to be told: keys, and numbers in lists.
    """

    def __init__(self, reason: str, detail: str = "", *, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(reason, detail)
        self.path = path


class Conflict(AnyroomError):
    """A document is not as it was read: read again and decide again."""


class CursorExpired(AnyroomError):
    """Calendar answers 410: the sync token, or the page of a list, is good for nothing any more."""


class PageTooLarge(CursorExpired):
    """A page of a list has more bytes than we read: with fewer events each the list must begin anew."""


class Overtaken(AnyroomError):
    """Another run has the calendar's lease: this one commits nothing more."""


class Unsealable(AnyroomError):
    """What was sealed does not open here: it was changed, belongs elsewhere, or its key is not among ours."""

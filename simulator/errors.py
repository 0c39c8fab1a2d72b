"""Google's error replies, as its Calendar API sends them: the known ones as data, and one exception that carries one.

Source: Google Calendar API, "Handle API errors", and replies quoted in issues of Google's client libraries.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

REALM: Final = 'Bearer realm="https://accounts.google.com/"'


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """One error reply: `location` is a pair such as ("parameter", "timeMax")."""

    status: int
    reason: str
    message: str
    domain: str = "global"
    location: tuple[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The reply's JSON."""
        detail = {"domain": self.domain, "reason": self.reason, "message": self.message}
        if self.location:
            detail["locationType"], detail["location"] = self.location
        return {"error": {"errors": [detail], "code": self.status, "message": self.message}}


class GoogleError(Exception):
    """A request that is answered with an error reply."""

    def __init__(self, reply: ErrorReply) -> None:
        super().__init__(reply.message)
        self.reply = reply


LOGIN_REQUIRED: Final = ErrorReply(
    401, "required", "Login Required.", location=("header", "Authorization"), headers={"WWW-Authenticate": REALM}
)
INVALID_CREDENTIALS: Final = ErrorReply(
    401,
    "authError",
    "Invalid Credentials",
    location=("header", "Authorization"),
    headers={"WWW-Authenticate": f'{REALM}, error="invalid_token"'},
)
INSUFFICIENT_SCOPES: Final = ErrorReply(
    403,
    "insufficientPermissions",
    "Request had insufficient authentication scopes.",
    headers={"WWW-Authenticate": f'{REALM}, error="insufficient_scope"'},
)
NEEDS_WRITER: Final = ErrorReply(
    403, "requiredAccessLevel", "You need to have writer access to this calendar.", "calendar"
)
FORBIDDEN: Final = ErrorReply(403, "forbidden", "Forbidden")
FORBIDDEN_FOR_NON_ORGANIZER: Final = ErrorReply(
    403, "forbiddenForNonOrganizer", "Shared properties can only be changed by the organizer of the event.", "calendar"
)
NOT_FOUND: Final = ErrorReply(404, "notFound", "Not Found")
DUPLICATE: Final = ErrorReply(409, "duplicate", "The requested identifier already exists.")
DELETED: Final = ErrorReply(410, "deleted", "Resource has been deleted")
FULL_SYNC_REQUIRED: Final = ErrorReply(
    410,
    "fullSyncRequired",
    "Sync token is no longer valid, a full sync is required.",
    "calendar",
    ("parameter", "syncToken"),
)
CONDITION_NOT_MET: Final = ErrorReply(412, "conditionNotMet", "Precondition Failed", location=("header", "If-Match"))
TIME_RANGE_EMPTY: Final = ErrorReply(
    400, "timeRangeEmpty", "The specified time range is empty.", "calendar", ("parameter", "timeMax")
)
BACKEND_ERROR: Final = ErrorReply(500, "backendError", "Backend Error")

# Quota errors by reason; Google sends 403 or, for rateLimitExceeded, also 429.
QUOTA_MESSAGES: Final = {
    "userRateLimitExceeded": "User Rate Limit Exceeded",
    "rateLimitExceeded": "Rate Limit Exceeded",
    "quotaExceeded": "Calendar usage limits exceeded.",
    "dailyLimitExceeded": "Daily Limit Exceeded",
}


def quota(reason: str = "rateLimitExceeded", status: int = 403) -> ErrorReply:
    """A quota error; `reason` is a key of QUOTA_MESSAGES."""
    return ErrorReply(status, reason, QUOTA_MESSAGES[reason], "usageLimits")


def invalid(message: str, location: tuple[str, str] | None = None) -> GoogleError:
    """A value that Calendar does not take."""
    return GoogleError(ErrorReply(400, "invalid", message, location=location))


def required(message: str) -> GoogleError:
    """A value that is missing."""
    return GoogleError(ErrorReply(400, "required", message))


def bad_parameter(name: str, message: str) -> GoogleError:
    """A query parameter with a wrong value."""
    return GoogleError(ErrorReply(400, "invalidParameter", message, location=("parameter", name)))


def bad_request(message: str) -> GoogleError:
    """A request that does not fit the discovery document."""
    return GoogleError(ErrorReply(400, "badRequest", message))

"""Access tokens of users without a key: domain-wide delegation, signed for by IAM, exchanged at Google's OAuth server.

Sources: Create short-lived credentials for a service account (IAM), signJwt; Using OAuth 2.0 for server to server
applications (Google Identity), delegating domain-wide authority; RFC 6749, section 5.2, and RFC 7523.
"""

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated, TypeVar
from urllib.parse import quote

import msgspec

from conference.clock import Clock, Deadline
from conference.errors import ConferenceFailure, OutcomeUnknown, Permanent, PermissionDenied, Temporary
from conference.providers.base import Reply, Request
from sync import rpc_error
from sync.carrier import Send

AUDIENCE = "https://oauth2.googleapis.com/token"
SCOPES = (
    "https://www.googleapis.com/auth/calendar.events.readonly",
    "https://www.googleapis.com/auth/calendar.readonly",
)
"""What the administrator authorises the service account's client id for: the add-on's own scopes for reading."""
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

_LIFETIME = 3600
"""Seconds that a signed assertion is good for; Google takes no longer one."""
_EARLY = 300.0
"""Seconds before its end at which a token is not used any more."""
_MOST_USERS = 1000
_REFUSED = {
    "invalid_grant": "keeper-refused",
    "unauthorized_client": "delegation-refused",
    "access_denied": "delegation-refused",
}
"""Whom the OAuth server's word speaks of: one user, whose account is gone or suspended, or all of their domain."""
_PASSING = frozenset({401, 408, 429})
"""401 speaks of our own access token, which another one follows."""
_WORD = re.compile(r"[a-z_]{1,40}")

T = TypeVar("T")
_Text = Annotated[str, msgspec.Meta(min_length=1)]


class _Signed(msgspec.Struct):
    signed: _Text = msgspec.field(name="signedJwt")


class _Issued(msgspec.Struct):
    access_token: _Text
    expires_in: float


class _OAuthError(msgspec.Struct):
    error: str = ""


class _User:
    """The token of one user, and the lock of whoever gets the next."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.token = ""
        self.until = float("-inf")


class Delegation:
    """Access tokens of the users that a service account may impersonate, read-only for Calendar.

    `token` gives our own access token, whose account needs roles/iam.serviceAccountTokenCreator on `service_account`;
    `send` is one bounded exchange; `iam` and `oauth2` are base URLs. The tokens of the last 1,000 users are kept in
    memory.
    """

    def __init__(
        self,
        service_account: str,
        token: Callable[[Deadline], str],
        send: Send,
        clock: Clock,
        *,
        iam: str,
        oauth2: str,
    ) -> None:
        self._account = service_account
        self._token = token
        self._send = send
        self._clock = clock
        self._sign_url = f"{iam}/v1/projects/-/serviceAccounts/{quote(service_account)}:signJwt"
        self._token_url = f"{oauth2}/token"
        self._lock = threading.Lock()
        self._users: OrderedDict[str, _User] = OrderedDict()

    def access_token(self, email: str, deadline: Deadline) -> str:
        """A token that is the user's for at least five minutes more; whoever asks meanwhile waits for the same.

        Raises PermissionDenied when Google says that this user cannot be impersonated, Permanent when we may not sign,
        Temporary on a hiccup or when the deadline comes first.
        """
        user = self._user(email)
        if not user.lock.acquire(timeout=deadline.left()):
            raise Temporary("deadline", "another request is getting this user's token")
        try:
            if self._clock.monotonic() >= user.until:
                asked = self._clock.monotonic()
                issued = self._exchanged(self.assertion(email, deadline), deadline)
                user.token, user.until = issued.access_token, asked + issued.expires_in - _EARLY
            return user.token
        finally:
            user.lock.release()

    def assertion(self, email: str, deadline: Deadline) -> str:
        """What IAM has signed for the user, and their token is asked for with. Raises Permanent when we may not sign,
        Temporary on a hiccup."""
        now = int(self._clock.now().timestamp())
        claims = {
            "iss": self._account,
            "sub": email,
            "scope": " ".join(SCOPES),
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + _LIFETIME,
        }
        bearer = {"Authorization": f"Bearer {self._token(deadline)}"}
        body = {"payload": json.dumps(claims)}
        reply = self._sent(Request("POST", self._sign_url, json=body, headers=bearer), deadline)
        if reply.status != 200:
            raise _not_signed(reply)
        return _read(reply, _Signed, "sign-jwt-malformed").signed

    def forget(self, email: str, token: str) -> None:
        """Have the user's next token be another one than this, which Calendar refused."""
        user = self._user(email)
        if user.token == token:  # without the lock: whoever holds it gets another one anyway
            user.until = float("-inf")

    def _user(self, email: str) -> _User:
        with self._lock:
            user = self._users.setdefault(email, _User())
            self._users.move_to_end(email)
            if len(self._users) > _MOST_USERS:
                self._users.popitem(last=False)
            return user

    def _exchanged(self, assertion: str, deadline: Deadline) -> _Issued:
        form = {"grant_type": GRANT, "assertion": assertion}
        reply = self._sent(Request("POST", self._token_url, form=form), deadline)
        if reply.status != 200:
            raise _not_exchanged(reply)
        return _read(reply, _Issued, "token-malformed")

    def _sent(self, request: Request, deadline: Deadline) -> Reply:
        """The reply. A lost one leaves nothing behind that matters, so it is a hiccup like any other."""
        deadline.check()
        try:
            return self._send(request, deadline)
        except OutcomeUnknown as unknown:
            raise Temporary(unknown.reason, unknown.detail) from unknown


def _read(reply: Reply, type: type[T], reason: str) -> T:
    try:
        return msgspec.json.decode(reply.body, type=type)
    except (ValueError, RecursionError) as error:
        raise Temporary(reason, f"{len(reply.body)} unreadable bytes") from error


def _not_signed(reply: Reply) -> ConferenceFailure:
    """Why IAM did not sign (IAM Service Account Credentials API, signJwt)."""
    error = rpc_error.read(reply.body)
    answered = f"signJwt answered {reply.status} {error.reason or error.status}".strip()
    if reply.status in _PASSING or reply.status >= 500:
        return Temporary("sign-jwt-unavailable", answered)
    if error.reason == "SERVICE_DISABLED":
        return Permanent("sign-jwt-refused", f"{answered}; run: gcloud services enable iamcredentials.googleapis.com")
    return Permanent(
        "sign-jwt-refused",
        f"{answered}; check the account in ANYROOM_CREDENTIAL, and grant roles/iam.serviceAccountTokenCreator on it to"
        " the function's service account",
    )


def _not_exchanged(reply: Reply) -> ConferenceFailure:
    """Why there is no token: the user's or the administrator's refusal, or a hiccup. The description names people."""
    if reply.status in (408, 429) or reply.status >= 500:
        return Temporary("token-unavailable", f"the token exchange answered {reply.status}")
    try:
        error = msgspec.json.decode(reply.body, type=_OAuthError).error
    except (ValueError, RecursionError):
        error = ""
    word = error if _WORD.fullmatch(error) else ""
    if reason := _REFUSED.get(word):
        return PermissionDenied(reason, f"this user cannot be impersonated: {word}")
    return Permanent("token-refused", f"the token exchange answered {reply.status} {word}".strip())

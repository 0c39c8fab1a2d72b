"""The function's own access token, as google-auth finds it: the metadata server on Google Cloud.

Sources: google-auth, user guide ("Application default credentials"); Authenticating workloads with the metadata server.
"""

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from conference.clock import Deadline
from conference.errors import Temporary

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


class OwnToken:
    """Gives our own access token, from memory while it is good for some minutes more; safe in many threads.

    google-auth is loaded, and the metadata server asked, at the first use. Renewing runs in a thread of its own, once
    for all who wait, because google-auth's own tries and pauses may take longer than anybody can wait.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._credentials: Credentials | None = None
        self._renewal: Future[str] | None = None

    def __call__(self, deadline: Deadline) -> str:
        """The token, for cloud-platform. Raises Temporary when it cannot be had before the deadline."""
        with self._lock:
            if self._credentials is not None and self._credentials.valid:
                return str(self._credentials.token)
            if self._renewal is None or self._renewal.done():
                self._renewal = Future()
                threading.Thread(target=self._renew, args=(self._renewal,), name="own-token", daemon=True).start()
            renewal = self._renewal
        try:
            return renewal.result(deadline.left())
        except TimeoutError:
            raise Temporary("own-token", "the metadata server has not answered in time") from None

    def _renew(self, renewal: Future[str]) -> None:
        try:
            self._credentials, token = _renewed(self._credentials)
            renewal.set_result(token)
        except BaseException as error:  # noqa: BLE001  # it is raised to those who wait
            renewal.set_exception(error)


def _renewed(credentials: "Credentials | None") -> tuple["Credentials", str]:
    """The credentials with a new token, found first when there are none. Raises Temporary."""
    import google.auth
    import requests
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request

    with requests.Session() as session:
        session.trust_env = False
        transport = Request(session)
        try:
            found = credentials or google.auth.default(_SCOPES, transport)[0]
            found.refresh(transport)  # type: ignore[no-untyped-call]  # google-auth's gap
        except (GoogleAuthError, ValueError, KeyError, TypeError) as error:
            raise Temporary(
                "own-token",
                f"no access token of our own ({type(error).__name__}); give the function a service account",
            ) from None
    return found, str(found.token)

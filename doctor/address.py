"""The function's public address: it answers, its clock is right, and Google sends back to it who signs in.

Sources: Cloud Run, Allowing public access; Using OAuth 2.0 for web server applications (Google), redirect URIs.
"""

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import msgspec

from conference.clock import Deadline
from conference.errors import CredentialsRefused, NotConnected
from conference.oauth import AuthorizationServer
from conference.providers import connects_users, of
from conference.providers.base import OAuth, Reply, Request, origin
from doctor.finding import Check, Finding, ok, problem, warning
from doctor.subject import Subject

SKEW = 30.0
"""Seconds by which two clocks may differ."""
BOGUS = "anyroom-doctor"
"""A code that no server has given, by which a client's id and secret are proved: it is they that are judged first."""

_ADDRESS = "public address"
_CLOCK = "clock"
_SIGN_IN = "sign-in"
_MAKE_PUBLIC = (
    "it has to be public, as it checks every token itself; run: gcloud run services update anyroom"
    " --region=REGION --no-invoker-iam-check"
)
"""This also where the organization forbids allUsers (Cloud Run, "Allowing public access")."""


def checks(subject: Subject) -> Iterator[Check]:
    """The address with its clock, and the client of "Sign in with Google"."""
    yield Check(_ADDRESS, lambda deadline: _answers(subject, deadline))
    yield Check(_SIGN_IN, lambda deadline: [_signs_in(subject, deadline)])


def _answers(subject: Subject, deadline: Deadline) -> list[Finding]:
    url = subject.settings.public_url
    if not url:
        return [
            warning(_ADDRESS, "ANYROOM_PUBLIC_URL is not set: there is no settings page, and nobody may call /sweep")
        ]
    before = subject.clock.now()
    request = Request("GET", f"{url}/health")
    reply = subject.client.exchange(request, deadline.left(), frozenset({origin(url)}), repeatable=True)
    after = subject.clock.now()
    finding = _judged(url, reply)
    said = reply.headers.get("Date", "")
    try:
        there = parsedate_to_datetime(said).timestamp()
    except ValueError:
        return [finding]
    # A date has whole seconds.
    ahead = max(there - after.timestamp(), before.timestamp() - there - 1, 0.0)
    if ahead > SKEW:
        return [finding, warning(_CLOCK, f"this machine and {url} are {ahead:.0f} s apart; set this machine's by NTP")]
    return [finding, ok(_CLOCK, "as there")]


def _judged(url: str, reply: Reply) -> Finding:
    if reply.status == 403 or reply.status == 401:
        return problem(_ADDRESS, f"{url} answered {reply.status}: {_MAKE_PUBLIC}")
    if 300 <= reply.status < 400:
        return problem(_ADDRESS, f"{url} leads elsewhere; set ANYROOM_PUBLIC_URL to where it leads")
    if reply.status != 200 or not _is_health(reply.body):
        return problem(
            _ADDRESS,
            f"{url}/health answered {reply.status}, and not as Anyroom does; deploy the function, and set"
            " ANYROOM_PUBLIC_URL to the address that gcloud run services list shows",
        )
    if urlsplit(url).scheme != "https":
        return ok(_ADDRESS, f"{url} answers, for this machine only")
    return ok(_ADDRESS, f"{url} answers")


def _is_health(body: bytes) -> bool:
    try:
        return bool(msgspec.json.decode(body) == {"status": "ok"})
    except ValueError:
        return False


def _signs_in(subject: Subject, deadline: Deadline) -> Finding:
    settings, client = subject.settings, subject.settings.sign_in
    if client is None:
        for one in settings.solutions.values():
            if (connects := connects_users(one)) or of(one).declared.joins:
                who = f"users are to connect {one.id}" if connects else f"hosts are to sign in for {one.id}"
                return problem(
                    _SIGN_IN,
                    f"ANYROOM_SIGNIN names no client, but {who}; put the id and the secret of one OAuth client for a"
                    " web application into it",
                )
        return ok(_SIGN_IN, "ANYROOM_SIGNIN is not set, and no solution has users connect or hosts sign in")
    if not subject.trusts_google():
        return warning(_SIGN_IN, "not checked with an ANYROOM_GOOGLE_API of its own before the settings are right")
    redirect = f"{settings.public_url}/sign-in"
    google = OAuth(
        authorize=lambda options: settings.accounts,
        token=lambda options: f"{settings.oauth2}/token",
        scopes=lambda options: (),
    )
    server = AuthorizationServer(google, client, subject.client, subject.clock, subject.secret)
    try:
        refuse_bogus(server, redirect, deadline)
    except CredentialsRefused as refused:
        return problem(
            _SIGN_IN,
            f"Google refused our client ({refused}); put the id and the secret of one OAuth client for a web"
            " application into ANYROOM_SIGNIN and its secret",
        )
    return ok(_SIGN_IN, f"Google takes our client; its authorised redirect URIs must have {redirect}")


def refuse_bogus(server: AuthorizationServer, redirect: str, deadline: Deadline) -> None:
    """Return when the server takes our client, and only refuses the code. Raises as AuthorizationServer.by_code."""
    try:
        server.by_code(BOGUS, BOGUS * 4, redirect, deadline, lambda names: False)
    except NotConnected:
        return

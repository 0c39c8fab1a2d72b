"""Each solution: its hosts are found, and the system takes our credentials for what we ask of it.

Nothing is made there. An account's token is asked for anew and kept nowhere; where that ends the one before it, as
Zoom's does, the function renews its own at its next use.
"""

import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from conference.clock import Deadline
from conference.errors import (
    AuthenticationRequired,
    ConferenceFailure,
    CredentialsRefused,
    NotFound,
    Permanent,
    PermissionDenied,
    RequestRefused,
    SecretUnavailable,
)
from conference.http import HttpCall
from conference.oauth import AuthorizationServer
from conference.providers import LoadedProvider, connects_users
from conference.providers.base import Hook, Known, OAuth, Visitor
from conference.solution import Solution
from conference.token_reply import Granted, missing
from doctor.address import refuse_bogus
from doctor.finding import Check, Finding, ok, problem, warning
from doctor.remedy import advice
from doctor.subject import Subject

ATTEMPT = "anyroomdoctor" * 2
"""No conference is made under this id, so that none is found."""


def checks(subject: Subject) -> Iterator[Check]:
    """Each solution."""
    for solution in subject.settings.solutions.values():
        yield _check(subject, solution)


def _check(subject: Subject, solution: Solution) -> Check:
    what = f"solution {solution.id}"
    return Check(what, lambda deadline: list(_found(subject, solution, what, deadline)))


def _found(subject: Subject, solution: Solution, what: str, deadline: Deadline) -> Iterator[Finding]:
    loaded = subject.provider(solution)
    lost = [host for host in _hosts(loaded, solution.options) if not _resolves(host)]
    if lost:
        yield problem(what, f"{', '.join(lost)} has no address; check its spelling, and the DNS of this network")
    else:
        yield _asked(subject, solution, loaded, what, deadline)
    if loaded.webhook and _takes_webhooks(subject, solution, loaded):
        url = f"{subject.settings.public_url or 'ANYROOM_PUBLIC_URL'}/webhooks/{solution.id}"
        yield ok(what, f"register {url} there for its webhooks")


def _hosts(loaded: LoadedProvider, options: Any) -> list[str]:
    return sorted({urlsplit(one).hostname or "" for one in loaded.declared.hosts(options)})


def _resolves(host: str) -> bool:
    try:
        return bool(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
    except OSError:
        return False


def _asked(subject: Subject, solution: Solution, loaded: LoadedProvider, what: str, deadline: Deadline) -> Finding:
    oauth = loaded.declared.oauth
    try:
        if oauth is None:
            return _with_secrets(subject, solution, loaded, what, deadline)
        server = AuthorizationServer(oauth, solution.options, subject.client, subject.clock, subject.secret)
        if connects_users(solution):
            return _for_users(subject, solution, oauth, server, what, deadline)
        return _for_account(subject, solution, loaded, server, what, deadline)
    except ConferenceFailure as failure:
        return problem(what, _in_words(failure, solution))


def _in_words(failure: ConferenceFailure, solution: Solution) -> str:
    table = f"[solutions.{solution.id}]"
    if isinstance(failure, CredentialsRefused):
        return (
            f"our credentials were refused ({failure}); put the ones that the system has into {table} and its secrets"
        )
    if isinstance(failure, SecretUnavailable):
        return failure.detail
    if isinstance(failure, PermissionDenied):
        return f"our credentials may not do this ({failure}); grant the application what it lacks there"
    if isinstance(failure, Permanent):
        return f"the request was refused ({failure}); compare {table} with what is registered there"
    return advice(failure)


def _with_secrets(
    subject: Subject, solution: Solution, loaded: LoadedProvider, what: str, deadline: Deadline
) -> Finding:
    if loaded.join and loaded.find is None:
        return _entered(subject, solution, loaded, what, deadline)
    if not loaded.declared.hosts(solution.options):
        return ok(what, "asks no system, so there is nothing to check")
    if loaded.find is None:
        return ok(what, "its hosts are found; it shows only with a conference whether it answers")
    try:
        loaded.find(ATTEMPT, _call(subject, solution, loaded, deadline))
    except AuthenticationRequired:
        return ok(what, "answers, and asks the user to sign in")
    return ok(what, "answers, and takes our credentials")


def _entered(subject: Subject, solution: Solution, loaded: LoadedProvider, what: str, deadline: Deadline) -> Finding:
    """A system that ends conferences is to end one that is nowhere; one whose links we sign shows only that we can."""
    assert loaded.join
    call, nowhere = _call(subject, solution, loaded, deadline), Known(ATTEMPT, ATTEMPT)
    if loaded.delete:
        loaded.delete(nowhere, call)
        return ok(what, "answers, and takes our credentials")
    loaded.join(nowhere, Visitor("", False, "", "", None), call)
    return ok(what, "its key signs; it shows only with a visitor whether the system takes what it signs")


def _for_users(
    subject: Subject, solution: Solution, oauth: OAuth, server: AuthorizationServer, what: str, deadline: Deadline
) -> Finding:
    redirect = f"{subject.settings.public_url}/oauth/callback/{solution.id}"
    refuse_bogus(server, redirect, deadline)
    scopes = " ".join(oauth.scopes(solution.options))
    asked = f" and the scopes {scopes}" if scopes else ""
    return ok(what, f"takes our client; register there the redirect URL {redirect}{asked}")


def _for_account(
    subject: Subject,
    solution: Solution,
    loaded: LoadedProvider,
    server: AuthorizationServer,
    what: str,
    deadline: Deadline,
) -> Finding:
    granted = server.by_account(deadline)
    assert loaded.account
    loaded.account(_call(subject, solution, loaded, deadline, _Given(granted)))
    oauth = loaded.declared.oauth
    assert oauth
    if lacking := _lacking(oauth.scopes(solution.options), granted):
        return warning(what, f"the account's token lacks the scopes {' '.join(lacking)}; add them to the application")
    return ok(what, "the account's token can be had, and is taken")


def _lacking(asked: tuple[str, ...], granted: Granted) -> list[str]:
    """The scopes that an account's token has not, where the server says which it has; Zoom's for accounts end so."""
    if granted.scopes is None:
        return []
    return sorted(missing(asked, frozenset(scope.removesuffix(":admin") for scope in granted.scopes)))


def _call(
    subject: Subject, solution: Solution, loaded: LoadedProvider, deadline: Deadline, bearer: "_Given | None" = None
) -> HttpCall:
    return HttpCall(
        loaded.declared, solution.options, subject.client, deadline, subject.clock, subject.read_secret, bearer
    )


class _Given:
    """The one access token that has just come."""

    def __init__(self, granted: Granted) -> None:
        self._token = granted.access_token

    def token(self, secret: Callable[[str], str], deadline: Deadline) -> str:
        return self._token

    def renewed(self, refused: str, secret: Callable[[str], str], deadline: Deadline) -> str:
        raise CredentialsRefused("token-refused", "the system does not take the token that it has just given")

    def refusal(self, refused: str, failure: CredentialsRefused, deadline: Deadline) -> ConferenceFailure:
        return failure


def _takes_webhooks(subject: Subject, solution: Solution, loaded: LoadedProvider) -> bool:
    """Whether the solution is set up for them: a call without a signature is then refused for lack of one."""
    assert loaded.webhook
    try:
        loaded.webhook(Hook({}, b"", solution.options, subject.clock.now()), subject.secret)
    except NotFound:
        return False
    except (RequestRefused, ConferenceFailure):
        return True
    return True

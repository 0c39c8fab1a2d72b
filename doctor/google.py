"""What Google must let us do: publish its certificates to us, queue our tasks, sign for the users who are followed.

Sources: Cloud Tasks API v2 reference (projects.locations.queues: get, testIamPermissions); IAM roles for Cloud Tasks.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

import httplib2
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from conference.certificates import PATH, google_keys, local_keys
from conference.clock import Deadline
from conference.errors import PermissionDenied, Unavailable
from conference.identity import CLIENT_ID
from doctor.finding import Check, Finding, ok, problem, warning
from doctor.subject import USER, Subject
from sync import rpc_error
from sync.carrier import Carrier
from sync.credentials import SCOPES, Delegation

_ENQUEUE = "cloudtasks.tasks.create"
_ACCOUNT = re.compile(r"[a-z0-9-]+@[a-z0-9.-]+\.gserviceaccount\.com")
_IDENTITY = "ANYROOM_IDENTITY"
_CREDENTIAL = "credential"
_QUEUE = "queue"


def checks(subject: Subject) -> Iterator[Check]:
    """Identity, the credential that follows events, and the queue."""
    for what, find in (("certificates", _certificates), ("callers", _callers)):
        yield Check(what, _of(subject, what, find))
    yield Check(_CREDENTIAL, _of(subject, _CREDENTIAL, _credential))
    yield Check(_QUEUE, _of(subject, _QUEUE, _queue))


def _of(
    subject: Subject, what: str, find: Callable[[Subject, Deadline], Finding]
) -> Callable[[Deadline], list[Finding]]:
    """That check, unless what is set as Google's address cannot be trusted."""

    def found(deadline: Deadline) -> list[Finding]:
        if subject.trusts_google():
            return [find(subject, deadline)]
        return [warning(what, "not checked with an ANYROOM_GOOGLE_API of its own before the settings are right")]

    return found


def _certificates(subject: Subject, deadline: Deadline) -> Finding:
    settings = subject.settings
    path = settings.key_file
    keys = local_keys(path, subject.clock) if path else google_keys(settings.google_api, subject.client, subject.clock)
    try:
        keys.having("")
    except Unavailable:
        where = path or f"{settings.google_api}{PATH}"
        return problem("certificates", f"none can be had from {where}; let this machine reach it")
    return ok("certificates", "of the simulator's key file" if path else "Google's can be fetched")


def _callers(subject: Subject, deadline: Deadline) -> Finding:
    settings, accepted = subject.settings, subject.settings.accepted
    if any(mistake.reason == _IDENTITY for mistake in subject.mistakes):
        return problem("callers", f"nobody is let in before {_IDENTITY} is right")
    clients = [*accepted.script, *filter(None, [accepted.addon_client])]
    if not all(CLIENT_ID.fullmatch(client) for client in clients):
        return problem(
            "callers",
            f"{_IDENTITY} names a client id that does not end in .apps.googleusercontent.com; take it from"
            " APIs & Services > Credentials",
        )
    accounts = [*filter(None, [accepted.addon_account, accepted.tasks_account])]
    if not all(_ACCOUNT.fullmatch(account) for account in accounts):
        return problem("callers", f"{_IDENTITY} names a service account that ends in no .gserviceaccount.com")
    kinds = [*["script"] * bool(accepted.script), *["addon"] * bool(accepted.addon_account)]
    if not accepted.tasks_account:
        return warning(
            "callers",
            f"{' and '.join(kinds)}, but no tasks=SERVICE_ACCOUNT in {_IDENTITY}: nobody may call /sweep,"
            " which does what is due without a signal",
        )
    return ok("callers", f"{', '.join(kinds)} and tasks are let in" + " (the simulator's)" * bool(settings.key_file))


def _credential(subject: Subject, deadline: Deadline) -> Finding:
    settings = subject.settings
    if not settings.credential:
        return ok(_CREDENTIAL, "relay: the add-on's triggers bring each user's own")
    delegation = Delegation(
        settings.credential, subject.own_token, subject.send, subject.clock, iam=settings.iam, oauth2=settings.oauth2
    )
    user = subject.environment.get(USER, "")
    if not user:
        delegation.assertion(settings.credential, deadline)
        return warning(
            _CREDENTIAL,
            f"delegation: we may sign; whether the administrator has consented shows with {USER}=ADDRESS,"
            " a user of the domain",
        )
    try:
        delegation.access_token(user, deadline)
    except PermissionDenied as refused:
        return problem(
            _CREDENTIAL,
            f"delegation: {refused}; check the address in {USER}, and have the administrator consent in"
            " Admin console > Security > API controls > Domain-wide delegation to the service account's client id with"
            f" the scopes {','.join(SCOPES)}",
        )
    return ok(_CREDENTIAL, f"delegation: the user in {USER} can be followed")


def _queue(subject: Subject, deadline: Deadline) -> Finding:
    settings = subject.settings
    if not settings.queue:
        return ok(_QUEUE, "inline: a thread of the function runs what is due")
    project, location, name = settings.queue.split("/")
    path = f"projects/{project}/locations/{location}/queues/{name}"
    service = build(
        "cloudtasks",
        "v2",
        http=httplib2.Http(),
        static_discovery=True,
        client_options={"api_endpoint": f"{settings.cloud_tasks}/"},
    )
    queues = service.projects().locations().queues()
    of_queue = f"{name} --location={location} --project={project}"

    def asked(request: Any, method: Literal["GET", "POST"]) -> Any:
        request.headers["authorization"] = f"Bearer {subject.own_token(deadline)}"
        return request.execute(http=Carrier(subject.send, deadline, method))

    try:
        permissions = {"permissions": [_ENQUEUE]}
        granted = asked(queues.testIamPermissions(resource=path, body=permissions), "POST").get("permissions", [])
        if _ENQUEUE not in granted:
            return problem(
                _QUEUE,
                "we may not store tasks in it; run: gcloud tasks queues add-iam-policy-binding"
                f" {of_queue} --role=roles/cloudtasks.enqueuer --member=serviceAccount:ACCOUNT",
            )
        state = asked(queues.get(name=path), "GET").get("state", "")
    except HttpError as error:
        return _not_seen(error, project, of_queue)
    if state in ("PAUSED", "DISABLED"):
        return problem(_QUEUE, f"it is {state.lower()}; run: gcloud tasks queues resume {of_queue}")
    return ok(_QUEUE, "Cloud Tasks: it is there, and we may store tasks in it")


def _not_seen(error: HttpError, project: str, of_queue: str) -> Finding:
    status, said = int(error.status_code), rpc_error.read(error.content)
    if said.reason == "SERVICE_DISABLED":
        return problem(
            _QUEUE, f"the API is off; run: gcloud services enable cloudtasks.googleapis.com --project={project}"
        )
    if status == 404:
        return problem(_QUEUE, f"there is none; run: gcloud tasks queues create {of_queue}")
    if status == 403:
        return warning(
            _QUEUE,
            "we may not look at it, which the function does not need; to see whether it runs, give who runs"
            " make doctor roles/cloudtasks.viewer",
        )
    return problem(_QUEUE, f"Cloud Tasks answered {status} {said.status}; try again in a minute")

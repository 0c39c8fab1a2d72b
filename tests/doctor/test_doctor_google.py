"""The doctor says what Google does not let us do, and by which command it does."""

import pytest

from simulator import faults, ids
from tests.doctor_place import Place

QUEUE = "sync --location=europe-west1 --project=anyroom-simulator"


def test_what_google_lets_us_do_is_said(healthy: Place) -> None:
    lines = healthy.lines()
    assert {
        "ok       certificates: of the simulator's key file",
        "ok       callers: script, addon and tasks are let in (the simulator's)",
        "ok       credential: delegation: the user in ANYROOM_DOCTOR_USER can be followed",
        "ok       queue: Cloud Tasks: it is there, and we may store tasks in it",
    } <= set(lines)


def test_on_a_laptop_changes_are_relayed_and_nothing_is_queued_outside(healthy: Place) -> None:
    for name in ("ANYROOM_CREDENTIAL", "ANYROOM_QUEUE"):
        del healthy.environment[name]
    assert healthy.about("credential") == ["ok       credential: relay: the add-on's triggers bring each user's own"]
    assert healthy.about("queue") == ["ok       queue: inline: a thread of the function runs what is due"]


def callers(healthy: Place, identity: str) -> list[str]:
    healthy.environment["ANYROOM_IDENTITY"] = identity
    return healthy.about("callers")


CLIENT = "1-a.apps.googleusercontent.com"
TASKS = "tasks=tasks@acme.iam.gserviceaccount.com"


def test_googles_certificates_are_fetched_where_they_are_used(healthy: Place) -> None:
    healthy.environment["ANYROOM_IDENTITY"] = f"script={CLIENT};{TASKS}"
    assert healthy.about("certificates") == ["ok       certificates: Google's can be fetched"]
    healthy.simulator.faults.add(faults.status(500), path="/oauth2/v3/certs", times=None)
    assert healthy.about("certificates") == [
        "problem  certificates: none can be had from {simulator}/oauth2/v3/certs; let this machine reach it"
    ]


def test_a_client_id_and_an_account_that_are_none_are_found(healthy: Place) -> None:
    assert callers(healthy, f"script={CLIENT};{TASKS}") == ["ok       callers: script and tasks are let in"]
    assert callers(healthy, f"script=client;{TASKS}") == [
        (
            "problem  callers: ANYROOM_IDENTITY names a client id that does not end in"
            " .apps.googleusercontent.com; take it"
            " from APIs & Services > Credentials"
        )
    ]
    assert callers(healthy, f"script={CLIENT};tasks=me@example.com") == [
        "problem  callers: ANYROOM_IDENTITY names a service account that ends in no .gserviceaccount.com"
    ]


def test_without_a_tasks_account_nobody_sweeps(healthy: Place) -> None:
    del healthy.environment["ANYROOM_QUEUE"]
    assert callers(healthy, f"script={CLIENT}") == [
        (
            "warning  callers: script, but no tasks=SERVICE_ACCOUNT in ANYROOM_IDENTITY: nobody may call /sweep,"
            " which does"
            " what is due without a signal"
        )
    ]


def test_without_a_user_only_the_signature_is_proved(healthy: Place) -> None:
    del healthy.environment["ANYROOM_DOCTOR_USER"]
    assert healthy.about("credential") == [
        (
            "warning  credential: delegation: we may sign; whether the administrator has consented shows with"
            " ANYROOM_DOCTOR_USER=ADDRESS, a user of the domain"
        )
    ]


def test_who_may_not_sign_is_told_the_role(healthy: Place) -> None:
    healthy.simulator.delegation.signers.clear()
    [line] = healthy.about("credential")
    assert line == (
        "problem  credential: sign-jwt-refused: signJwt answered 403 IAM_PERMISSION_DENIED; check the account in"
        " ANYROOM_CREDENTIAL, and grant roles/iam.serviceAccountTokenCreator on it to the function's service account"
    )


def test_a_user_who_cannot_be_impersonated_is_the_administrator_s_affair(healthy: Place) -> None:
    healthy.environment["ANYROOM_DOCTOR_USER"] = "nobody@example.com"
    assert healthy.about("credential") == [
        (
            "problem  credential: delegation: keeper-refused: this user cannot be impersonated:"
            " invalid_grant; check"
            " the address in ANYROOM_DOCTOR_USER, and have the administrator consent in Admin console > Security > API"
            " controls > Domain-wide delegation to the service account's client id with the scopes"
            ""
            " https://www.googleapis.com/auth/calendar.events.readonly,https://www.googleapis.com/auth/calendar.readonly"
        )
    ]


def test_a_queue_that_is_not_there_is_made_by_that_command(healthy: Place) -> None:
    del healthy.simulator.cloud_tasks.queues[ids.TASKS_QUEUE]
    assert healthy.about("queue") == [f"problem  queue: there is none; run: gcloud tasks queues create {QUEUE}"]


def test_a_queue_that_is_paused_is_resumed_by_that_command(healthy: Place) -> None:
    healthy.simulator.cloud_tasks.queues[ids.TASKS_QUEUE].state = "PAUSED"
    assert healthy.about("queue") == [f"problem  queue: it is paused; run: gcloud tasks queues resume {QUEUE}"]


def test_who_may_not_store_tasks_is_told_the_role(healthy: Place) -> None:
    healthy.simulator.cloud_tasks.permissions.remove("cloudtasks.tasks.create")
    assert healthy.about("queue") == [
        (
            "problem  queue: we may not store tasks in it; run: gcloud tasks queues add-iam-policy-binding"
            f" {QUEUE}"
            " --role=roles/cloudtasks.enqueuer --member=serviceAccount:ACCOUNT"
        )
    ]


def test_who_may_not_look_at_the_queue_may_use_it_all_the_same(healthy: Place) -> None:
    healthy.simulator.cloud_tasks.permissions.remove("cloudtasks.queues.get")
    assert healthy.about("queue") == [
        (
            "warning  queue: we may not look at it, which the function does not need; to see whether it runs,"
            " give who runs"
            " make doctor roles/cloudtasks.viewer"
        )
    ]


@pytest.mark.parametrize("what", ["certificates", "callers", "credential", "queue", "sign-in"])
def test_a_google_of_somebody_elses_is_not_told_our_token(healthy: Place, what: str) -> None:
    healthy.environment["HOST"] = "0.0.0.0"
    assert healthy.about(what) == [
        f"warning  {what}: not checked with an ANYROOM_GOOGLE_API of its own before the settings are right"
    ]
    asked = {request.path for request in healthy.simulator.requests.under("/")}
    assert asked & {"/token", "/oauth2/v3/certs", f"/v2/{ids.TASKS_QUEUE}"} == set()
    assert not [path for path in asked if path.endswith(":signJwt")]

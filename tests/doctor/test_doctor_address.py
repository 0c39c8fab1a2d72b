"""The doctor asks the public address as a monitor does, and Google whether it takes our client."""

import ssl
from pathlib import Path

import pytest

from tests.conference.certificate import Tls
from tests.doctor_place import Place, answering
from tests.world import MovedClock

IAM = (
    "it has to be public, as it checks every token itself; run: gcloud run services update anyroom"
    " --region=REGION --no-invoker-iam-check"
)


def asked(healthy: Place, status: int = 200, body: bytes = b'{"status": "ok"}') -> list[str]:
    with answering(0, status, body) as port:
        healthy.environment["ANYROOM_PUBLIC_URL"] = f"http://localhost:{port}"
        return [
            line.replace(f":{port}", ":PORT") for line in healthy.lines() if line[9:].startswith(("public", "clock"))
        ]


def test_an_address_that_answers_is_well(healthy: Place) -> None:
    assert asked(healthy) == [
        "ok       public address: http://localhost:PORT answers, for this machine only",
        "ok       clock: as there",
    ]


@pytest.mark.parametrize("status", [401, 403])
def test_an_address_behind_iam_is_opened_by_that_command(healthy: Place, status: int) -> None:
    assert asked(healthy, status)[0] == f"problem  public address: http://localhost:PORT answered {status}: {IAM}"


@pytest.mark.parametrize(("status", "body"), [(404, b"{}"), (200, b"<html>"), (200, b'{"status": "fine"}')])
def test_an_address_of_something_else_is_found(healthy: Place, status: int, body: bytes) -> None:
    assert asked(healthy, status, body)[0] == (
        f"problem  public address: http://localhost:PORT/health answered {status}, and not as Anyroom does; deploy the"
        " function, and set ANYROOM_PUBLIC_URL to the address that gcloud run services list shows"
    )


def test_an_address_that_leads_elsewhere_is_not_followed(healthy: Place) -> None:
    assert asked(healthy, 308)[0] == (
        "problem  public address: http://localhost:PORT leads elsewhere; set ANYROOM_PUBLIC_URL to where it leads"
    )


def test_an_address_that_nobody_listens_at_is_said(healthy: Place) -> None:
    with answering(0) as port:
        pass
    healthy.environment["ANYROOM_PUBLIC_URL"] = f"http://localhost:{port}"
    assert healthy.about("public address") == [
        (
            "problem  public address: unreachable: localhost: ConnectionRefusedError; nobody listens there; check"
            " that it"
            " runs and that no firewall is in between"
        )
    ]


def https(healthy: Place, server: ssl.SSLContext | None, status: int = 200) -> str:
    """The line about an https address whose certificate is `server`'s, or that speaks no TLS."""
    healthy.environment = {"ANYROOM_IDENTITY": "script=a"}
    healthy.solutions = {"rooms": healthy.solutions["rooms"]}
    with answering(0, status, tls=server) as port:
        healthy.environment["ANYROOM_PUBLIC_URL"] = f"https://localhost:{port}"
        [line] = healthy.about("public address")
    return line.replace(f":{port}", ":PORT")


def test_an_https_address_that_answers_is_well(healthy: Place, tmp_path: Path) -> None:
    tls = Tls(tmp_path)
    healthy.trusted = tls.trusted
    assert https(healthy, tls.server) == "ok       public address: https://localhost:PORT answers"
    assert https(healthy, tls.server, 403) == (f"problem  public address: https://localhost:PORT answered 403: {IAM}")


def test_an_https_address_whose_certificate_is_not_trusted_is_said(healthy: Place, tmp_path: Path) -> None:
    assert https(healthy, Tls(tmp_path).server) == (
        "problem  public address: unreachable: localhost: SSLCertVerificationError; its certificate is not trusted;"
        " check the name and the date of it, and for a proxy in between"
    )


def test_an_https_address_that_speaks_no_tls_is_said(healthy: Place) -> None:
    assert https(healthy, None) == (
        "problem  public address: unreachable: localhost: SSLError; there is no TLS to speak; check the scheme and the"
        " port, and for a proxy in between"
    )


def test_without_an_address_it_is_said_what_is_missed(healthy: Place) -> None:
    healthy.environment = {"ANYROOM_IDENTITY": "script=a"}
    healthy.solutions = {"rooms": healthy.solutions["rooms"]}
    assert healthy.about("public address") == [
        "warning  public address: ANYROOM_PUBLIC_URL is not set: there is no settings page, and nobody may call /sweep"
    ]


@pytest.mark.parametrize(("ahead", "apart"), [(25.0, 0), (-25.0, 0), (90.0, 1), (-90.0, 1)])
def test_a_clock_that_is_half_a_minute_off_is_a_warning(healthy: Place, ahead: float, apart: int) -> None:
    clock = MovedClock()
    clock.ahead = ahead
    healthy.clock = clock
    [line] = [line for line in asked(healthy) if "clock" in line]
    assert line.startswith("warning  clock: this machine and http://localhost:PORT are ") == bool(apart)
    assert line.endswith(" s apart; set this machine's by NTP" if apart else "clock: as there")


def test_google_takes_our_client_and_is_to_know_where_it_sends_back(healthy: Place) -> None:
    assert healthy.about("sign-in") == [
        (
            "ok       sign-in: Google takes our client; its authorised redirect URIs must have"
            " http://localhost:8080/sign-in"
        )
    ]


def test_a_client_that_google_refuses_is_found(healthy: Place) -> None:
    healthy.environment["SIGN_IN_SECRET"] = "canary-other"
    assert healthy.about("sign-in") == [
        (
            "problem  sign-in: Google refused our client (token-refused: the token endpoint answered 401"
            " invalid_client);"
            " put the id and the secret of one OAuth client for a web application into ANYROOM_SIGNIN and its secret"
        )
    ]


def test_a_client_that_is_missing_is_asked_for_though_another_mistake_hides_what_needs_it(healthy: Place) -> None:
    del healthy.environment["ANYROOM_SIGNIN"], healthy.environment["ANYROOM_KEYS"]
    assert healthy.about("sign-in") == [
        (
            "problem  sign-in: ANYROOM_SIGNIN names no client, but users are to connect zoom; put the id and the secret"
            " of one OAuth client for a web application into it"
        )
    ]

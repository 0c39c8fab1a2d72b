"""What to do about an error of ours, in plain words. Neither holds a secret, a token or anybody's address."""

from collections.abc import Mapping

from conference.errors import AnyroomError, Temporary

_BY_REASON: Mapping[str, str] = {
    "host-not-found": "the host has no address; check its spelling and the DNS of this network",
    "unreachable": "nobody listens there; check that it runs and that no firewall is in between",
    "timeout": "no answer in time; check that it runs and that no firewall is in between",
    "connection-closed": "the connection was cut; try again, and check for a proxy in between",
    "malformed-reply": "the reply is not what its API promises; check the address, and for a proxy's login page",
    "own-token": "run this where the function runs, or on a laptop: gcloud auth application-default login",
    "store-credentials": "run on a laptop: gcloud auth application-default login",
    "store-project": "set GOOGLE_CLOUD_PROJECT to the project's id",
    "store-busy": "another process holds the database; stop it and try again",
}
_GRANT = "gcloud projects add-iam-policy-binding PROJECT --role=roles/datastore.user --member=serviceAccount:ACCOUNT"
_BY_DETAIL: Mapping[str, str] = {
    "SSLCertVerificationError": (
        "its certificate is not trusted; check the name and the date of it, and for a proxy in between"
    ),
    "SSLError": "there is no TLS to speak; check the scheme and the port, and for a proxy in between",
    "roles/datastore.user": f"run: {_GRANT}",
    "the database does not exist": "run: gcloud firestore databases create --location=eur3",
    "an index is missing": "run deploy/setup.sh, which makes the indexes, for a database in native mode",
}


def advice(error: AnyroomError) -> str:
    """The reason, the detail and what to do, on one line."""
    said = str(error)
    for word, remedy in _BY_DETAIL.items():
        if word in error.detail:
            return f"{said}; {remedy}"
    if error.reason in _BY_REASON:
        return f"{said}; {_BY_REASON[error.reason]}"
    if isinstance(error, Temporary):
        return f"{said}; it may pass, so try again in a minute"
    return said

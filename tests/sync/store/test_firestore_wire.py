"""Outside the emulator the channel is encrypted, and every call carries this machine's Google token or is not made."""

import datetime
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import google.auth
import google.auth.exceptions
import google.auth.transport.grpc
import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from google.auth.credentials import AnonymousCredentials

from conference.errors import StoreUnavailable
from sync.store.firestore import FirestoreStore
from sync.store.firestore_wire import SCOPE, SERVICE, Session
from tests.emulator import ROOT
from tests.sync.store.scripted import ScriptedFirestore, scripted

SCRIPT = """if True:
    import sys
    from conference.errors import StoreUnavailable
    from sync.store.firestore_wire import Session
    try:
        session = Session("(default)", None, None, sys.argv[1])
        sys.stdout.write(repr(session.get("thing", "a", 10)))
    except StoreUnavailable as error:
        sys.stdout.write(error.reason)
"""


class Metadata(BaseHTTPRequestHandler):
    """Answers as the metadata server of a Cloud Run instance does ("About VM metadata")."""

    def do_GET(self) -> None:
        answers = {
            "/": "",
            "/computeMetadata/v1/project/project-id": "metadata-project",
            "/computeMetadata/v1/universe/universe-domain": "googleapis.com",
        }
        answer = answers.get(self.path.partition("?")[0])
        if answer is None and self.path.partition("?")[0].endswith("/token"):
            answer = json.dumps({"access_token": "metadata-token", "expires_in": 3600, "token_type": "Bearer"})
        elif answer is None:
            answer = json.dumps({"email": "run@example.iam.gserviceaccount.com", "scopes": [], "aliases": ["default"]})
        self.send_response(200)
        self.send_header("Metadata-Flavor", "Google")
        self.send_header("Content-Type", "application/json" if answer.startswith("{") else "application/text")
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def metadata() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Metadata) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[bytes, Path]:
    """A key for localhost, and the file with its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "localhost.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*pem), file


@pytest.fixture
def firestore(certificate: tuple[bytes, Path]) -> Iterator[ScriptedFirestore]:
    key, file = certificate
    with scripted(grpc.ssl_server_credentials([(key, file.read_bytes())])) as firestore:
        yield firestore


def told(firestore: ScriptedFirestore, roots: Path, metadata: str, tmp_path: Path) -> str:
    """What a new process on a machine with that metadata server, trusting those roots, hears from Firestore."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "GCE_METADATA_HOST": metadata,
        "GCE_METADATA_IP": metadata,
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(roots),
    }
    service = firestore.host.replace("127.0.0.1", "localhost")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, service],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_call_is_encrypted_and_carries_the_machine_s_token_and_project(
    firestore: ScriptedFirestore, certificate: tuple[bytes, Path], metadata: str, tmp_path: Path
) -> None:
    firestore.script = [("NOT_FOUND", "no such document")]
    assert told(firestore, certificate[1], metadata, tmp_path) == "('NOT_FOUND', 'no such document')"
    ((method, headers),) = firestore.calls
    assert method == "GetDocument"
    assert headers["authorization"] == "Bearer metadata-token"
    assert headers["google-cloud-resource-prefix"] == "projects/metadata-project/databases/(default)"
    assert headers["x-goog-request-params"] == (
        "name=projects/metadata-project/databases/%28default%29/documents/thing/ka"
    )


def test_a_service_with_another_certificate_is_told_nothing(
    firestore: ScriptedFirestore, metadata: str, tmp_path: Path
) -> None:
    import certifi

    assert told(firestore, Path(certifi.where()), metadata, tmp_path).startswith("('UNAVAILABLE', ")
    assert firestore.calls == []


class Default:
    """Stands for google.auth.default: what it finds, and which scopes it was asked for."""

    def __init__(self, project: str | None) -> None:
        self.project = project
        self.scopes: list[str] = []

    def __call__(self, scopes: list[str]) -> tuple[AnonymousCredentials, str | None]:
        self.scopes += scopes
        return AnonymousCredentials(), self.project  # type: ignore[no-untyped-call]  # google-auth ships no types here


@pytest.fixture
def targets(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The targets of the channels that google-auth opens."""
    opened: list[str] = []
    real = google.auth.transport.grpc.secure_authorized_channel

    def seen(credentials: Any, request: Any, target: str, **options: Any) -> Any:
        opened.append(target)
        return real(credentials, request, target, **options)  # type: ignore[no-untyped-call]  # google-auth's own

    monkeypatch.setattr(google.auth.transport.grpc, "secure_authorized_channel", seen)
    return opened


@pytest.mark.parametrize(("named", "project"), [(None, "found"), ("named", "named")])
def test_the_channel_is_to_firestore_and_for_the_project_that_is_named_or_found(
    monkeypatch: pytest.MonkeyPatch, targets: list[str], named: str | None, project: str
) -> None:
    default = Default("found")
    monkeypatch.setattr(google.auth, "default", default)
    session = Session("(default)", named, None)
    session.close()
    assert targets == [SERVICE] == ["firestore.googleapis.com:443"]
    assert default.scopes == [SCOPE] == ["https://www.googleapis.com/auth/datastore"]
    assert session._database == f"projects/{project}/databases/(default)"


def test_without_credentials_the_store_says_so(monkeypatch: pytest.MonkeyPatch, targets: list[str]) -> None:
    def none(scopes: list[str]) -> None:
        raise google.auth.exceptions.DefaultCredentialsError("looked in /home/somebody")  # type: ignore[no-untyped-call]  # google-auth's own

    monkeypatch.setattr(google.auth, "default", none)
    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)
    with pytest.raises(StoreUnavailable, match="store-credentials: this machine has no Google credentials") as raised:
        FirestoreStore(project="proj").open()
    assert "somebody" not in str(raised.value)
    assert targets == []


def test_without_a_project_the_store_names_the_variable(monkeypatch: pytest.MonkeyPatch, targets: list[str]) -> None:
    monkeypatch.setattr(google.auth, "default", Default(None))
    for name in ("FIRESTORE_EMULATOR_HOST", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(StoreUnavailable, match="store-project: GOOGLE_CLOUD_PROJECT is not set"):
        FirestoreStore().open()
    assert targets == []

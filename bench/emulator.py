"""Google's own Firestore emulator, found where it is installed and started without the wrapper that outlives it."""

import contextlib
import http.client
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from bench.failure import BenchFailure
from bench.process import Running, connect, running
from dev.local import free_port

VARIABLE = "ANYROOM_FIRESTORE_EMULATOR"
_IN_SDK = "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar"
_MAIN = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
_START_LIMIT = 30


class EmulatorMissing(Exception):
    """The emulator or Java is not installed; the text is one line that says what to do."""


def find() -> tuple[str, Path]:
    """The java command and the emulator's jar. Raises EmulatorMissing."""
    java = shutil.which("java")
    if java is None:
        raise EmulatorMissing("no java: install a Java runtime 11 or later")
    named = os.environ.get(VARIABLE)
    jar = Path(named) if named else _installed()
    if not jar.is_file():
        raise EmulatorMissing(f"no {jar}: let {VARIABLE} name the emulator's jar")
    return java, jar


def _installed() -> Path:
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        raise EmulatorMissing(f"no gcloud: let {VARIABLE} name the Firestore emulator's jar")
    asked = subprocess.run(
        [gcloud, "info", "--format=value(installation.sdk_root)"], capture_output=True, text=True, timeout=60
    )
    jar = Path(asked.stdout.strip()) / _IN_SDK
    if asked.returncode or not jar.is_file():
        raise EmulatorMissing("no Firestore emulator: run `gcloud components install cloud-firestore-emulator`")
    return jar


@contextlib.contextmanager
def started(folder: Path) -> Iterator[Running]:
    """Run the emulator on 127.0.0.1 while the block runs; its log goes to `folder`. Raises EmulatorMissing."""
    java, jar = find()
    port = free_port()
    # Only the quick compiler: the thorough one would take the cores of what is measured, for a thousand creates.
    arguments = [java, "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", str(jar), _MAIN, "start"]
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder)}
    command = [*arguments, "--host=127.0.0.1", f"--port={port}"]
    with running(command, environment, folder, port, folder / "emulator.log") as emulator:
        connect(emulator, _START_LIMIT).close()
        _wait_ready(port)
        yield emulator


def _wait_ready(port: int) -> None:
    """Wait until it says Ok: the port opens a little earlier."""
    deadline = time.monotonic() + _START_LIMIT
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/")
            if connection.getresponse().read().strip() == b"Ok":
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise BenchFailure("the Firestore emulator did not get ready")

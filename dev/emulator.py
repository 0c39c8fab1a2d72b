"""Finds Google's Firestore emulator and says how to start it: directly, as gcloud leaves the JVM behind."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from dev.local import HOST
from dev.progress import Progress

VARIABLE = "ANYROOM_FIRESTORE_EMULATOR"
IN_SDK = Path("platform/cloud-firestore-emulator/cloud-firestore-emulator.jar")
MAIN = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"


class EmulatorMissing(Exception):
    """Java or the emulator is not installed; the message is one line that says what to do."""


def command(port: int) -> list[str]:
    """What starts the emulator on 127.0.0.1; it is ready when GET / says Ok. Raises EmulatorMissing."""
    java = shutil.which("java")
    if java is None:
        raise EmulatorMissing(
            "Firestore's emulator needs Java, says Google: 21 or newer from gcloud 528 on, before that 11. Install it "
            "(Debian and Ubuntu: apt-get install default-jre-headless)"
        )
    options = ["-Xmx256m", "-XX:+UseSerialGC", "-cp", str(jar())]
    return [java, *options, MAIN, "start", f"--host={HOST}", f"--port={port}"]


def jar() -> Path:
    """Where the emulator is: what the environment variable names, else in the gcloud CLI. Raises EmulatorMissing."""
    named = os.environ.get(VARIABLE)
    if named:
        if not Path(named).is_file():
            raise EmulatorMissing(f"{VARIABLE} names {named}, which is no file")
        return Path(named)
    gcloud = shutil.which("gcloud")
    found = _in_sdk(gcloud) if gcloud else None
    if found is None:
        raise EmulatorMissing(
            "Firestore's emulator is not installed: gcloud components install cloud-firestore-emulator, "
            f"or let {VARIABLE} name its jar"
        )
    return found


def _in_sdk(gcloud: str) -> Path | None:
    """Beside the real gcloud command, or where gcloud itself says (two seconds) when that is a wrapper."""
    beside = Path(gcloud).resolve().parent.parent / IN_SDK
    if beside.is_file():
        return beside
    with Progress("asking where the Google Cloud CLI is", first=0.0):
        told = subprocess.run(
            [gcloud, "info", "--format=value(installation.sdk_root)"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    said = Path(told.stdout.strip()) / IN_SDK
    return said if told.returncode == 0 and said.is_file() else None


def main() -> int:
    """Print where the emulator is: 0, or 1 after one line on standard error."""
    try:
        print(jar())
    except EmulatorMissing as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

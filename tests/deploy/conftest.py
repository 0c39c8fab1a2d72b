"""A gcloud on PATH that answers from a project in this process, and the scripts run with it."""

import os
import shutil
import signal
import socketserver
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.deploy.cloud_project import CHANGES, CloudProject, Refused
from tests.deploy.repository import ROOT

PROJECT = "example-project"

# Its words go to the test and its answer comes back; what is piped into it is only read where gcloud reads it.
CLIENT = """#!/usr/bin/env bash
exec 3<>/dev/tcp/127.0.0.1/{port}
data=
for word in "$@"; do [[ $word != --data-file=- ]] || data=$(cat); done
printf '%s\\0' "$#" "$@" "$data" >&3
IFS= read -r code <&3
IFS= read -r said <&3
[[ -z $said ]] || echo "$said" >&2
cat <&3
exit "$code"
"""


class Gcloud:
    """The program on PATH: `asked` are all its command lines so far, `stop_after` how many more changes it makes. The
    one at which it stops is made, too, where its answer is what is `lost`.

    `hold` has the next change wait until the one who waits for it is gone; `held` is set then.
    """

    def __init__(self, project: CloudProject) -> None:
        self.project = project
        self.asked: list[list[str]] = []
        self.stop_after: int | None = None
        self.lost = False
        self.hold = False
        self.held = threading.Event()
        self._lock = threading.Lock()

    @property
    def changes(self) -> list[list[str]]:
        """The command lines that were to change something."""
        return [words for words in self.asked if changes(words)]

    def answer(self, words: list[str], data: str) -> tuple[int, str, str]:
        """Exit code, stderr and stdout."""
        with self._lock:
            self.asked.append(words)
            if changes(words) and self.stop_after is not None:
                if not self.stop_after:
                    if self.lost:
                        self.project.run(words, data)
                    return 1, "ERROR: gcloud crashed", ""
                self.stop_after -= 1
            try:
                return 0, "", self.project.run(words, data)
            except Refused as refused:
                return 1, str(refused), ""


def changes(words: Sequence[str]) -> bool:
    """Whether it changes anything: one of its own words says so."""
    return any(word in CHANGES for word in words if not word.startswith("--"))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, gcloud: Gcloud) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.gcloud = gcloud


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        count = int(self._field())
        words = [self._field() for _ in range(count)]
        data = self._field()
        if self.server.gcloud.hold and changes(words):
            self.server.gcloud.held.set()
            self.rfile.read(1)  # nothing comes: the caller ends, or is ended
            return
        code, said, out = self.server.gcloud.answer(words, data)
        self.wfile.write(f"{code}\n{said}\n{out}".encode())

    def _field(self) -> str:
        text = bytearray()
        while (byte := self.rfile.read(1)) not in (b"\0", b""):
            text += byte
        return text.decode()


@pytest.fixture
def project() -> CloudProject:
    return CloudProject(PROJECT)


@pytest.fixture
def gcloud(project: CloudProject, tmp_path: Path) -> Iterator[Gcloud]:
    """The program, in a folder of its own: `tmp_path / "bin"`."""
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed: the set-up is not tried")
    made = Gcloud(project)
    server = _Server(made)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    program = tmp_path / "bin" / "gcloud"
    program.parent.mkdir()
    program.write_text(CLIENT.replace("{port}", str(server.server_address[1])))
    program.chmod(0o755)
    pause = program.with_name("sleep")
    pause.write_text("#!/bin/sh\n")
    pause.chmod(0o755)
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


class Scripts:
    """The scripts of a copy of deploy/, to which a test may add; `settings` are their variables."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self.settings: dict[str, str] = {"PROJECT": PROJECT}
        self._programs = programs

    def run(
        self, name: str, *words: str, settings: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.folder / "deploy" / name, *words],
            env=self._environment(settings),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def interrupted(self, name: str, held: threading.Event) -> subprocess.CompletedProcess[str]:
        """Run until gcloud is at a change, and then press Ctrl-C: all processes of the terminal hear it."""
        started = subprocess.Popen(
            [self.folder / "deploy" / name],
            env=self._environment(None),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        assert held.wait(30)
        os.killpg(started.pid, signal.SIGINT)
        out, said = started.communicate(timeout=30)
        return subprocess.CompletedProcess(started.args, started.returncode, out, said)

    def _environment(self, settings: Mapping[str, str] | None) -> dict[str, str]:
        path = f"{self._programs}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": path, "HOME": os.environ.get("HOME", "/"), **self.settings, **(settings or {})}


@pytest.fixture
def scripts(gcloud: Gcloud, tmp_path: Path) -> Scripts:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    return Scripts(tmp_path, tmp_path / "bin")

"""docs/self-hosting.md does what it says: its commands run, in a folder in place of `/`, and what they leave works.

What changes the machine itself (packages, services, certificates) only notes how it was called.
"""

import http.client
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import settings
from bench.process import connect, running
from dev.local import free_port
from sync.once import Once
from sync.store.sqlite import SqliteStore
from tests.self_hosted.unit import DEPLOY, ROOT, Placed, value

DOCUMENT = ROOT / "docs/self-hosting.md"
NEEDED = ("bash", "openssl", "sqlite3")
MISSING = [name for name in NEEDED if shutil.which(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: apt-get install {' '.join(MISSING)}")
NAME = "rooms.acme.example"
NOTING = ("apt-get", "certbot", "curl", "nginx")
START_LIMIT = 30.0


def blocks(heading: str = "") -> list[str]:
    """The shell of a section, or of the whole document."""
    text = DOCUMENT.read_text("utf-8")
    if heading:
        [text] = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


class Sandbox:
    """A folder that stands for `/`; `calls` is what was asked of the programs that only note it."""

    def __init__(self, folder: Path) -> None:
        self.root, self.bin = folder / "root", folder / "bin"
        self._calls, self.environment = folder / "calls", folder / "environment"
        for made in ("etc/systemd/system", "etc/nginx/conf.d", "etc/nginx/sites-enabled", "opt", "var/log/nginx"):
            (self.root / made).mkdir(parents=True)
        (self.root / "etc/nginx/sites-enabled/default").touch()
        self.bin.mkdir()
        noted = f'echo "${{0##*/}} $*" >> {self._calls}\n'
        for name in NOTING:
            self._put(name, noted)
        self._put("git", f'{noted}[ "$1" != clone ] || {{ mkdir -p "$3" && cp -r {DEPLOY.parent} "$3"; }}\n')
        self._put("make", f'{noted}[ "${{3:-}}" != doctor ] || env -0 > {self.environment}\n')
        backup = self.placed(value("ExecStart", DEPLOY / "anyroom-backup.service").replace("%S", "/var/lib"))
        self._put("systemctl", f'{noted}[ "$*" != "start anyroom-backup.service" ] || exec {backup}\n')

    def _put(self, name: str, script: str) -> None:
        (self.bin / name).write_text(f"#!/bin/sh\nset -eu\n{script}")
        (self.bin / name).chmod(0o755)

    def placed(self, text: str) -> str:
        """A text whose absolute paths lead into the folder."""
        return re.sub(r"(?<![\w/.\\])/(?=(?:etc|opt|var)/)", f"{self.root}/", text)

    def run(self, heading: str) -> None:
        """What a person does who copies that section's commands."""
        script = f"{blocks()[0]}\nNAME={NAME}\n" + self.placed("\n".join(blocks(heading)))
        path = f"{self.bin}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail"],
            input=script,
            env={"PATH": path, "HOME": str(self.root)},
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""

    def calls(self) -> list[str]:
        return self._calls.read_text("utf-8").splitlines() if self._calls.exists() else []

    def there(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def mode(self, path: str) -> int:
        return stat.S_IMODE(self.there(path).stat().st_mode)


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


@pytest.fixture
def installed(sandbox: Sandbox) -> Sandbox:
    for heading in ("Install", "Say what it is to do", "Start it", "Open it to the Internet"):
        sandbox.run(heading)
    return sandbox


def test_every_block_is_shell(tmp_path: Path) -> None:
    assert len(blocks()) >= 10
    for block in blocks():
        done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), block


def test_an_installation_leaves_what_the_unit_needs_and_hides_what_is_secret(installed: Sandbox) -> None:
    assert installed.mode("/etc/anyroom/secrets") == 0o700
    for secret in installed.there("/etc/anyroom/secrets").iterdir():
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert installed.mode("/etc/anyroom/anyroom.env") == 0o600
    assert installed.mode("/etc/anyroom/anyroom.toml") & 0o044 == 0o044  # the unit's user reads it
    assert not installed.there("/etc/nginx/sites-enabled/default").exists()
    conf = installed.there("/etc/nginx/conf.d/anyroom.conf").read_text("utf-8")
    assert conf.count(f"server_name {NAME};") == 2
    assert "example.org" not in conf
    for unit in ("anyroom.service", "anyroom-backup.service", "anyroom-backup.timer"):
        assert installed.there(f"/etc/systemd/system/{unit}").read_bytes() == (DEPLOY / unit).read_bytes()
    calls = installed.calls()
    assert calls.index("systemctl daemon-reload") < calls.index(
        "systemctl enable --now anyroom.service anyroom-backup.timer"
    )
    assert calls.index("nginx -t") < calls.index("systemctl reload nginx")


def test_the_doctor_is_lent_settings_that_the_function_would_start_with(installed: Sandbox) -> None:
    installed.run("Is all well?")
    lent = dict(line.split("=", 1) for line in installed.environment.read_text("utf-8").split("\0") if line)
    found, mistakes = settings.examine(lent)
    assert mistakes == []
    assert (found.store, found.keys) == (f"sqlite:{installed.root}/var/lib/anyroom/anyroom.db", "secret:anyroom-keys")
    assert [*found.solutions] == ["meet"]
    assert found.public_url == f"https://{NAME}"


@pytest.fixture
def started(installed: Sandbox) -> Iterator[tuple[Sandbox, int]]:
    """The function, as systemd starts it from what the installation left."""
    units = installed.there("/etc/systemd/system")
    places = Placed(installed.root, sys.executable, units / "anyroom.service")
    drop_in = units / "anyroom.service.d/secrets.conf"
    drop_in.write_text(drop_in.read_text("utf-8").replace(str(installed.root), ""), "utf-8")
    places.load_credentials(drop_in)
    port, kept = free_port(), {"PATH": os.environ["PATH"]}
    log = installed.root / "function.log"
    with running(places.command(port), kept | places.environment(), places.folder(), port, log) as function:
        connect(function, START_LIMIT).close()
        yield installed, port


def test_what_was_installed_starts_and_answers(started: tuple[Sandbox, int]) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", started[1], timeout=20)) as connection:
        connection.request("GET", "/health")
        assert connection.getresponse().read() == b'{"status": "ok"}'
        connection.request("POST", "/conferences?solution=meet", b"{}")
        assert connection.getresponse().status == 401


def spent(store: SqliteStore, number: int) -> bool:
    return Once(store).spend(f"value {number}", datetime.now(UTC) + timedelta(days=1))


def test_a_backup_under_writes_is_whole_and_restored_byte_by_byte(installed: Sandbox) -> None:
    database = installed.there("/var/lib/anyroom/anyroom.db")
    database.parent.mkdir(parents=True)
    stop, written = threading.Event(), 0

    def write() -> None:
        nonlocal written
        with closing(SqliteStore(str(database))) as store:
            while not stop.is_set():
                assert spent(store, written)
                written += 1

    with closing(SqliteStore(str(database))) as store:
        assert spent(store, -1)
        writer = threading.Thread(target=write)
        writer.start()
        try:
            installed.run("Upgrade")
        finally:
            stop.set()
            writer.join()
        assert written > 0
    [copy] = installed.there("/var/lib/anyroom-backups").iterdir()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        [(kept,)] = opened.execute("SELECT count(*) FROM documents").fetchall()
    assert 1 <= kept <= written + 1
    whole, before = copy.read_bytes(), database.stat()
    left_over = [database.with_name(f"anyroom.db-{name}") for name in ("wal", "shm")]
    for path in left_over:
        path.write_bytes(b"of the database that was there")
    restore = blocks("Back up, restore")[1]
    script = installed.placed(restore)
    subprocess.run(
        ["bash", "-eu"], input=script, env={"PATH": f"{installed.bin}:{os.environ['PATH']}"}, text=True, check=True
    )
    assert database.read_bytes() == whole
    assert database.stat().st_ino == before.st_ino  # whose it is stays, too
    assert not any(path.exists() for path in left_over)
    with closing(SqliteStore(str(database))) as store:
        assert Once(store).is_spent("value -1")


def test_old_copies_go_and_a_database_that_is_not_there_is_said(tmp_path: Path) -> None:
    folder, database = tmp_path / "copies", tmp_path / "anyroom.db"
    folder.mkdir()
    for name, days in (("old.db", 20), ("young.db", 10)):
        (folder / name).touch()
        then = (datetime.now(UTC) - timedelta(days=days)).timestamp()
        os.utime(folder / name, (then, then))

    def back_up() -> subprocess.CompletedProcess[str]:
        command = [str(DEPLOY / "backup.sh"), str(database), str(folder), "14"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    missing = back_up()
    assert (missing.returncode, missing.stderr) == (1, f"backup: there is no {database}\n")
    with closing(SqliteStore(str(database))) as store:
        assert spent(store, 0)
        assert back_up().returncode == 0
    assert {"young.db"} < {path.name for path in folder.iterdir()}
    assert not (folder / "old.db").exists()


@pytest.mark.parametrize("heading", ["Upgrade", "Remove"])
def test_weeks_later_in_another_shell_nothing_is_written_for_a_machine_without_a_name(
    installed: Sandbox, heading: str
) -> None:
    conf = installed.there("/etc/nginx/conf.d/anyroom.conf")
    before = conf.read_bytes()
    lines = "\n".join(line for line in installed.placed("\n".join(blocks(heading))).splitlines() if "NAME" in line)
    assert lines
    path = f"{installed.bin}:{os.environ['PATH']}"
    called = len(installed.calls())
    for line in lines.splitlines():
        done = subprocess.run(["bash", "-c", line], env={"PATH": path}, capture_output=True, check=False)
        assert done.returncode != 0, line
    assert conf.read_bytes() == before
    assert installed.calls()[called:] == []


def test_a_copy_that_did_not_come_to_its_end_does_not_stay(tmp_path: Path) -> None:
    folder, database = tmp_path / "copies", tmp_path / "anyroom.db"
    folder.mkdir()
    (folder / "killed.db.part").touch()
    database.write_bytes(b"no database at all" * 1000)
    command = [str(DEPLOY / "backup.sh"), str(database), str(folder), "14"]
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0
    assert list(folder.iterdir()) == []


def test_nothing_is_left_after_a_removal(installed: Sandbox) -> None:
    for path in ("/var/lib/anyroom/anyroom.db", "/var/lib/anyroom-backups/x.db", "/var/log/nginx/anyroom.log"):
        installed.there(path).parent.mkdir(parents=True, exist_ok=True)
        installed.there(path).touch()
    installed.run("Remove")
    left = [path for path in installed.root.rglob("*") if "anyroom" in path.name]
    assert left == []
    assert f"certbot delete --non-interactive --cert-name={NAME}" in installed.calls()


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed: apt-get install git")
def test_an_upgrade_brings_what_is_new(tmp_path: Path) -> None:
    upstream, there = tmp_path / "upstream", tmp_path / "machine/opt/anyroom"
    (tmp_path / "machine/opt").mkdir(parents=True)
    who = {f"GIT_{role}_{what}": "a@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = who | {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}

    def shell(*lines: str) -> None:
        script = "\n".join(lines)
        subprocess.run(["bash", "-eu"], input=script, env=environment, cwd=tmp_path, text=True, check=True)

    def of_git(heading: str) -> list[str]:
        lines = [line for block in blocks(heading) for line in block.splitlines() if line.startswith("git ")]
        return [
            blocks()[0],
            f"REPOSITORY={upstream}",
            *(line.replace("/opt/", f"{tmp_path}/machine/opt/") for line in lines),
        ]

    def publish(version: str) -> None:
        shell(f"cd {upstream}", f"echo {version} > version", "git add version", f"git commit --quiet -m {version}")

    shell(f"git init --quiet --initial-branch=main {upstream}")
    publish("one")
    shell(*of_git("Install"))
    assert (there / "version").read_text("utf-8") == "one\n"
    publish("two")
    shell(*of_git("Upgrade"))
    assert (there / "version").read_text("utf-8") == "two\n"

"""clasp from npm, in the version that docs/publish.md was written with, where it knows nobody."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

VERSION = "3.4.1"
_FETCH_LIMIT = 300.0
_LIMIT = 60.0


class ClaspMissing(Exception):
    """npm is not there or brought nothing; the message is one line that says what to do."""


def program(cache: Path) -> Path:
    """clasp's program, from the cache or fetched into it. Raises ClaspMissing."""
    kept = cache / f"clasp-{VERSION}"
    if not kept.is_dir():
        _fetch(cache, kept)
    return kept / "node_modules/.bin/clasp"


def run(clasp: Path, folder: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Run it in `folder`, whose user has no credentials: a right command ends for want of them."""
    return subprocess.run(
        [clasp, *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=_LIMIT,
    )


def _fetch(cache: Path, kept: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise ClaspMissing("npm is not installed: clasp was not asked for its commands (Debian: apt-get install npm)")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        command = [
            npm,
            "install",
            f"--prefix={folder}/new",
            f"@google/clasp@{VERSION}",
            "--ignore-scripts",
            "--no-audit",
        ]
        try:
            subprocess.run(
                [*command, "--no-fund", "--silent"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=True,
                timeout=_FETCH_LIMIT,
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise ClaspMissing("npm did not bring clasp: its commands are not asked for without the network") from error
        Path(folder, "new").replace(kept)

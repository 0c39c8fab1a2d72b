"""axe-core from npm, the version and content that were looked at, and what it finds on a page.

Source: axe-core's API documentation (`axe.run`, its tags of rules).
"""

import base64
import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from playwright.sync_api import Page

VERSION = "4.14.1"
INTEGRITY = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
"""The package's SHA-512, as the registry tells it too."""
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_FETCH_LIMIT = 60.0


class AxeMissing(Exception):
    """npm is not there or brought nothing; the message is one line that says what to do."""


def script(cache: Path) -> str:
    """axe-core's script, from the cache or fetched into it. Raises AxeMissing, ValueError when it is another one."""
    kept = cache / f"axe-core-{VERSION}.tgz"
    if not kept.is_file():
        _fetch(cache, kept)
    content = kept.read_bytes()
    if base64.b64encode(hashlib.sha512(content).digest()).decode() != INTEGRITY:
        raise ValueError(f"{kept} is not the axe-core that this test was written with")
    with tarfile.open(fileobj=io.BytesIO(content)) as package:
        member = package.extractfile("package/axe.min.js")
        assert member
        return member.read().decode()


def found(page: Page, axe: str) -> list[str]:
    """What axe holds against the page as it is shown now, or cannot judge, a line for each element."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(axe)
    options = {"runOnly": {"type": "tag", "values": RULES}}
    result = page.evaluate("options => axe.run(options)", options)
    assert result["passes"], "axe looked at nothing"
    rules = [*result["violations"], *result["incomplete"]]
    return [f"{rule['id']}: {node['html']}" for rule in rules for node in rule["nodes"]]


def _fetch(cache: Path, kept: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise AxeMissing("npm is not installed: axe-core was not run (Debian: apt-get install npm)")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        command = [npm, "pack", f"axe-core@{VERSION}", f"--pack-destination={folder}", "--fetch-retries=0", "--silent"]
        try:
            subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=_FETCH_LIMIT)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise AxeMissing("npm did not bring axe-core: it is not run without the network") from error
        (Path(folder) / kept.name).replace(kept)

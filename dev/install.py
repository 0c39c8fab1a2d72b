"""Finds a Python that is new enough and prepares .venv with it, or says in one line what is missing.

`python3 -m dev.install [--dev]` runs under whatever `python3` a machine has, so this file is written for Python 3.6 and
imports the rest only once the version is known to be right.
"""

import os
import shutil
import subprocess
import sys

OLDEST = (3, 11)
NEWER = ("python3.13", "python3.12", "python3.11", "python3.14")


def newer_python() -> str:
    """The path of a Python on PATH that is new enough and really starts (a version manager's shim may not), or ""."""
    check = f"import sys; sys.exit(sys.version_info < {OLDEST})"
    for name in NEWER:
        path = shutil.which(name)
        if path and subprocess.call([path, "-c", check], stderr=subprocess.DEVNULL) == 0:
            return path
    return ""


def main() -> int:
    """Prepare .venv: 0 when it is ready, 1 after one line on standard error, 130 when interrupted."""
    if sys.version_info < OLDEST:
        path = newer_python()
        if path:
            os.execv(path, [path, "-m", "dev.install", *sys.argv[1:]])
        found = ".".join(str(part) for part in sys.version_info[:3])
        wanted = ".".join(str(part) for part in OLDEST)
        sys.stderr.write(
            f"Anyroom needs Python {wanted} or newer and python3 is {found}: install one, or name it with "
            f"make PYTHON=/path/to/python{wanted}\n"
        )
        return 1
    from dev.environment import prepare

    return prepare(development="--dev" in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())

"""Whether this Python and its packages are those that requirements.txt is known good with."""

import re
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

from doctor.finding import Check, Finding, ok, problem, warning

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements.txt"
_KNOWN_GOOD = re.compile(r"Known good on Python (.*) \(production\)")
_PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s#]+)", re.MULTILINE)


def checks(requirements: Path = REQUIREMENTS, running: tuple[int, int] = sys.version_info[:2]) -> Iterator[Check]:
    """Python, and the packages."""
    text = requirements.read_text("utf-8")
    yield Check("Python", lambda deadline: [_python(text, running)])
    yield Check("packages", lambda deadline: [_packages(text)])


def _python(text: str, running: tuple[int, int]) -> Finding:
    version = ".".join(map(str, running))
    told = _KNOWN_GOOD.search(text)
    known = re.findall(r"\d+\.\d+", told[1]) if told else []
    if version in known:
        return ok("Python", version)
    return warning("Python", f"{version} was not tried; use {known[-1]}: make doctor PYTHON=python{known[-1]}")


def _packages(text: str, installed: Callable[[str], str] = metadata.version) -> Finding:
    pins = _PIN.findall(text)
    other = [name for name, version in pins if _installed(name, installed) != version]
    if not other:
        return ok("packages", f"{len(pins)}, as requirements.txt says")
    names = ", ".join(other[:5]) + (" and more" if len(other) > 5 else "")
    remedy = ".venv/bin/python -m pip install -r requirements.txt"
    return problem("packages", f"{len(other)} of {len(pins)} are not as requirements.txt says ({names}); run {remedy}")


def _installed(name: str, installed: Callable[[str], str]) -> str:
    try:
        return installed(name)
    except metadata.PackageNotFoundError:
        return ""

"""The settings, the secrets that they name, and the keys that seal."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from conference.errors import SecretUnavailable
from conference.seal import SETTING, read_keys
from conference.secrets import secret_name
from conference.secrets.source import text_of
from doctor.finding import Check, Finding, ok, problem, warning
from doctor.subject import Subject
from settings import DEFAULT_CONFIG


def checks(subject: Subject) -> Iterator[Check]:
    """The settings, each secret, and the keys."""
    yield Check("settings", lambda deadline: _settings(subject))
    for name, users in _named(subject).items():
        yield _secret(subject, name, users)
    yield Check(SETTING, lambda deadline: [_keys(subject)])


def _settings(subject: Subject) -> list[Finding]:
    if subject.mistakes:
        return [problem(mistake.reason, mistake.detail) for mistake in subject.mistakes]
    path = subject.environment.get("ANYROOM_CONFIG") or DEFAULT_CONFIG
    place = path if Path(path).exists() else f"the demonstration set, as there is no {DEFAULT_CONFIG}"
    number = len(subject.settings.solutions)
    return [ok("settings", f"{number} {'solution' if number == 1 else 'solutions'} of {place}")]


def _named(subject: Subject) -> Mapping[str, list[str]]:
    """The names of all secrets, and where each is named."""
    settings = subject.settings
    texts = [
        (f"[solutions.{solution.id}] {option}", value)
        for solution in settings.solutions.values()
        for option, value in msgspec.structs.asdict(solution.options).items()
    ]
    texts += [(SETTING, settings.keys), ("ANYROOM_SIGNIN", settings.sign_in.client_secret if settings.sign_in else "")]
    named: dict[str, list[str]] = {}
    for where, value in texts:
        name = secret_name(value) if isinstance(value, str) else None
        if name is not None:
            named.setdefault(name, []).append(where)
    return named


def _secret(subject: Subject, name: str, users: list[str]) -> Check:
    what = f"secret {name} of {', '.join(users)}"
    return Check(what, lambda deadline: [_read(subject, name, what, users == [SETTING])])


def _read(subject: Subject, name: str, what: str, of_lines: bool) -> Finding:
    if subject.source is None:
        return problem(what, "cannot be read before ANYROOM_SECRETS names a place of secrets")
    try:
        payload = subject.source.fetch(name)
        text_of(name, payload)
    except SecretUnavailable as missing:
        return problem(what, missing.detail.removeprefix(f"secret {name}").lstrip(": "))
    data, line = payload.data, payload.data.removesuffix(b"\n").removesuffix(b"\r")
    if of_lines or data == data.strip():
        return ok(what, "can be read")
    if line == data.strip():
        return warning(what, "ends with a newline, which is left out; store it without one, as printf %s does")
    return warning(what, "begins or ends with blanks, which count as a part of it; store it without them")


def _keys(subject: Subject) -> Finding:
    if not subject.settings.keys:
        for one in subject.settings.solutions.values():
            declared = subject.provider(one).declared
            if declared.oauth or declared.joins:
                what = f"{'tokens' if declared.oauth else 'join links'} of {one.id}"
                return problem(
                    SETTING, f"no keys, but {what} are to be sealed; make a key with: openssl rand -base64 32"
                )
        return ok(SETTING, "not set, and nothing is sealed")
    try:
        keys = read_keys(subject.secret(subject.settings.keys))
    except SecretUnavailable as unusable:
        return problem(SETTING, unusable.detail.removeprefix(f"{SETTING}: "))
    return ok(SETTING, "1 key" if len(keys) == 1 else f"{len(keys)} keys; the first one seals, all open")

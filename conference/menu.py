"""The solutions of an anyroom.toml: each table checked, every mistake named by its table and its field."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from conference import providers
from conference.data import check_solution
from conference.duration import RULE, read_duration
from conference.errors import InvalidSetting, Permanent
from conference.secrets import secret_name
from conference.solution import ID, LOGO, Solution

_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")


class Tables(dict[str, Any]):
    """The tables [solutions.ID] of a file, by id; `name` and `text` are the file's, for the line of a mistake."""

    def __init__(self, tables: Mapping[str, Any], name: str, text: str) -> None:
        super().__init__(tables)
        self.name = name
        self.text = text


def tables(path: str) -> Tables:
    """The tables [solutions.ID] of that file, by id. Raises InvalidSetting."""
    try:
        text = Path(path).read_text("utf-8")
        content = tomllib.loads(text)
    except OSError as error:
        raise InvalidSetting("ANYROOM_CONFIG", f"{path} cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidSetting("ANYROOM_CONFIG", f"{path} is not valid TOML: {error}") from error
    unknown = sorted(set(content) - {"solutions"})
    if unknown:
        raise InvalidSetting("ANYROOM_CONFIG", f"{path} has {unknown[0]!r}; only [solutions.ID] tables are known")
    configured = content.get("solutions")
    if not isinstance(configured, dict) or not configured:
        raise InvalidSetting("ANYROOM_CONFIG", f"{path} has no [solutions.ID] table")
    return Tables(configured, Path(path).name, text)


def solutions(tables: Mapping[str, Any]) -> tuple[Solution, ...]:
    """The solutions in those tables. Raises InvalidSetting."""
    known, wrong = examine(tables)
    if wrong:
        raise wrong[0]
    return tuple(known)


def examine(tables: Mapping[str, Any]) -> tuple[list[Solution], list[InvalidSetting]]:
    """The solutions that can be read, and what is wrong with the others."""
    known, wrong = [], []
    for solution_id, table in tables.items():
        try:
            known.append(_solution(solution_id, table))
        except InvalidSetting as mistake:
            wrong.append(_with_line(mistake, solution_id, tables))
    return known, wrong


def _with_line(mistake: InvalidSetting, solution_id: str, tables: Mapping[str, Any]) -> InvalidSetting:
    """The mistake and the line that it stands on, where it is deep in a table that was read from a file."""
    if not mistake.path or not isinstance(tables, Tables):
        return mistake
    from conference.custom.lines import line_of

    line = line_of(tables.text, ("solutions", solution_id, *mistake.path))
    return InvalidSetting(f"{tables.name}, line {line}, {mistake.reason}", mistake.detail, path=mistake.path)


def _solution(solution_id: str, table: object) -> Solution:
    """One table: the fields that every solution has, and the rest as the provider's own options."""
    where = f"[solutions.{solution_id}]"
    if not ID.fullmatch(solution_id):
        raise InvalidSetting(where, "an id is lower-case letters, digits and hyphens, at most 63")
    if not isinstance(table, dict):
        raise InvalidSetting(where, "is no table")
    rest = dict(table)
    name = _text(where, rest, "name")
    logo = _text(where, rest, "logo")
    if not LOGO.fullmatch(logo):
        raise InvalidSetting(
            f"{where} logo", "must be an https address on Google's servers, such as lh3.googleusercontent.com"
        )
    provider = _text(where, rest, "provider")
    domains = rest.pop("domains", [])
    notes = rest.pop("notes", "")
    joining = _joining(where, rest)
    parameters = rest.pop("parameters", {})
    if not isinstance(domains, list) or not all(isinstance(domain, str) and domain for domain in domains):
        raise InvalidSetting(f"{where} domains", "must be a list of hosted domains")
    if "domains" in table and not domains:
        raise InvalidSetting(f"{where} domains", "is empty: nobody could use it; leave it out for everybody")
    if not isinstance(notes, str):
        raise InvalidSetting(f"{where} notes", "must be text")
    if not isinstance(parameters, dict) or not all(isinstance(value, str) for value in parameters.values()):
        raise InvalidSetting(f"{where} parameters", "must be a table of texts")
    solution = Solution(
        id=solution_id,
        name=name,
        logo=logo,
        provider=provider,
        options=providers.read_options(provider, rest, where),
        domains=frozenset(domain.lower() for domain in domains),
        notes=notes,
        parameters=tuple(parameters.items()),
        **joining,
    )
    providers.check(solution)
    for field in joining if not providers.of(solution).declared.joins else ():
        raise InvalidSetting(f"{where} {field}", f"is for our join page, which {provider} does not use here")
    _check_secrets(where, solution.options)
    try:
        check_solution(solution)
    except Permanent as error:
        raise InvalidSetting(f"{where} {error.reason.removeprefix('solution-')}", error.detail) from error
    return solution


def _joining(where: str, rest: dict[str, Any]) -> dict[str, Any]:
    """What the table says of our join page, as the fields of a Solution. Raises InvalidSetting."""
    said: dict[str, Any] = {}
    if "opens" in rest:
        opens = rest.pop("opens")
        said["opens"] = read_duration(opens) if isinstance(opens, str) else None
        if said["opens"] is None:
            raise InvalidSetting(f"{where} opens", RULE)
    if "co_hosts" in rest:
        hosts = rest.pop("co_hosts")
        if not isinstance(hosts, list) or not all(isinstance(host, str) and _ADDRESS.fullmatch(host) for host in hosts):
            raise InvalidSetting(f"{where} co_hosts", 'must be a list of e-mail addresses: ["ada@example.org"]')
        said["co_hosts"] = frozenset(host.lower() for host in hosts)
    return said


def _check_secrets(where: str, options: msgspec.Struct) -> None:
    """Raise InvalidSetting when an option is written `secret:` and names none."""
    for option, value in msgspec.structs.asdict(options).items():
        try:
            if isinstance(value, str):
                secret_name(value)
        except InvalidSetting as error:
            raise InvalidSetting(f"{where} {option}", error.detail) from error


def _text(where: str, table: dict[str, Any], key: str) -> str:
    value = table.pop(key, None)
    if not isinstance(value, str) or not value:
        raise InvalidSetting(f"{where} {key}", "is missing")
    return value

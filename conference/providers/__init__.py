"""The providers: one file each in this folder, found by name, checked against the contract, imported when used.

NAME.py is one in code, NAME.toml one without, which conference/custom reads.
"""

import importlib
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from conference.errors import AuthenticationRequired, InvalidSetting, NotConnected
from conference.event import Event
from conference.providers.base import (
    Account,
    Call,
    Changes,
    Conference,
    Hook,
    Known,
    Marked,
    Notice,
    Provider,
    Secret,
    Visitor,
)
from conference.solution import Solution

_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_NOT_A_PROVIDER = "base"
_MISSING = "is missing"
_FUNCTIONS = ("create", "update", "delete", "find", "join", "account", "webhook", "rooms")


class LoadedProvider(msgspec.Struct, frozen=True):
    """A provider's declaration and its functions; None for what the system behind it cannot do.

    `declare` gives the declaration of one solution's options, where that depends on them.
    """

    declared: Provider
    create: Callable[[Event, str, Call], Conference]
    update: Callable[[Known, Changes, Call], None] | None
    delete: Callable[[Known, Call], None] | None
    find: Callable[[str, Call], Conference | None] | None
    join: Callable[[Known, Visitor, Call], str] | None
    account: Callable[[Call], Account] | None = None
    webhook: Callable[[Hook, Secret], Notice] | None = None
    rooms: Callable[[Call], list[Marked]] | None = None
    declare: Callable[[Any], Provider] | None = None


def names() -> tuple[str, ...]:
    """Every provider that there is, sorted."""
    found = {path.stem for kind in ("*.py", "*.toml") for path in Path(__file__).parent.glob(kind)}
    return tuple(sorted(name for name in found if _NAME.fullmatch(name) and name != _NOT_A_PROVIDER))


def definition(name: str) -> Path | None:
    """The file that describes the provider of that name, one of `names`, where it is one without code."""
    path = Path(__file__).parent / f"{name}.toml"
    return path if path.exists() else None


@cache
def load(name: str) -> LoadedProvider:
    """The provider of that file, checked. Raises InvalidSetting; a text that names no file is never imported.

    What depends on a solution's options is as `of` says.
    """
    if not _NAME.fullmatch(name) or name not in names():
        raise InvalidSetting("provider", f"is none of {', '.join(names())}")
    described = definition(name)
    if described:
        if described.with_suffix(".py").exists():
            raise InvalidSetting("provider", f"{name} is there twice, as {name}.py and {name}.toml; remove one")
        return _without_code(name, described)
    module = importlib.import_module(f"conference.providers.{name}")
    declared = getattr(module, "PROVIDER", None)
    if not isinstance(declared, Provider):
        raise InvalidSetting("provider", f"{name} declares no PROVIDER")
    functions = {word: getattr(module, word, None) for word in (*_FUNCTIONS, "declare")}
    if functions["declare"] is None:
        _check(name, declared, functions)
    return LoadedProvider(declared, **functions)  # type: ignore[arg-type]  # checked here, or by `check`


def of(solution: Solution) -> LoadedProvider:
    """The provider of that solution, as its options declare it: `check` has found that right. Raises InvalidSetting."""
    loaded = load(solution.provider)
    if loaded.declare is None:
        return loaded
    return _able(msgspec.structs.replace(loaded, declared=loaded.declare(solution.options)))


def _without_code(name: str, path: Path) -> LoadedProvider:
    """The provider that a definition describes. Raises InvalidSetting, with the line."""
    from conference.custom import files

    system = files.read(path)
    declared = system.declared(name, system.definition.declared.struct)
    provider = _able(
        LoadedProvider(declared, system.create, system.update, system.delete, system.find, None, account=system.account)
    )
    _check(name, declared, {word: getattr(provider, word) for word in _FUNCTIONS})
    return provider


def _able(provider: LoadedProvider) -> LoadedProvider:
    """The provider with those of its functions that its declaration has a use for."""
    declared = provider.declared
    able = {
        "update": bool(declared.updates),
        "delete": declared.deletes,
        **{word: word not in declared.lacks for word in ("find", "rooms", "webhook")},
        "join": declared.joins,
        "account": declared.oauth is not None,
    }
    cannot = {word: None for word, can in able.items() if not can}
    return msgspec.structs.replace(provider, **cannot)


def check(solution: Solution) -> None:
    """Raise InvalidSetting when what the options declare breaks the contract."""
    provider = of(solution)
    _check(solution.provider, provider.declared, {word: getattr(provider, word) for word in _FUNCTIONS})


def connects_users(solution: Solution) -> bool:
    """Whether each user connects, and no account does it for all. Raises InvalidSetting."""
    oauth = of(solution).declared.oauth
    return oauth is not None and oauth.account(solution.options) is None


def read_options(name: str, table: Mapping[str, Any], where: str = "") -> Any:
    """That provider's own `Options`, from the table of a solution without the fields that every solution has.

    `where` names the table in the message. Raises InvalidSetting, in one line that names the field.
    """
    try:
        declared = load(name).declared
    except InvalidSetting as error:
        raise InvalidSetting(f"{where} {error.reason}".strip(), error.detail) from error
    fields = {field.encode_name for field in msgspec.structs.fields(declared.options)}
    unknown = sorted(set(table) - fields)
    if unknown:
        known = f"; it has {', '.join(sorted(fields))}" if fields else "; it has none of its own"
        raise InvalidSetting(f"{where} {unknown[0]}".strip(), f"is no option of {name}{known}", path=(unknown[0],))
    try:
        return msgspec.convert(dict(table), declared.options)
    except msgspec.ValidationError as error:
        field, complaint = _complaint(str(error))
        path = getattr(error.__cause__, "path", (field,) if complaint == _MISSING else ())
        raise InvalidSetting(f"{where} {field}".strip(), complaint, path=path) from error


def _complaint(message: str) -> tuple[str, str]:
    """The field and what is wrong with it, of msgspec's "Expected `str` - at `$.field`" or of our own "field: ..."."""
    text, _, path = message.partition(" - at `$.")
    if path:
        return path.rstrip("`"), text
    missing = re.fullmatch(r"Object missing required field `(\w+)`", message)
    if missing:
        return missing[1], _MISSING
    field, colon, complaint = message.partition(": ")
    return (field, complaint) if colon else ("options", message)


def _check(name: str, declared: Provider, functions: Mapping[str, object]) -> None:
    for fault in _faults(name, declared, functions):
        raise InvalidSetting("provider", f"{name} breaks the contract: {fault}")


def _faults(name: str, declared: Provider, functions: Mapping[str, object]) -> tuple[str, ...]:
    has = {word: callable(function) for word, function in functions.items()}
    checks = {
        f"its name is {declared.name!r}": declared.name != name,
        "create is missing": not has["create"],
        "updates and update() do not go together": bool(declared.updates) != has["update"],
        "deletes and delete() do not go together": declared.deletes != has["delete"],
        "joins and join() do not go together": declared.joins != has["join"],
        "find() is missing": declared.idempotency == "searchable" and not has["find"],
        "authentication and oauth do not go together": (declared.authentication == "oauth") != bool(declared.oauth),
        "oauth and account() do not go together": (declared.oauth is not None) != has["account"],
        "its options lack client_id or client_secret": declared.oauth is not None and not _has_client(declared),
        "AuthenticationRequired and NotConnected cannot stand in the table": any(
            issubclass(failure, AuthenticationRequired | NotConnected) for failure in declared.errors.values()
        ),
    }
    return tuple(fault for fault, broken in checks.items() if broken)


def _has_client(declared: Provider) -> bool:
    fields = {field.name for field in msgspec.structs.fields(declared.options)}
    return {"client_id", "client_secret"} <= fields

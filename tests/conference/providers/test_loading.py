"""A provider is a file of the folder that keeps the contract; nothing else is ever imported."""

import subprocess
import sys
from collections.abc import Iterator
from inspect import signature
from pathlib import Path

import msgspec
import pytest

from conference import providers
from conference.errors import InvalidSetting
from conference.solution import Solution

GOOD = """
from conference.providers.base import Conference, Provider

PROVIDER = Provider(name="acme", authentication="none", idempotency="chosen")

def create(event, attempt, call):
    return Conference(attempt, ())
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of providers of its own, searched as the real one is."""
    real = Path(providers.__file__)
    monkeypatch.setattr(providers, "__file__", str(tmp_path / "__init__.py"))
    monkeypatch.setattr(providers, "__path__", [str(tmp_path), str(real.parent)])
    providers.load.cache_clear()
    yield tmp_path
    providers.load.cache_clear()
    for name in ("acme", "acme2"):
        sys.modules.pop(f"conference.providers.{name}", None)


def test_adding_a_file_is_all_it_takes(folder: Path) -> None:
    (folder / "acme.py").write_text(GOOD)

    assert providers.names() == ("acme",)
    loaded = providers.load("acme")
    assert loaded.declared.name == "acme"
    assert (loaded.update, loaded.delete, loaded.find, loaded.join) == (None, None, None, None)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("PROVIDER =", "OTHER ="), "declares no PROVIDER"),
        (('name="acme"', 'name="other"'), "its name is 'other'"),
        (("def create", "def make"), "create is missing"),
        (('"chosen"', '"chosen", deletes=True'), "deletes and delete() do not go together"),
        (("def create", "def delete(known, call): ...\ndef create"), "deletes and delete() do not go together"),
        (('"chosen"', '"chosen", updates=frozenset({"summary"})'), "updates and update() do not go together"),
        (('"chosen"', '"chosen", joins=True'), "joins and join() do not go together"),
        (('"chosen"', '"searchable"'), "find() is missing"),
        (
            ('"chosen"', '"chosen", errors={401: __import__("conference.errors").errors.AuthenticationRequired}'),
            "AuthenticationRequired and NotConnected cannot stand",
        ),
    ],
)
def test_a_file_that_breaks_the_contract_is_refused(folder: Path, change: tuple[str, str], fault: str) -> None:
    (folder / "acme.py").write_text(GOOD.replace(*change))

    with pytest.raises(InvalidSetting) as refused:
        providers.load("acme")
    assert fault in str(refused.value)


def test_a_provider_that_is_there_in_code_and_without_is_refused(folder: Path) -> None:
    (folder / "acme.py").write_text(GOOD)
    (folder / "acme.toml").write_text("")

    with pytest.raises(InvalidSetting, match=r"acme is there twice, as acme\.py and acme\.toml"):
        providers.load("acme")


DEPENDS = """
import msgspec
from conference.providers.base import Conference, Provider

class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    deletes: bool = False
    joins: bool = False
    searches: bool = False

PROVIDER = Provider(name="acme", authentication="none", idempotency="none", options=Options)

def declare(options):
    lacks = frozenset() if options.searches else frozenset({"find"})
    searchable = "searchable" if options.searches else "none"
    return msgspec.structs.replace(
        PROVIDER, deletes=options.deletes, joins=options.joins, idempotency=searchable, lacks=lacks
    )

def create(event, attempt, call):
    return Conference(attempt, ())

def delete(known, call): ...
def find(attempt, call): ...
"""


def solution(**options: object) -> Solution:
    return Solution("a", "Acme", "logo", "acme", providers.read_options("acme", options))


def test_what_a_system_can_do_may_depend_on_the_solution(folder: Path) -> None:
    (folder / "acme.py").write_text(DEPENDS)

    bare, able = providers.of(solution()), providers.of(solution(deletes=True, searches=True))
    assert (bare.declared.deletes, bare.delete, bare.find) == (False, None, None)
    assert able.declared.deletes
    assert able.delete is providers.load("acme").delete
    assert able.find is providers.load("acme").find


def test_a_solution_that_asks_for_what_its_provider_has_no_function_for_is_refused(folder: Path) -> None:
    (folder / "acme.py").write_text(DEPENDS)

    with pytest.raises(InvalidSetting) as refused:
        providers.check(solution(joins=True))
    assert "joins and join() do not go together" in str(refused.value)


@pytest.mark.parametrize(
    "name",
    [
        *("", "base", "__init__", "no_such", "os", "JITSI", "a" * 40),
        *("../jitsi", "jitsi.py", "jitsi/../jitsi", "providers.jitsi", ".", "jitsi\0", "jitsi\n"),
    ],
)
def test_f23_a_name_that_is_no_provider_imports_nothing(name: str) -> None:
    before = set(sys.modules)

    with pytest.raises(InvalidSetting) as refused:
        providers.load(name)
    assert not {module for module in set(sys.modules) - before if module.startswith("conference.")}
    assert str(refused.value) == f"provider: is none of {', '.join(providers.names())}"


@pytest.mark.parametrize(
    ("name", "table", "field"),
    [
        ("jitsi", {"colour": "blue"}, "[solutions.a] colour"),
        ("jitsi", {"base_url": 7}, "[solutions.a] base_url"),
        ("janus", {}, "[solutions.a] url"),
        ("demo", {"sign_in": "yes"}, "[solutions.a] sign_in"),
        ("whereby", {"api_key": "k", "room_prefix": "Acme"}, "[solutions.a] room_prefix"),
        ("whereby", {"api_key": "k", "days_after": -1}, "[solutions.a] days_after"),
        ("whereby", {"api_key": "k", "api_url": "http://metadata/"}, "[solutions.a] api_url"),
        ("whereby", {"api_key": "k", "room_mode": "large"}, "[solutions.a] room_mode"),
        ("whereby", {}, "[solutions.a] api_key"),
        ("custom", {}, "[solutions.a] reply"),
        ("custom", {"idempotency": "none", "create": 7, "reply": {}}, "[solutions.a] create"),
        ("no such", {}, "[solutions.a] provider"),
    ],
)
def test_options_that_make_no_sense_are_refused_in_one_line_that_names_the_field(
    name: str, table: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidSetting) as refused:
        providers.read_options(name, table, "[solutions.a]")
    assert str(refused.value).startswith(f"{field}: ")
    assert "\n" not in str(refused.value)


def test_what_systems_without_code_need_is_loaded_only_for_them() -> None:
    script = "import sys, conference.providers as p; p.load({!r}); print('jmespath' in sys.modules)"
    loaded = {
        name: subprocess.run([sys.executable, "-c", script.format(name)], capture_output=True, text=True, check=True)
        for name in ("jitsi", "whereby")
    }
    assert {name: done.stdout.strip() for name, done in loaded.items()} == {"jitsi": "False", "whereby": "True"}


def test_what_was_given_for_an_option_is_not_repeated() -> None:
    table = {"url": "https://j.example/janus", "join_url": "canary", "room_secret": "canary", "api_secret": "canary"}

    with pytest.raises(InvalidSetting) as refused:
        providers.read_options("janus", table)
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("name", providers.names())
def test_no_option_has_the_name_of_a_field_that_every_solution_has(name: str) -> None:
    """It could never be set: the solution takes it."""
    options = {field.encode_name for field in msgspec.structs.fields(providers.load(name).declared.options)}

    assert options & (set(signature(Solution).parameters) - {"id", "options"}) == set(), (
        "those two are no keys of a table"
    )

"""The add-on as one checked value: where the function is, what the add-on is called, and its solutions."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from conference.errors import InvalidSetting
from conference.solution import ID, LOGO, LOGO_HOSTS, Solution

NAME = "Anyroom"

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ORIGIN = re.compile(rf"https://((?:{_LABEL}\.)+(?=[a-z]){_LABEL})/?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of Calendar's menu; `id` never changes once somebody uses it."""

    id: str
    name: str
    logo: str


@dataclass(frozen=True, slots=True)
class Product:
    """What the three files are made from. `origin` is https, lower-case, without a slash at its end."""

    origin: str
    name: str
    logo: str
    entries: tuple[Entry, ...]


def product(solutions: Iterable[Solution], url: str, name: str = NAME, logo: str = "") -> Product:
    """Check everything that ends up in the add-on.

    `url` is the function's public origin; `name` and `logo` are the add-on's own, the logo being the first solution's
    when empty. Raises InvalidSetting with one line that names the setting.
    """
    origin = _ORIGIN.fullmatch(url)
    if not origin:
        raise InvalidSetting(
            "--url",
            f"{url!r} is not a plain https origin such as https://anyroom-abc-ew.a.run.app "
            "(no port, path or query; take the function's run.app address, not the cloudfunctions.net one)",
        )
    entries = tuple(_entry(solution) for solution in solutions)
    if not entries:
        raise InvalidSetting("[solutions]", "none is configured; Calendar's menu needs at least one")
    ids = [entry.id for entry in entries]
    for repeated in sorted({id for id in ids if ids.count(id) > 1}):
        raise InvalidSetting(f"[solutions.{repeated}]", "is configured twice; Calendar knows a solution by its id")
    return Product(
        origin=f"https://{origin[1].lower()}",
        name=_name("--name", name),
        logo=_logo("--logo", logo) if logo else entries[0].logo,
        entries=entries,
    )


def _entry(solution: Solution) -> Entry:
    if not ID.fullmatch(solution.id):
        raise InvalidSetting(
            f"[solutions.{solution.id!r}]", "an id is 1 to 63 of a-z, 0-9 and -, and does not begin with -"
        )
    setting = f"[solutions.{solution.id}]"
    return Entry(
        id=solution.id, name=_name(f"{setting} name", solution.name), logo=_logo(f"{setting} logo", solution.logo)
    )


def _name(setting: str, name: str) -> str:
    if not name.strip() or not name.isprintable():
        raise InvalidSetting(setting, "is empty or holds a line break or another control character")
    return name


def _logo(setting: str, logo: str) -> str:
    if not LOGO.fullmatch(logo):
        raise InvalidSetting(
            setting,
            f"{logo!r} is not an https URL on Google's servers ({', '.join(LOGO_HOSTS)}); upload the icon under "
            "Google Workspace Marketplace SDK > Store Listing and copy its URL",
        )
    return logo

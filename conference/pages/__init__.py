"""The pages that people see, in their language: no page loads anything, and each may do no more than it needs.

Text stands in texts.toml, the markup in templates/. Everything that is filled in is escaped.
"""

import hashlib
import re
import tomllib
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

LANGUAGES = ("en", "de", "fr", "es", "ja")
"""The first is for everybody else."""
CLOSE = "window.close()"
"""All the script that there ever is: it closes the pop-up that Calendar opened, where a browser lets it."""

_HERE = Path(__file__).parent
_LIKED = re.compile(r"([a-z]{2,8})(?:-[a-z0-9-]*)?(?:;q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?")


class Page(NamedTuple):
    """A page as it is sent."""

    content: bytes
    headers: Mapping[str, str]


def language(accepted: str) -> str:
    """The language of ours that an Accept-Language header likes best (RFC 9110, section 12.5.4)."""
    parts = ("".join(part.split()) for part in accepted[:500].lower().split(","))
    wanted = [(float(match[2] or 1), match[1]) for part in parts if (match := _LIKED.fullmatch(part))]
    liked = [tag for weight, tag in sorted(wanted, key=lambda one: -one[0]) if weight > 0 and tag in LANGUAGES]
    return liked[0] if liked else LANGUAGES[0]


def render(template: str, spoken: str, *, close: bool = False, leads_out: bool = False, **data: Any) -> Page:
    """The page of that template in that language. With `close` it closes itself.

    Where it `leads_out`, a form is answered by sending the browser to another site: browsers hold that to `form-action`
    too, at each redirect of a site that we do not know.

    Its Content-Security-Policy lets it apply its own style, run that one script and send its forms to us, and nothing
    else (CSP Level 3, hash sources).
    """
    script = CLOSE if close else ""
    style = _style()
    markup = _environment().get_template(f"{template}.html")
    content = markup.render(
        language=spoken,
        style=style,
        script=script,
        t=_translated(spoken),
        **data,
    )
    scripts = f"script-src {_hash(script)}; " if script else ""
    out = " https: http:" if leads_out else ""
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; {scripts}base-uri 'none'; form-action 'self'{out}; "
        "frame-ancestors 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "Content-Type": "text/html; charset=utf-8",
        "X-Frame-Options": "DENY",
    }
    return Page(content.encode(), headers)


def text(name: str, spoken: str, **words: str) -> str:
    """One text, with its words filled in."""
    return texts()[name][spoken].format(**words)


def shown(moment: datetime) -> str:
    """A time for people of every language: the date as ISO 8601 writes it, and the time of day."""
    return moment.strftime("%Y-%m-%d %H:%M")


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """Every text, by its name and language."""
    return tomllib.loads((_HERE / "texts.toml").read_text("utf-8"))


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _style() -> str:
    return (_HERE / "style.css").read_text("utf-8")


def _translated(spoken: str) -> Callable[..., str]:
    return lambda name, **words: text(name, spoken, **words)


def _hash(content: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"

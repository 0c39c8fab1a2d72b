"""The pages that people see: whole files, served with headers that let them load nothing but their own style."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


class Page(NamedTuple):
    """A page as it is sent."""

    content: bytes
    headers: Mapping[str, str]


@cache
def page(name: str) -> Page:
    """The page `name` of this folder, with the Content-Security-Policy that fits it (CSP Level 3, hash sources)."""
    content = (Path(__file__).parent / f"{name}.html").read_text("utf-8")
    hashes = (b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in _STYLE.findall(content))
    styles = " ".join(f"'sha256-{digest}'" for digest in hashes)
    policy = f"default-src 'none'; style-src {styles}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return Page(content.encode(), {"Content-Security-Policy": policy, "Content-Type": "text/html; charset=utf-8"})

"""The Apps Script of the add-on: a generated onCreate function for each solution, then shim.gs as it stands."""

import json
from pathlib import Path

from addon.product import Product

SETTINGS_FUNCTION = "getSettingsUrl"

_SHIM = Path(__file__).with_name("shim.gs")
_HEAD = """\
// Made by `make addon` from anyroom.toml: what is changed here is lost with the next one.

const ANYROOM = {table};
"""
_ON_CREATE = """
function {function}(arg) {{
  return createConference_({id}, arg);
}}
"""


def function_name(solution_id: str) -> str:
    """The onCreate function of a solution: a JavaScript identifier, different for different ids.

    Ids hold neither "_" nor capitals, so neither the "_" for "-" nor the capital at the end can collide. The capital
    is there because Apps Script hides functions whose name ends in "_" ("Private functions").
    """
    name = "onCreate_" + solution_id.replace("-", "_")
    return f"{name}Z" if name.endswith("_") else name


def literal(value: object) -> str:
    """A JavaScript literal of `value`: JSON in ASCII, so neither U+2028 nor a closing tag can end it early."""
    return json.dumps(value, ensure_ascii=True).replace("<", "\\u003c").replace(">", "\\u003e")


def script(product: Product) -> str:
    """The whole of Code.gs."""
    functions = (_ON_CREATE.format(function=function_name(entry.id), id=literal(entry.id)) for entry in product.entries)
    head = _HEAD.format(table=literal({"url": product.origin}))
    return head + "".join(functions) + "\n" + _SHIM.read_text(encoding="utf-8")

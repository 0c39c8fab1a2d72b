"""The three files of the add-on, by name and content, and nothing written unless all of them could be made."""

import json
from pathlib import Path
from typing import Any

from addon.manifest import deployment, script_manifest
from addon.product import Product
from addon.script import script


def build(product: Product) -> dict[str, str]:
    """File name to content: appsscript.json and Code.gs for Apps Script, deployment.json for the HTTP path."""
    return {
        "appsscript.json": _json(script_manifest(product)),
        "Code.gs": script(product),
        "deployment.json": _json(deployment(product)),
    }


def write(files: dict[str, str], folder: Path) -> None:
    """Write the files into `folder`, which is made when it is missing. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8", newline="\n")


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"

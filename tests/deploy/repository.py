"""The repository's own files: not what is installed into it, made in it, or kept by git."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_NOT_OURS = {".git", ".venv", ".run", "node_modules", "build", "__pycache__"}


def files(*suffixes: str) -> list[Path]:
    """Those whose names end so, or all, in order."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(set(folders) - _NOT_OURS)
        found += [Path(folder) / name for name in sorted(names) if name.endswith(suffixes or "")]
    return found

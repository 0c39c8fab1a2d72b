"""A quick start: what a fresh instance needs is loaded beside its first request, once, in the process that answers.

functions-framework imports main.py in gunicorn's master, which then forks: a thread started before would not exist in
the worker. Collecting garbage while importing costs a quarter of the time and finds none: from the import of this
module, which main.py therefore imports first, until `loaded` none is collected.
"""

import gc
import importlib.abc
import importlib.machinery
import importlib.util
import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from types import ModuleType

_LAZY = frozenset(
    {
        "google.auth._regional_access_boundary_utils",  # brings asyncio
        "google.auth.transport.mtls",
        "google.oauth2.service_account",
        "httplib2.auth",  # brings pyparsing
    }
)
"""Modules that googleapiclient brings and that we never use: they are loaded when somebody does."""

_HIDDEN = frozenset({"chardet", "charset_normalizer"})
"""Optional parts of requests that guess the charset of texts; we only read bytes."""

_log = logging.getLogger("anyroom.startup")


class _LazyFinder(importlib.abc.MetaPathFinder):
    """Finds the modules of _LAZY as lazy ones (importlib, "Implementing lazy imports"), and no optional ones."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The module's spec with a loader that waits, None for all others. Raises ModuleNotFoundError."""
        if fullname in _HIDDEN:
            raise ModuleNotFoundError(f"{fullname} is not loaded", name=fullname)
        if fullname not in _LAZY:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec and spec.loader:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


def prepare(load: Callable[[], object]) -> None:
    """Have `load` run in a thread of each forked worker."""
    os.register_at_fork(before=gc.freeze, after_in_parent=gc.enable, after_in_child=lambda: _in_background(load))


def loaded() -> None:
    """Everything is loaded: it is never collected, what comes from now on is."""
    gc.freeze()
    gc.enable()
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)


def _in_background(load: Callable[[], object]) -> None:
    threading.Thread(target=_load, args=(load,), name="startup", daemon=True).start()


def _load(load: Callable[[], object]) -> None:
    """Load, and leave a failure to the first request, which meets it again and answers for it."""
    try:
        load()
    except Exception:  # noqa: BLE001  # nobody is there to catch it
        _log.exception("not loaded at the start")


_finder = _LazyFinder()
sys.meta_path.insert(0, _finder)
warnings.filterwarnings("ignore", "Unable to find acceptable character detection dependency")
gc.disable()

"""A quick start: what a fresh instance needs is loaded beside its first request, once, in the process that answers.

functions-framework imports main.py in gunicorn's master, which then forks: a thread started before would not exist in
the worker. Collecting garbage while importing costs a quarter of the time and finds none.
"""

import gc
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Sequence
from types import ModuleType

_LAZY = frozenset({"httplib2.auth"})
"""Loaded only when used: it brings pyparsing, for an authentication that Google's APIs do not have."""


class _LazyFinder(importlib.abc.MetaPathFinder):
    """Finds the modules of _LAZY as lazy ones (importlib, "Implementing lazy imports")."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The module's spec with a loader that waits, None for all others."""
        if fullname not in _LAZY:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec and spec.loader:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


def prepare(load: Callable[[], object]) -> None:
    """Have `load` run in a thread of each forked worker, and no garbage collected until `loaded` is called."""
    sys.meta_path.insert(0, _LazyFinder())
    gc.disable()
    os.register_at_fork(before=gc.freeze, after_in_parent=gc.enable, after_in_child=lambda: _in_background(load))


def loaded() -> None:
    """Everything is loaded: it is never collected, what comes from now on is."""
    gc.freeze()
    gc.enable()


def _in_background(load: Callable[[], object]) -> None:
    threading.Thread(target=load, name="startup", daemon=True).start()

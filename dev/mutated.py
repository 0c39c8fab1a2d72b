"""Runs test files in a process of their own in which one module has a mistake: whether a test finds it.

The module is changed in memory only, when it is first imported. A run is a fork, so that what the tests need of others'
libraries is loaded once for all of them.
"""

import ast
import gc
import importlib
import importlib.abc
import importlib.machinery
import os
import signal
import sys
import tempfile
import time
import types
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest

_WATCH = 0.01
_WITHOUT_SHRINKING = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
EXAMPLES = 30
"""Of each property that names no number of its own: the same ones for every mistake."""


@dataclass(slots=True)
class Run:
    """A run on its way."""

    pid: int
    ends: float
    folder: "tempfile.TemporaryDirectory[str]"


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads another tree than the file's."""

    tree: ast.Module

    def get_code(self, fullname: str) -> types.CodeType:
        code: types.CodeType = compile(self.tree, self.path, "exec")
        return code


class _Finder(importlib.abc.MetaPathFinder):
    """Finds one module, with its mistake."""

    def __init__(self, module: str, tree: ast.Module) -> None:
        self._module = module
        self._tree = tree

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._module:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        assert spec
        assert spec.origin
        loader = _Loader(fullname, spec.origin)
        loader.tree = self._tree
        spec.loader = loader
        return spec


class Runs:
    """Runs of tests, at most `most` at a time; none outlives the context.

    `tests` may take `seconds` before they count as hanging.
    """

    def __init__(self, tests: Sequence[str], seconds: float, most: int) -> None:
        self._tests = tests
        self._seconds = seconds
        self._most = most
        self._running: dict[int, tuple[Run, Callable[[bool], None]]] = {}

    def __enter__(self) -> "Runs":
        return self

    def __exit__(self, *error: object) -> None:
        for run, _ in self._running.values():
            _end(run)

    def start(self, module: str, tree: ast.Module, done: Callable[[bool], None]) -> None:
        """Run the tests with that module, when there is room; `done` is told whether the mistake was found."""
        while len(self._running) >= self._most:
            self._wait()
        run = started(self._tests, self._seconds, _Finder(module, tree))
        self._running[run.pid] = run, done

    def finish(self) -> None:
        """Wait for all of them."""
        while self._running:
            self._wait()

    def _wait(self) -> None:
        for run, done in list(self._running.values()):
            code = ended(run)
            if code is not None:
                del self._running[run.pid]
                done(code != 0)
        time.sleep(_WATCH)


def started(tests: Sequence[str], seconds: float, finder: _Finder | None = None) -> Run:
    """A process that runs test files and ends with pytest's exit code."""
    folder = tempfile.TemporaryDirectory(prefix="anyroom-mutants-")
    pid = os.fork()
    if pid == 0:
        code = 4
        try:
            os.setpgid(0, 0)
            code = _tested(tests, Path(folder.name), finder)
        finally:
            os._exit(code)
    with suppress(OSError):  # it may have done so itself, and be done
        os.setpgid(pid, pid)
    return Run(pid, time.monotonic() + seconds, folder)


def ended(run: Run) -> int | None:
    """The exit code, None while it runs on; one that hangs is ended, and counts as failed."""
    pid, status = os.waitpid(run.pid, os.WNOHANG)
    if pid == 0 and time.monotonic() < run.ends:
        return None
    _end(run)
    return 1 if pid == 0 or os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _end(run: Run) -> None:
    """End what is left of a run, and what its tests have started."""
    with suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(run.pid, 0)
    run.folder.cleanup()


def load_libraries(tests: Sequence[str]) -> None:
    """Load what the tests need, but nothing of ours: each run has its own of that."""
    root = Path(__file__).resolve().parent.parent
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(reader)
        with tempfile.TemporaryDirectory() as folder, suppress(BaseException):
            _tested([*tests, "--collect-only"], Path(folder), None)
        names = [name for name, module in list(sys.modules.items()) if _is_library(module, root)]
        with os.fdopen(writer, "w") as pipe:
            pipe.write("\n".join(names))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        names = pipe.read().split("\n")
    os.wait()
    for name in names:
        with suppress(ImportError):
            importlib.import_module(name)


def _is_library(module: object, root: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and (not Path(file).is_relative_to(root) or ".venv" in Path(file).parts)


def _tested(tests: Sequence[str], folder: Path, finder: _Finder | None) -> int:
    silent = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silent, stream)
    if finder:
        sys.meta_path.insert(0, finder)
    gc.freeze()
    hypothesis.settings.register_profile(
        "mutants", max_examples=EXAMPLES, derandomize=True, database=None, phases=_WITHOUT_SHRINKING, deadline=None
    )
    quiet = ["-q", "-x", "--no-header", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist"]
    loaded = ["--hypothesis-profile=mutants", "-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"]
    return int(pytest.main([*quiet, *loaded, f"--basetemp={folder / 'tests'}", *tests]))

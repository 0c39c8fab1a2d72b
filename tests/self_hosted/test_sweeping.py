"""On one machine nobody calls /sweep, and what is due is done all the same: the function sweeps by itself."""

import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest

from sync.once import Once
from sync.store.sqlite import SqliteStore
from tests import browsing
from tests.served import Function, serving

LIMIT = 20.0


def is_left(function: Function) -> bool:
    with closing(SqliteStore(str(function.file))) as store:
        return Once(store).is_spent("state")


def test_what_is_due_is_done_although_no_request_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.SWEEP", 0.2)
    with serving(tmp_path, monkeypatch, environment=browsing.ENVIRONMENT, sweeps=True) as function:
        with closing(SqliteStore(str(function.file))) as store:
            assert Once(store).spend("state", datetime.now(UTC) - timedelta(days=1))
        assert is_left(function)
        sys.modules["main"].service()  # as the worker does once it has forked
        began = monotonic()
        while is_left(function):
            assert monotonic() - began < LIMIT, function.log()
            sleep(0.02)

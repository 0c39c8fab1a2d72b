"""openapi.yaml names what main.py answers, and nothing else."""

import sys
from pathlib import Path

import schemathesis

from tests.fuzz.fuzzed import DOCUMENT, OPERATIONS
from tests.fuzz.fuzzed import function as function
from tests.served import Function


def test_every_route_and_method_is_described_and_no_other(function: Function) -> None:
    main = sys.modules["main"]
    answered = {(method, path) for path, (method, _) in main.ROUTES.items()} | set(main._ALSO)
    described = {
        (one.method.upper(), one.path.replace("{solution}", "ID").replace("{token}", "ID")) for one in OPERATIONS
    }
    assert described == answered


def test_it_is_an_openapi_document() -> None:
    schemathesis.openapi.from_path(DOCUMENT).validate()
    assert Path(DOCUMENT).read_text("utf-8").startswith("#")

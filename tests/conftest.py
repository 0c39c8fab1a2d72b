"""What is logged is heard, examples are the same each time and none is too slow, a skip is said and fails in CI."""

import logging
import os
from collections import Counter
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

# Examples are the same each time, but with ANYROOM_FUZZ, as `make fuzz` sets it: what was green fails nobody else. By
# default one that takes 0.2 s is a failure, and on a busy machine any may.
settings.register_profile(
    "ours",
    derandomize="ANYROOM_FUZZ" not in os.environ,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ours")


@pytest.fixture(autouse=True)
def heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Anyroom logs reaches pytest, whatever was loaded before: main.py and the bench keep it to themselves."""
    logger = logging.getLogger("anyroom")
    monkeypatch.setattr(logger, "propagate", True)
    logger.setLevel(logging.INFO)


SLOW = (
    *("test_machine", "test_crashes_by_delegation", "test_crashes_relayed", "test_environment", "test_looks"),
    *("test_schedules", "test_cloudbuild", "test_run", "test_skipping", "test_tokens_at_random"),
    *("test_archive", "test_real_gcloud", "test_smoke", "test_variables", "test_steps"),
    *("test_setup", "test_gcloud_lines", "test_publish_commands", "test_providers_guide"),
    *("test_routes", "test_provider_faults", "test_operations_main", "test_remove", "test_provider_hostile"),
)
"""Files that begin first, so that none of them is left to one worker in the end: most of their time is waiting."""

NOT_RUN = "[NOTRUN] "
"""How pytest marks the reason of `xfail(run=False)`."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever the order, the slow files come first."""
    items.sort(key=lambda item: SLOW.index(item.path.stem) if item.path.stem in SLOW else len(SLOW))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where nothing may be skipped. What is expected to fail is no skip."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("ANYROOM_TEST_ALL") == "1":
        report.outcome = "failed"
        report.longrepr = f"skipped although ANYROOM_TEST_ALL=1: {_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole file."""
    report = yield
    if report.skipped and os.environ.get("ANYROOM_TEST_ALL") == "1":
        report.outcome = "failed"
        report.longrepr = f"skipped although ANYROOM_TEST_ALL=1: {_reason(report)}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each reason, with the number of tests or files that it kept away."""
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"skipped {count}: {reason}")
    # Where nothing may be skipped, what no machine can have all of is expected to fail, and not run.
    for report in terminalreporter.stats.get("xfailed", []):
        if report.wasxfail.startswith(NOT_RUN):
            terminalreporter.write_line(f"not run: {report.wasxfail.removeprefix(NOT_RUN)}")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    # pytest keeps a skip as (path, line, "Skipped: reason").
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")

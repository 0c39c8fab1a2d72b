"""Each log-based metric is one that Cloud Logging takes, and finds what it counts in lines that were really written."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import jsonschema
import pytest

from conference.limits import ERROR_TYPES
from tests.observability.deployed import METRICS, check
from tests.observability.logging_query import Entry, entry, extracted, matching, of_a_request
from tests.observability.story import FIRST_LAG

EACH = pytest.mark.parametrize("name", METRICS)
LEGS = ("identity", "authority", "claim", "event", "provider", "commit")


def values(name: str, entries: list[Entry]) -> list[float]:
    """What a distribution records of the story."""
    return [extracted(METRICS[name]["valueExtractor"], one) for one in matching(METRICS[name]["filter"], entries)]


def labels(name: str, entries: list[Entry]) -> list[dict[str, Any]]:
    extractors = METRICS[name]["labelExtractors"]
    found = matching(METRICS[name]["filter"], entries)
    return [{label: extracted(extractors[label], one) for label in extractors} for one in found]


@EACH
def test_a_metric_is_one_that_cloud_logging_takes(name: str) -> None:
    metric = METRICS[name]
    check("logging.v2", "LogMetric", metric)
    assert metric["name"] == name
    assert metric["description"]
    described = [label["key"] for label in metric["metricDescriptor"].get("labels", [])]
    assert described == list(metric.get("labelExtractors", {}))


@EACH
def test_a_metric_of_values_says_how_and_in_which_buckets(name: str) -> None:
    metric = METRICS[name]
    measures = metric["metricDescriptor"]["valueType"] == "DISTRIBUTION"
    assert metric["metricDescriptor"]["metricKind"] == "DELTA"
    assert ("valueExtractor" in metric, "bucketOptions" in metric) == (measures, measures)
    if measures:
        bounds = metric["bucketOptions"]["explicitBuckets"]["bounds"]
        assert bounds == sorted(set(bounds))


@pytest.mark.parametrize(
    "damage", [{"filters": "x"}, {"createTime": "2027-01-01T00:00:00Z"}, {"metricDescriptor": {"metricKind": "SUM"}}]
)
def test_what_cloud_logging_would_refuse_is_refused_here(damage: Mapping[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        check("logging.v2", "LogMetric", {**deepcopy(METRICS["anyroom-creates"]), **damage})


@EACH
def test_a_metric_finds_lines_that_were_written_with_all_its_labels_and_values(name: str, entries: list[Entry]) -> None:
    metric = METRICS[name]
    found = matching(metric["filter"], entries)
    assert found
    for one in found:
        for extractor in metric.get("labelExtractors", {}).values():
            label = extracted(extractor, one)
            assert isinstance(label, str)
            assert label
        if "valueExtractor" in metric:
            assert float(extracted(metric["valueExtractor"], one)) >= 0


@EACH
def test_a_metric_finds_nothing_of_another_service(name: str, story: Any) -> None:
    others = [entry(line, "another") for line in story.lines]
    assert matching(METRICS[name]["filter"], others) == []


def test_creates_are_counted_by_outcome_and_solution_once_each(entries: list[Entry]) -> None:
    found = labels("anyroom-creates", entries)
    asked = [one for one in entries if one["jsonPayload"].get("route") == "/conferences"]
    assert len(found) == len(asked)
    ends = {(one["outcome"], one["solution"]) for one in found}
    assert ends >= {
        ("conference", "demo"),
        ("AUTHENTICATION", "signin"),
        ("CONFERENCE_SOLUTION_FORBIDDEN", "closed"),
        ("PERMANENT", "keyed"),
        ("TEMPORARY", "demo"),
        ("PERMISSION_DENIED", "demo"),
    }
    assert {outcome for outcome, _ in ends} <= {"conference", *ERROR_TYPES}


def test_each_leg_of_a_create_has_its_metric(payloads: list[Mapping[str, Any]]) -> None:
    met = {leg for one in payloads if one.get("route") == "/conferences" for leg in one["legs"]}
    assert met == set(LEGS)
    assert {name.removeprefix("anyroom-leg-") for name in METRICS if "-leg-" in name} == met


def test_the_lag_is_from_the_change_to_the_reply_also_where_it_was_parked_meanwhile(entries: list[Entry]) -> None:
    first, parked = values("anyroom-sync-lag", entries)
    assert FIRST_LAG * 1000 <= first < (FIRST_LAG + 60) * 1000
    assert 560_000 <= parked < 620_000


def test_what_waits_is_as_old_as_it_is(entries: list[Entry]) -> None:
    at_once, again = values("anyroom-parked-age", entries)
    assert at_once == 0
    assert 160 <= again < 220
    assert values("anyroom-parked", entries) == [1, 1, 0]
    assert values("anyroom-orphans", entries) == [0, 0, 1]
    [orphan] = values("anyroom-orphan-age", entries)
    [channel] = values("anyroom-channel-age", entries)
    assert orphan // 86400 == channel // 86400 == 3
    [behind] = values("anyroom-sync-behind", entries)
    assert 2 * 86400 < behind < 3 * 86400


def test_token_failures_are_of_connections_and_of_delegation(entries: list[Entry]) -> None:
    assert {one["credential"] for one in labels("anyroom-token-failures", entries)} == {"zoom", "delegation"}
    assert {"credential": "zoom", "reason": "grant-refused"} in labels("anyroom-token-failures", entries)


def test_every_line_of_severity_error_counts_as_one(entries: list[Entry]) -> None:
    errors = [one for one in entries if one["severity"] == "ERROR"]
    assert matching(METRICS["anyroom-errors"]["filter"], entries) == errors


@pytest.mark.parametrize(
    ("status", "text", "counted"),
    [
        (503, "", False),
        (500, "", False),
        (503, "The request failed because either the HTTP response was malformed", True),
        (429, "The request was aborted because there was no available instance", False),
    ],
)
def test_an_answer_of_ours_wakes_nobody_by_the_line_that_cloud_run_writes_of_it(
    status: int, text: str, counted: bool
) -> None:
    """Our own line says whether somebody must do something; an answer of Cloud Run's own has no line of ours."""
    assert len(matching(METRICS["anyroom-errors"]["filter"], [of_a_request(status, text)])) == counted


@pytest.mark.parametrize(
    "query", ["", "a OR b", 'NOT a="b"', 'a="b" OR c="d"', 'a=~"b"', 'a:"b"', 'a="b" AND', 'a="b" text']
)
def test_a_query_beyond_what_is_understood_here_is_refused(query: str) -> None:
    with pytest.raises(ValueError, match=r"subset|empty"):
        matching(query, [])

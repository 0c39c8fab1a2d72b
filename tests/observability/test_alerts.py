"""Five alerts, each one that Cloud Monitoring takes, on metrics that there are, with thresholds that can be seen."""

from collections.abc import Mapping
from typing import Any

import jsonschema
import pytest

from tests.observability.deployed import ALERTS, METRICS, check, conditions, labels_of, metric_of
from tests.observability.logging_query import Entry, extracted, matching

EACH = pytest.mark.parametrize("name", ALERTS)
EACH_CONDITION = pytest.mark.parametrize(
    "condition", [one for alert in ALERTS.values() for one in conditions(alert)], ids=metric_of
)


def test_there_are_five() -> None:
    assert set(ALERTS) == {"errors", "sync-lag", "parked-work", "token-failures", "channel-age"}


@EACH
def test_an_alert_is_one_that_cloud_monitoring_takes(name: str) -> None:
    check("monitoring.v3", "AlertPolicy", ALERTS[name])
    assert ALERTS[name]["displayName"] == f"Anyroom: {name.replace('-', ' ')}"
    assert 1800 <= int(ALERTS[name]["alertStrategy"]["autoClose"].rstrip("s")) <= 7 * 86400
    names = [condition["displayName"] for condition in ALERTS[name]["conditions"]]
    assert len(set(names)) == len(names) <= 6


@pytest.mark.parametrize("damage", [{"condition": []}, {"combiner": "XOR"}, {"alertStrategy": {"autoClose": "1h"}}])
def test_what_cloud_monitoring_would_refuse_is_refused_here(damage: Mapping[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        check("monitoring.v3", "AlertPolicy", {**ALERTS["errors"], **damage})


@EACH_CONDITION
def test_a_condition_names_a_metric_that_there_is_and_groups_by_its_labels(condition: Mapping[str, Any]) -> None:
    metric = METRICS[metric_of(condition)]
    [aggregation] = condition["aggregations"]
    groups = {field.removeprefix("metric.label.") for field in aggregation.get("groupByFields", [])}
    assert groups | set(labels_of(condition)) <= set(metric.get("labelExtractors", {}))


@EACH_CONDITION
def test_a_threshold_of_values_parts_two_buckets(condition: Mapping[str, Any]) -> None:
    """A percentile is interpolated within its bucket: what is over the threshold must lie in one that is above it."""
    metric = METRICS[metric_of(condition)]
    [aggregation] = condition["aggregations"]
    measures = metric["metricDescriptor"]["valueType"] == "DISTRIBUTION"
    assert aggregation["perSeriesAligner"] == "ALIGN_DELTA"
    assert aggregation["crossSeriesReducer"].startswith("REDUCE_PERCENTILE_" if measures else "REDUCE_SUM")
    if measures:
        assert condition["thresholdValue"] in metric["bucketOptions"]["explicitBuckets"]["bounds"][:-1]


@EACH_CONDITION
def test_only_what_lasts_a_minute_says_what_missing_data_mean(condition: Mapping[str, Any]) -> None:
    """MetricThreshold.evaluationMissingData needs a duration of at least 60 seconds."""
    seconds = int(condition["duration"].rstrip("s"))
    assert seconds % 60 == 0
    assert seconds >= 60 or "evaluationMissingData" not in condition
    assert condition["comparison"] in ("COMPARISON_GT", "COMPARISON_LT")


def test_a_refused_delegation_is_told_at_once_though_each_calendar_is_tried_once_a_day(entries: list[Entry]) -> None:
    """The story has one calendar: a small domain would never have more than five failures in a quarter of an hour."""
    metric = METRICS["anyroom-token-failures"]
    refused = [
        {name: extracted(extractor, one) for name, extractor in metric["labelExtractors"].items()}
        for one in matching(metric["filter"], entries)
    ]
    of_delegation = [one for one in refused if one["credential"] == "delegation"]
    fires = [
        one
        for one in conditions(ALERTS["token-failures"])
        if sum(labels_of(one).items() <= labels.items() for labels in of_delegation) > one["thresholdValue"]
    ]
    assert 0 < len(of_delegation) <= 5
    assert len(fires) == 1

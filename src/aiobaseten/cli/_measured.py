"""Measurements, for people and for programs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..metrics import Metrics, Traffic, Value
from ._jobs import ShownMetrics
from ._table import table
from ._text import number, timestamp

_QUANTILES = ("p50", "p95", "p99", "avg")
_NO_DATA = "no data"


def metrics_text(shown: ShownMetrics) -> Iterator[str]:
    """Measurements in several lines: the window, the traffic, and each value."""
    metrics = shown.metrics
    yield f"metrics of {shown.job}"
    yield f"  window     {_window(metrics)}"
    if not metrics.is_complete:
        yield "  incomplete: Baseten has not counted all of it yet, so that numbers are too low"
    yield f"  requests   {_number(metrics.traffic.requests)}"
    yield f"  5xx        {_share(metrics.traffic)}"
    if metrics.mode != "SERIES":  # quantiles of several steps cannot be added up
        for name in _QUANTILES:
            yield f"  {name:9}  {_seconds(metrics.traffic.latency, name)}"
    if metrics.traffic.requests is None:
        yield "  no data: there were no requests, or none that Baseten has counted yet"
    yield ""
    if metrics.mode == "SERIES":
        yield from table(
            ["FROM", "REQUESTS", "5XX", *map(str.upper, _QUANTILES), "COMPLETE"],
            [_step(one) for one in metrics.steps],
        )
        return
    yield from table(
        ["METRIC", "SERIES", "VALUE", "UNIT"],
        [
            [one.metric, _labels(one), _number(one.value), one.unit.lower() or "-"]
            for one in metrics.values
        ],
    )


def metrics_object(shown: ShownMetrics) -> dict[str, Any]:
    """Measurements. The schema calls the resource an owner; ``null`` is no data."""
    job, metrics = shown.job, shown.metrics
    return {
        "kind": job.resource.kind,
        "owner": job.resource.id,
        "environment": job.environment,
        "deployment": job.deployment,
        "mode": metrics.mode,
        "start": _iso(metrics.start),
        "end": _iso(metrics.end),
        "is_complete": metrics.is_complete,
        "traffic": _traffic_object(metrics.traffic),
        "steps": [_traffic_object(one) for one in metrics.steps],
        "values": [_value_object(one) for one in metrics.values],
    }


def _traffic_object(traffic: Traffic) -> dict[str, Any]:
    return {
        "start": _iso(traffic.start),
        "end": _iso(traffic.end),
        "is_complete": traffic.is_complete,
        "requests": traffic.requests,
        "statuses": dict(traffic.statuses),
        "error_share": traffic.error_share,
        "latency": dict(traffic.latency),
    }


def _value_object(value: Value) -> dict[str, Any]:
    return {
        "metric": value.metric,
        "labels": dict(value.labels),
        "value": value.value,
        "unit": value.unit,
        "kind": value.kind,
        "start": _iso(value.start),
        "end": _iso(value.end),
        "is_complete": value.is_complete,
    }


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="seconds")


def _window(metrics: Metrics) -> str:
    if metrics.start == metrics.end:
        return f"at {timestamp(metrics.end)}"
    return f"{timestamp(metrics.start)} to {timestamp(metrics.end)}"


def _step(traffic: Traffic) -> list[str]:
    return [
        timestamp(traffic.start),
        _number(traffic.requests),
        _share(traffic),
        *(_seconds(traffic.latency, name) for name in _QUANTILES),
        "yes" if traffic.is_complete else "no",
    ]


def _number(value: float | None) -> str:
    return _NO_DATA if value is None else number(value)


def _share(traffic: Traffic) -> str:
    return _NO_DATA if traffic.error_share is None else f"{100 * traffic.error_share:.2f} %"


def _seconds(latency: Mapping[str, float], name: str) -> str:
    return f"{latency[name]:.3g} s" if name in latency else _NO_DATA


def _labels(value: Value) -> str:
    return ", ".join(f"{name}={text}" for name, text in value.labels.items()) or "-"

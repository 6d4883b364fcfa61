"""Metrics: from a request to a window of time, and from its requests to JSON.

The library has the names of the metrics, too. They are not shared: the fake judges the library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from .._world import Flow, Measured, not_possible
from ..behaviour import Behaviour
from .json_writer import JSON
from .parsed_request import ParsedRequest
from .response import InvalidRequest

_REPLICAS: Final = "baseten_replicas_active"
_REQUESTS: Final = "baseten_inference_requests_total"
_LATENCY: Final = "baseten_end_to_end_response_time_seconds"
_OURS: Final = (_REPLICAS, _REQUESTS, _LATENCY)
# Some of the others that Baseten knows. The fake's models do not have them.
_OTHERS: Final = (
    "baseten_concurrent_requests",
    "baseten_gpu_utilization",
    "baseten_gpu_memory_used",
    "baseten_replicas_starting",
    "baseten_llm_kv_cache_hit_rate",
)
_QUANTILES: Final = (0.5, 0.9, 0.95, 0.99)

_DEFAULT_WINDOW_S: Final = 3600.0
_LONGEST_WINDOW_S: Final = 7 * 86400.0
# A snapshot counts the requests since the last time that they were counted.
_SNAPSHOT_S: Final = 30.0
# The step of a series, for windows up to so many seconds.
_STEPS: Final = ((3600.0, 30), (86400.0, 300), (_LONGEST_WINDOW_S, 3600))


@dataclass(frozen=True, slots=True)
class Window:
    """What a request asks for. Times are seconds in the fake's time."""

    mode: str
    start: float
    end: float
    names: Sequence[str]


def read_window(request: ParsedRequest) -> Window:
    """What a request asks for; raises InvalidRequest or Refused."""
    query = request.query
    mode = query.get("mode", "CURRENT")
    if mode not in ("CURRENT", "SUMMARY", "SERIES"):
        raise InvalidRequest(
            "Input should be 'CURRENT', 'SUMMARY' or 'SERIES'.", "mode", part="query"
        )
    names = query.getlist("metrics") or list(_OURS)
    for name in names:
        if name not in (*_OURS, *_OTHERS):
            raise not_possible(f"Unknown metric: {name}.")
    if mode == "CURRENT":
        if "start_epoch_millis" in query or "end_epoch_millis" in query:
            raise not_possible("start_epoch_millis and end_epoch_millis must be omitted.")
        return Window(mode, request.when - _SNAPSHOT_S, request.when, names)
    end = _time(request, "end_epoch_millis", request.when)
    start = _time(request, "start_epoch_millis", end - _DEFAULT_WINDOW_S)
    if not 0 < end - start <= _LONGEST_WINDOW_S:
        raise not_possible("The window must not be empty, and not longer than 7 days.")
    return Window(mode, start, end, names)


def _time(request: ParsedRequest, name: str, default: float) -> float:
    if name not in request.query:
        return default
    return request.writer.seconds(request.whole_number(name, 0))


def write_metrics(
    request: ParsedRequest,
    window: Window,
    flows: Sequence[Flow],
    replicas: Callable[[float], int],
    cuts: Sequence[float] = (),
) -> JSON:
    """The answer.

    Args:
        request: The request.
        window: What it asks for.
        flows: All requests to the deployment or environment.
        replicas: How many replicas were active at a time.
        cuts: Where a new step of a series begins.
    """
    behaviour, millis = request.world.behaviour, request.writer.epoch_millis
    visible = request.when - behaviour.metrics_lag
    length = window.end - window.start
    step = next((one for longest, one in _STEPS if length <= longest), 3600)
    starts = [window.start]
    if window.mode == "SERIES":
        first = int(window.start)
        even = [float(first + step * number) for number in range(int(length // step) + 1)]
        starts = sorted({*even, *(one for one in cuts if window.start < one < window.end)})
    steps = [
        Measured(flows, max(start, window.start), min(end, visible))
        for start, end in pairwise([*starts, window.end])
    ]
    whole = Measured(flows, window.start, min(window.end, visible))
    columns = [_column(name, whole, behaviour) for name in window.names if name in _OURS]
    return {
        "start_epoch_millis": millis(window.start),
        "end_epoch_millis": millis(window.end),
        "mode": window.mode,
        "step_seconds": step if window.mode == "SERIES" else None,
        "metric_descriptors": [
            {"name": one.name, "unit_hint": one.unit, "kind": one.kind, "label_sets": one.labels}
            for one in columns
        ],
        "metric_values": [
            {
                "start_epoch_millis": millis(start),
                "values": [one.values(measured, replicas(start)) for one in columns],
            }
            for start, measured in zip(starts, steps, strict=True)
        ],
    }


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    unit: str
    kind: str
    labels: Sequence[Mapping[str, str]]
    values: Callable[[Measured, int], Sequence[float | None]]


def _column(name: str, whole: Measured, behaviour: Behaviour) -> _Column:
    if name == _REPLICAS:
        return _Column(name, "COUNT", "GAUGE", [{}], lambda _, replicas: [float(replicas)])
    if name == _LATENCY:
        labels: list[dict[str, Any]] = [{"quantile": f"{one:g}"} for one in _QUANTILES]
        return _Column(name, "SECONDS", "HISTOGRAM", [*labels, {"stat": "avg"}], _latencies)
    return _requests(name, whole, behaviour)


def _latencies(measured: Measured, _: int) -> Sequence[float | None]:
    return [*(measured.quantile(one) for one in _QUANTILES), measured.average()]


def _requests(name: str, whole: Measured, behaviour: Behaviour) -> _Column:
    # A status has no series before a request got it.
    good, bad = ("200", "500") if behaviour.metrics_statuses == "code" else ("2xx", "5xx")
    without = behaviour.metrics_without_requests
    has_good = whole.good > 0 or (not whole.bad and without != "absent")
    seen = [status for status, is_there in ((good, has_good), (bad, whole.bad > 0)) if is_there]

    def counts(measured: Measured, _: int) -> Sequence[float | None]:
        if not measured.good and not measured.bad and without == "null":
            return [None for _ in seen]
        return [measured.good if status == good else measured.bad for status in seen]

    return _Column(name, "COUNT", "COUNTER", [{"status": status} for status in seen], counts)

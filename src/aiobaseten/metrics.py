"""Metrics: requests, errors and response times of a model in a window of time.

Baseten shows measurements one to three minutes late, as zeros and nulls, and does not say until
when they are there. So each value comes with its window, the number of requests in it, and whether
the window is complete. "No data" is ``None``, never zero. Chains have no metrics at Baseten.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from itertools import pairwise
from typing import Any, Literal, TypeAlias, cast, get_args

from attrs import evolve, field, frozen

from . import _arguments
from ._arguments import Duration
from .errors import ConfigurationError

__all__ = [
    "DEFAULT_METRICS",
    "DEFAULT_WINDOW_S",
    "INGESTION_LAG_S",
    "KNOWN_METRICS",
    "LATENCY",
    "LONGEST_WINDOW_S",
    "REQUESTS",
    "Metrics",
    "MetricsMode",
    "Traffic",
    "Value",
]

#: ``"SUMMARY"``: one value for the whole window. ``"SERIES"``: one for each step, whose length
#: Baseten chooses. ``"CURRENT"``: a snapshot.
MetricsMode: TypeAlias = Literal["SUMMARY", "SERIES", "CURRENT"]

#: Seconds after which measurements should be there. One to three minutes were observed.
INGESTION_LAG_S = _arguments.INGESTION_LAG_S
#: Seconds of a window by default.
DEFAULT_WINDOW_S = 3600.0
#: Seconds of the longest window that Baseten allows.
LONGEST_WINDOW_S = 7 * 86400.0

#: The metric that counts requests, by status.
REQUESTS = "baseten_inference_requests_total"
#: The metric of response times in seconds, with queueing and cold starts.
LATENCY = "baseten_end_to_end_response_time_seconds"
#: The metrics that are asked for by default.
DEFAULT_METRICS: tuple[str, ...] = ("baseten_replicas_active", REQUESTS, LATENCY)
#: The metrics that Baseten documents. A model has those that apply to it.
KNOWN_METRICS = frozenset(
    {
        *DEFAULT_METRICS,
        "baseten_replicas_starting",
        "baseten_container_restarts_total",
        "baseten_pod_readiness",
        "baseten_concurrent_requests",
        "baseten_time_to_first_byte_seconds",
        "baseten_request_size_bytes",
        "baseten_response_size_bytes",
        "baseten_ongoing_websocket_connections",
        "baseten_time_in_async_queue_seconds",
        "baseten_async_queue_size",
        "baseten_async_webhook_requests_total",
        "baseten_async_webhook_latency_seconds",
        "baseten_container_cpu_usage_seconds_total",
        "baseten_container_cpu_memory_working_set_bytes",
        "baseten_gpu_memory_used",
        "baseten_gpu_utilization",
        "baseten_llm_input_tokens_total",
        "baseten_llm_output_tokens_total",
        "baseten_llm_input_tokens_per_request",
        "baseten_llm_output_tokens_per_request",
        "baseten_llm_tokens_per_second_per_request",
        "baseten_llm_kv_cache_hit_rate",
        "baseten_llm_spec_decode_num_accepted_tokens_total",
        "baseten_llm_spec_decode_num_draft_tokens_total",
        "baseten_llm_in_flight_tokens",
        "baseten_llm_avg_in_flight_tokens",
        "baseten_llm_num_requests",
    }
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# For a window whose length does not depend on the time.
_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_HTTP_STATUS = re.compile(r"([1-5])(?:\d\d|xx)", re.IGNORECASE)
# A class of HTTP, or a code with which a WebSocket was closed.
_KNOWN_STATUS = re.compile(r"[1-5]xx|[1-4]\d{3}")
# The share of requests without such a status up to which the share of errors is known.
_MOST_WITHOUT_STATUS = 0.01
# The name of the label differs between the API and its export.
_STATUS_LABELS = ("status", "status_code")


# --- results -------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Value:
    """One measured value.

    Attributes:
        metric: The name of the metric.
        labels: The labels of the series, such as ``{"quantile": "0.95"}``.
        value: The value, or ``None`` if there is no data. A counter's is the total of the window.
        start: When its window began.
        end: When its window ended.
        requests: The number of requests in the window, or ``None`` if there is no data.
        is_complete: Whether the window ended so long ago that all data should be there.
        kind: ``"GAUGE"``, ``"COUNTER"``, ``"HISTOGRAM"``, or a kind that is newer than this
            version.
        unit: The unit as Baseten spells it, such as ``"SECONDS"`` or ``"COUNT"``.
    """

    metric: str
    labels: Mapping[str, str]
    value: float | None
    start: datetime
    end: datetime
    requests: float | None
    is_complete: bool
    kind: str
    unit: str


@frozen(kw_only=True)
class Traffic:
    """Requests and response times in one window.

    Attributes:
        start: When the window began.
        end: When it ended.
        is_complete: Whether it ended so long ago that all data should be there. If not, the numbers
            are too low.
        requests: How many requests were answered. ``None`` if there is no data: Baseten shows the
            same zero for no requests and for requests that it has not counted yet.
        is_malformed: Whether a number of requests cannot be read, so that *requests* may be too
            low.
        statuses: How many requests got a status, by its class, such as ``"2xx"``. A code that is
            not of HTTP stands for itself.
        error_share: The share of the requests that was answered 5xx, 0 to 1. ``None`` if there is
            no data, if ``is_malformed``, or if more than a hundredth of the
            requests has no status of HTTP or WebSocket.
        latency: Seconds until the response, by ``"p50"``, ``"p90"``, ``"p95"``, ``"p99"`` and
            ``"avg"``. One without data is left out. Empty for several steps together: quantiles
            cannot be added up.
    """

    start: datetime
    end: datetime
    is_complete: bool
    requests: float | None
    statuses: Mapping[str, float]
    error_share: float | None
    latency: Mapping[str, float]
    is_malformed: bool = False


@frozen(kw_only=True)
class Metrics:
    """Measurements of a deployment or of an environment in one window.

    Attributes:
        mode: `MetricsMode`, as Baseten answered.
        start: When the window began, as Baseten answered.
        end: When it ended.
        is_complete: Whether it ended so long ago that all data should be there.
        traffic: Requests and response times in the whole window.
        steps: The same for each step of a series, oldest first; otherwise only *traffic*.
        values: Every value, step by step, of the metrics that the model has.
    """

    mode: str
    start: datetime
    end: datetime
    is_complete: bool
    traffic: Traffic
    steps: tuple[Traffic, ...]
    values: tuple[Value, ...] = field(repr=False)

    def find(self, metric: str, **labels: str) -> tuple[Value, ...]:
        """The values of a metric, oldest first; none if the model does not have it.

        Args:
            metric: Its name.
            labels: Only series that have these labels, among others.
        """
        return tuple(
            one
            for one in self.values
            if one.metric == metric and labels.items() <= one.labels.items()
        )

    def total(self, metric: str, **labels: str) -> float | None:
        """The total of a counter in the whole window, or ``None`` if there is no data.

        Args:
            metric: Its name.
            labels: Only series that have these labels, among others.

        Raises:
            ConfigurationError: It is not a counter: gauges and quantiles cannot be added up.
        """
        found = self.find(metric, **labels)
        if any(one.kind != "COUNTER" for one in found):
            raise ConfigurationError(f"{metric} is not a counter: its values cannot be added up")
        known = [one.value for one in found if one.value is not None]
        return math.fsum(known) if known else None


# --- questions -----------------------------------------------------------------------------------


@frozen(kw_only=True)
class MetricsQuery:
    """What to ask for, checked. Without *end*, the window ends *lag* seconds before now."""

    names: tuple[str, ...]
    mode: MetricsMode
    window: float
    start: datetime | None
    end: datetime | None
    lag: float

    def period(self, now: datetime) -> tuple[datetime, datetime] | None:
        """When the window begins and ends; ``None`` for a snapshot.

        Raises:
            ConfigurationError: It would begin at its end or later, or be too long.
        """
        if self.mode == "CURRENT":
            return None
        if self.end is None and self.start is not None and math.isfinite(self.window):
            end = self.start + timedelta(seconds=self.window)
        else:
            end = now - timedelta(seconds=self.lag) if self.end is None else self.end
        length = self.window if math.isfinite(self.window) else DEFAULT_WINDOW_S
        start = end - timedelta(seconds=length) if self.start is None else self.start
        if start >= end:
            ends = f"{self.lag:g} s before now" if self.end is None else f"at {end.isoformat()}"
            raise ConfigurationError(
                f"the window of the metrics begins at {start.isoformat()} and ends {ends}: it must "
                "begin before its end"
            )
        if (end - start).total_seconds() > LONGEST_WINDOW_S:
            raise ConfigurationError("the window of the metrics must not be longer than 7 days")
        return start, end


def metrics_query(
    names: Sequence[str] | None,
    *,
    mode: MetricsMode,
    window: Duration | None,
    start: datetime | None,
    end: datetime | None,
    lag: Duration,
    check_names: bool,
) -> MetricsQuery:
    """What to ask for.

    Raises:
        ConfigurationError: An argument is invalid.
    """
    _arguments.choice("mode", mode, get_args(MetricsMode))
    for name, time in (("start", start), ("end", end)):
        _arguments.optional_time(name, time)
    if mode == "CURRENT" and (window, start, end) != (None, None, None):
        raise ConfigurationError('mode="CURRENT" takes no window, start or end')
    if None not in (window, start, end):
        raise ConfigurationError("give two of window, start and end at most")
    length = math.inf if window is None else _arguments.seconds("window", window)
    query = MetricsQuery(
        names=_checked_names(names, check=_arguments.boolean("check_names", check_names)),
        mode=mode,
        window=length,
        start=start,
        end=end,
        lag=_arguments.seconds("lag", lag),
    )
    if end is not None or start is None or window is not None:
        query.period(_ANY_TIME)
    return query


def _checked_names(names: Sequence[str] | None, *, check: bool) -> tuple[str, ...]:
    if names is None:
        return DEFAULT_METRICS
    if isinstance(names, str) or not isinstance(names, Sequence) or not names:
        raise ConfigurationError(f"names must be a list of names of metrics, not {names!r}")
    for name in names:
        _arguments.text("the name of a metric", name)
        if check and name not in KNOWN_METRICS:
            similar = get_close_matches(name, sorted(KNOWN_METRICS), cutoff=0.4)
            instead = f"; similar ones: {', '.join(similar)}" if similar else ""
            raise ConfigurationError(
                f"{name!r} is not a metric that this version knows{instead}. To ask Baseten for it "
                "all the same, pass check_names=False"
            )
    # Without the number of requests, no value can be judged.
    return tuple(dict.fromkeys([*names, REQUESTS]))


def epoch_millis(time: datetime) -> int:
    """*time* as the API takes it."""
    return (time - _EPOCH) // _MILLISECOND


# --- from JSON -----------------------------------------------------------------------------------


@frozen
class _Series:
    """One series of a metric, and where its values stand."""

    metric: str
    labels: Mapping[str, str]
    kind: str
    unit: str
    position: tuple[int, int]
    of: int


@frozen
class _Step:
    start: datetime
    end: datetime
    is_complete: bool
    values: object

    def has_null(self, series: _Series) -> bool:
        """Whether Baseten says that a series has no data."""
        return self._value(series) is None

    def number(self, series: _Series) -> float | None:
        """The value of a series; ``None`` for null, NaN, and anything but a number."""
        value = self._value(series)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        number = float(value)
        return number if math.isfinite(number) else None

    def _value(self, series: _Series) -> object:
        """The value as it came; an empty text if it is missing, or if nobody can tell which it is.

        With more values than series, one of them belongs to a series that is not described.
        """
        place, index = series.position
        rows = _listed(self.values)
        values = _listed(rows[place]) if place < len(rows) else []
        return values[index] if index < len(values) <= series.of else ""


def _listed(value: object) -> list[object]:
    """The value, if it is a list; else an empty one."""
    return cast("list[object]", value) if isinstance(value, list) else []


def read_metrics(data: object, *, complete_until: datetime) -> Metrics:
    """Measurements, from the JSON of an answer.

    Descriptors are found by their names: metrics that a model does not have are left out.

    Args:
        data: The JSON.
        complete_until: All data from before that time should be there.

    Raises:
        ValueError: It is not of the expected form.
    """
    answer = _object(data)
    start, end = _time(answer, "start_epoch_millis"), _time(answer, "end_epoch_millis")
    mode = _text(answer.get("mode"))
    is_complete = mode != "CURRENT" and end <= complete_until
    all_series = tuple(_series(_list(answer, "metric_descriptors")))
    sets = sorted(
        ((_time(one, "start_epoch_millis"), one.get("values")) for one in _sets(answer)),
        key=lambda one: one[0],
    )
    edges = [*(min(max(at, start), end) for at, _ in sets), end]
    steps = [
        _Step(begins, ends, mode != "CURRENT" and ends <= complete_until, values)
        for (begins, ends), (_, values) in zip(pairwise(edges), sets, strict=True)
    ]
    is_malformed = _hides_requests(_list(answer, "metric_descriptors"))
    traffics = tuple(_traffic(step, all_series, is_malformed=is_malformed) for step in steps)
    return Metrics(
        mode=mode,
        start=start,
        end=end,
        is_complete=is_complete,
        traffic=_together(traffics, start, end, is_complete=is_complete),
        steps=traffics,
        values=tuple(
            _value(step, traffic, one)
            for step, traffic in zip(steps, traffics, strict=True)
            for one in all_series
        ),
    )


def _value(step: _Step, traffic: Traffic, series: _Series) -> Value:
    number = step.number(series)
    has_data = traffic.latency if series.metric == LATENCY else traffic.requests is not None
    if number == 0 and not has_data and series.metric in (REQUESTS, LATENCY):
        number = None
    return Value(
        metric=series.metric,
        labels=series.labels,
        value=number,
        start=step.start,
        end=step.end,
        requests=traffic.requests,
        is_complete=step.is_complete,
        kind=series.kind,
        unit=series.unit,
    )


def _traffic(step: _Step, all_series: Iterable[_Series], *, is_malformed: bool) -> Traffic:
    unlabelled: list[float] = []
    by_label: dict[str, float] = {}
    latency: dict[str, float] = {}
    for series in all_series:
        number = step.number(series)
        if number is None or number < 0:
            is_malformed |= series.metric == REQUESTS and not step.has_null(series)
            continue
        if series.metric == LATENCY and (name := _name_of_latency(series.labels)):
            latency[name] = number
        elif series.metric == REQUESTS:
            status = next(
                (series.labels[one] for one in _STATUS_LABELS if one in series.labels), None
            )
            if status is None:
                unlabelled.append(number)
            else:
                by_label[status] = by_label.get(status, 0.0) + number
    statuses = _by_class(by_label)
    with_status = math.fsum(statuses.values())
    requests: float | None = max(with_status, math.fsum(unlabelled))
    # Baseten shows a zero for what it has not counted yet, too: then no response took any time.
    latency = latency if any(latency.values()) else {}
    if not requests:
        requests = 0.0 if latency and (by_label or unlabelled) else None
    return Traffic(
        start=step.start,
        end=step.end,
        is_complete=step.is_complete,
        requests=requests,
        statuses={} if requests is None else statuses,
        error_share=None if is_malformed else _error_share(statuses, requests or 0.0),
        latency=latency,
        is_malformed=is_malformed,
    )


def _error_share(statuses: Mapping[str, float], requests: float) -> float | None:
    # A series for 5xx is missing until there is one, so that zero needs another status.
    total = math.fsum(statuses.values())
    known = math.fsum(number for name, number in statuses.items() if _KNOWN_STATUS.fullmatch(name))
    # Requests without a status may be errors.
    if not known or requests - known > _MOST_WITHOUT_STATUS * requests:
        return None
    return min(statuses.get("5xx", 0.0) / total, 1.0)


def _by_class(by_label: Mapping[str, float]) -> dict[str, float]:
    """Requests by class of status. A class that is there as a whole and by code counts once."""
    whole: dict[str, float] = {}
    added: dict[str, float] = {}
    for label, number in by_label.items():
        status = _HTTP_STATUS.fullmatch(label)
        name = f"{status[1]}xx" if status else label
        counted = whole if label.lower() == name else added
        counted[name] = counted.get(name, 0.0) + number
    return {
        name: max(whole.get(name, 0.0), added.get(name, 0.0))
        for name in dict.fromkeys([*whole, *added])
    }


def _together(
    steps: tuple[Traffic, ...], start: datetime, end: datetime, *, is_complete: bool
) -> Traffic:
    """The traffic of all steps of a window."""
    if len(steps) == 1:
        return evolve(steps[0], start=start, end=end, is_complete=is_complete)
    known = [one.requests for one in steps if one.requests is not None]
    statuses: dict[str, float] = {}
    for one in steps:
        for name, number in one.statuses.items():
            statuses[name] = statuses.get(name, 0.0) + number
    requests = math.fsum(known) if known else None
    is_unknown = any(one.requests and one.error_share is None for one in steps)
    return Traffic(
        start=start,
        end=end,
        is_complete=is_complete,
        requests=requests,
        statuses=statuses,
        error_share=None if is_unknown else _error_share(statuses, requests or 0.0),
        latency={},
        is_malformed=not steps or any(one.is_malformed for one in steps),
    )


def _name_of_latency(labels: Mapping[str, str]) -> str | None:
    """``"p95"`` or ``"avg"``; ``None`` for a series of a part of the requests."""
    if [*labels] == ["stat"]:
        return labels["stat"]
    if [*labels] != ["quantile"]:
        return None
    try:
        return f"p{100 * float(labels['quantile']):g}"
    except ValueError:
        return None


def _hides_requests(descriptors: Iterable[object]) -> bool:
    """Whether the number of requests may be there, and nobody can tell where."""
    described = [_descriptor(one) for one in descriptors]
    return any(
        one.get("name") == REQUESTS and not isinstance(one.get("label_sets"), list)
        for one in described
    )


def _descriptor(given: object) -> Mapping[str, Any]:
    return cast("dict[str, Any]", given) if isinstance(given, dict) else {}


def _series(descriptors: Iterable[object]) -> Iterable[_Series]:
    for place, one in enumerate(descriptors):
        descriptor = _descriptor(one)
        labels = descriptor.get("label_sets")
        if not isinstance(labels, list):
            continue
        for index, given in enumerate(cast("list[object]", labels)):
            yield _Series(
                metric=_text(descriptor.get("name")),
                labels=_labels(given),
                kind=_text(descriptor.get("kind")),
                unit=_text(descriptor.get("unit_hint")),
                position=(place, index),
                of=len(cast("list[object]", labels)),
            )


def _labels(given: object) -> dict[str, str]:
    if not isinstance(given, dict):
        return {}
    return {str(name): _text(value) for name, value in cast("dict[object, object]", given).items()}


def _sets(answer: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return (_object(one) for one in _list(answer, "metric_values"))


def _object(data: object) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise TypeError(f"expected an object, not {type(data).__name__}")
    return cast("dict[str, Any]", data)


def _list(answer: Mapping[str, Any], name: str) -> list[object]:
    value = answer.get(name)
    if not isinstance(value, list):
        raise TypeError(f"{name} is not a list")
    return cast("list[object]", value)


def _time(answer: Mapping[str, Any], name: str) -> datetime:
    value = answer.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} is not a number")
    return _EPOCH + value * _MILLISECOND


def _text(value: object) -> str:
    return "" if value is None else str(value)

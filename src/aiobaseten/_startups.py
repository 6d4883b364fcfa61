"""Startups of replicas: why a deployment is not ready. Pure.

Baseten lists one entry for each attempt of a replica to start. It is read leniently: a field that
is missing or of another type only makes the explanation poorer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from ._status import STARTUP_FAILED, STARTUP_SUCCEEDED
from .errors import Startup, StartupPhase
from .readings import read_list


def read_newest_startup(data: object, now: datetime) -> Startup | None:
    """The newest startup, if its replica is not ready.

    Args:
        data: The JSON of the list.
        now: The time of day at Baseten.

    Raises:
        ValueError: It is not a list of startups.
    """
    attempts = [cast("dict[str, Any]", one) for one in read_list("items", data)]
    if not attempts:
        return None
    newest = max(attempts, key=lambda one: _number(one.get("started_at_epoch_millis")) or -math.inf)
    outcome = newest.get("outcome")
    if outcome == STARTUP_SUCCEEDED or _number(newest.get("ready_at_epoch_millis")) is not None:
        return None
    has_failed = outcome == STARTUP_FAILED
    lasting = _number(newest.get("duration_ms")) or 0.0
    started = _number(newest.get("started_at_epoch_millis"))
    if started is None:
        return None
    if not has_failed:
        lasting = max(lasting, now.astimezone(UTC).timestamp() * 1000 - started)
    replica = newest.get("replica_id")
    return Startup(
        replica=replica if isinstance(replica, str) else None,
        has_failed=has_failed,
        seconds=lasting / 1000,
        phases=tuple(_phases(newest.get("phase_summary"), lasting)),
    )


def _phases(data: object, lasting: float) -> Iterable[StartupPhase]:
    listed = cast("list[object]", data) if isinstance(data, list) else []
    found = [cast("dict[str, Any]", one) for one in listed if isinstance(one, dict)]
    for one in sorted(found, key=lambda one: _number(one.get("offset_ms")) or 0.0):
        took = _number(one.get("duration_ms"))
        until_now = max(lasting - (_number(one.get("offset_ms")) or 0.0), 0.0)
        yield StartupPhase(
            name=str(one.get("phase")),
            seconds=(until_now if took is None else took) / 1000,
            is_over=took is not None,
            usual=None,
        )


def read_usual(data: object) -> Mapping[str, float]:
    """Seconds that half of the earlier startups took at most, by phase.

    Args:
        data: The JSON of the summary.

    Raises:
        ValueError: It is not a summary of startups.
    """
    usual: dict[str, float] = {}
    for one in read_list("phase_duration_ms", data):
        phase = cast("dict[str, Any]", one)
        durations = phase.get("duration_ms")
        if isinstance(durations, dict):
            half = _number(cast("dict[str, Any]", durations).get("p50_ms"))
            if half is not None:
                usual[str(phase.get("phase"))] = half / 1000
    return usual


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)

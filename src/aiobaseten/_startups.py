"""Startups of replicas: why a deployment is not ready. Pure.

Baseten lists one entry for each attempt of a replica to start. It is read leniently: a field that
is missing or of another type only makes the explanation poorer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from attrs import evolve, field, frozen

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


@frozen(kw_only=True)
class Usual:
    """How long earlier startups took, in seconds.

    Attributes:
        phases: By phase, the time that half of them took at most.
        half: The time until half of them were ready at most, or ``None``.
        most: The time until nine of ten were, or ``None``.
    """

    phases: Mapping[str, float] = field(factory=dict[str, float])
    half: float | None = None
    most: float | None = None

    def added_to(self, startup: Startup) -> Startup:
        """The startup, with these times."""
        phases = tuple(evolve(one, usual=self.phases.get(one.name)) for one in startup.phases)
        return evolve(startup, phases=phases, usual=self.half, usual_at_most=self.most)


def read_usual(data: object) -> Usual:
    """How long earlier startups took.

    Args:
        data: The JSON of the summary.

    Raises:
        ValueError: It is not a summary of startups.
    """
    phases: dict[str, float] = {}
    for one in read_list("phase_duration_ms", data):
        phase = cast("dict[str, Any]", one)
        half = _seconds(phase.get("duration_ms"), "p50_ms")
        if half is not None:
            phases[str(phase.get("phase"))] = half
    total = cast("dict[str, Any]", data).get("total_duration_ms")
    return Usual(phases=phases, half=_seconds(total, "p50_ms"), most=_seconds(total, "p90_ms"))


def _seconds(durations: object, key: str) -> float | None:
    if not isinstance(durations, dict):
        return None
    found = _number(cast("dict[str, Any]", durations).get(key))
    return None if found is None else found / 1000


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)

"""Startups: from a request to a window of time, and from its startups to JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .._world import PHASES, FakeDeployment, FakeStartup, not_found, not_possible
from .json_writer import JSON
from .parsed_request import ParsedRequest
from .response import InvalidRequest

Found = Sequence[tuple[FakeDeployment, FakeStartup]]


def read_startups(request: ParsedRequest, deployments: Sequence[FakeDeployment]) -> Found:
    """The startups that a request asks for, newest first; raises InvalidRequest or Refused."""
    if request.world.behaviour.startups == "missing":
        raise not_found("There is nothing here.")
    for name in ("start_epoch_millis", "end_epoch_millis"):
        if name not in request.query:
            raise InvalidRequest("Field required.", name, part="query")
    start, end = (
        request.writer.seconds(request.whole_number(name, 0))
        for name in ("start_epoch_millis", "end_epoch_millis")
    )
    if end <= start:
        raise not_possible("end_epoch_millis must be after start_epoch_millis.")
    shortest = request.whole_number("min_duration_ms", 0) / 1000
    found = [
        (deployment, one)
        for deployment in deployments
        for one in deployment.startups_until(request.when)
        if start <= one.start < end and _lasting(one, request.when) >= shortest
    ]
    return sorted(found, key=lambda pair: pair[1].start, reverse=True)


def write_startups(request: ParsedRequest, found: Found) -> JSON:
    """One page of startups. The cursor is the number of the first startup of the page."""
    limit = request.whole_number("limit", 50, within=range(1, 101))
    first = request.whole_number("cursor", 0)
    end = first + limit
    return {
        "items": [_startup(request, *pair) for pair in found[first:end]],
        "pagination": {
            "has_more": end < len(found),
            "cursor": str(end) if end < len(found) else None,
        },
        "total_count": len(found),
    }


def write_summary(request: ParsedRequest, found: Found) -> JSON:
    """How long the startups and their phases took. Those that go on do not count."""
    over = [(one.end or 0.0) - one.start for _, one in found if one.is_ready]
    by_phase: dict[str, list[float]] = {}
    for _, one in found:
        for phase in one.phases:
            if phase.end is not None:
                by_phase.setdefault(phase.name, []).append(phase.end - phase.start)
    return {
        "start_epoch_millis": request.whole_number("start_epoch_millis", 0),
        "end_epoch_millis": request.whole_number("end_epoch_millis", 0),
        "total_duration_ms": _percentiles(over),
        "phase_duration_ms": [
            {"phase": name, "duration_ms": _percentiles(by_phase[name])}
            for name in PHASES
            if name in by_phase
        ],
    }


def _percentiles(seconds: Sequence[float]) -> JSON:
    ordered = sorted(seconds)
    found: dict[str, Any] = {"sample_count": len(ordered), "mean_ms": None}
    if ordered:
        found["mean_ms"] = round(1000 * sum(ordered) / len(ordered))
    for percent in (50, 90, 95, 99):
        place = math.ceil(percent / 100 * len(ordered)) - 1
        found[f"p{percent}_ms"] = round(1000 * ordered[place]) if ordered else None
    return found


def _startup(request: ParsedRequest, deployment: FakeDeployment, one: FakeStartup) -> JSON:
    millis = request.writer.epoch_millis
    # Baseten has no outcome for a startup that goes on.
    outcome = "STALLED" if one.end is None else "SUCCESS" if one.is_ready else "FAILED"
    last = one.phases[-1] if one.phases else None
    return {
        "model_id": request.model.id,
        "deployment_id": deployment.id,
        "deployment_name": deployment.name_at(request.when),
        "environment_name": request.path.get("env_name"),
        "replica_id": f"r{abs(round(one.start)):04d}",
        "started_at_epoch_millis": millis(one.start),
        "ready_at_epoch_millis": millis(one.end) if one.is_ready and one.end is not None else None,
        "duration_ms": round(1000 * _lasting(one, request.when)),
        "outcome": outcome,
        "phase_summary": [
            {
                "phase": phase.name,
                "status": "FAILED" if outcome == "FAILED" and phase is last else "COMPLETED",
                "offset_ms": round(1000 * (phase.start - one.start)),
                "duration_ms": None
                if phase.end is None
                else round(1000 * (phase.end - phase.start)),
            }
            for phase in one.phases
        ],
    }


def _lasting(one: FakeStartup, when: float) -> float:
    return (when if one.end is None else one.end) - one.start

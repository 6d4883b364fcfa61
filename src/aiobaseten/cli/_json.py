"""JSON Lines for programs: one object for each event, and one for the outcome.

The form is ``output.schema.json``, beside this file. Keys may be added within a version; nothing
else changes without a new one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ..errors import (
    APIError,
    BasetenError,
    DeploymentFailedError,
    PromotionFailedError,
    PromotionSupersededError,
    ResponseShapeError,
)
from ..events import (
    DeploymentWoken,
    Event,
    Finished,
    LookFailed,
    PromotionPaused,
    PromotionResumed,
    StatusChanged,
    TrafficShifted,
)
from ..options import Clock
from ..readings import DeploymentReading, EnvironmentReading
from . import _stdio
from ._jobs import Ending, Job, Listed, of_day, one_line

VERSION = 1

# An event's class, most special first, and what it is called.
_NAMES: tuple[tuple[type[Event], str], ...] = (
    (PromotionPaused, "promotion_paused"),
    (PromotionResumed, "promotion_resumed"),
    (StatusChanged, "status_changed"),
    (TrafficShifted, "traffic_shifted"),
    (DeploymentWoken, "deployment_woken"),
    (LookFailed, "look_failed"),
)


class JSONLines:
    """One object a line on standard output; what goes wrong on standard error, too."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._job: Job | None = None

    def note(self, text: str) -> None:
        """Nothing: it is for people."""

    def begin(self, job: Job) -> None:
        """An object with the token."""
        self._job = job
        if job.task in ("promotion", "cancellation", "deployment"):
            self._print("began", about(job))

    def event(self, event: Event) -> None:
        """An object; the end is told by `end`."""
        if not isinstance(event, Finished):
            self._print("event", of_event(event))

    def environment(self, job: Job, reading: EnvironmentReading) -> None:
        """An object."""
        self._print("environment", of_environment(job, reading))

    def listing(
        self, job: Job, environments: Sequence[EnvironmentReading], deployments: Sequence[Listed]
    ) -> None:
        """An object for each."""
        for one in environments:
            self._print("environment", of_environment(job, one))
        for each in deployments:
            self._print("deployment", of_listed(job, each))

    def end(self, ending: Ending) -> None:
        """The outcome."""
        self._print("outcome", of_ending(ending, self._job))
        if ending.outcome.exit_status:
            _stdio.complain(one_line(ending.message))

    def close(self) -> None:
        """Nothing to give back."""

    def _print(self, kind: str, content: dict[str, Any]) -> None:
        # All in ASCII: whatever the terminal's encoding is, a program can read it.
        _stdio.say(json.dumps(record(kind, content, self._clock.utcnow())))


def record(kind: str, content: dict[str, Any], now: datetime) -> dict[str, Any]:
    """An object as it is printed."""
    time = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"version": VERSION, "type": kind, "time": time, **content}


def of_event(event: Event) -> dict[str, Any]:
    """An event."""
    name = next((name for kind, name in _NAMES if isinstance(event, kind)), type(event).__name__)
    content: dict[str, Any] = {"event": name, "at": round(event.at, 3)}
    if isinstance(event, StatusChanged):
        content |= {
            "subject": event.subject,
            "name": event.name,
            "previous": event.previous,
            "status": event.status,
        }
    elif isinstance(event, TrafficShifted):
        content["percent"] = event.percent
    elif isinstance(event, LookFailed):
        content |= {"error": of_error(event.error), "next_look": round(event.next_look, 3)}
    return content


def of_error(error: BasetenError) -> dict[str, Any]:
    """An error."""
    answered = error if isinstance(error, APIError | ResponseShapeError) else None
    return {
        "type": type(error).__name__,
        "message": one_line(error),
        "http_status": answered.status if answered else None,
        "request_id": answered.request_id if answered else None,
    }


def of_ending(ending: Ending, job: Job | None) -> dict[str, Any]:
    """The outcome, with what a wait knew when it ended."""
    error = ending.error
    evidence = error.evidence if error is not None else None
    return {
        "outcome": ending.outcome.label,
        "exit_status": ending.outcome.exit_status,
        "message": one_line(ending.message),
        **(about(job) if job else dict.fromkeys(_ABOUT)),
        "waited": None if ending.waited is None else round(ending.waited, 3),
        "error": None if error is None else of_error(error),
        "superseded_by": error.by if isinstance(error, PromotionSupersededError) else None,
        "failed_chainlets": list(error.failed)
        if isinstance(error, PromotionFailedError | DeploymentFailedError)
        else [],
        "request_ids": list(evidence.request_ids) if evidence else [],
        "history": [
            {
                "subject": seen.subject,
                "name": seen.name,
                "status": seen.status,
                "since": round(seen.since, 3),
                "seconds": round(seen.seconds, 3),
            }
            for seen in (evidence.history if evidence else ())
        ],
        "log": [
            {
                "chainlet": line.chainlet,
                "at": of_day(line.at) if line.at else None,
                "message": line.message,
            }
            for line in ending.log
        ],
        "notes": [one_line(note) for note in ending.notes],
    }


_ABOUT = ("task", "kind", "owner", "environment", "deployment", "token")


def about(job: Job) -> dict[str, Any]:
    """What a command is about."""
    return {name: getattr(job, name) for name in _ABOUT}


def of_environment(job: Job, reading: EnvironmentReading) -> dict[str, Any]:
    """An environment."""
    promotion = reading.promotion
    return {
        "kind": job.kind,
        "owner": job.owner,
        "environment": reading.name,
        "current": _deployment(reading.current),
        "candidate": _deployment(reading.candidate),
        "promotion": None
        if promotion is None
        else {
            "status": promotion.status,
            "percent": promotion.percent,
            "message": one_line(promotion.message) if promotion.message else None,
        },
    }


def _deployment(reading: DeploymentReading | None) -> dict[str, Any] | None:
    if reading is None:
        return None
    own, *chainlets = reading.parts
    return {
        "id": reading.id,
        "status": own.status,
        "chainlets": [{"name": one.name, "status": one.status} for one in chainlets],
    }


def of_listed(job: Job, listed: Listed) -> dict[str, Any]:
    """A deployment in a list."""
    return {
        "kind": job.kind,
        "owner": job.owner,
        "deployment": listed.id,
        "name": listed.name,
        "status": listed.status,
        "environment": listed.environment,
        "created_at": listed.created_at,
    }

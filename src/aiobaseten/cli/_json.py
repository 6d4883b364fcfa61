"""JSON Lines for programs: one object for each event, and one for the outcome.

The schema is ``output.schema.json``, next to this file. Within a version, keys may be added, and
nothing else changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, assert_never

import attrs

from .. import Clock, DeploymentReading, EnvironmentReading, PromotionReading
from ..audit import Release
from ..errors import (
    APIError,
    AuditedAct,
    BasetenError,
    DeploymentFailedError,
    LogLine,
    PromotionFailedError,
    PromotionSupersededError,
    ResponseShapeError,
    Seen,
    Startup,
)
from ..events import (
    DeploymentWoken,
    Event,
    Finished,
    GuardActed,
    GuardOverridden,
    HoldExtended,
    LookFailed,
    Measured,
    PromotionPaused,
    PromotionResumed,
    StartupProgressed,
    StatusChanged,
    StepReached,
    TrafficShifted,
)
from . import _stdio
from ._invocations import Default, EnvironmentRef, ResourceRef
from ._jobs import (
    Beat,
    DeploymentRow,
    Ending,
    Job,
    ResourceRow,
    Result,
    ShownEnvironment,
    ShownHistory,
    ShownLog,
    ShownLogLine,
    ShownMetrics,
    ShownPlan,
    ShownResource,
    ShownResources,
    ShownTargets,
    TargetRow,
)
from ._measured import metrics_object
from ._text import COMMAND, one_line, timestamp

VERSION = 1

# The names of events. The most special classes come first.
_NAMES: tuple[tuple[type[Event], str], ...] = (
    (PromotionPaused, "promotion_paused"),
    (PromotionResumed, "promotion_resumed"),
    (StatusChanged, "status_changed"),
    (TrafficShifted, "traffic_shifted"),
    (DeploymentWoken, "deployment_woken"),
    (StartupProgressed, "startup_progressed"),
    (StepReached, "step_reached"),
    (Measured, "measured"),
    (HoldExtended, "hold_extended"),
    (GuardActed, "guard_acted"),
    (GuardOverridden, "guard_overridden"),
    (LookFailed, "look_failed"),
)


class JSONView:
    """One object per line on standard output; errors on standard error, too."""

    def __init__(self, clock: Clock, label: str | None = None) -> None:
        """Prepare.

        Args:
            clock: The clock of the waits.
            label: The target, if it is one of several.
        """
        self._clock = clock
        self._label = label
        self._job: Job | None = None

    def note(self, text: str) -> None:
        """Do nothing: notes are for people."""

    def begin(self, job: Job) -> None:
        """Print an object with the token."""
        self._job = job
        if job.task in ("promotion", "cancellation", "deployment"):
            self._print("began", job_object(job))

    def event(self, event: Event) -> None:
        """Print an object. `end` shows the end of the wait."""
        if not isinstance(event, Finished):
            self._print("event", event_object(event))

    def look(self, shown: ShownEnvironment, at: float) -> None:
        """Print the environment, as `result` does."""
        content = environment_object(shown.place.resource, shown.reading)
        self._print("environment", {**content, "at": round(at, 3)})

    def defaults(self, defaults: Sequence[Default]) -> None:
        """Print an object."""
        self._print("defaults", defaults_object(defaults))

    def result(self, result: Result) -> None:
        """Print an object for each part."""
        for kind, content in result_objects(result):
            self._print(kind, content)

    def beat(self, beats: Sequence[Beat]) -> None:
        """Print an object."""
        self._print("heartbeat", {"waiting": [beat_object(one) for one in beats]})

    def members(self, labels: Sequence[str]) -> Sequence[JSONView]:
        """Views whose objects name the target."""
        return [JSONView(self._clock, label) for label in labels]

    def end(self, ending: Ending) -> None:
        """Print the outcome."""
        if ending.outcome.exit_status:
            whose = f"{one_line(self._label)}: " if self._label is not None else ""
            _stdio.complain(f"{whose}{one_line(ending.message)}")
        kind = "outcome" if self._label is None else "target"
        self._print(kind, outcome_object(ending, ending.job or self._job))
        if ending.outcome.exit_status:
            for hint in ending.hints:  # if the output cannot be written, the session writes them
                _stdio.hint(hint)

    def close(self) -> None:
        """Do nothing."""

    def _print(self, kind: str, content: dict[str, Any]) -> None:
        whose = {} if self._label is None else {"target": self._label}
        _stdio.say_as_it_is(text_of(record(kind, {**whose, **content}, self._clock.utcnow())))


def text_of(content: dict[str, Any]) -> str:
    """An object in one line that no pipeline takes for a command.

    Only ASCII: programs can read it in every encoding. Azure obeys ``##vso[`` anywhere in a line,
    and JSON can write each character in another way.
    """
    line = json.dumps(content)
    return COMMAND.sub(lambda found: f"{found[1]}\\u{ord(found[2]):04x}", line)


def record(kind: str, content: dict[str, Any], now: datetime) -> dict[str, Any]:
    """An object as it is printed."""
    time = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"version": VERSION, "type": kind, "time": time, **content}


def defaults_object(defaults: Sequence[Default]) -> dict[str, Any]:
    """What stands for words and options that the user left out."""
    return {
        "variables": {one.source: one.text for one in defaults if one.is_variable},
        "defaults": [attrs.asdict(one) for one in defaults],
    }


def job_object(job: Job | None) -> dict[str, Any]:
    """The subject of a command, if it is known. The schema calls the resource an owner."""
    if job is None:
        return dict.fromkeys(("task", "kind", "owner", "environment", "deployment", "token"))
    return {
        "task": "owner" if job.task == "resource" else job.task,
        "kind": job.resource.kind,
        "owner": job.resource.id,
        "environment": job.environment,
        "deployment": job.deployment,
        "token": job.token,
    }


def event_object(event: Event) -> dict[str, Any]:
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
    elif isinstance(event, TrafficShifted | StepReached):
        content["percent"] = event.percent
    elif isinstance(event, StartupProgressed):
        content["startup"] = startup_object(event.startup)
    elif isinstance(event, Measured):
        content |= {"percent": event.percent, "verdict": event.verdict.to_dict()}
    elif isinstance(event, HoldExtended):
        content |= {"reason": one_line(event.reason), "until": round(event.until, 3)}
    elif isinstance(event, GuardActed):
        content |= {"policy": event.policy, "why": one_line(event.why)}
    elif isinstance(event, GuardOverridden):
        content["by"] = event.by
    elif isinstance(event, LookFailed):
        content |= {"error": error_object(event.error), "next_look": round(event.next_look, 3)}
    return content


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def startup_object(startup: Startup) -> dict[str, Any]:
    """The startup of a replica."""
    return {
        "replica": startup.replica,
        "has_failed": startup.has_failed,
        "seconds": round(startup.seconds, 3),
        "usual": _rounded(startup.usual),
        "usual_at_most": _rounded(startup.usual_at_most),
        "phases": [
            {
                "phase": phase.name,
                "seconds": round(phase.seconds, 3),
                "is_over": phase.is_over,
                "usual": _rounded(phase.usual),
            }
            for phase in startup.phases
        ],
    }


def error_object(error: BasetenError) -> dict[str, Any]:
    """An error."""
    replied = error if isinstance(error, APIError | ResponseShapeError) else None
    return {
        "type": type(error).__name__,
        "message": one_line(error),
        "http_status": replied.status if replied else None,
        "request_id": replied.request_id if replied else None,
    }


def outcome_object(ending: Ending, job: Job | None) -> dict[str, Any]:
    """The outcome of a command, with the evidence of its error."""
    error = ending.error
    evidence = error.evidence if error is not None else None
    return {
        "outcome": ending.outcome.label,
        "exit_status": ending.outcome.exit_status,
        "message": one_line(ending.message),
        "hints": list(ending.hints),
        **job_object(job),
        "waited": None if ending.waited is None else round(ending.waited, 3),
        "error": None if error is None else error_object(error),
        "superseded_by": error.by if isinstance(error, PromotionSupersededError) else None,
        "startup": startup_object(evidence.startup) if evidence and evidence.startup else None,
        "act": _act_object(evidence.act if evidence else None),
        "failed_chainlets": list(error.failed)
        if isinstance(error, PromotionFailedError | DeploymentFailedError)
        else [],
        "request_ids": list(evidence.request_ids) if evidence else [],
        "history": [_seen_object(seen) for seen in (evidence.history if evidence else ())],
        "log": [_log_object(entry) for entry in ending.log],
        "notes": [one_line(note) for note in ending.notes],
        "report": None if ending.report is None else ending.report.to_dict(),
    }


def _act_object(act: AuditedAct | None) -> dict[str, Any] | None:
    if act is None:
        return None
    return {
        "action": act.action,
        "by": one_line(act.by),
        "through": None if act.through is None else one_line(act.through),
        "at": timestamp(act.at) if act.at else None,
    }


def _seen_object(seen: Seen) -> dict[str, Any]:
    return {
        "subject": seen.subject,
        "name": seen.name,
        "status": seen.status,
        "since": round(seen.since, 3),
        "seconds": round(seen.seconds, 3),
    }


def _log_object(entry: LogLine) -> dict[str, Any]:
    return {
        "chainlet": entry.chainlet,
        "at": timestamp(entry.at) if entry.at else None,
        "message": entry.message,
    }


def _log_line_object(line: ShownLogLine) -> dict[str, Any]:
    at = line.at.isoformat(timespec="microseconds") if line.at else None
    return {**attrs.asdict(line), "at": at}


def result_objects(result: Result) -> Iterator[tuple[str, dict[str, Any]]]:
    """A result as objects, each with its type."""
    match result:
        case ShownEnvironment():
            yield "environment", environment_object(result.place.resource, result.reading)
        case ShownResource():
            for reading in result.environments:
                yield "environment", environment_object(result.resource, reading)
            for row in result.deployments:
                yield "deployment", deployment_object(result.resource, row)
        case ShownResources():
            for one in result.rows:
                yield one.resource.kind, resource_object(one)
        case ShownLog():
            for line in result.lines:
                yield "log", _log_line_object(line)
        case ShownMetrics():
            yield "metrics", metrics_object(result)
        case ShownHistory():
            for release in result.releases:
                yield "release", release_object(result.place, release)
        case ShownPlan():
            yield "plan", plan_object(result)
        case ShownTargets():
            # The others were printed when they ended.
            for target in [row for row in result.rows if not row.is_ended]:
                yield "target", target_object(target)
        case _:
            assert_never(result)


def release_object(place: EnvironmentRef, release: Release) -> dict[str, Any]:
    """A release of an environment."""
    return {
        "kind": place.resource.kind,
        "owner": place.resource.id,
        "environment": place.name,
        "deployment": release.deployment_id,
        "name": release.name,
        "state": release.state,
        "at": release.at.isoformat(timespec="seconds") if release.at else None,
        "by": None if release.by is None else one_line(release.by),
        "through": None if release.through is None else one_line(release.through),
    }


def beat_object(beat: Beat) -> dict[str, Any]:
    """Something that is waited for."""
    return {
        "target": beat.label or None,
        "subject": one_line(beat.subject),
        "since": timestamp(beat.since),
        "seconds": round(beat.seconds, 3),
    }


def target_object(row: TargetRow) -> dict[str, Any]:
    """A target for which the command has not ended: it was not begun, or goes on."""
    return {
        "target": row.label,
        "outcome": row.state.replace(" ", "_"),
        "exit_status": None,
        "deployment": row.deployment,
        "token": row.token,
    }


def plan_object(shown: ShownPlan) -> dict[str, Any]:
    """A plan. The schema calls the resource an owner."""
    plan = attrs.asdict(shown.plan)
    del plan["resource_id"], plan["resource_name"]
    return {
        **plan,
        "owner": shown.plan.resource_id,
        "owner_name": shown.plan.resource_name,
        "is_blocked": shown.plan.is_blocked,
    }


def resource_object(row: ResourceRow) -> dict[str, Any]:
    """A chain or a model in a list."""
    return {
        "owner": row.resource.id,
        "name": row.resource.word,
        "team": row.team,
        "deployments": row.deployments,
        "created_at": row.created_at and row.created_at.isoformat(timespec="seconds"),
    }


def environment_object(resource: ResourceRef, reading: EnvironmentReading) -> dict[str, Any]:
    """An environment."""
    return {
        "kind": resource.kind,
        "owner": resource.id,
        "environment": reading.name,
        "current": _role_object(reading.current),
        "candidate": _role_object(reading.candidate),
        "promotion": _promotion_object(reading.promotion),
    }


def _promotion_object(reading: PromotionReading | None) -> dict[str, Any] | None:
    if reading is None:
        return None
    return {
        "status": reading.status,
        "percent": reading.percent,
        "message": one_line(reading.message) if reading.message else None,
    }


def _role_object(reading: DeploymentReading | None) -> dict[str, Any] | None:
    if reading is None:
        return None
    return {
        "id": reading.id,
        "status": reading.status,
        "chainlets": [{"name": one.name, "status": one.status} for one in reading.chainlets],
    }


def deployment_object(resource: ResourceRef, row: DeploymentRow) -> dict[str, Any]:
    """A deployment in a list."""
    return {
        "kind": resource.kind,
        "owner": resource.id,
        "deployment": row.id,
        "name": row.name,
        "status": row.status,
        "environment": row.environment,
        "created_at": row.created_at and row.created_at.isoformat(timespec="seconds"),
    }

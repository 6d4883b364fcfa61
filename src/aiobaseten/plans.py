"""Plans: what a promotion would do, and possible problems. Nothing is sent."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias, cast

from attrs import frozen

from ._finding import is_made_from
from ._status import Phase, meaning_of
from .guard import Guard
from .options import IfInProgress
from .readings import DeploymentReading, EnvironmentReading, Part

__all__ = ["Plan", "PlanWarning", "PlannedRequest", "RollingPlan", "WarningCode"]

#: Codes of warnings. More may be added.
WarningCode: TypeAlias = Literal[
    "already_serving",
    "may_be_serving",
    "promotion_in_progress",
    "deployment_failed",
    "deployment_not_active",
    "few_replicas",
    "metrics_refused",
    "new_deployment",
    "no_previous",
    "slow_rollback",
]

#: With fewer replicas, a rolling promotion may have no step between 0 and 100 % of the traffic.
_FEW_REPLICAS = 4
#: Baseten's defaults for settings that an environment does not show.
_CLEANUP = "SCALE_TO_ZERO"
_SURGE_PERCENT = 25
_RAMP_S = 600


@frozen(kw_only=True)
class PlanWarning:
    """A possible problem of a promotion.

    Attributes:
        code: What it is. A code does not change.
        message: The same for a person, with what to do.
        blocks: Whether the promotion would be refused, or cannot succeed, as things are.
    """

    code: WarningCode
    message: str
    blocks: bool = False

    def __str__(self) -> str:
        return self.message


@frozen(kw_only=True)
class RollingPlan:
    """The steps of a rolling promotion, with Baseten's defaults for what is not set.

    Attributes:
        max_surge_percent: Extra replicas for each step.
        max_unavailable_percent: Replicas that may be missing in each step.
        stabilization_s: Seconds that Baseten waits after each step.
        replica_overhead_percent: Replicas added to the previous deployment before the first step.
    """

    max_surge_percent: int
    max_unavailable_percent: int
    stabilization_s: float
    replica_overhead_percent: int


@frozen(kw_only=True)
class PlannedRequest:
    """The request that ``promote`` with the same arguments sends.

    Attributes:
        method: HTTP method.
        path: Its path.
        body: Its body, as JSON.
    """

    method: str
    path: str
    body: Mapping[str, Any]


@frozen(kw_only=True)
class Plan:
    """What a promotion would do, as things are now.

    Attributes:
        kind: ``"chain"`` or ``"model"``.
        resource_id: The id of the chain or the model.
        resource_name: Its name, or ``None`` if Baseten did not tell.
        team: The name of its team, or ``None`` if Baseten did not tell.
        environment: The name of the environment.
        deployment_id: The deployment that would be promoted.
        deployment_name: Its name; ``None`` for a chain.
        deployment_status: Its status, as Baseten spells it.
        deployment_replicas: How many replicas of it run; ``None`` for a chain, or if not known.
        current_id: The deployment that serves now, or ``None``.
        current_name: Its name; ``None`` for a chain, or if nothing serves.
        promoting: Whether a promotion to the environment is under way.
        promoting_id: The deployment that is being promoted, or ``None`` if it is not shown.
        promotion_status: The status of the promotion that the environment shows, or ``None``.
        rolling: The steps of a rolling promotion; ``None`` if it is none.
        ramp_s: Seconds in which the traffic of a chain moves in ten stages; ``None`` if it moves
            at once.
        redeploys: Whether Baseten makes a new deployment, with an id of its own; ``None`` if that
            is not known.
        cleanup: What happens to the deployment that serves now: ``"SCALE_TO_ZERO"``, ``"KEEP"``,
            ``"DEACTIVATE"`` or a later word of Baseten's.
        steps: At how many steps between 0 and 100 % the new deployment gets a part of the traffic
            if each brings as many replicas as it may; ``None`` if the promotion is not rolling, or
            if it is not known how many replicas run.
        least_s: Seconds that moving the traffic takes at least, and with a guard the measuring.
            Builds and starts come on top, and steps that bring fewer replicas.
        key_owner: The user of the key and the workspace, or ``None`` if Baseten did not tell.
        adopts_id: The deployment whose promotion would be adopted, so that ``request`` is not sent;
            ``None`` if none would be.
        request: The request that would be sent.
        warnings: Possible problems, the most important first.
    """

    kind: Literal["chain", "model"]
    resource_id: str
    resource_name: str | None
    team: str | None
    environment: str
    deployment_id: str
    deployment_name: str | None
    deployment_status: str
    deployment_replicas: int | None
    current_id: str | None
    current_name: str | None
    promoting: bool
    promoting_id: str | None
    promotion_status: str | None
    rolling: RollingPlan | None
    ramp_s: float | None
    redeploys: bool | None
    cleanup: str
    steps: int | None
    least_s: float
    key_owner: str | None
    adopts_id: str | None
    request: PlannedRequest
    warnings: tuple[PlanWarning, ...]

    @property
    def is_blocked(self) -> bool:
        """Whether the promotion would be refused, or cannot succeed, as things are."""
        return any(one.blocks for one in self.warnings)

    def warns_of(self, code: WarningCode) -> bool:
        """Whether there is a warning with this code."""
        return any(one.code == code for one in self.warnings)


# --- the decision --------------------------------------------------------------------------------


@frozen(kw_only=True)
class Facts:
    """What a plan is made of: what was read, and what would be sent.

    Attributes:
        kind: Of the chain or the model.
        resource_id: Its id.
        resource_name: Its name, or ``None``.
        team: The name of its team, or ``None``.
        name: The environment's name.
        environment: What was read of it.
        environment_json: The same as JSON.
        deployment: What was read of the deployment to promote.
        deployment_json: The same as JSON.
        key_owner: The user of the key, or ``None``.
        request: The request that would be sent.
        if_in_progress: What ``promote`` would do about a promotion that is under way.
        guard: The guard of the promotion, or ``None``.
        metrics_refused: Why the key may not read the metrics that a guard needs, or empty.
        is_refusal_certain: Whether they would be refused again a minute later.
    """

    kind: Literal["chain", "model"]
    resource_id: str
    resource_name: str | None
    team: str | None
    name: str
    environment: EnvironmentReading
    environment_json: Mapping[str, Any]
    deployment: DeploymentReading
    deployment_json: Mapping[str, Any]
    key_owner: str | None
    request: PlannedRequest
    if_in_progress: IfInProgress
    guard: Guard | None = None
    metrics_refused: str = ""
    is_refusal_certain: bool = True


def decide(facts: Facts) -> Plan:
    """What the promotion would do. Fields that no wait needs may be missing or of another type."""
    current = _object(facts.environment_json.get("current_deployment"))
    settings = _settings(facts)
    rolling = _rolling(settings) if facts.kind == "model" else None
    ramp = _ramp_s(settings) if facts.kind == "chain" else None
    cleanup = _cleanup(settings, facts.request.body)
    redeploys = _redeploys(facts, settings)
    reading = facts.environment
    steps = _steps(rolling, _whole(current.get("active_replica_count")))
    return Plan(
        kind=facts.kind,
        resource_id=facts.resource_id,
        resource_name=facts.resource_name,
        team=facts.team,
        environment=facts.name,
        deployment_id=facts.deployment.id,
        deployment_name=_text(facts.deployment_json.get("name")),
        deployment_status=facts.deployment.status,
        deployment_replicas=_whole(facts.deployment_json.get("active_replica_count")),
        current_id=reading.current_id,
        current_name=_text(current.get("name")),
        promoting=reading.is_busy,
        promoting_id=reading.candidate_id if reading.is_busy else None,
        promotion_status=reading.promotion.status if reading.promotion else None,
        rolling=rolling,
        ramp_s=ramp,
        redeploys=redeploys,
        cleanup=cleanup,
        steps=steps,
        least_s=_least_s(rolling, steps, facts.guard) + (ramp or 0.0),
        key_owner=facts.key_owner,
        adopts_id=_adopts_id(facts),
        request=facts.request,
        warnings=tuple(_warnings(facts, redeploys=redeploys, cleanup=cleanup)),
    )


def _adopts_id(facts: Facts) -> str | None:
    """The deployment that ``promote`` would adopt: the one to promote, or one made from it."""
    return _same_id(facts) if facts.if_in_progress == "adopt" else None


def _same_id(facts: Facts) -> str | None:
    """The deployment of a promotion that is under way or over, if it is the one to promote."""
    reading = facts.environment
    found_id = reading.candidate_id if reading.is_busy else reading.current_id
    field = "candidate_deployment" if reading.is_busy else "current_deployment"
    if found_id == facts.deployment.id:
        return found_id
    name = _object(facts.environment_json.get(field)).get("name")
    is_copy = facts.kind == "model" and is_made_from(facts.deployment_json.get("name"), name)
    return found_id if is_copy else None


def _may_be_serving(facts: Facts) -> bool:
    """Whether ``promote`` cannot tell if the chain's deployment that serves is to be adopted.

    Deployments of chains have no names. One that is older was not made from the one to promote.
    """
    reading = facts.environment
    if facts.kind == "model" or facts.if_in_progress != "adopt" or reading.is_busy:
        return False
    if reading.current_id in (None, facts.deployment.id):
        return False
    current = _object(facts.environment_json.get("current_deployment"))
    made, source_made = (
        _time(current.get("created_at")),
        _time(facts.deployment_json.get("created_at")),
    )
    return made is None or source_made is None or made > source_made


def _settings(facts: Facts) -> Mapping[str, Any]:
    """The settings of this promotion: the environment's, and what the request changes."""
    return _merged(facts.environment_json, facts.request.body)


def _merged(environment: Mapping[str, Any], body: Mapping[str, Any]) -> Mapping[str, Any]:
    update = _object(body.get("environment_settings_update"))
    changes: Sequence[object] = (
        environment.get("promotion_settings"),
        update.get("promotion_settings"),
        body.get("promotion_settings_override"),
    )
    merged: dict[str, Any] = {}
    for change in changes:
        for name, value in _object(change).items():
            if value is not None:
                nested = isinstance(value, dict)
                merged[name] = {**_object(merged.get(name)), **value} if nested else value
    return merged


def _rolling(settings: Mapping[str, Any]) -> RollingPlan | None:
    if settings.get("rolling_deploy") is not True:
        return None
    config = _object(settings.get("rolling_deploy_config"))
    missing = _whole(config.get("max_unavailable_percent")) or 0
    surge = _whole(config.get("max_surge_percent"))
    if surge is None:
        surge = 0 if missing else _SURGE_PERCENT
    return RollingPlan(
        max_surge_percent=surge,
        max_unavailable_percent=missing,
        stabilization_s=float(_whole(config.get("stabilization_time_seconds")) or 0),
        replica_overhead_percent=_whole(config.get("replica_overhead_percent")) or 0,
    )


def _ramp_s(settings: Mapping[str, Any]) -> float | None:
    if settings.get("ramp_up_while_promoting") is not True:
        return None
    seconds = _whole(settings.get("ramp_up_duration_seconds"))
    return float(_RAMP_S if seconds is None else seconds)


def _cleanup(settings: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    if body.get("scale_down_previous_deployment") is False:
        return "KEEP"
    return _text(settings.get("promotion_cleanup_strategy")) or _CLEANUP


def _redeploys(facts: Facts, settings: Mapping[str, Any]) -> bool | None:
    """Whether Baseten makes a new deployment of the one to promote."""
    if settings.get("redeploy_on_promotion") is True:
        return True
    if facts.kind == "chain":
        return None  # each chainlet has an instance type of its own
    body = facts.request.body
    update = _object(body.get("environment_settings_update"))
    wanted = update.get("instance_type_id") or update.get("region")
    if wanted is not None:
        return None
    if body.get("preserve_env_instance_type") is False:
        return False
    kept = _text(_object(facts.environment_json.get("instance_type")).get("name"))
    own = _text(facts.deployment_json.get("instance_type_name"))
    return None if kept is None or own is None else kept != own


def _steps(rolling: RollingPlan | None, replicas: int | None) -> int | None:
    """Steps between none and all of the traffic: fewer replicas have fewer steps."""
    if rolling is None or replicas is None:
        return None
    percent = rolling.max_surge_percent or rolling.max_unavailable_percent
    steps = math.ceil(100 / percent) if percent > 0 else 1
    return max(min(steps, replicas) - 1, 0)


def _least_s(rolling: RollingPlan | None, steps: int | None, guard: Guard | None) -> float:
    """Seconds for which the steps are held, and for which a guard measures after them."""
    step_s = 0.0 if rolling is None else rolling.stabilization_s
    if guard is None:
        return (steps or 0) * step_s
    # A guard that pauses measures while the step is paused.
    held = (steps or 0) * max(step_s, guard.measured_after)
    # With all traffic it measures only if it was told to, or if it could not before.
    return held + (max(guard.bake, guard.measured_after) if guard.bake or not steps else 0.0)


def _warnings(facts: Facts, *, redeploys: bool | None, cleanup: str) -> Iterator[PlanWarning]:
    reading, deployment = facts.environment, facts.deployment
    where = f"{facts.name} of {facts.kind} {facts.resource_id}"
    adopts_id = _adopts_id(facts)
    if reading.is_busy:
        yield _in_progress(facts, adopts_id, where)
    if facts.metrics_refused:
        is_certain = facts.is_refusal_certain
        yield PlanWarning(
            code="metrics_refused",
            message=f"the guard checks metrics, and they cannot be read ({facts.metrics_refused}): "
            + ("" if is_certain else "if that is still so a minute later, ")
            + "nothing would be sent",
            blocks=is_certain,
        )
    if adopts_id in (None, deployment.id):
        yield from _not_active(deployment)
    if not reading.is_busy and adopts_id is not None:
        made = "" if adopts_id == deployment.id else f", which was made from {deployment.id},"
        yield PlanWarning(
            code="already_serving",
            message=f"deployment {adopts_id}{made} already serves in {where}: nothing is sent",
        )
    elif reading.current_id == deployment.id:
        yield PlanWarning(
            code="already_serving",
            message=f"deployment {deployment.id} already serves in {where}",
        )
    elif _may_be_serving(facts):
        yield PlanWarning(
            code="may_be_serving",
            message=f"deployment {reading.current_id}, which serves in {where}, may have been made "
            f'from {deployment.id}: to promote that, pass if_in_progress="raise"',
            blocks=True,
        )
    few = None
    if facts.kind == "model":
        body, is_guarded = facts.request.body, facts.guard is not None
        few = few_replicas(facts.environment_json, body, where, is_guarded=is_guarded)
    if few is not None:
        yield PlanWarning(code="few_replicas", message=few)
    if redeploys and adopts_id is None:
        yield PlanWarning(
            code="new_deployment",
            message="Baseten makes a new deployment for this promotion, with another id: it is "
            "built and started first",
        )
    if reading.current_id is None:
        yield PlanWarning(
            code="no_previous",
            message=f"nothing serves in {where}: there is no deployment to roll back to",
        )
    elif cleanup == "DEACTIVATE" and reading.current_id not in (deployment.id, adopts_id):
        yield PlanWarning(
            code="slow_rollback",
            message=f"Baseten will deactivate deployment {reading.current_id} afterwards: a "
            "rollback must start it again, and takes as long as a new deployment; the setting is "
            "promotion_cleanup_strategy",
        )


def few_replicas(
    environment: Mapping[str, Any], body: Mapping[str, Any], where: str, *, is_guarded: bool
) -> str | None:
    """Why a rolling promotion may have no step; ``None`` if it has some, or is not rolling.

    Args:
        environment: The environment of a model, as JSON.
        body: That of the request to promote.
        where: The environment, for a sentence.
        is_guarded: Whether the promotion has a guard, which needs steps.
    """
    rolling = _rolling(_merged(environment, body))
    if rolling is None:
        return None
    autoscaling = _object(environment.get("autoscaling_settings"))
    current = _object(environment.get("current_deployment"))
    most = _whole(autoscaling.get("max_replica"))
    if most is not None and most < _FEW_REPLICAS:
        why, what = f"max_replica of {where} is {most}", "set min_replica and max_replica"
    elif is_guarded and _steps(rolling, _whole(current.get("active_replica_count"))) == 0:
        why, what = f"{where} has at most one replica now", "set min_replica"
    else:
        return None
    then = ", so that the guard measures it with all traffic only" if is_guarded else ""
    return (
        f"{why}: a rolling promotion may have no step between 0 and 100 % of the traffic{then}; "
        f"{what} to {_FEW_REPLICAS} or more"
    )


def _not_active(deployment: DeploymentReading) -> Iterator[PlanWarning]:
    worst = _worst(deployment)
    if any(_is_over(one) for one in deployment.parts):
        yield PlanWarning(
            code="deployment_failed",
            message=f"deployment {deployment.id} is {worst}: retry it or push it again before you "
            "promote it",
            blocks=True,
        )
    elif len(deployment.parts_in(Phase.READY)) < len(deployment.parts):
        yield PlanWarning(
            code="deployment_not_active",
            message=f"deployment {deployment.id} is {worst}, not ACTIVE: the promotion waits until "
            "it is",
        )


def _is_over(part: Part) -> bool:
    """Whether it cannot become active by itself or by a promotion: no build is there."""
    is_stopped = part.phase is Phase.STOPPED and not meaning_of(part.status).may_be_old
    return part.phase is Phase.FAILED or is_stopped


def _in_progress(facts: Facts, adopts_id: str | None, where: str) -> PlanWarning:
    candidate = facts.environment.candidate_id
    which = f" of deployment {candidate}" if candidate else ""
    is_paused = facts.environment.is_paused
    state = "paused" if is_paused else "under way"
    blocks, then = True, "resume it, or cancel it" if is_paused else "wait for its end"
    if facts.if_in_progress == "wait" and not is_paused:
        blocks, then = False, "this one begins after it"
    elif adopts_id is not None:
        blocks, then = False, "it is followed, and nothing is sent"
        then += "; it stays paused until somebody resumes it" if is_paused else ""
    elif facts.if_in_progress == "send":
        then = "Baseten refuses a second one"
    elif not is_paused and _same_id(facts) is not None:
        then = 'follow it with if_in_progress="adopt", or wait for its end'
    return PlanWarning(
        code="promotion_in_progress",
        message=f"a promotion{which} to {where} is {state}: {then}",
        blocks=blocks,
    )


def _worst(deployment: DeploymentReading) -> str:
    """The status that keeps the deployment from being ready, with the chainlets that have it."""
    suspects = deployment.suspects()
    if not deployment.chainlets:
        return deployment.status
    return f"{deployment.status} ({', '.join(f'{one.name} {one.status}' for one in suspects)})"


# --- from JSON -----------------------------------------------------------------------------------


def _object(value: object) -> Mapping[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _time(value: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return time if time is None or time.tzinfo is not None else time.replace(tzinfo=UTC)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None

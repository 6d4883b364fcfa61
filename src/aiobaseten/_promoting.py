"""Promote at most once: read the environment, send the request, read back if the answer is lost."""

from __future__ import annotations

import re
from typing import Any, cast, get_args

from attrs import evolve

from ._arguments import Duration, choice, time_limit
from ._resource import D, E, EnvironmentLook, Resource
from ._sending import Operation
from ._token import Token
from ._waiting import Baseline, EnvironmentHistory, IdleTracker, Wait, baseline_of
from .errors import (
    APIError,
    BasetenError,
    PromotionInProgressError,
    PromotionOutcomeUnknownError,
    ResponseShapeError,
    ServerError,
    TransportError,
)
from .options import BeforeSending, IfInProgress, RetryPolicy
from .readings import DeploymentReading, EnvironmentReading
from .schemas import Deployment

#: Seconds between the looks at an environment after the answer to a promotion was lost: a proxy may
#: have given up earlier than Baseten does.
READ_BACK_AFTER_S = (0.0, 1.0, 3.0, 6.0)

# Baseten names a deployment that a promotion makes after its source, and appends the time.
_MADE_FROM = re.compile(r"[.-]\d{9,}")


async def promote(
    resource: Resource[D, E],
    environment: str,
    deployment_id: str,
    operation: Operation[D],
    *,
    if_in_progress: IfInProgress,
    in_progress_timeout: Duration | None,
    before_sending: BeforeSending | None,
) -> tuple[D, Baseline]:
    """Send *operation* once, or adopt a promotion that is under way.

    Returns:
        The deployment to follow, and the environment before.
    """
    limit = time_limit("in_progress_timeout", in_progress_timeout)
    choice("if_in_progress", if_in_progress, get_args(IfInProgress))
    before = await resource.read_environment(environment)
    if if_in_progress == "adopt":
        adopted = await _adopt(resource, before, deployment_id)
        if adopted is not None:
            # An environment that is not busy does not show what served before.
            previous = before.current_id if before.is_busy else None
            return cast("D", adopted.value), Baseline(current_id=previous)
    if before.is_busy and if_in_progress == "wait":
        before = await _wait_until_idle(resource, environment, limit)
    if before.is_busy and if_in_progress != "send":
        raise _in_progress(resource, environment, before)
    if before_sending is not None:
        await before_sending(_intention(resource, before, environment, deployment_id))
    deployment = await _send_once(resource, environment, deployment_id, operation, before)
    return deployment, baseline_of(before)


async def find_promoted(
    resource: Resource[D, E],
    environment: str,
    deployment_id: str,
    baseline: Baseline,
    *,
    was_busy: bool,
) -> D:
    """The promotion that another process may have started before it was lost.

    Raises:
        PromotionOutcomeUnknownError: The environment does not show whether it started.
    """
    found, after = await _read_back(
        resource, environment, deployment_id, baseline, was_busy=was_busy
    )
    if found is None:
        raise PromotionOutcomeUnknownError(
            f"promoting {deployment_id} to {resource.environment_label(environment)} was about to "
            "be asked for when word of it was lost, and the environment does not tell whether it "
            "began; it was not sent again: look before you do",
            deployment_id=deployment_id,
            before=None,
            after=after.value if after else None,
        )
    return cast("D", found.value)


async def _send_once(
    resource: Resource[D, E],
    environment: str,
    deployment_id: str,
    operation: Operation[D],
    before: EnvironmentReading,
) -> D:
    """Send the request; if the answer is lost, find out from the environment what happened."""
    try:
        deployment = await resource.sender.send(operation)
        if not isinstance(deployment.id, str) or not deployment.id:
            raise _nameless(deployment.id, operation)
    except BasetenError as error:
        if not _may_have_begun(error):
            raise
        found, after = await _read_back(
            resource, environment, deployment_id, baseline_of(before), was_busy=before.is_busy
        )
        if found is None:
            raise PromotionOutcomeUnknownError(
                f"the answer to promoting {deployment_id} to "
                f"{resource.environment_label(environment)} was lost ({error}), and the "
                "environment does not tell whether it began; it was not sent again: look before "
                "you do",
                deployment_id=deployment_id,
                before=before.value,
                after=after.value if after else None,
            ) from error
        deployment = cast("D", found.value)
    return deployment


def _may_have_begun(error: BasetenError) -> bool:
    """Whether a promotion whose request failed so may have started all the same."""
    if isinstance(error, TransportError):
        return error.sent
    # A gateway sends 408 when its own patience ends, too.
    is_late = isinstance(error, APIError) and error.status == 408
    return is_late or isinstance(error, ServerError | ResponseShapeError)


def _nameless(deployment_id: object, operation: Operation[Any]) -> ResponseShapeError:
    return ResponseShapeError(
        f"the deployment's id is {deployment_id!r}, so that nobody can follow it",
        status=200,
        method=operation.method,
        path=operation.url,
    )


def _intention(
    resource: Resource[D, E], before: EnvironmentReading, environment: str, deployment_id: str
) -> str:
    """The token of a promotion that is about to be sent."""
    baseline = baseline_of(before)
    return Token(
        kind="chain promotion" if resource.kind == "chain" else "model promotion",
        resource_id=resource.id,
        environment_name=environment,
        deployment_id=deployment_id,
        previous_id=baseline.current_id,
        candidate_id=baseline.candidate_id,
        promotion_status=baseline.promotion_status,
        intended=True,
        was_busy=before.is_busy,
    ).dump()


# --- reading back --------------------------------------------------------------------------------


async def _read_back(
    resource: Resource[D, E],
    environment: str,
    deployment_id: str,
    baseline: Baseline,
    *,
    was_busy: bool,
) -> tuple[DeploymentReading | None, EnvironmentReading | None]:
    """The promotion that started, if the environment shows one beyond doubt; and the environment.

    Either is ``None`` if it could not be read.
    """
    after: EnvironmentReading | None = None
    # This loop repeats the reading, so the sender must not.
    once = evolve(resource, sender=resource.sender.with_settings(retry=RetryPolicy(attempts=1)))
    for pause in READ_BACK_AFTER_S:
        await resource.sender.connections.pause(pause)
        try:
            after = await once.read_environment(environment)
            found = await _started(resource, deployment_id, baseline, after, was_busy=was_busy)
        except (APIError, TransportError, ResponseShapeError):
            continue
        if found is not None:
            return found, after
    return None, after


async def _started(
    resource: Resource[D, E],
    deployment_id: str,
    baseline: Baseline,
    after: EnvironmentReading,
    *,
    was_busy: bool,
) -> DeploymentReading | None:
    """The deployment that proves that the promotion of *deployment_id* started, or ``None``."""
    if (
        after.current is not None
        and after.current_id != baseline.current_id
        and await _is_of(resource, deployment_id, after.current)
    ):
        return after.current  # started, and finished
    if after.candidate is None or was_busy:
        return None
    # A new candidate is evidence even if its promotion has failed by now.
    is_new = after.is_busy or after.candidate_id != baseline.candidate_id
    is_ours = is_new and await _is_of(resource, deployment_id, after.candidate)
    return after.candidate if is_ours else None


# --- another promotion under way -----------------------------------------------------------------


async def _wait_until_idle(
    resource: Resource[D, E], environment: str, limit: float
) -> EnvironmentReading:
    """The environment, once no promotion to it is under way."""
    tracker = IdleTracker(
        label=resource.environment_label(environment), seen=EnvironmentHistory(environment)
    )
    look = EnvironmentLook(resource, environment)
    return cast("EnvironmentReading", await Wait(resource.polls, tracker, look, limit).result())


async def _adopt(
    resource: Resource[D, E], reading: EnvironmentReading, deployment_id: str
) -> DeploymentReading | None:
    """The promotion of this very deployment that is under way or finished, or ``None``."""
    if not reading.is_busy:
        return reading.current if reading.current_id == deployment_id else None
    candidate = reading.candidate
    is_ours = candidate is not None and await _is_of(resource, deployment_id, candidate)
    return candidate if is_ours else None


async def _is_of(
    resource: Resource[D, E], deployment_id: str, candidate: DeploymentReading
) -> bool:
    """Whether *candidate* is the deployment, or certainly made from it by a promotion."""
    if candidate.id == deployment_id:
        return True
    source = await resource.read_deployment(deployment_id)
    return source is not None and _is_made_from(source.value, candidate.value)


def _is_made_from(source: object, candidate: object) -> bool:
    if not isinstance(source, Deployment) or not isinstance(candidate, Deployment):
        return False  # deployments of chains have no names
    names = source.name, candidate.name
    if not all(isinstance(name, str) for name in names):
        return False
    appended = candidate.name.removeprefix(source.name)
    return appended != candidate.name and bool(_MADE_FROM.fullmatch(appended))


def _in_progress(
    resource: Resource[D, E], environment: str, reading: EnvironmentReading
) -> PromotionInProgressError:
    which = f" of deployment {reading.candidate_id}" if reading.candidate_id else ""
    where = resource.environment_label(environment)
    # Baseten cannot cancel a chain's promotion.
    cancel = ", or cancel it" if resource.kind == "model" else ""
    return PromotionInProgressError(
        f"a promotion{which} to {where} is under way; nothing was sent: wait for its end, for "
        f'example with if_in_progress="wait"{cancel}; or leave it to Baseten to refuse, with '
        '"send"',
        deployment_id=reading.candidate_id,
        environment=reading.value,
    )

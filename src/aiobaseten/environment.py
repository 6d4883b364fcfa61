"""Environments, and promoting to one once."""

from __future__ import annotations

import re
from typing import Generic, Literal, TypeAlias, cast

from attrs import frozen

from ._arguments import Duration, path_argument, time_limit
from ._owner import D, E, Owner
from ._readings import read_environment
from ._transport import Operation
from ._waits import (
    Baseline,
    DeploymentReading,
    EnvironmentReading,
    PromotionLog,
    QuietWait,
    baseline_of,
)
from ._watch import Target, follow, result_of
from .errors import ConfigurationError, PromotionInProgressError, ResponseShapeError
from .schemas import Deployment

IfInProgress: TypeAlias = Literal["raise", "adopt", "wait"]

# Baseten names a deployment that a promotion makes after its source, and appends the time.
_MADE_FROM = re.compile(r"[.-]\d{9,}")


@frozen
class EnvironmentHandle(Generic[D, E]):
    """An environment, by its ids. Making one does no I/O; equal ids make equal handles."""

    _owner: Owner[D, E]
    name: str

    def __attrs_post_init__(self) -> None:
        path_argument("environment", self.name)

    async def get(self) -> E:
        """The environment as it is now. Cancelling this changes nothing at Baseten.

        Raises:
            NotFoundError: There is no such environment.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        return await self._owner.transport.send(self._owner.get_environment(self.name))


async def begin(
    owner: Owner[D, E],
    environment: str,
    deployment_id: str,
    operation: Operation[D],
    *,
    if_in_progress: IfInProgress,
    in_progress_timeout: Duration | None,
) -> tuple[D, Baseline]:
    """Promote once: read the environment, then send *operation*, or adopt what runs already.

    Returns:
        The deployment to follow, and the environment before.
    """
    limit = time_limit("in_progress_timeout", in_progress_timeout)
    if if_in_progress not in ("raise", "adopt", "wait"):
        raise ConfigurationError(
            f'if_in_progress must be "raise", "adopt" or "wait", not {if_in_progress!r}'
        )
    label = owner.describe_environment(environment)
    reading = (await owner.look_at_environment(environment)).value
    if if_in_progress == "adopt":
        adopted = await _adopt(owner, reading, deployment_id)
        if adopted is not None:
            return cast("D", adopted.value), Baseline(current_id=reading.current_id)
    if reading.is_busy:
        if if_in_progress != "wait":
            raise _busy(label, reading, 'pass if_in_progress="wait" to promote after it')
        reading = await _quiet(owner, environment, limit)
    deployment = await owner.transport.send(operation)
    if not isinstance(deployment.id, str) or not deployment.id:
        raise ResponseShapeError(
            f"the deployment's id is {deployment.id!r}, so that nobody can follow it; the "
            "promotion has begun",
            status=200,
            method=operation.method,
            path=operation.url,
        )
    return deployment, baseline_of(reading)


async def _quiet(owner: Owner[D, E], environment: str, limit: float) -> EnvironmentReading:
    """The environment, once no promotion to it is under way."""
    wait = QuietWait(label=owner.describe_environment(environment), seen=PromotionLog(environment))
    target = Target(look=lambda: owner.look_at_environment(environment))
    return read_environment(await result_of(follow(owner.transport, wait, target, limit)))


async def _adopt(
    owner: Owner[D, E], reading: EnvironmentReading, deployment_id: str
) -> DeploymentReading | None:
    """The promotion of this very deployment that is under way or finished, or ``None``."""
    if not reading.is_busy:
        return reading.current if reading.current_id == deployment_id else None
    candidate = reading.candidate
    if candidate is None or candidate.id == deployment_id:
        return candidate
    source = await owner.read_deployment(deployment_id)
    is_ours = source is not None and _is_made_from(source.value, candidate.value)
    return candidate if is_ours else None


def _is_made_from(source: object, candidate: object) -> bool:
    if not isinstance(source, Deployment) or not isinstance(candidate, Deployment):
        return False  # deployments of chains have no names
    appended = candidate.name.removeprefix(source.name)
    return appended != candidate.name and bool(_MADE_FROM.fullmatch(appended))


def _busy(label: str, reading: EnvironmentReading, advice: str) -> PromotionInProgressError:
    which = f" of deployment {reading.candidate_id}" if reading.candidate_id else ""
    return PromotionInProgressError(
        f"a promotion{which} to {label} is under way; nothing was sent: {advice}",
        deployment_id=reading.candidate_id,
        environment=reading.value,
    )

"""Environments, and promoting to one once."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Generic, Literal, TypeAlias, cast, get_args

from attrs import evolve, frozen

from ._arguments import Duration, path_argument, time_limit
from ._owner import D, E, EnvironmentLook, Owner
from ._readings import read_environment
from ._retry import RetryPolicy
from ._token import Token
from ._transport import Operation
from ._waits import (
    Baseline,
    DeploymentReading,
    EnvironmentReading,
    PromotionLog,
    QuietWait,
    baseline_of,
)
from ._watch import Watch
from .errors import (
    APIError,
    BasetenError,
    ConfigurationError,
    PromotionInProgressError,
    PromotionOutcomeUnknownError,
    ResponseShapeError,
    ServerError,
    TransportError,
)
from .schemas import Deployment

IfInProgress: TypeAlias = Literal["raise", "adopt", "wait", "send"]
#: Takes a token, to store it.
BeforeSending: TypeAlias = Callable[[str], Awaitable[object]]

#: Seconds between the readings of an environment after the answer to a promotion was lost: what
#: stands before Baseten may have given up on it earlier than Baseten does.
READ_BACK_AFTER_S = (0.0, 1.0, 3.0, 6.0)

# Baseten names a deployment that a promotion makes after its source, and appends the time.
_MADE_FROM = re.compile(r"[.-]\d{9,}")


@frozen
class EnvironmentHandle(Generic[D, E]):
    """An environment, by its ids. Making one does no I/O; equal ids make equal handles."""

    _owner: Owner[D, E]
    #: The environment's name.
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
    before_sending: BeforeSending | None,
) -> tuple[D, Baseline]:
    """Promote once: read the environment, then send *operation*, or adopt what runs already.

    Returns:
        The deployment to follow, and the environment before.
    """
    limit = time_limit("in_progress_timeout", in_progress_timeout)
    if if_in_progress not in get_args(IfInProgress):
        known = ", ".join(get_args(IfInProgress))
        raise ConfigurationError(f"if_in_progress must be one of {known}, not {if_in_progress!r}")
    before = await owner.read_environment(environment)
    if if_in_progress == "adopt":
        adopted = await _adopt(owner, before, deployment_id)
        if adopted is not None:
            # What is finished does not tell what served before it.
            previous = before.current_id if before.is_busy else None
            return cast("D", adopted.value), Baseline(current_id=previous)
    if before.is_busy and if_in_progress == "wait":
        before = await _quiet(owner, environment, limit)
    if before.is_busy and if_in_progress != "send":
        raise _busy(owner, environment, before)
    baseline = baseline_of(before)
    if before_sending is not None:
        await before_sending(_intention(owner, before, environment, deployment_id))
    try:
        deployment = await owner.transport.send(operation)
        if not isinstance(deployment.id, str) or not deployment.id:
            raise _nameless(deployment.id, operation)
    except BasetenError as error:
        if not _may_have_begun(error):
            raise
        begun, after = await _read_back(
            owner, environment, deployment_id, baseline, was_busy=before.is_busy
        )
        if begun is None:
            raise PromotionOutcomeUnknownError(
                f"the answer to promoting {deployment_id} to "
                f"{owner.describe_environment(environment)} was lost ({error}), and the "
                "environment does not tell whether it began; it was not sent again: look before "
                "you do",
                deployment_id=deployment_id,
                before=before.value,
                after=after.value if after else None,
            ) from error
        deployment = cast("D", begun.value)
    return deployment, baseline


async def find_begun(
    owner: Owner[D, E],
    environment: str,
    deployment_id: str,
    baseline: Baseline,
    *,
    was_busy: bool,
) -> D:
    """What a process began that was lost after `before_sending`, if it began anything.

    Raises:
        PromotionOutcomeUnknownError: The environment does not tell.
    """
    begun, after = await _read_back(owner, environment, deployment_id, baseline, was_busy=was_busy)
    if begun is None:
        raise PromotionOutcomeUnknownError(
            f"promoting {deployment_id} to {owner.describe_environment(environment)} was about to "
            "be asked for when word of it was lost, and the environment does not tell whether it "
            "began; it was not sent again: look before you do",
            deployment_id=deployment_id,
            before=None,
            after=after.value if after else None,
        )
    return cast("D", begun.value)


def _intention(
    owner: Owner[D, E], before: EnvironmentReading, environment: str, deployment_id: str
) -> str:
    baseline = baseline_of(before)
    return Token(
        kind="chain promotion" if owner.kind == "chain" else "model promotion",
        parent=owner.id,
        environment=environment,
        deployment=deployment_id,
        previous=baseline.current_id,
        candidate=baseline.candidate_id,
        promotion=baseline.promotion_status,
        intended=True,
        was_busy=before.is_busy,
    ).dump()


def _may_have_begun(error: BasetenError) -> bool:
    """Whether a promotion that ended so may have begun all the same."""
    if isinstance(error, TransportError):
        return error.sent
    # A gateway says 408 of its own patience, too.
    is_late = isinstance(error, APIError) and error.status == 408
    return is_late or isinstance(error, ServerError | ResponseShapeError)


async def _read_back(
    owner: Owner[D, E],
    environment: str,
    deployment_id: str,
    baseline: Baseline,
    *,
    was_busy: bool,
) -> tuple[DeploymentReading | None, EnvironmentReading | None]:
    """The promotion that did begin, if the environment says so beyond doubt; and the environment.

    Either is ``None`` if it was not to be had.
    """
    after: EnvironmentReading | None = None
    # This loop is what repeats the reading.
    once = evolve(owner, transport=owner.transport.with_settings(retry=RetryPolicy(attempts=1)))
    for pause in READ_BACK_AFTER_S:
        await owner.transport.wire.pause(pause)
        try:
            after = await once.read_environment(environment)
            begun = await _begun(owner, deployment_id, baseline, after, was_busy=was_busy)
        except (APIError, TransportError, ResponseShapeError):
            continue
        if begun is not None:
            return begun, after
    return None, after


async def _begun(
    owner: Owner[D, E],
    deployment_id: str,
    baseline: Baseline,
    after: EnvironmentReading,
    *,
    was_busy: bool,
) -> DeploymentReading | None:
    """What shows that the promotion of *deployment_id* began since *baseline*, or ``None``."""
    if (
        after.current is not None
        and after.current_id != baseline.current_id
        and await _is_of(owner, deployment_id, after.current)
    ):
        return after.current  # begun, and finished
    if after.candidate is None or was_busy:
        return None
    # One that is new is evidence even if its promotion has failed by now.
    is_new = after.is_busy or after.candidate_id != baseline.candidate_id
    return (
        after.candidate if is_new and await _is_of(owner, deployment_id, after.candidate) else None
    )


async def _quiet(owner: Owner[D, E], environment: str, limit: float) -> EnvironmentReading:
    """The environment, once no promotion to it is under way."""
    wait = QuietWait(label=owner.describe_environment(environment), seen=PromotionLog(environment))
    look = EnvironmentLook(owner, environment)
    return read_environment(await Watch(owner.polls, wait, look, limit).result())


async def _adopt(
    owner: Owner[D, E], reading: EnvironmentReading, deployment_id: str
) -> DeploymentReading | None:
    """The promotion of this very deployment that is under way or finished, or ``None``."""
    if not reading.is_busy:
        return reading.current if reading.current_id == deployment_id else None
    candidate = reading.candidate
    is_ours = candidate is not None and await _is_of(owner, deployment_id, candidate)
    return candidate if is_ours else None


async def _is_of(owner: Owner[D, E], deployment_id: str, candidate: DeploymentReading) -> bool:
    """Whether *candidate* is the deployment, or was made from it by a promotion, beyond doubt."""
    if candidate.id == deployment_id:
        return True
    source = await owner.read_deployment(deployment_id)
    return source is not None and _is_made_from(source.value, candidate.value)


def _is_made_from(source: object, candidate: object) -> bool:
    if not isinstance(source, Deployment) or not isinstance(candidate, Deployment):
        return False  # deployments of chains have no names
    appended = candidate.name.removeprefix(source.name)
    return appended != candidate.name and bool(_MADE_FROM.fullmatch(appended))


def _busy(
    owner: Owner[D, E], environment: str, reading: EnvironmentReading
) -> PromotionInProgressError:
    which = f" of deployment {reading.candidate_id}" if reading.candidate_id else ""
    where = owner.describe_environment(environment)
    # Baseten cannot cancel a chain's.
    cancel = ", or cancel it" if owner.kind == "model" else ""
    return PromotionInProgressError(
        f"a promotion{which} to {where} is under way; nothing was sent: wait for its end, for "
        f'example with if_in_progress="wait"{cancel}; or leave it to Baseten to refuse, with '
        '"send"',
        deployment_id=reading.candidate_id,
        environment=reading.value,
    )


def _nameless(deployment_id: object, operation: Operation[Any]) -> ResponseShapeError:
    return ResponseShapeError(
        f"the deployment's id is {deployment_id!r}, so that nobody can follow it",
        status=200,
        method=operation.method,
        path=operation.url,
    )

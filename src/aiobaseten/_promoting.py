"""Promote at most once: read the environment, send the request once, or wait for another one."""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import datetime
from typing import Any, Generic, cast, get_args

from attrs import frozen

from . import _finding, _waiting
from ._arguments import Duration, choice, function, time_limit
from ._audit_log import AuditEntry
from ._numbers import in_seconds
from ._operations import D, E
from ._predecessor import not_cancelled
from ._reading_back import (
    AUDIT_LOG_S,
    READ_BACK_AFTER_S,
    Asked,
    ReadBack,
    is_of,
    outlast,
    read_back,
    time_at_baseten,
)
from ._resource import EnvironmentLook, ReadAuditLog, Resource
from ._sending import Operation, parsed_by
from ._token import Token
from ._waiting import Baseline, EnvironmentHistory, Wait, baseline_of, made_at
from .errors import (
    BadRequestError,
    BasetenError,
    ConfigurationError,
    ConflictError,
    PromotionInProgressError,
    PromotionOutcomeUnknownError,
    WaitTimeoutError,
)
from .options import BeforeSending, IfInProgress
from .readings import DeploymentReading, EnvironmentReading

# Seconds after which a look is too old to promote by it.
_FRESH_S = 1.0
#: Seconds after a token was made within which its request was sent, if at all.
SENT_WITHIN_S = 300.0


@frozen
class Started(Generic[D]):
    """A promotion that was started or adopted.

    Attributes:
        deployment_id: The deployment to follow.
        deployment: It, as last read; ``None`` if the answer does not fit.
        baseline: The environment before.
        was_adopted: Whether somebody else has started it.
        since: When it began at the earliest, in seconds since 1970 at Baseten; minus infinity if
            that is not known.
    """

    deployment_id: str
    deployment: D | None
    baseline: Baseline
    was_adopted: bool = False
    since: float = -math.inf


async def promote(
    resource: Resource[D, E],
    environment: str,
    deployment_id: str,
    operation: Operation[D],
    *,
    if_in_progress: IfInProgress,
    in_progress_timeout: Duration | None,
    before_sending: BeforeSending | None,
    check: BeforeSending | None = None,
    hold: float | None = None,
) -> Started[D]:
    """Send *operation* once, or adopt a promotion that is under way.

    *check* is that of a guard, before *before_sending*. Both may take long, and somebody else may
    promote meanwhile: then the environment is read again. *hold* stands in the token for both, if
    the promotion is guarded.
    """
    limit = time_limit("in_progress_timeout", in_progress_timeout)
    choice("if_in_progress", if_in_progress, get_args(IfInProgress))
    if before_sending is not None:
        function("before_sending", before_sending, "an awaitable")
    before = await resource.read_environment(environment)
    if if_in_progress == "adopt":
        before = await _settled(resource, before, deployment_id)
    deadline = resource.sender.clock.now() + limit
    was_refused = False
    must_check = check is not None
    while True:
        if if_in_progress == "adopt":
            adopted = await _adopt(resource, before, deployment_id, served_before=None)
            if adopted is not None:
                return adopted
        if if_in_progress == "wait" and (before.is_busy or was_refused):
            before = await _wait_until_idle(
                resource, environment, before, deadline, was_refused=was_refused
            )
        if before.is_busy and if_in_progress != "send":
            raise await _in_progress(resource, before, deployment_id)
        step = check if must_check else before_sending
        if step is not None:
            seen = before
            before = await announce(resource, seen, environment, deployment_id, step, hold=hold)
            if must_check or not _is_alike(seen, before):
                must_check = False
                continue
        try:
            return await send_once(resource, environment, deployment_id, operation, before)
        except (BadRequestError, ConflictError) as error:
            # Somebody else may have been faster.
            is_invalid = error.status not in (400, 409)
            mode: IfInProgress = "send" if is_invalid else if_in_progress
            faster = await _changed_since(resource, environment, before, mode)
            if faster is None:
                raise
            if if_in_progress == "adopt":
                served = before.current_id
                adopted = await _adopt(resource, faster, deployment_id, served_before=served)
                if adopted is not None:
                    return adopted
            if if_in_progress != "wait":
                raise await _in_progress(resource, faster, deployment_id) from error
            before, was_refused, must_check = faster, True, check is not None


async def announce(
    resource: Resource[D, E],
    before: EnvironmentReading,
    environment: str,
    deployment_id: str,
    step: BeforeSending,
    *,
    hold: float | None = None,
) -> EnvironmentReading:
    """Await *step* with the token of a promotion that is about to be sent.

    Returns the environment, which was read again if that took long: somebody else may have promoted
    meanwhile.
    """
    began = resource.sender.clock.now()
    await step(_intention(resource, before, environment, deployment_id, hold))
    if resource.sender.clock.now() - began <= _FRESH_S:
        return before
    return await resource.read_environment(environment)


def _is_alike(seen: EnvironmentReading, later: EnvironmentReading) -> bool:
    """Whether a promotion can begin as it was about to when *seen* was read."""
    return seen.is_busy == later.is_busy and baseline_of(seen) == baseline_of(later)


async def find_promoted(
    resource: Resource[D, E],
    environment: str,
    deployment_id: str,
    baseline: Baseline,
    *,
    was_busy: bool,
    sent_at: int | None,
) -> D:
    """The promotion that another process may have started before it was lost.

    Raises:
        PromotionOutcomeUnknownError: Neither the audit log nor the environment shows whether it
            started.
    """
    asked = Asked(
        environment=environment,
        deployment_id=deployment_id,
        baseline=baseline,
        was_busy=was_busy,
        since=sent_at,
        until=math.inf if sent_at is None else sent_at + SENT_WITHIN_S,
    )
    back = await read_back(resource, asked)
    if back.deployment is None:
        raise PromotionOutcomeUnknownError(
            f"promoting {deployment_id} to {resource.environment_label(environment)} was about to "
            f"be asked for when word of it was lost, and {back.doubt}; it was not sent again: "
            "look before you do",
            deployment_id=deployment_id,
            before=None,
            after=back.after.value if back.after else None,
        )
    return cast("D", back.deployment.value)


async def send_once(
    resource: Resource[D, E],
    environment: str,
    deployment_id: str,
    operation: Operation[D],
    before: EnvironmentReading,
) -> Started[D]:
    """Send the request; if the answer is lost, find out from the environment what happened."""
    asked = Asked(
        environment=environment,
        deployment_id=deployment_id,
        baseline=baseline_of(before),
        was_busy=before.is_busy,
        since=time_at_baseten(resource),
        sent_at=resource.sender.clock.now(),
        earlier=resource.note_promotion(environment, deployment_id),
    )
    since = -math.inf if asked.since is None else asked.since
    try:
        started, deployment = await resource.sender.send(_read_started(operation))
        return Started(started, deployment, _as_begun(asked, started, before), since=since)
    except BasetenError as error:
        if not error.may_have_acted:
            raise
        try:
            back = await read_back(resource, asked)
        except ConfigurationError:  # the client was closed, and cannot read
            back = ReadBack(doubt="the closed client cannot look whether it began")
        if back.deployment is None:
            raise PromotionOutcomeUnknownError(
                f"the answer to promoting {deployment_id} to "
                f"{resource.environment_label(environment)} was lost ({error}), and {back.doubt}; "
                "it was not sent again: look before you do",
                deployment_id=deployment_id,
                before=before.value,
                after=back.after.value if back.after else None,
            ) from error
        found = back.deployment
        baseline = _as_begun(asked, found.id, before)
        return Started(found.id, cast("D", found.value), baseline, since=since)


def _as_begun(asked: Asked, started: str, before: EnvironmentReading) -> Baseline:
    """The environment before the promotion of *started*."""
    if before.current is not None:
        asked.baseline.current_made_at = made_at(before.current)
    if started != asked.deployment_id:
        asked.baseline.has_served = False  # Baseten has made it for this promotion
    return asked.baseline


def _read_started(operation: Operation[D]) -> Operation[tuple[str, D | None]]:
    """*operation*, of whose answer only the id is needed to follow the promotion."""
    build = operation.parse

    def parse(data: Any) -> tuple[str, D | None]:
        fields = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
        deployment_id = fields.get("id")
        if not isinstance(deployment_id, str) or not deployment_id:
            raise TypeError(f"the deployment's id is {deployment_id!r}, so nobody can follow it")
        try:
            return deployment_id, build(data)
        except (KeyError, TypeError, ValueError, AttributeError):
            return deployment_id, None

    return parsed_by(operation, parse)


def _intention(
    resource: Resource[D, E],
    before: EnvironmentReading,
    environment: str,
    deployment_id: str,
    hold: float | None = None,
) -> str:
    """The token of a promotion that is about to be sent."""
    baseline = baseline_of(before)
    # The entry of an equal request would look like that of this one.
    is_first = resource.promoted_shortly_before(environment, deployment_id) == 0
    now = time_at_baseten(resource)
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
        hold=None if hold is None else int(hold),
        sent_at=int(now) if is_first and now is not None else None,
    ).dump()


# --- another promotion under way -----------------------------------------------------------------


async def _wait_until_idle(
    resource: Resource[D, E],
    environment: str,
    before: EnvironmentReading,
    deadline: float,
    *,
    was_refused: bool,
) -> EnvironmentReading:
    """The environment, once no promotion to it is under way.

    Raises:
        PromotionInProgressError: That took too long. Nothing was sent.
    """
    tracker = _waiting.IdleTracker(
        label=resource.environment_label(environment),
        seen=EnvironmentHistory(environment),
        must_confirm=was_refused,
    )
    look = EnvironmentLook(resource, environment)
    limit = max(deadline - resource.sender.clock.now(), 0.0)
    try:
        idle = await Wait(resource.polls, tracker, look, limit).result()
    except WaitTimeoutError as error:
        is_paused = tracker.seen.is_paused if tracker.seen.last else before.is_paused
        raise in_progress(
            resource, environment, before, waited=error, is_paused=is_paused
        ) from error
    return cast("EnvironmentReading", idle)


async def _changed_since(
    resource: Resource[D, E], environment: str, before: EnvironmentReading, mode: IfInProgress
) -> EnvironmentReading | None:
    """The environment after a refusal, if it shows that somebody else has promoted meanwhile."""
    if mode == "send":
        return None
    # Only a wait has the patience for servers that lag behind.
    for pause in READ_BACK_AFTER_S if mode == "wait" else READ_BACK_AFTER_S[:1]:
        await resource.sender.connections.pause(pause)
        reading = await resource.read_environment(environment)
        if reading.is_busy or reading.current_id != before.current_id:
            return reading
    return None


async def _settled(
    resource: Resource[D, E], reading: EnvironmentReading, deployment_id: str
) -> EnvironmentReading:
    """*reading*, or a later one if this one may be older than a promotion in the audit log.

    Without the log, what serves must be seen in two looks.
    """
    read = ReadAuditLog(resource, reading.name)
    clock = resource.sender.clock
    try:
        async with clock.timeout_at(clock.now() + AUDIT_LOG_S):
            entries = await resource.polls.follow_ups.once(read)
    except ConfigurationError:
        raise
    except (BasetenError, TimeoutError):
        if reading.is_busy or reading.current_id != deployment_id:
            return reading
        await resource.sender.connections.pause(_waiting.MISSING_GRACE_S)
        return await resource.read_environment(reading.name)
    newest = next((one for one in not_cancelled(entries) if not one.is_push), None)
    shown = reading.candidate if reading.is_busy else reading.current
    if newest is None or newest.deployment_id is None or _is_shown(newest, shown):
        return reading
    if not await outlast(resource, newest):
        return reading
    return await resource.read_environment(reading.name)


def _is_shown(entry: AuditEntry, shown: DeploymentReading | None) -> bool:
    """Whether a promotion in the audit log is that of the deployment, or of its source."""
    if shown is None:
        return False
    name = getattr(shown.value, "name", None)
    return shown.id == entry.deployment_id or _finding.is_made_from(entry.name, name)


async def _adopt(
    resource: Resource[D, E],
    reading: EnvironmentReading,
    deployment_id: str,
    *,
    served_before: str | None,
) -> Started[D] | None:
    """The promotion of this very deployment that is under way or finished, or ``None``.

    Once it is over, *reading* does not show what served before: then that is *served_before*.

    Raises:
        PromotionOutcomeUnknownError: A chain's deployment serves that Baseten may have made from
            this one.
    """
    found = reading.candidate if reading.is_busy else reading.current
    if found is None:
        return None
    if await is_of(resource, deployment_id, found):
        baseline = Baseline(current_id=reading.current_id if reading.is_busy else served_before)
        since = adopted_since(resource)
        return Started(found.id, cast("D", found.value), baseline, was_adopted=True, since=since)
    if resource.kind == "chain" and not reading.is_busy:
        await _check_older(resource, reading, found, deployment_id)
    return None


def adopted_since(resource: Resource[D, E]) -> float:
    """Since when a promotion counts that a look has just shown, in seconds since 1970."""
    now = time_at_baseten(resource)
    return -math.inf if now is None else now - _waiting.MOST_STALE_S


async def _check_older(
    resource: Resource[D, E],
    reading: EnvironmentReading,
    current: DeploymentReading,
    deployment_id: str,
) -> None:
    """Check that *current* was made before the deployment, so that it was not made from it."""
    source = await resource.read_deployment(deployment_id)
    if source is None:
        return  # Baseten will say that there is no such deployment
    made, source_made = current.value.created_at, source.value.created_at
    if isinstance(made, datetime) and isinstance(source_made, datetime) and made <= source_made:
        return
    raise PromotionOutcomeUnknownError(
        f"cannot tell whether deployment {current.id}, which serves in "
        f"{resource.environment_label(reading.name)}, was made from {deployment_id}: "
        "the names of chain deployments are not known. Nothing was sent; to promote it, pass "
        'if_in_progress="raise"',
        deployment_id=deployment_id,
        before=reading.value,
        after=reading.value,
        sent=False,
    )


async def _in_progress(
    resource: Resource[D, E], reading: EnvironmentReading, deployment_id: str
) -> PromotionInProgressError:
    """Why a promotion of the deployment cannot begin now, and what to do."""
    candidate = reading.candidate
    is_same = candidate is not None and candidate.id == deployment_id
    if candidate is not None and _finding.is_like_copy(getattr(candidate.value, "name", None)):
        with suppress(BasetenError):  # the advice is then that for another deployment
            is_same = await is_of(resource, deployment_id, candidate)
    return in_progress(resource, reading.name, reading, may_be_adopted=is_same)


def in_progress(
    resource: Resource[D, E],
    environment: str,
    reading: EnvironmentReading,
    *,
    waited: WaitTimeoutError | None = None,
    is_paused: bool | None = None,
    may_be_adopted: bool = False,
    act: str = "",
) -> PromotionInProgressError:
    """Why a promotion cannot begin now, and what to do.

    Args:
        resource: The chain or model.
        environment: The environment's name.
        reading: What was read of it.
        waited: How the wait for its end has ended.
        is_paused: Whether that is paused since; ``None`` if nobody has looked since.
        may_be_adopted: Whether it promotes the deployment that was to be promoted.
        act: What waits for its end, such as ``"you roll back"``, if it is no promotion.
    """
    which = f" of deployment {reading.candidate_id}" if reading.candidate_id else ""
    where = resource.environment_label(environment)
    # Baseten cannot cancel a chain's promotion.
    cancel = ", or cancel it" if resource.kind == "model" else ""
    # Baseten may have refused the promotion.
    so_far = "nothing was sent" if act else "yours has not begun"
    if is_paused is None:
        is_paused = reading.is_paused
    if is_paused:
        still = "" if waited is None else f" after {in_seconds(waited.timeout)} of waiting"
        state = f"is paused{still}, and stays so; {so_far}: "
        state += "cancel it, which gives its traffic back" if act else "resume it, or cancel it"
    elif act:
        state = f"is under way; {so_far}: wait for its end before {act}{cancel}"
    elif may_be_adopted:
        state = f'is under way; {so_far}: follow it with if_in_progress="adopt", or wait for its '
        state += f'end with "wait"{cancel}'
    elif waited is None:
        state = f"is under way; {so_far}: wait for its end, for example with "
        state += f'if_in_progress="wait"{cancel}; or leave it to Baseten to refuse, with "send"'
    else:
        state = f"is still under way after {in_seconds(waited.timeout)} of waiting; {so_far}: "
        state += f"wait longer{cancel}"
    return PromotionInProgressError(
        f"a promotion{which} to {where} {state}",
        deployment_id=reading.candidate_id,
        environment=reading.value,
        is_paused=is_paused,
        may_be_adopted=may_be_adopted,
    )

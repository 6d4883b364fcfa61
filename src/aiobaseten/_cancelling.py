"""Cancel a promotion, and read back what happened if the answer is lost.

A cancel has no id, and ends whatever promotion is under way. So one whose answer was lost is sent
again only if the environment and the audit log show that the same promotion still runs, and not a
newer one of the same deployment.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from functools import partial

from attrs import field, frozen

from . import schemas
from ._audit_log import AuditEntry
from ._operations import SIGNALS, cancel_model_promotion
from ._reading_back import AUDIT_LOG_S, READ_BACK_AFTER_S
from ._resource import ReadAuditLog, Resource
from ._status import PromotionPhase
from ._waiting import (
    FRESH_S,
    Who,
    add_who,
    is_cancelled,
    is_over_since,
    promotions_after,
    shows_promotion_of,
)
from .errors import (
    BadRequestError,
    BasetenError,
    ConfigurationError,
    ConflictError,
    Evidence,
    PromotionCanceledError,
    PromotionOutcomeUnknownError,
    PromotionSupersededError,
    RequestNotActedOnError,
)
from .promotion import Cancellation
from .readings import EnvironmentReading
from .schemas import Deployment, Environment

#: How often a cancel is sent, if each answer is lost and the promotion still runs.
ATTEMPTS = 3
# Seconds between further looks, if the audit log cannot be read: another cancel might end the
# promotion of somebody else, who had only to wait for the end of ours.
_WITHOUT_LOG_S = (20.0, 30.0)
# Seconds after which an audit log that hung is read again.
_HUNG_FOR_S = 45.0
_NOT_CANCELLED = frozenset({PromotionPhase.RUNNING, PromotionPhase.PAUSED})
_NOT_WHILE_CANCELLING = ("pause the promotion", "resume the promotion")
_LOG = logging.getLogger("aiobaseten")


@frozen
class Target:
    """What a cancel ends: the deployment's promotion, and what served before.

    Attributes:
        environment: The environment's name.
        deployment_id: The deployment whose promotion is cancelled, or ``None``.
        previous_id: The deployment that served before, or ``None``.
        was_seen: Whether the promotion was shown before it was cancelled. If not, the servers lag
            behind, and may show the time before the promotion for a while.
        known_at: When the promotion was under way, on the clock; ``None``: now.
    """

    environment: str
    deployment_id: str | None
    previous_id: str | None
    was_seen: bool = field(kw_only=True)
    known_at: float | None = field(default=None, kw_only=True)


class Fate(StrEnum):
    """What became of a promotion after the answer to its cancel was lost."""

    RUNS = "the environment shows that it still runs"
    SERVES = "the environment shows that it has succeeded"
    OVER = "the environment shows that it does not go on any more"
    CANCELLED = "the audit log shows that it was cancelled"


async def cancel(
    resource: Resource[Deployment, Environment],
    find: Callable[[], Awaitable[Target]],
    *,
    is_forced: bool = False,
) -> Cancellation:
    """Cancel a promotion, at most `ATTEMPTS` times.

    Args:
        resource: The model.
        find: Finds what to cancel, and checks that it may be cancelled; before each attempt.
        is_forced: Whether all traffic goes back at once.

    Raises:
        PromotionOutcomeUnknownError: The answer was lost, and the environment cannot be read.
        PromotionSupersededError: Somebody else has promoted since.
        RequestNotActedOnError: Each answer was lost, and the promotion still runs.
        BasetenError: The request failed in another way.
    """
    target = await find()
    sent_at = resource.sender.server_time().timestamp()
    lost: BasetenError | None = None
    for _ in range(ATTEMPTS):
        if lost is not None:
            again = await _find_again(resource, find, target, lost)
            is_other = again.deployment_id != target.deployment_id
            if is_other or await _log_shows_end(resource, target, sent_at):
                return cancellation_of(resource, target)
        try:
            return await send(resource, target, is_forced=is_forced)
        except (BadRequestError, ConflictError):
            if lost is None:
                raise
            return cancellation_of(resource, target)  # it has ended by now, in whatever way
        except BasetenError as error:
            if not error.may_have_acted:
                raise
            lost = error
        try:
            look = partial(resource.read_environment, target.environment)
            fate = await read_back(resource, target, look=look)
        except BasetenError as error:  # the looks before may be out of date
            doubt = f"the environment cannot be read ({error})"
            raise _unknown(resource, target, lost, doubt) from lost
        label = _label(resource, target)
        _LOG.info("the answer to the cancel of %s was lost (%s), and %s", label, lost, fate)
        if fate is not Fate.RUNS:
            return cancellation_of(resource, target)
        if target.deployment_id is None:
            doubt = "the promotion that the environment shows may have begun since"
            raise _unknown(resource, target, lost, doubt) from lost
    if await _log_shows_end(resource, target, sent_at):
        return cancellation_of(resource, target)
    raise RequestNotActedOnError(
        "cancel the promotion", f"each answer was lost, and {Fate.RUNS}"
    ) from lost


async def send(
    resource: Resource[Deployment, Environment], target: Target, *, is_forced: bool
) -> Cancellation:
    """Send one cancel, and read nothing back."""
    if is_forced:
        await signal(resource, target.environment, "cancel the promotion")
        return cancellation_of(resource, target, at_once=True)
    answer = await resource.sender.send(cancel_model_promotion(resource.id, target.environment))
    return cancellation_of(
        resource,
        target,
        status=answer.status,
        message=answer.message,
        at_once=answer.status == schemas.CancellationStatus.CANCELED,
    )


async def signal(
    resource: Resource[Deployment, Environment],
    environment: str,
    action: str,
    *,
    seen: EnvironmentReading | None = None,
    token: str | None = None,
) -> None:
    """Change the course of the promotion that is under way.

    One that is being cancelled can neither be paused nor resumed: Baseten would answer that it was.

    Args:
        resource: The model.
        environment: The environment's name.
        action: One of `SIGNALS`.
        seen: The environment, if it was just read.
        token: The promotion's, if it is known.

    Raises:
        PromotionCanceledError: It is being cancelled. Nothing was sent.
        RequestNotActedOnError: Baseten answered that it did not.
    """
    if action in _NOT_WHILE_CANCELLING:
        reading = await resource.read_environment(environment) if seen is None else seen
        if await _is_going_back(resource, reading):
            raise await _is_being_cancelled(resource, reading, action, token)
    answer = await resource.sender.send(SIGNALS[action](resource.id, environment))
    if answer.success is not True:
        raise RequestNotActedOnError(action, "")


async def _is_going_back(
    resource: Resource[Deployment, Environment], reading: EnvironmentReading
) -> bool:
    """Whether the promotion is being cancelled, and the audit log does not say that this is old."""
    if reading.promotion is None or reading.promotion.phase is not PromotionPhase.ROLLING_BACK:
        return False
    shown = reading.candidate_id
    if shown is None:
        return True
    entries = await _read_log(resource, Target(reading.name, shown, None, was_seen=True))
    if entries is None or not shows_promotion_of(entries, shown):
        return True
    return is_cancelled(entries, shown) and not promotions_after(entries, shown)


async def _is_being_cancelled(
    resource: Resource[Deployment, Environment],
    reading: EnvironmentReading,
    action: str,
    token: str | None,
) -> PromotionCanceledError:
    target = Target(reading.name, reading.candidate_id, reading.current_id, was_seen=True)
    error = PromotionCanceledError(
        f"{_label(resource, target)} is being cancelled, so that nothing was sent to {action}",
        evidence=Evidence(waited=0.0, last_seen=reading.value, token=token),
    )
    read = ReadAuditLog(resource, reading.name)
    who = Who(read=read, target=target.deployment_id, since=-math.inf)
    await add_who(resource.polls.follow_ups, who, error)
    return error


async def read_back(
    resource: Resource[Deployment, Environment],
    target: Target,
    *,
    look: Callable[[], Awaitable[EnvironmentReading | None]],
    pause: Callable[[float], Awaitable[None]] | None = None,
) -> Fate | None:
    """Find out what became of a promotion.

    It takes ten seconds until the promotion counts as running, or a minute if the audit log cannot
    be read. If the last *look* has shown nothing, the result is ``None``.

    Args:
        resource: The model.
        target: What was to be cancelled.
        look: Reads the environment. If it returns ``None``, it is called again later.
        pause: Pauses for so many seconds.
    """
    pause = pause or resource.sender.connections.pause
    fate: Fate | None = None
    is_told: bool | None = None
    for seconds in (*READ_BACK_AFTER_S, *_WITHOUT_LOG_S):
        if is_told is False and seconds in _WITHOUT_LOG_S:
            break
        await pause(seconds)
        reading = await look()
        fate = None if reading is None else fate_of(reading, target)
        if fate not in (None, Fate.RUNS):
            return fate
        # All servers may lag behind; the log is written together with the cancel.
        is_told = await _log_shows_cancel(resource, target)
        if is_told:
            return Fate.CANCELLED
    return fate


def cancellation_of(
    resource: Resource[Deployment, Environment],
    target: Target,
    *,
    status: schemas.CancellationStatus | None = None,
    message: str = "",
    at_once: bool = False,
) -> Cancellation:
    """The cancellation of a promotion, for which the answer to the cancel may be lost."""
    return Cancellation(
        resource=resource,
        environment_name=target.environment,
        status=status,
        message=message,
        deployment_id=target.deployment_id,
        previous_id=target.previous_id,
        at_once=at_once,
        was_seen=target.was_seen,
        known_at=target.known_at,
    )


# --- decisions -----------------------------------------------------------------------------------


def fate_of(reading: EnvironmentReading, target: Target) -> Fate:
    """What an environment shows of a promotion."""
    promotion, wanted = reading.promotion, target.deployment_id
    is_it = wanted in (None, reading.candidate_id)
    if is_it and promotion is not None and promotion.phase in _NOT_CANCELLED:
        return Fate.RUNS
    is_moving = is_it and reading.shows_promotion
    is_current = wanted is not None and reading.current_id == wanted
    return Fate.SERVES if is_current and not is_moving else Fate.OVER


def _label(resource: Resource[Deployment, Environment], target: Target) -> str:
    which = f" of deployment {target.deployment_id}" if target.deployment_id else ""
    return f"the promotion{which} to {resource.environment_label(target.environment)}"


def _unknown(
    resource: Resource[Deployment, Environment], target: Target, lost: BasetenError, doubt: str
) -> PromotionOutcomeUnknownError:
    return PromotionOutcomeUnknownError(
        f"the answer to the cancel of {_label(resource, target)} was lost ({lost}), and {doubt}: "
        "look before you cancel again",
        deployment_id=target.deployment_id,
        before=None,
        after=None,
    )


# --- effects -------------------------------------------------------------------------------------


async def _find_again(
    resource: Resource[Deployment, Environment],
    find: Callable[[], Awaitable[Target]],
    target: Target,
    lost: BasetenError,
) -> Target:
    """What a further attempt would cancel."""
    try:
        return await find()
    except PromotionSupersededError as error:
        raise PromotionSupersededError(
            f"the answer to the cancel of {_label(resource, target)} was lost ({lost}), and it was "
            f"not sent again: deployment {error.by} was promoted since",
            evidence=error.evidence or Evidence(waited=0.0),
            by=error.by,
        ) from error
    except BasetenError as error:
        raise _unknown(resource, target, lost, f"it cannot be sent again ({error})") from error


async def _log_shows_cancel(
    resource: Resource[Deployment, Environment], target: Target
) -> bool | None:
    """Whether the audit log shows a cancel; ``None`` if it cannot be read."""
    if target.deployment_id is None:
        return False
    entries = await _read_log(resource, target)
    return None if entries is None else is_cancelled(entries, target.deployment_id)


async def _log_shows_end(
    resource: Resource[Deployment, Environment], target: Target, sent_at: float
) -> bool:
    """Whether the audit log shows that the promotion is over, and that a newer one may run.

    Args:
        resource: The model.
        target: What was to be cancelled.
        sent_at: When the first cancel was sent, in seconds since 1970 at Baseten.
    """
    entries, wanted = await _read_log(resource, target), target.deployment_id
    if entries is None or wanted is None:
        return False
    return is_over_since(entries, wanted, sent_at, resource.sender.server_time().timestamp())


async def _read_log(
    resource: Resource[Deployment, Environment], target: Target
) -> Sequence[AuditEntry] | None:
    """The entries of the audit log, newest first; ``None`` if it cannot be read.

    A read that hangs delays what is to be cancelled: it is not repeated soon.
    """
    clock, failed_at = resource.sender.clock, resource.sender.shared.log_failed_at
    read, began = ReadAuditLog(resource, target.environment), clock.now()
    if began - failed_at.get(read, -math.inf) < _HUNG_FOR_S:
        return None
    try:
        async with clock.timeout_at(began + AUDIT_LOG_S):
            return await resource.polls.follow_ups.once(read)
    except ConfigurationError:
        raise
    except (BasetenError, TimeoutError):
        if clock.now() - began >= FRESH_S:
            failed_at[read] = clock.now()
        return None

"""Roll back: act only on what is still ours, and find what served before."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

from attrs import frozen

from ._arguments import boolean, function
from ._audit_log import AuditEntry
from ._operations import D, E
from ._predecessor import (
    ListedDeployment,
    Predecessor,
    Unknown,
    find_in_audit_log,
    find_in_list,
    is_in,
    not_cancelled,
)
from ._promoting import Started, adopted_since, announce, in_progress, send_once
from ._reading_back import is_of, outlast
from ._resource import ReadAuditLog, Resource
from ._sending import Operation
from ._waiting import (
    FRESH_S,
    MOST_STALE_S,
    Baseline,
    Who,
    act_of,
    add_who,
    certain_at,
    is_cancelled,
    promoted_again,
    promotions_after,
    shows_promotion_of,
)
from .errors import (
    APIError,
    BasetenError,
    ConfigurationError,
    Evidence,
    NotFoundError,
    PermissionDeniedError,
    PromotionInProgressError,
    PromotionSupersededError,
    ResponseShapeError,
    RollbackImpossibleError,
    TransportError,
)
from .options import BeforeSending
from .readings import EnvironmentReading

#: The advice of the verbs of a promotion that is superseded.
EVEN_IF = "; to act all the same, pass even_if_superseded=True"
#: Seconds in which an audit log that fails is read again.
LOG_FAILS_FOR_S = 30.0
# Seconds between two tries.
_LOG_AGAIN_S = 5.0
# Seconds for which a log that kept failing counts as failing.
_FAILING_FOR_S = 60.0
_LOG = logging.getLogger("aiobaseten")
# Seconds until another look, if one is older than what is known.
_LOOK_AGAIN_S = 2.0
# Pages of an audit log that a rollback reads at most.
_MOST_PAGES = 10

# --- acting on what is still ours ----------------------------------------------------------------


@frozen(kw_only=True)
class Ours:
    """A promotion that was started, for verbs that must not act on somebody else's.

    Attributes:
        environment: The environment's name.
        deployment_id: The deployment that is, or was, being promoted.
        baseline: The environment before. A look may correct it.
        token: The promotion's.
        since: When it was started, in seconds since 1970 at Baseten; minus infinity if resumed.
        began_by: When it was certainly under way, by the same clock; infinity if that is not known.
        known_at: When it was certainly under way, on the clock of this process.
        was_adopted: Whether somebody else has started it, and it is followed.
    """

    environment: str
    deployment_id: str
    baseline: Baseline
    token: str
    since: float
    began_by: float
    known_at: float
    was_adopted: bool

    @property
    def previous_id(self) -> str | None:
        """The deployment that served before, or ``None``."""
        return self.baseline.current_id


@frozen
class StillOurs:
    """Nobody has promoted anything since, as far as that is known.

    Attributes:
        reading: The environment.
        is_logged: Whether the audit log shows it, too. Without it, another promotion of the same
            deployment looks the same.
        is_over: Whether the audit log shows that ours was cancelled, or a promotion after it that
            nobody has cancelled.
    """

    reading: EnvironmentReading
    is_logged: bool
    is_over: bool = False


async def check_still_ours(
    resource: Resource[D, E],
    ours: Ours,
    *,
    may_go_back: bool = False,
    patience: float = LOG_FAILS_FOR_S,
) -> StillOurs:
    """Check by two looks and by the audit log that nobody has promoted anything since.

    Looks may come from servers that lag behind, and show the time before ours. The log is written
    together with the promotion: another deployment that they show does not count if the log has no
    promotion after ours. Only the log tells two promotions of one deployment apart. If the key may
    not read it, or it fails for half a minute, the looks decide, once they are newer than ours.

    Args:
        resource: The chain or model.
        ours: The promotion.
        may_go_back: Whether somebody may be promoting the deployment before again.
        patience: Seconds in which an audit log that fails is read again.

    Raises:
        PromotionSupersededError: Somebody has. Nothing was sent.
    """
    look = await _look_twice(resource, ours, may_go_back=may_go_back)
    entries = await _read_log(resource, ours, patience, is_new=look.other is not None)
    if entries is None:
        # Those looks are old by now.
        look = await _look_twice(resource, ours, may_go_back=may_go_back)
    if entries is None or not shows_promotion_of(entries, ours.deployment_id):
        look = await _look_past_others(resource, ours, look, may_go_back=may_go_back)
        is_over = entries is not None and is_cancelled(entries, ours.deployment_id)
        return StillOurs(look.reading, is_logged=False, is_over=is_over)
    again = await _find_again(resource, ours, entries)
    if again is not None:
        raise _promoted_again(resource, ours, look.reading, again)
    if look.reading.shows_promotion and look.reading.candidate_id == ours.deployment_id:
        for one in promotions_after(entries, ours.deployment_id):
            if one.deployment_id is not None and not one.is_push:
                # Ours was over by then: the looks are out of date.
                raise await _superseded(resource, ours, look.reading, one.deployment_id)
        return StillOurs(look.reading, is_logged=True)
    known = (None, ours.deployment_id, ours.previous_id if may_go_back else None)
    kept = not_cancelled(entries)
    others = [one for one in promotions_after(entries, ours.deployment_id) if is_in(one, kept)]
    newer = [one for one in others if one.deployment_id not in known]
    if newer and look.other is not None:
        is_shown = any(one.deployment_id == look.other for one in newer)
        by = look.other if is_shown else newer[0].deployment_id or look.other
        raise await _superseded(resource, ours, look.reading, by)
    if newer:
        # The looks may be out of date, or the other promotion has failed.
        await outlast(resource, newer[0])
        look = await _look_twice(resource, ours, may_go_back=may_go_back)
    is_certain = resource.sender.clock.now() >= certain_at(ours.known_at)
    if may_go_back or newer or is_certain:
        # Until then, the looks may show the time before ours, if the log has no newer promotion.
        # Later, it is the log that lags behind.
        look = await _look_past_others(resource, ours, look, may_go_back=may_go_back)
    is_over = bool(others) or is_cancelled(entries, ours.deployment_id)
    return StillOurs(look.reading, is_logged=True, is_over=is_over)


async def _read_log(
    resource: Resource[D, E], ours: Ours, patience: float, *, is_new: bool
) -> Sequence[AuditEntry] | None:
    """The entries of the audit log, newest first: none if the key may not read it.

    If it *is_new*, no answer is reused: only a log that was read after a look can outdate it.

    Returns ``None`` if it kept failing, and warns. If it did so within the last minute, one try is
    enough, and no further warning: a guard reads it again and again. If it has just failed, it is
    not tried.
    """
    clock, failed_at = resource.sender.clock, resource.sender.shared.log_failed_at
    began = clock.now()
    read = ReadAuditLog(resource, ours.environment)
    ago = began - failed_at.get(read, -math.inf)
    is_failing = ago <= _FAILING_FOR_S
    if ago < FRESH_S:
        return None
    limit = _LOG_AGAIN_S if is_failing else max(patience, _LOG_AGAIN_S)
    while True:
        try:
            async with clock.timeout_at(began + limit):
                entries = await (read() if is_new else resource.polls.follow_ups.once(read))
        except ConfigurationError:
            raise
        except (PermissionDeniedError, NotFoundError):
            return ()
        except (BasetenError, TimeoutError) as error:
            may_pass = not isinstance(error, BasetenError) or error.is_transient
            lasted = clock.now() - began
            if is_failing or not may_pass or lasted + _LOG_AGAIN_S >= patience:
                failed_at[read] = clock.now()
                _LOG.log(
                    logging.DEBUG if is_failing else logging.WARNING,
                    "the audit log could not be read for %.0f s (%s): the environment alone tells "
                    "whether the promotion of deployment %s to %s is still ours",
                    lasted,
                    str(error) or "no answer in time",
                    ours.deployment_id,
                    resource.environment_label(ours.environment),
                )
                return None
        else:
            failed_at.pop(read, None)
            return entries
        await resource.sender.connections.pause(_LOG_AGAIN_S)


async def _find_again(
    resource: Resource[D, E], ours: Ours, entries: Sequence[AuditEntry]
) -> AuditEntry | None:
    """The newest promotion of the same deployment, if it is newer than ours."""
    ourselves = None if ours.was_adopted else await resource.ourselves(entries)
    now = resource.sender.told_time()
    return promoted_again(entries, ours.deployment_id, ours.began_by, ourselves, now)


@frozen
class _Look:
    """A look at the environment.

    Attributes:
        reading: The environment.
        other: Another deployment that has been promoted since, unless the look is from before
            ours; ``None`` if the look shows none.
    """

    reading: EnvironmentReading
    other: str | None = None


async def _look_past_others(
    resource: Resource[D, E], ours: Ours, look: _Look, *, may_go_back: bool
) -> _Look:
    """Look again for as long as others that are shown may be from before ours.

    Raises:
        PromotionSupersededError: Somebody else has promoted since.
    """
    while look.other is not None:
        if resource.sender.clock.now() >= certain_at(ours.known_at):
            raise await _superseded(resource, ours, look.reading, look.other)
        await resource.sender.connections.pause(_LOOK_AGAIN_S)
        look = await _look_twice(resource, ours, may_go_back=may_go_back)
    return look


async def _look_twice(resource: Resource[D, E], ours: Ours, *, may_go_back: bool) -> _Look:
    """The second of two looks, with the other deployment that either shows."""
    first = await _look(resource, ours, may_go_back=may_go_back)
    second = await _look(resource, ours, may_go_back=may_go_back)
    return _Look(second.reading, second.other or first.other)


async def _read_still_ours(
    resource: Resource[D, E], ours: Ours, *, may_go_back: bool
) -> EnvironmentReading:
    """The environment, unless it certainly shows that somebody else has promoted since."""
    look = await _look(resource, ours, may_go_back=may_go_back)
    look = await _look_past_others(resource, ours, look, may_go_back=may_go_back)
    return look.reading


async def _look(resource: Resource[D, E], ours: Ours, *, may_go_back: bool) -> _Look:
    reading = await resource.read_environment(ours.environment)
    ours.baseline.note_live(reading, ours.deployment_id, resource.sender.clock.now())
    if reading.shows_promotion and reading.candidate_id == ours.deployment_id:
        ours.baseline.correct(reading, ours.deployment_id)
        return _Look(reading)  # whatever serves, ours is under way
    moving = reading.candidate if reading.is_busy else None
    for deployment in (moving, reading.current):
        if deployment is None or deployment.id == ours.deployment_id:
            continue
        may_be_previous = may_go_back or deployment is reading.current
        if (
            may_be_previous
            and ours.previous_id is not None
            and await is_of(resource, ours.previous_id, deployment)
        ):
            continue
        return _Look(reading, deployment.id)
    return _Look(reading)


async def _superseded(
    resource: Resource[D, E], ours: Ours, reading: EnvironmentReading, by: str
) -> PromotionSupersededError:
    """The error that another deployment was promoted, and by whom."""
    error = PromotionSupersededError(
        f"the promotion of deployment {ours.deployment_id} to "
        f"{resource.environment_label(ours.environment)} was superseded by deployment {by}, and "
        f"nothing was sent{EVEN_IF}",
        evidence=Evidence(waited=0.0, last_seen=reading.value, token=ours.token),
        by=by,
    )
    who = Who(
        read=ReadAuditLog(resource, ours.environment), target=ours.deployment_id, since=ours.since
    )
    await add_who(resource.polls.follow_ups, who, error)
    return error


def _promoted_again(
    resource: Resource[D, E], ours: Ours, reading: EnvironmentReading, again: AuditEntry
) -> PromotionSupersededError:
    """The error that somebody has promoted the same deployment again."""
    act = act_of(again)
    by = "" if act is None else f" (by {act.by})"
    return PromotionSupersededError(
        f"deployment {ours.deployment_id} was promoted again to "
        f"{resource.environment_label(ours.environment)}{by}, and nothing was sent{EVEN_IF}",
        evidence=Evidence(waited=0.0, last_seen=reading.value, token=ours.token, act=act),
        by=ours.deployment_id,
    )


async def roll_back(
    resource: Resource[D, E],
    ours: Ours,
    promote: Callable[[str], Operation[D]],
    *,
    even_if_superseded: bool,
) -> Started[D]:
    """Promote the previous deployment again, unless it serves or is being promoted already.

    Args:
        resource: The chain or model.
        ours: The promotion to take back. The deployment before is known.
        promote: Makes the request for a deployment's id.
        even_if_superseded: Whether to do it even if somebody else has promoted since.
    """
    boolean("even_if_superseded", even_if_superseded)
    is_over = False
    look = partial(resource.read_environment, ours.environment)
    if even_if_superseded:
        reading = await look()
    else:
        still = await check_still_ours(resource, ours, may_go_back=True)
        reading, is_over = still.reading, still.is_over
        look = partial(_read_still_ours, resource, ours, may_go_back=True)
    while not is_over and resource.sender.clock.now() < _old_until(ours, reading):
        await resource.sender.connections.pause(_LOOK_AGAIN_S)
        reading = await look()
    previous_id = ours.previous_id or ""  # which these looks may have corrected
    found = reading.candidate if reading.is_busy else reading.current
    # Ours may be a copy of the previous one: it is what is rolled back.
    is_other = found is not None and found.id != ours.deployment_id
    if found is not None and is_other and await is_of(resource, previous_id, found):
        # The looks are newer than ours. If it is being promoted, it served before ours.
        baseline = Baseline(
            current_id=reading.current_id if reading.is_busy else None,
            has_served=reading.is_busy and found.id == previous_id,
            served_until=ours.baseline.live_at,
        )
        since = adopted_since(resource)
        return Started(found.id, cast("D", found.value), baseline, was_adopted=True, since=since)
    if reading.is_busy:
        raise in_progress(resource, ours.environment, reading, act="you roll back")
    started = await send_once(
        resource, ours.environment, previous_id, promote(previous_id), reading
    )
    if started.deployment_id == previous_id:
        started.baseline.has_served = True
        started.baseline.served_until = ours.baseline.live_at
    return started


def _old_until(ours: Ours, reading: EnvironmentReading) -> float:
    """Until when a look may be from before ours, or from before it was live, if it was seen so."""
    live_at = ours.baseline.live_at
    is_under_way = reading.is_busy and reading.candidate_id == ours.deployment_id
    is_before = not reading.is_busy and reading.current_id == ours.previous_id
    if live_at is None:
        # A candidate that has ended is shown only after ours began.
        is_leftover = ours.baseline.candidate_id == ours.deployment_id
        is_older = is_before and (reading.candidate_id != ours.deployment_id or is_leftover)
        return certain_at(ours.known_at) if is_older else -math.inf
    return certain_at(live_at) if is_under_way or is_before else -math.inf


# --- rolling an environment back -----------------------------------------------------------------


async def roll_environment_back(
    resource: Resource[D, E],
    environment: str,
    promote: Callable[[str], Operation[D]],
    *,
    before_sending: BeforeSending | None,
) -> Started[D]:
    """Promote the deployment that served before the current one.

    Args:
        resource: The chain or model.
        environment: The environment's name.
        promote: Makes the request for a deployment's id.
        before_sending: Stores the token before the request is sent.
    """
    if before_sending is not None:
        function("before_sending", before_sending, "an awaitable")
    where = resource.environment_label(environment)
    before = await resource.read_environment(environment)
    current_id = before.current_id
    _check_idle(resource, environment, before, current_id)
    if current_id is None:
        raise RollbackImpossibleError(
            f"nothing serves in {where}, so there is nothing to roll back"
        )
    predecessor, reading = await _find_settled(resource, environment, current_id)
    previous_id = predecessor.deployment_id
    _LOG.info(
        "rolling %s back from deployment %s to %s, which served before according to %s",
        where,
        current_id,
        previous_id,
        predecessor.source,
    )
    if before_sending is not None:
        later = await announce(resource, reading, environment, previous_id, before_sending)
        if later is not reading:
            # It took long. The look after it may be late, so that the log is asked again.
            _check_idle(resource, environment, later, current_id)
            predecessor, reading = await _find_settled(resource, environment, current_id)
            if predecessor.deployment_id != previous_id:
                raise _has_ended(resource, environment, reading, current_id)
    started = await send_once(resource, environment, previous_id, promote(previous_id), reading)
    if started.deployment_id == previous_id:
        started.baseline.has_served = True
    return started


async def _find_settled(
    resource: Resource[D, E], environment: str, current_id: str
) -> tuple[Predecessor, EnvironmentReading]:
    """What served before, and a look that shows what became of newer promotions in the log.

    Raises:
        PromotionInProgressError: A promotion is under way, or has ended.
        RollbackImpossibleError: It is not known what served before.
    """
    predecessor = await _find_predecessor(resource, environment, current_id)
    if predecessor.newer is not None:
        # The look may have been late, and the newest promotion may have ended by now.
        await outlast(resource, predecessor.newer)
    reading = await resource.read_environment(environment)
    is_before = current_id != reading.current_id or current_id == reading.candidate_id
    if is_before and predecessor.newer is None and predecessor.is_logged:
        # Nothing is newer than the promotion of the current one: this look is older than the first.
        await resource.sender.connections.pause(MOST_STALE_S)
        reading = await resource.read_environment(environment)
    _check_idle(resource, environment, reading, current_id)
    return predecessor, reading


def _check_idle(
    resource: Resource[D, E], environment: str, reading: EnvironmentReading, current_id: str | None
) -> None:
    """Check that no promotion is under way, and that none has ended.

    Args:
        resource: The chain or model.
        environment: The environment's name.
        reading: The environment.
        current_id: The deployment that served when the rollback began.

    Raises:
        PromotionInProgressError: One is, or has.
    """
    if reading.is_busy:
        raise in_progress(resource, environment, reading, act="you roll back")
    if reading.current_id != current_id:
        raise _has_ended(resource, environment, reading, current_id)


def _has_ended(
    resource: Resource[D, E], environment: str, reading: EnvironmentReading, current_id: str | None
) -> PromotionInProgressError:
    """The error that another promotion has ended since a rollback began."""
    serves = f"deployment {reading.current_id} serves" if reading.current_id else "nothing serves"
    # The look with which the rollback began may have been old.
    then = f"the first look showed deployment {current_id}" if current_id else "nothing served"
    found = f"{then}, and now {serves}"
    if reading.current_id == current_id:
        found = f"the audit log has changed meanwhile, and {serves} as before"
    advice = "Look at the environment, then roll back" if reading.current_id else "Promote one"
    return PromotionInProgressError(
        f"another promotion to {resource.environment_label(environment)} has ended, so nothing was "
        f"sent: {found}. {advice}",
        deployment_id=reading.current_id,
        environment=reading.value,
    )


async def _find_predecessor(
    resource: Resource[D, E], environment: str, current_id: str
) -> Predecessor:
    """Find the deployment that served before the current one.

    Raises:
        RollbackImpossibleError: It is not known.
    """
    deployments = await resource.read_deployments()
    unreadable: BasetenError | None = None
    try:
        found = await _search_audit_log(resource, environment, current_id, deployments)
    except (APIError, TransportError, ResponseShapeError) as error:
        unreadable = error
        found = Unknown(f"the audit log could not be read ({error})")
    reasons: list[str] = []
    if isinstance(found, Unknown):
        reasons.append(found.reason)
        if not found.is_final:
            found = find_in_list(environment, current_id, deployments)
    if isinstance(found, Predecessor):
        return found
    if found.reason not in reasons:
        reasons.append(found.reason)
    raise RollbackImpossibleError(
        f"it is not known which deployment served in {resource.environment_label(environment)} "
        f"before {current_id}: {', and '.join(reasons)}. Nothing was sent; to roll back to a "
        "deployment that you know, promote it"
    ) from unreadable


async def _search_audit_log(
    resource: Resource[D, E],
    environment: str,
    current_id: str,
    deployments: dict[str, ListedDeployment],
) -> Predecessor | Unknown:
    """Read the audit log, back to the promotion before that of the current deployment."""
    entries: list[AuditEntry] = []
    cursor: str | None = None
    found: Predecessor | Unknown = Unknown("the audit log is empty")
    for _ in range(_MOST_PAGES):
        page = await resource.read_audit_log(environment, cursor)
        entries += page.entries
        found = find_in_audit_log(entries, current_id, deployments)
        if isinstance(found, Predecessor) or found.is_final or page.cursor is None:
            break
        cursor = page.cursor
    return found

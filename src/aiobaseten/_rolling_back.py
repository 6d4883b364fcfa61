"""Roll back: act only on what is still ours, and find what served before."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import cast

from attrs import frozen

from ._arguments import boolean, function
from ._audit_log import AuditEntry
from ._predecessor import (
    ListedDeployment,
    Predecessor,
    Unknown,
    find_in_audit_log,
    find_in_list,
    not_cancelled,
    position_of,
)
from ._promoting import Started, in_progress, intention, is_of, send_once
from ._resource import D, E, ReadAuditLog, Resource
from ._sending import Operation
from ._waiting import Baseline, Who, add_who
from .errors import (
    APIError,
    BasetenError,
    Evidence,
    PromotionInProgressError,
    PromotionSupersededError,
    ResponseShapeError,
    RollbackImpossibleError,
    TransportError,
)
from .options import BeforeSending
from .readings import EnvironmentReading

#: Seconds after which a server that lags behind shows the environment as it is.
STALE_FOR_S = 10.0
_LOG = logging.getLogger("aiobaseten")
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
    """

    environment: str
    deployment_id: str
    baseline: Baseline
    token: str
    since: float

    @property
    def previous_id(self) -> str | None:
        """The deployment that served before, or ``None``."""
        return self.baseline.current_id


async def check_still_ours(resource: Resource[D, E], ours: Ours) -> EnvironmentReading:
    """Read the environment twice, and check that nobody has promoted another deployment since.

    Twice, because servers that lag behind may answer in turn.

    Raises:
        PromotionSupersededError: Somebody has. Nothing was sent.
    """
    await _read_still_ours(resource, ours)
    return await _read_still_ours(resource, ours)


async def _read_still_ours(resource: Resource[D, E], ours: Ours) -> EnvironmentReading:
    reading = await resource.read_environment(ours.environment)
    if reading.shows_promotion and reading.candidate_id == ours.deployment_id:
        ours.baseline.correct(reading, ours.deployment_id)
        return reading  # whatever serves, ours is under way
    for deployment in (reading.candidate if reading.is_busy else None, reading.current):
        if deployment is None or deployment.id in (ours.deployment_id, ours.previous_id):
            continue
        if ours.previous_id is not None and await is_of(resource, ours.previous_id, deployment):
            continue
        where = resource.environment_label(ours.environment)
        error = PromotionSupersededError(
            f"the promotion of deployment {ours.deployment_id} to {where} was superseded by "
            f"deployment {deployment.id}, and nothing was sent; to act all the same, pass "
            "even_if_superseded=True",
            evidence=Evidence(waited=0.0, last_seen=reading.value, token=ours.token),
            by=deployment.id,
        )
        who = Who(
            read=ReadAuditLog(resource, ours.environment),
            target=ours.deployment_id,
            since=ours.since,
        )
        await add_who(resource.polls.follow_ups, who, error)
        raise error
    return reading


async def _may_be_superseded(resource: Resource[D, E], ours: Ours) -> bool:
    """Whether the audit log shows a newer promotion of another deployment.

    The log does not tell how it ended. A log that cannot be read shows none.
    """
    entries = await resource.polls.follow_ups.once(ReadAuditLog(resource, ours.environment))
    promotions = not_cancelled(entries)
    position = position_of(promotions, ours.deployment_id, None) or 0
    known = (None, ours.deployment_id, ours.previous_id)
    return any(one.deployment_id not in known for one in promotions[:position])


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
    if even_if_superseded:
        reading = await resource.read_environment(ours.environment)
    else:
        reading = await check_still_ours(resource, ours)
        if reading.current_id == ours.deployment_id and await _may_be_superseded(resource, ours):
            # Both looks may have been late, or the other promotion has failed.
            await resource.sender.connections.pause(STALE_FOR_S)
            reading = await check_still_ours(resource, ours)
    previous_id = ours.previous_id or ""  # which these looks may have corrected
    found = reading.candidate if reading.is_busy else reading.current
    # Ours may be a copy of the previous one: it is what is rolled back.
    is_other = found is not None and found.id != ours.deployment_id
    if found is not None and is_other and await is_of(resource, previous_id, found):
        previous = reading.current_id if reading.is_busy else None
        return Started(found.id, cast("D", found.value), Baseline(current_id=previous))
    if reading.is_busy:
        raise in_progress(resource, ours.environment, reading, act="you roll back")
    return await send_once(resource, ours.environment, previous_id, promote(previous_id), reading)


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
    before = await _read_idle(resource, environment)
    current_id = before.current_id
    if current_id is None:
        raise RollbackImpossibleError(
            f"nothing serves in {where}, so there is nothing to roll back"
        )
    predecessor = await _find_predecessor(resource, environment, current_id)
    if not predecessor.is_latest:
        # The look may have been late, and the newest promotion may have ended by now.
        await resource.sender.connections.pause(STALE_FOR_S)
    reading = await _read_idle(resource, environment)
    if reading.current_id != current_id:
        raise PromotionInProgressError(
            f"deployment {current_id} served in {where} when this rollback began, and now "
            f"{reading.current_id} does: another promotion has just ended; nothing was sent: look "
            "at the environment before you roll it back",
            deployment_id=reading.current_id,
            environment=reading.value,
        )
    previous_id = predecessor.deployment_id
    _LOG.info(
        "rolling %s back from deployment %s to %s, which served before according to %s",
        where,
        current_id,
        previous_id,
        predecessor.source,
    )
    if before_sending is not None:
        await before_sending(intention(resource, reading, environment, previous_id))
    return await send_once(resource, environment, previous_id, promote(previous_id), reading)


async def _read_idle(resource: Resource[D, E], environment: str) -> EnvironmentReading:
    """Read the environment.

    Raises:
        PromotionInProgressError: A promotion to it is under way.
    """
    reading = await resource.read_environment(environment)
    if reading.is_busy:
        raise in_progress(resource, environment, reading, act="you roll back")
    return reading


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

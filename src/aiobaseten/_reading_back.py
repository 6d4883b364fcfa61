"""Find out whether a promotion began, if the answer to its request was lost.

The audit log decides, because the environment does not show who promoted.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from . import schemas
from ._first_use import on_first_use
from ._operations import D, E
from ._resource import Resource
from ._waiting import MOST_STALE_S, Baseline
from .errors import APIError, ResponseShapeError, TransportError
from .options import RetryPolicy
from .readings import DeploymentReading, EnvironmentReading

if TYPE_CHECKING:
    from . import _audit_log, _finding
    from ._audit_log import Accepted, Anothers, AuditEntry
else:
    _audit_log = on_first_use("._audit_log")
    _finding = on_first_use("._finding")

#: Seconds between the looks at an environment after the answer to a request was lost: a proxy may
#: have given up earlier than Baseten does.
READ_BACK_AFTER_S = (0.0, 1.0, 3.0, 6.0)
#: Seconds that each of these looks waits for the audit log.
AUDIT_LOG_S = 5.0


@frozen(kw_only=True)
class Asked:
    """A request to promote whose answer is not known.

    Attributes:
        environment: The environment's name.
        deployment_id: The deployment that was asked for.
        baseline: The environment before.
        was_busy: Whether another promotion was under way then, which may look like this one.
        since: When it was sent or a little earlier, in seconds since 1970 at Baseten; ``None`` if
            that is not known.
        until: Until when it was sent, by the same clock.
        sent_at: When it was sent, on the clock of this process; ``None`` if another one sent it.
        earlier: How many equal requests this client had sent shortly before.
    """

    environment: str
    deployment_id: str
    baseline: Baseline
    was_busy: bool
    since: float | None = None
    until: float = math.inf
    sent_at: float | None = None
    earlier: int = 0


_NOT_TOLD = "the environment does not tell whether it began"


@frozen(kw_only=True)
class ReadBack:
    """The state after a request to promote whose answer was lost.

    Attributes:
        deployment: The deployment to follow; ``None`` if it is not certain that it began.
        after: The environment as last read, or ``None`` if it could not be read.
        doubt: Why it is not certain.
    """

    deployment: DeploymentReading | None = None
    after: EnvironmentReading | None = None
    doubt: str = _NOT_TOLD


async def read_back(resource: Resource[D, E], asked: Asked) -> ReadBack:
    """Find out from the audit log and from the environment whether a promotion began.

    The audit log decides, because the environment does not show who promoted. Where the log cannot
    be read, or has nothing about the promotion, the environment alone has to do.
    """
    # This loop repeats the reading, so the sender must not.
    once = evolve(resource, sender=resource.sender.with_settings(retry=RetryPolicy(attempts=1)))
    log = None if asked.since is None else _AuditLog(once, asked, asked.since)
    after: EnvironmentReading | None = None
    doubt = _NOT_TOLD
    for pause in READ_BACK_AFTER_S:
        await resource.sender.connections.pause(pause)
        is_last = pause == READ_BACK_AFTER_S[-1]
        # The log first: what it shows, the environment shows at the same time or a little later.
        told = None if log is None else await log.read()
        try:
            after = await once.read_environment(asked.environment)
            if isinstance(told, _audit_log.Accepted):
                doubt = (
                    "the audit log says that it was accepted, but the environment does not show it"
                )
                found = await _accepted(once, asked, after, told)
            elif isinstance(told, _audit_log.Anothers):
                doubt = f"the audit log shows {_other(told)}, and no new request of this API key"
                continue
            elif log is not None and log.is_informative and not is_last:
                continue  # the log that was read may be late
            else:
                found = await _started(once, asked, after)
        except (APIError, TransportError, ResponseShapeError):
            continue
        if found is not None:
            return ReadBack(deployment=found, after=after)
    return ReadBack(after=after, doubt=doubt)


def _other(told: Anothers) -> str:
    by = told.entry.actor.shown or "somebody else"
    return f"that {by} promoted the same deployment at that time"


class _AuditLog:
    """The audit log, as far as it tells about a request to promote.

    Args:
        resource: The chain or model; its requests are not repeated.
        asked: The request.
        since: When it was sent or a little earlier, by the server's clock.
    """

    def __init__(self, resource: Resource[D, E], asked: Asked, since: float) -> None:
        self._resource: Resource[Any, Any] = resource
        self._asked = asked
        self._since = since
        self._is_readable = True
        self._source_name: str | None = None
        self._is_named = False
        #: Whether it has entries, so that a promotion that is missing in it is a hint.
        self.is_informative = False

    async def read(self) -> Accepted | Anothers | None:
        """What it tells; ``None`` if that is nothing, or if it cannot be read."""
        if not self._is_readable:
            return None
        clock = self._resource.sender.clock
        try:
            async with clock.timeout_at(clock.now() + AUDIT_LOG_S):
                return await self._read()
        except (APIError, TransportError, ResponseShapeError) as error:
            self._is_readable = error.is_transient
        except TimeoutError:
            self._is_readable = False
        self.is_informative = False
        return None

    async def _read(self) -> Accepted | Anothers | None:
        resource, asked = self._resource, self._asked
        page = await resource.sender.send(resource.promoted_page(asked.environment))
        mask = resource.sender.settings.secret.mask_text
        entries = [one.masked(mask) for one in page.entries]
        self.is_informative = bool(entries)
        since = self._sent()
        recent = [one for one in entries if one.is_since(since - _audit_log.AHEAD_S)]
        if not self._is_named and any(not self._names(one) for one in recent):
            self._is_named = True
            self._source_name = await resource.name_of(asked.deployment_id)
        return _audit_log.settle(
            entries,
            is_target=self._names,
            since=since,
            until=asked.until,
            now=resource.sender.told_time() or since,
            earlier=asked.earlier,
            ourselves=await resource.ourselves(recent),
        )

    def _sent(self) -> float:
        """When it was sent, by the newest time that was told until now."""
        now, sender = time_at_baseten(self._resource), self._resource.sender
        if now is None or self._asked.sent_at is None:
            return self._since
        return max(self._since, now - (sender.clock.now() - self._asked.sent_at))

    def _names(self, entry: AuditEntry) -> bool:
        is_same = entry.deployment_id == self._asked.deployment_id
        return is_same or _finding.is_made_from(self._source_name, entry.name)


async def _accepted(
    resource: Resource[D, E], asked: Asked, after: EnvironmentReading, told: Accepted
) -> DeploymentReading | None:
    """The deployment to follow, of a promotion that was accepted, or ``None`` if it is not shown.

    The entry names it, or the deployment from which it was made. An environment may lag behind, so
    a deployment that nothing ties to the entry is left alone.
    """
    named = told.entry.deployment_id
    if named is not None and named != asked.deployment_id:
        shown = [one for one in (after.candidate, after.current) if one and one.id == named]
        return shown[0] if shown else await resource.read_deployment(named)
    baseline = asked.baseline
    is_new = after.candidate_id not in (None, baseline.candidate_id)
    if after.candidate is not None and (is_new or after.candidate_id == named):
        is_made = is_new and after.is_busy and told.has_made(after.candidate.value.created_at)
        if is_made or await is_of(resource, asked.deployment_id, after.candidate):
            return after.candidate
    if after.current is not None and after.current_id != baseline.current_id:
        is_made = not after.is_busy and told.has_made(after.current.value.created_at)
        if is_made or await is_of(resource, asked.deployment_id, after.current):
            return after.current
    return None


async def _started(
    resource: Resource[D, E], asked: Asked, after: EnvironmentReading
) -> DeploymentReading | None:
    """The deployment that proves that the promotion started, or ``None``."""
    baseline = asked.baseline
    if (
        after.current is not None
        and after.current_id != baseline.current_id
        and await is_of(resource, asked.deployment_id, after.current)
    ):
        return after.current  # started, and finished
    if after.candidate is None or asked.was_busy:
        return None
    # A new candidate is evidence even if its promotion has failed by now.
    is_new = after.is_busy or after.candidate_id != baseline.candidate_id
    is_ours = is_new and await is_of(resource, asked.deployment_id, after.candidate)
    return after.candidate if is_ours else None


async def is_of(resource: Resource[D, E], deployment_id: str, candidate: DeploymentReading) -> bool:
    """Whether *candidate* is the deployment, or certainly made from it by a promotion."""
    if candidate.id == deployment_id:
        return True
    source = await resource.read_deployment(deployment_id)
    return source is not None and _is_made_from(source.value, candidate.value)


def _is_made_from(source: object, candidate: object) -> bool:
    kind = schemas.Deployment
    if not isinstance(source, kind) or not isinstance(candidate, kind):
        return False  # deployments of chains have no names
    return _finding.is_made_from(source.name, candidate.name)


async def outlast(resource: Resource[D, E], entry: AuditEntry) -> bool:
    """Pause until servers that lag behind show what became of a promotion in the audit log.

    The clock of the log may be another one: only an entry that is old by any clock is old. Returns
    whether it paused.
    """
    if _audit_log.is_old(entry, resource.sender.told_time(), MOST_STALE_S):
        return False
    await resource.sender.connections.pause(MOST_STALE_S)
    return True


def time_at_baseten(resource: Resource[D, E]) -> float | None:
    """The time there, in seconds since 1970; ``None`` if no answer has told it.

    The newest one that was told: the answers may come from several servers, and with the time of
    one whose clock is behind, entries from before would count.
    """
    sender = resource.sender
    return None if sender.told_time() is None else sender.server_time().timestamp()

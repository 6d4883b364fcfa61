"""The releases of an environment: its promotions in the audit log, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._audit_log import Act, AuditEntry
from ._finding import is_made_from
from ._predecessor import (
    ListedDeployment,
    failed_copy,
    has_failed,
    is_in,
    not_cancelled,
    position_of,
)
from ._resource import Resource
from .audit import Release, ReleaseState
from .readings import EnvironmentReading

# Entries of a page of an audit log; Baseten allows no more.
_LARGEST_PAGE = 200


async def read_releases(
    resource: Resource[Any, Any], environment: str, limit: int
) -> list[Release]:
    """The newest releases of an environment, newest first."""
    reading = await resource.read_environment(environment)
    deployments = await resource.read_deployments()
    mask = resource.sender.settings.secret.mask_text
    entries: list[AuditEntry] = []
    cursor: str | None = None
    while True:
        operation = resource.audit_page(environment, limit=_LARGEST_PAGE, cursor=cursor)
        page = await resource.sender.send(operation)
        entries += [one.masked(mask) for one in page.entries]
        is_enough = sum(one.act is Act.PROMOTED for one in entries) >= limit
        if page.cursor in (None, cursor) or is_enough:
            return releases_of(entries, reading, deployments)[:limit]
        cursor = page.cursor


def releases_of(
    entries: Sequence[AuditEntry],
    reading: EnvironmentReading,
    deployments: Mapping[str, ListedDeployment],
) -> list[Release]:
    """The releases that entries of an audit log tell of. Pure.

    Args:
        entries: Those about promotions to the environment, newest first.
        reading: The environment as it is now.
        deployments: All deployments of the chain or model, by id.
    """
    promotions = [one for one in entries if one.act is Act.PROMOTED]
    logged = {one.deployment_id for one in promotions}
    kept = not_cancelled(entries)
    current = reading.current_id
    serving = None if current is None else position_of(kept, current, _name(current, deployments))
    # Whatever is newer than the promotion that serves has not served.
    before = kept[serving + 1 :] if serving is not None else []
    candidate = reading.candidate_id if reading.is_busy else None

    def state_of(one: AuditEntry) -> ReleaseState:
        if not is_in(one, kept):
            return "cancelled"
        if serving is not None and one is kept[serving]:
            return "serves"
        if candidate is not None and one is kept[0] and _is_of(one, candidate, deployments):
            return "promoting"
        if has_failed(one, deployments) or failed_copy(one, deployments, logged):
            return "failed"
        return "served" if one.deployment_id and is_in(one, before) else "unknown"

    return [
        Release(
            deployment_id=one.deployment_id,
            name=one.name or _name(one.deployment_id or "", deployments),
            state=state_of(one),
            at=one.at,
            by=one.actor.shown,
            through=one.actor.surface,
        )
        for one in promotions
    ]


def _is_of(
    entry: AuditEntry, deployment_id: str, deployments: Mapping[str, ListedDeployment]
) -> bool:
    """Whether it is the promotion of a deployment, or of the one that it was made from."""
    return entry.deployment_id == deployment_id or is_made_from(
        entry.name, _name(deployment_id, deployments)
    )


def _name(deployment_id: str, deployments: Mapping[str, ListedDeployment]) -> str | None:
    deployment = deployments.get(deployment_id)
    return None if deployment is None else deployment.name

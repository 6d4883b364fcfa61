"""Which deployment served in an environment before the current one. Pure.

An audit log tells in which order deployments were promoted, and which promotions were cancelled.
Without it, the list of deployments tells which of them belong to the environment, and when each was
made. Neither tells how a promotion ended. So a deployment that has failed does not count, and
whatever leaves room for doubt is `Unknown`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from attrs import field, frozen

from ._audit_log import Act, AuditEntry, text_or_none, time_or_none
from ._finding import is_made_from, may_be_alike
from ._status import Phase
from .readings import read_deployment, read_list


@frozen(kw_only=True)
class ListedDeployment:
    """A deployment, as far as a rollback needs it.

    Attributes:
        id: Its id.
        name: Its name; ``None`` for chains.
        created: When it was made, or ``None`` if that is not known.
        environment: The environment that it belongs to, or ``None``.
        can_have_served: Whether it got as far as serving. One that has failed did not.
    """

    id: str
    name: str | None
    created: datetime | None
    environment: str | None
    can_have_served: bool


@frozen(kw_only=True)
class Predecessor:
    """The deployment that served before the current one.

    Attributes:
        deployment_id: Which.
        source: Where that was found, for a person.
        is_logged: Whether the audit log shows it.
        newer: The newest promotion, if it is newer than that of the current deployment. It failed,
            or a look that was a little late did not show it yet.
    """

    deployment_id: str
    source: str
    is_logged: bool = field(default=False, eq=False)
    newer: AuditEntry | None = None


@frozen
class Unknown:
    """It cannot be told which deployment served before the current one.

    Attributes:
        reason: Why, for a person.
        is_final: Whether no other source may be asked, because it would name a wrong one.
    """

    reason: str
    is_final: bool = False


# --- decisions -----------------------------------------------------------------------------------


def find_in_audit_log(
    entries: Sequence[AuditEntry], current_id: str, deployments: Mapping[str, ListedDeployment]
) -> Predecessor | Unknown:
    """Find the newest promotion before that of the current deployment.

    A promotion that was cancelled or whose deployment has failed does not count. Nor does one of
    the same release: of the current deployment itself, of the one that it was made from, or of
    another one that was made from either.

    Args:
        entries: Newest first.
        current_id: The deployment that serves.
        deployments: All that exist, by id.
    """
    current = deployments.get(current_id)
    current_name = None if current is None else current.name
    promotions = not_cancelled(entries)
    position = position_of(promotions, current_id, current_name)
    if position is None:
        return Unknown(f"the audit log does not show the promotion of {current_id}")
    newer = [one for one in promotions[:position] if not has_failed(one, deployments)]
    newest = newer[0] if newer else None
    begun = [one for one in entries if one.act is Act.PROMOTED]
    latest = position_of(begun, current_id, current_name)
    replaced = [] if latest is None else [one for one in begun[latest + 1 :] if is_in(one, newer)]
    if replaced:
        return Unknown(
            f"the audit log shows that the last promotion of {current_id} was cancelled, perhaps "
            f"too late, and does not show whether {replaced[0].deployment_id} served before it",
            is_final=True,
        )
    has_names = current_name is not None
    if not has_names:  # the list does not show the names of chain deployments
        current_name = promotions[position].name
    names = {*(one.name for one in deployments.values()), *(one.name for one in entries)}
    logged = {one.deployment_id for one in begun}
    for one in promotions[position + 1 :]:
        if one.deployment_id is None:
            return Unknown("an entry of the audit log does not name its deployment and environment")
        if one.deployment_id == current_id or _is_same_release(one.name, current_name, names):
            continue
        if not has_names and may_be_alike(one.name, current_name):
            return Unknown(
                f"deployment {one.deployment_id}, which was promoted before, may be the same "
                f"release: {one.name} and {current_name} differ only in their times",
                is_final=True,
            )
        if one.deployment_id not in deployments:
            return Unknown(
                f"deployment {one.deployment_id}, which was promoted before, does not exist any "
                "more",
                is_final=True,
            )
        if has_failed(one, deployments):
            continue
        failed = failed_copy(one, deployments, logged)
        if failed is not None:
            return Unknown(
                f"deployment {one.deployment_id} was promoted before, but {failed}, which was made "
                "from it, has failed",
                is_final=True,
            )
        return Predecessor(
            deployment_id=one.deployment_id, source="the audit log", is_logged=True, newer=newest
        )
    return Unknown(f"the audit log shows no promotion before that of {current_id}")


def find_in_list(
    environment: str, current_id: str, deployments: Mapping[str, ListedDeployment]
) -> Predecessor | Unknown:
    """Find the newest deployment of the environment that was made before the current one.

    The list shows when a deployment was made, not when it served. A deployment of the environment
    that is newer than the current one shows that the two orders differ.

    Args:
        environment: The environment's name.
        current_id: The deployment that serves.
        deployments: All that exist, by id.
    """
    current = deployments.get(current_id)
    if current is None or current.created is None or current.environment != environment:
        return Unknown(f"the list of deployments does not show {current_id} in the environment")
    found: tuple[datetime, str] | None = None
    names = {one.name for one in deployments.values()}
    for one in deployments.values():
        if one.environment != environment or one.id == current_id or not one.can_have_served:
            continue
        if _is_same_release(one.name, current.name, names):
            continue
        if one.created is None or one.created >= current.created:
            return Unknown(
                f"the list of deployments shows {one.id} in the environment, too, which is not "
                f"older than {current_id}"
            )
        if found is None or one.created > found[0]:
            found = (one.created, one.id)
    if found is None:
        return Unknown("the list of deployments shows no other one in the environment")
    return Predecessor(deployment_id=found[1], source="the list of deployments")


def _is_same_release(one: str | None, other: str | None, names: Collection[str | None]) -> bool:
    """Whether one deployment was made from the other, or both from a third one.

    Args:
        one: The name of a deployment.
        other: That of the other.
        names: Those of all deployments that are known.
    """
    if is_made_from(one, other) or is_made_from(other, one):
        return True
    # A person may choose names that end in a time: without their source, they are two releases.
    return any(is_made_from(name, one) and is_made_from(name, other) for name in names)


def not_cancelled(entries: Sequence[AuditEntry]) -> list[AuditEntry]:
    """The promotions that nobody cancelled, newest first."""
    kept: list[AuditEntry] = []
    ends: list[AuditEntry] = []  # newest first, of promotions that are still to come
    for entry in entries:
        if entry.act in (Act.CANCELLED, Act.ROLLED_FORWARD):
            ends.append(entry)
        if entry.act is not Act.PROMOTED:
            continue
        own = [end for end in ends if _is_end_of(end, entry)]
        ends = [end for end in ends if end not in own]
        # A forced roll forward overtakes a cancellation: the last one counts.
        if not (own and own[0].act is Act.CANCELLED):
            kept.append(entry)
    return kept


def _is_end_of(end: AuditEntry, promotion: AuditEntry) -> bool:
    """Whether both name the same deployment, or one that was made from the other."""
    if end.deployment_id is not None and end.deployment_id == promotion.deployment_id:
        return True
    return is_made_from(promotion.name, end.name) or is_made_from(end.name, promotion.name)


def is_in(entry: AuditEntry, entries: Sequence[AuditEntry]) -> bool:
    """Whether it is there itself: a deployment that is promoted twice has two equal entries."""
    return any(one is entry for one in entries)


def position_of(
    promotions: Sequence[AuditEntry], current_id: str, current_name: str | None
) -> int | None:
    """Where the newest promotion of the current deployment is."""
    by_id = [at for at, one in enumerate(promotions) if one.deployment_id == current_id]
    if by_id:
        return by_id[0]
    by_name = [at for at, one in enumerate(promotions) if is_made_from(one.name, current_name)]
    return by_name[0] if by_name else None


def has_failed(promotion: AuditEntry, deployments: Mapping[str, ListedDeployment]) -> bool:
    deployment = deployments.get(promotion.deployment_id or "")
    return deployment is not None and not deployment.can_have_served


def failed_copy(
    promotion: AuditEntry,
    deployments: Mapping[str, ListedDeployment],
    logged: Collection[str | None],
) -> str | None:
    """A failed deployment made from the one that is named, which may be the one promoted.

    Args:
        promotion: The entry of the promotion.
        deployments: All that exist, by id.
        logged: The deployments that have entries of their own: the entry is about none of them.
    """
    made = [
        one
        for one in deployments.values()
        if is_made_from(promotion.name, one.name) and one.id not in logged
    ]
    if any(one.can_have_served for one in made):
        return None
    return made[0].id if made else None


# --- from JSON -----------------------------------------------------------------------------------


def read_deployments(data: object, *, has_chainlets: bool) -> dict[str, ListedDeployment]:
    """The list of deployments, by id.

    Args:
        data: Its JSON.
        has_chainlets: Whether they are a chain's.
    """
    found = read_list("deployments", data)
    listed = [_read_listed(one, has_chainlets=has_chainlets) for one in found]
    return {one.id: one for one in listed}


def _read_listed(data: object, *, has_chainlets: bool) -> ListedDeployment:
    reading = read_deployment(data, lambda: None, has_chainlets=has_chainlets)
    fields = cast("dict[str, Any]", data)
    return ListedDeployment(
        id=reading.id,
        name=text_or_none(fields.get("name")),
        created=time_or_none(fields.get("created_at")),
        environment=reading.environment,
        can_have_served=reading.parts[0].deployed and not reading.parts_in(Phase.FAILED),
    )

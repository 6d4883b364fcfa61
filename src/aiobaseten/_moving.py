"""Move chainlets to other instance types: at Baseten that may be a promotion in disguise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from attrs import frozen

from ._audit_log import SKEW_S
from ._operations import update_instance_types
from ._promoting import Started, in_progress
from ._reading_back import READ_BACK_AFTER_S
from ._resource import Resource
from ._sending import Operation, parsed_by
from ._waiting import baseline_of
from .errors import (
    APIError,
    BasetenError,
    ConfigurationError,
    PromotionOutcomeUnknownError,
    ResponseShapeError,
    TransportError,
)
from .readings import DeploymentReading, EnvironmentReading
from .schemas import ChainDeployment, ChainEnvironment
from .settings import differences


@frozen
class _Made:
    """The answer: the deployment that Baseten has made, if that was needed.

    Attributes:
        deployment_id: Its id; ``None`` if none was needed.
        deployment: It; ``None`` if none was needed, or if the answer does not fit.
    """

    deployment_id: str | None
    deployment: ChainDeployment | None = None


async def move_chainlets(
    resource: Resource[ChainDeployment, ChainEnvironment],
    environment: str,
    instance_types: Mapping[str, str],
) -> Started[ChainDeployment] | None:
    """Send the request once, and find out whether it started a promotion.

    Args:
        resource: The chain.
        environment: The environment's name.
        instance_types: By the name of the chainlet, checked.

    Returns:
        The promotion; ``None`` if Baseten needed none.
    """
    before = await resource.read_environment(environment)
    if before.is_busy:
        raise in_progress(resource, environment, before, act="you change instance types")
    baseline = baseline_of(before)
    told = resource.sender.told_time()
    try:
        made = await resource.sender.send(
            _read_made(update_instance_types(resource.id, environment, instance_types))
        )
    except BasetenError as error:
        if not error.may_have_acted:
            raise
        after, found = await _read_back(resource, before, instance_types, told)
        if found is None:
            where = resource.environment_label(environment)
            raise PromotionOutcomeUnknownError(
                f"the answer to the change of instance types in {where} was lost ({error}), and "
                "the environment does not tell whether a promotion began; it was not sent again: "
                "look before you do",
                deployment_id=None,
                before=before.value,
                after=after.value if after else None,
            ) from error
        return Started(found.id, cast("ChainDeployment", found.value), baseline)
    if made.deployment_id is None:
        return None
    return Started(made.deployment_id, made.deployment, baseline)


def _read_made(operation: Operation[Any]) -> Operation[_Made]:
    """*operation*, of whose answer only the id is needed to follow the promotion."""
    build = operation.parse

    def parse(data: Any) -> _Made:
        fields = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
        if fields.get("requires_redeployment") is False:
            return _Made(None)
        given = fields.get("chain_deployment")
        deployment = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
        deployment_id = deployment.get("id")
        if not isinstance(deployment_id, str) or not deployment_id:
            raise TypeError("it does not say which deployment was made, so nobody can follow it")
        try:
            return _Made(deployment_id, build(data).chain_deployment)
        except (KeyError, TypeError, ValueError, AttributeError):
            return _Made(deployment_id)

    return parsed_by(operation, parse)


async def _read_back(
    resource: Resource[ChainDeployment, ChainEnvironment],
    before: EnvironmentReading,
    instance_types: Mapping[str, str],
    since: float | None,
) -> tuple[EnvironmentReading | None, DeploymentReading | None]:
    """The environment after the answer was lost, and the deployment that the request made.

    That is certain only if the environment shows the instance types, which it did not before, and a
    deployment that was made since.
    """
    after: EnvironmentReading | None = None
    is_telling = not _shows(before, instance_types)
    for pause in READ_BACK_AFTER_S:
        try:
            await resource.sender.connections.pause(pause)
            after = await resource.read_environment(before.name)
        except (APIError, TransportError, ResponseShapeError):
            continue
        except ConfigurationError:  # the client was closed, and cannot read
            break
        if is_telling and _shows(after, instance_types):
            for one in (after.candidate, after.current):
                if one is not None and _is_since(one, since):
                    return after, one
    return after, None


def _shows(reading: EnvironmentReading, instance_types: Mapping[str, str]) -> bool:
    wanted = {name: {"instance_type_id": its} for name, its in instance_types.items()}
    return not differences({"chainlet_settings": wanted}, reading.value.to_dict())


def _is_since(deployment: DeploymentReading, since: float | None) -> bool:
    """Whether it was made since then. A look that was late shows older ones as new."""
    created = deployment.value.created_at
    if since is None or not isinstance(created, datetime) or created.tzinfo is None:
        return False
    return created.timestamp() >= since - SKEW_S

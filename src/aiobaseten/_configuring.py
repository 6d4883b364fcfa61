"""Create environments and change their settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ._operations import D, E
from ._resource import EnvironmentLook, Resource
from ._sending import Operation
from ._waiting import SettingsTracker, Wait
from .errors import (
    APIError,
    BasetenError,
    NotFoundError,
    TransportError,
)
from .settings import EnsuredEnvironment, differences


async def ensure(
    resource: Resource[D, E], name: str, wanted: Mapping[str, Any], create: Operation[E]
) -> EnsuredEnvironment[E]:
    """Create an environment if it does not exist, else compare its settings.

    Args:
        resource: The chain or model.
        name: The environment's name.
        wanted: Its settings as JSON, checked.
        create: The request that creates it.

    Raises:
        BasetenError: A request failed. After one that failed to create it, the environment does not
            exist, or is not shown.
    """
    operation = resource.operations.get_environment(resource.id, name)
    try:
        environment = await resource.sender.send(operation)
    except NotFoundError:
        try:
            created = await resource.sender.send(create)
        except (APIError, TransportError) as error:
            # Somebody else was faster; or it was created, and the answer was lost.
            try:
                environment = await resource.sender.send(operation)
            except BasetenError:
                raise error from error.__cause__
        else:
            return EnsuredEnvironment(environment=created, created=True, differences=())
    return EnsuredEnvironment(
        environment=environment,
        created=False,
        differences=differences(wanted, cast("Any", environment).to_dict()),
    )


async def wait_until_shown(
    resource: Resource[D, E],
    name: str,
    wanted: Mapping[str, Any],
    timeout: float,
    *,
    answer: str | None = None,
) -> E:
    """Wait until a read of an environment shows a change of its settings.

    Args:
        resource: The chain or model.
        name: The environment's name.
        wanted: Its settings as JSON, checked.
        timeout: Seconds; infinity for no limit.
        answer: Baseten's word for what becomes of the change, if it has one.

    Raises:
        BasetenError: The wait failed.
    """
    label = f"the change of the settings of {resource.environment_label(name)}"
    tracker = SettingsTracker(label, wanted, answer or "")
    wait = Wait(resource.polls, tracker, EnvironmentLook(resource, name), timeout)
    return cast("E", await wait.result())

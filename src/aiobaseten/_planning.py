"""Read what a plan is made of. Sends nothing that changes anything."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, get_args

from ._arguments import choice
from ._clock import Clock
from ._resource import Resource
from ._sending import WHOSE_KEY, Operation, parsed_by
from ._waiting import ends_in
from .errors import BasetenError
from .guard import Guard
from .options import IfInProgress
from .plans import Facts, Plan, PlannedRequest, decide, few_replicas
from .readings import DeploymentReading, EnvironmentReading, read_deployment, read_environment

T = TypeVar("T", DeploymentReading, EnvironmentReading)
R = TypeVar("R")

_LOG = logging.getLogger("aiobaseten")

#: Seconds for what a plan can do without: names, and the user of the key.
_EXTRAS_WITHIN_S = 2.0
#: Seconds for the metrics that a guard needs.
_METRICS_WITHIN_S = 10.0


async def plan(
    resource: Resource[Any, Any],
    environment: str,
    deployment_id: str,
    would_send: Operation[Any],
    get_resource: Operation[Any],
    *,
    if_in_progress: IfInProgress,
    guard: Guard | None = None,
    refusal_of_metrics: Callable[[str], Awaitable[BasetenError | None]] | None = None,
) -> Plan:
    """Read the environment and the deployment, and decide what the promotion would do.

    Args:
        resource: The chain or model.
        environment: The environment's name.
        deployment_id: The deployment to promote.
        would_send: The request of the promotion.
        get_resource: The request that reads the chain or model.
        if_in_progress: As for ``promote``.
        guard: As for ``promote``.
        refusal_of_metrics: Why the key may not read the metrics of a deployment, for a guard.
    """
    choice("if_in_progress", if_in_progress, get_args(IfInProgress))
    send, operations, is_chain = resource.sender.send, resource.operations, resource.kind == "chain"
    reading, environment_json = await send(
        _with_json(
            operations.get_environment(resource.id, environment),
            lambda data: read_environment(data, lambda: None, has_chainlets=is_chain),
        )
    )
    deployment, deployment_json = await send(
        _with_json(
            operations.get_deployment(resource.id, deployment_id),
            lambda data: read_deployment(data, lambda: None, has_chainlets=is_chain),
        )
    )
    found = await _or_none(resource, send(get_resource))
    refusal = None
    if refusal_of_metrics is not None:
        read = refusal_of_metrics(reading.current_id or deployment.id)
        refusal = await _or_none(resource, read, within=_METRICS_WITHIN_S)
    return decide(
        Facts(
            kind=resource.kind,
            resource_id=resource.id,
            resource_name=None if found is None else found.name,
            team=None if found is None else found.team_name,
            name=environment,
            environment=reading,
            environment_json=environment_json,
            deployment=deployment,
            deployment_json=deployment_json,
            key_owner=await _or_none(resource, send(WHOSE_KEY)),
            request=PlannedRequest(
                method=would_send.method, path=would_send.url, body=would_send.body or {}
            ),
            if_in_progress=if_in_progress,
            guard=guard,
            metrics_refused="" if refusal is None else str(refusal),
            # As for the promotion: a server that lags behind may have refused.
            is_refusal_certain=refusal is None
            or ends_in(refusal, 0.0, lasts=0.0, has_looked=True) <= 0,
        )
    )


async def warn_of_few_replicas(
    resource: Resource[Any, Any], environment: str, would_send: Operation[Any]
) -> None:
    """Warn, as a plan does, that a guarded promotion may have no step. Nobody waits long for it."""
    get = resource.operations.get_environment(resource.id, environment)
    found: dict[str, Any] | None = await _or_none(
        resource, resource.sender.send(parsed_by(get, dict[str, Any]))
    )
    where = f"{environment} of {resource.kind} {resource.id}"
    few = found and few_replicas(found, would_send.body or {}, where, is_guarded=True)
    if few:
        _LOG.warning("%s", few)


def _with_json(
    operation: Operation[Any], read: Callable[[object], T]
) -> Operation[tuple[T, dict[str, Any]]]:
    """*operation*, read as a wait does, and as it came: a plan needs more than a wait."""
    return parsed_by(operation, lambda data: (read(data), data))


async def _or_none(
    resource: Resource[Any, Any], read: Awaitable[R], *, within: float = _EXTRAS_WITHIN_S
) -> R | None:
    """The value of a read, or ``None`` if it does not arrive soon."""
    clock: Clock = resource.sender.clock
    try:
        async with clock.timeout_at(clock.now() + within):
            return await read
    except (BasetenError, TimeoutError):
        return None

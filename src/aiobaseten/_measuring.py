"""Read what a deployment did in a window, for a guard."""

from __future__ import annotations

import logging
import math
from datetime import datetime, timedelta

from attrs import evolve

from ._resource import ReadMetrics, Resource
from ._token import Token
from ._waiting import GuardMemory, Measurement, cut, ends_in
from .errors import BasetenError, ConfigurationError
from .guard import MEASURE_EVERY_S, Guard
from .metrics import LATENCY, REQUESTS, Metrics, metrics_query
from .options import RetryPolicy
from .schemas import Deployment, Environment

_LOG = logging.getLogger("aiobaseten")
# The next measurement is due in a minute, and a request that is repeated would cost another one.
_ONCE = RetryPolicy(attempts=1)
# Baseten repeats the window as it was asked for. Another one may be of another step.
_WINDOW_WITHIN = timedelta(seconds=5)
# Seconds by which a request may arrive late, so that the next one comes less than a minute later.
_LATE_S = 1.0


async def read_metrics(
    resource: Resource[Deployment, Environment],
    deployment_id: str,
    start: datetime,
    end: datetime,
) -> Measurement:
    """What a deployment did in a window. Trouble is told in the measurement."""
    try:
        metrics = await _read(resource, deployment_id, start, end)
    except BasetenError as error:
        return Measurement(
            deployment_id=deployment_id, start=start, end=end, trouble=cut(str(error))
        )
    traffic, trouble = metrics.traffic, _other_window(metrics, start, end)
    if not trouble and traffic.is_malformed:
        trouble = "the number of requests cannot be read"
    if trouble:
        return Measurement(deployment_id=deployment_id, start=start, end=end, trouble=trouble)
    return Measurement(
        deployment_id=deployment_id,
        start=metrics.start,
        end=metrics.end,
        requests=traffic.requests,
        error_share=traffic.error_share,
        latency=traffic.latency,
    )


def _other_window(metrics: Metrics, start: datetime, end: datetime) -> str:
    """How the answer is about another window than the question, or an empty string."""
    if metrics.mode != "SUMMARY":
        return f"SUMMARY was asked for, and the answer is of mode {cut(metrics.mode)}"
    if max(abs(metrics.start - start), abs(metrics.end - end)) <= _WINDOW_WITHIN:
        return ""
    asked, told = (
        f"{one.isoformat(timespec='seconds')} to {other.isoformat(timespec='seconds')}"
        for one, other in ((start, end), (metrics.start, metrics.end))
    )
    return f"the window {asked} was asked for, and the answer is about {told}"


async def check_metrics(
    resource: Resource[Deployment, Environment], memory: GuardMemory, token: str
) -> None:
    """Check that the key may read metrics, before a guard that needs them sends anything.

    A server that lags behind may not know the deployment that serves yet, and something in front of
    Baseten may refuse. After such a refusal, the metrics are asked for again a minute later.

    Raises:
        ConfigurationError: It may not. Trouble that may pass does not count.
    """
    known, sender = Token.load(token), resource.sender
    deployment_id = known.previous_id or known.deployment_id or ""
    memory.measured_at = sender.clock.now()
    refusal = await refusal_of_metrics(resource, memory.guard, deployment_id)
    if refusal is not None and _lasts(refusal) > 0:
        await sender.connections.pause(MEASURE_EVERY_S + _LATE_S)
        memory.measured_at = sender.clock.now()
        refusal = await refusal_of_metrics(resource, memory.guard, deployment_id)
    if refusal is not None:
        raise ConfigurationError(
            f"this guard checks metrics, and they cannot be read ({refusal}); nothing was sent"
        ) from refusal


async def refusal_of_metrics(
    resource: Resource[Deployment, Environment], guard: Guard, deployment_id: str
) -> BasetenError | None:
    """Why the key may not read the metrics of a deployment; ``None`` if it may, or for trouble."""
    end = resource.sender.server_time() - timedelta(seconds=guard.lag)
    try:
        await _read(resource, deployment_id, end - timedelta(seconds=guard.window), end)
    except ConfigurationError:
        raise
    except BasetenError as error:
        if math.isfinite(_lasts(error)):
            return error
        _LOG.info("the metrics for a guard could not be read yet: %s", error)
    return None


def _lasts(error: BasetenError) -> float:
    """Seconds for which a wait that had read the environment would ride the error out."""
    return ends_in(error, 0.0, lasts=0.0, has_looked=True)


async def _read(
    resource: Resource[Deployment, Environment], deployment_id: str, start: datetime, end: datetime
) -> Metrics:
    query = metrics_query(
        [REQUESTS, LATENCY],
        mode="SUMMARY",
        window=None,
        start=start,
        end=end,
        lag=0.0,
        check_names=True,
    )
    once = evolve(resource, sender=resource.sender.with_settings(retry=_ONCE))
    return await ReadMetrics(once, "deployment", deployment_id, query)()

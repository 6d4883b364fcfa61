"""A guarded promotion of d2 to production, where d1 serves; and what Baseten has seen of it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from aiobaseten import Baseten, Guard, GuardReport, ModelPromotion, error_rate, latency
from aiobaseten.errors import BasetenError, WaitError
from aiobaseten.events import Event
from aiobaseten.testing import Behaviour, FakeBaseten, FakeEnvironment
from aiobaseten.testing._http.replicas import Replicas

#: Percentages, each for ten seconds and the stabilization time.
STEPS = [25, 75]
PROMOTE = "POST /v1/models/{model_id}/environments/{env_name}/promote"
CANCEL = "POST /v1/models/{model_id}/environments/{env_name}/cancel_promotion"
PAUSE = "POST /v1/models/{model_id}/environments/{env_name}/pause_promotion"
AUDIT_LOG = "GET /v1/models/{model_id}/audit_logs"
ENVIRONMENT = "GET /v1/models/{model_id}/environments/{env_name}"
RESUME = "POST /v1/models/{model_id}/environments/{env_name}/resume_promotion"
METRICS = "GET /v1/models/{model_id}/deployments/{deployment_id}/metrics"
# The fake's times are sums of floats.
ROUNDING_S = 1e-6


def world(**behaviour: Any) -> tuple[FakeBaseten, FakeEnvironment]:
    """A fake whose production gets ten requests a second."""
    fake = FakeBaseten(behaviour=Behaviour(**{"metrics_lag": 25.0, **behaviour}))
    model = fake.model("m1")
    model.deployment("d1", replicas=8)
    model.deployment("d2")
    environment = model.environment(
        "production",
        current="d1",
        ramp=[(one, 10) for one in STEPS],
        autoscaling={"max_replica": 8},
    )
    environment.receives(requests_per_second=10)
    return fake, environment


def guard(**settings: Any) -> Guard:
    """Errors and latency. The steps are short, so that fewer looks are needed."""
    return Guard(
        error_rate(at_most=0.02),
        latency("p95", at_most=1.5, worse_by_at_most=0.2),
        **{"window": 60, "lag": 30, "warmup": 10, **settings},
    )


async def promote(baseten: Baseten, given: Guard | None = None, **options: Any) -> ModelPromotion:
    """Start to promote d2."""
    production = baseten.model("m1").environment("production")
    return await production.promote("d2", guard=given or guard(), **options)


async def end_of(
    promotion: Any, told: list[Event] | None = None, **options: Any
) -> tuple[BasetenError | None, GuardReport]:
    """How the wait ends: its error and the report."""
    error: BasetenError | None = None
    try:
        async with promotion.events(**{"timeout": 20_000, **options}) as events:
            async for event in events:
                if told is not None:
                    told.append(event)
    except BasetenError as failure:
        error = failure
    if isinstance(error, WaitError) and error.evidence is not None:
        assert error.evidence.report == promotion.report
    return error, promotion.report


def lag_of_looks(seconds: float | Callable[[], float]) -> Callable[[Replicas, str], float]:
    """In place of `Replicas.lag`: all servers lag behind; only the audit log does not."""

    def lag(_: Replicas, path: str) -> float:
        if path.endswith("/audit_logs"):
            return 0.0
        return seconds() if callable(seconds) else seconds

    return lag


def let_looks_lag(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """All servers lag behind; only the audit log does not."""
    monkeypatch.setattr(Replicas, "lag", lag_of_looks(seconds))


def sent(fake: FakeBaseten, route: str) -> list[float]:
    """When requests to a route came, whatever became of the answers."""
    return [one.at for one in fake.requests if f"{one.method} {one.route}" == route]


def writes(fake: FakeBaseten) -> list[str]:
    """The last segments of all writes."""
    return [one.path.rpartition("/")[2] for one in fake.requests if one.method != "GET"]


def assert_metrics_are_a_minute_apart(fake: FakeBaseten) -> None:
    """At most one request in a minute for each deployment."""
    paths = {one.path for one in fake.requests if f"{one.method} {one.route}" == METRICS}
    for path in paths:
        times = [one.at for one in fake.requests if one.path == path]
        pauses = [later - earlier for earlier, later in pairwise(times)]
        assert min(pauses, default=60) > 60 - ROUNDING_S, (path, times)

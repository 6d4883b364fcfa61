"""Shared by the tests: a resource in the fake, its promotion, and a worker that dies."""

from __future__ import annotations

import asyncio
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from aiobaseten.airflow import (
    CancelPromotionOperator,
    PromoteOperator,
    PromotionTrigger,
    RollbackOperator,
)
from aiobaseten.testing import FakeBaseten, FakeEnvironment, timelines

from .doubles import TaskRun

#: Airflow retries the task after this.
TEMPORARY = AirflowException
#: Airflow does not retry the task after this, which is a subclass of the other.
PERMANENT = AirflowFailException
#: Options of a wait, as a trigger carries them.
OPTIONS = {"accept_scaled_to_zero": False, "settling_time": 120.0, "unhealthy_grace": 300.0}


def promote_operator(kind: str = "model", **given: Any) -> PromoteOperator:
    """Promotes ``v2`` of the resource ``x``."""
    arguments: dict[str, Any] = {"deployment_id": "v2", f"{kind}_id": "x", **given}
    return PromoteOperator(task_id="promote", **arguments)


def cancel_operator(**given: Any) -> CancelPromotionOperator:
    """Cancels the promotion to ``production`` of the model ``x``."""
    return CancelPromotionOperator(task_id="cancel", model_id="x", **given)


def promotion_trigger(token: str, **given: Any) -> PromotionTrigger:
    """Waits for the promotion with this token."""
    arguments: dict[str, Any] = {"deadline": None, "options": OPTIONS, **given}
    return PromotionTrigger(baseten_conn_id="baseten_default", token=token, **arguments)


def add_resource(
    fake: FakeBaseten, kind: str = "model", timeline: timelines.Steps = timelines.HEALTHY
) -> FakeEnvironment:
    """Add the resource ``x``: ``production`` serves ``v1``, and ``v2`` can be promoted."""
    if kind == "chain":
        chain = fake.chain("x")
        chain.deployment("v1")
        chain.deployment("v2", on_promote=timeline)
        return chain.environment("production", current="v1", traffic_delay=0)
    model = fake.model("x")
    model.deployment("v1")
    model.deployment("v2", on_promote=timeline)
    return model.environment("production", current="v1", traffic_delay=0)


async def promote(fake: FakeBaseten, deployment_id: str = "v2") -> str:
    """Promote a deployment of the model ``x``, without Airflow; returns the promotion's token."""
    async with fake.client() as baseten:
        return (await baseten.model("x").environment("production").promote(deployment_id)).token


async def promote_another(fake: FakeBaseten) -> str:
    """Promote a new deployment ``v3`` of the model ``x``; returns the promotion's token."""
    fake.model("x").deployment("v3", on_promote=timelines.HEALTHY)
    return await promote(fake, "v3")


def posts(fake: FakeBaseten) -> list[str]:
    """The paths of the POST requests: promotions and cancellations."""
    return [request.path for request in fake.requests if request.method == "POST"]


async def die_while_sending(
    task: PromoteOperator | RollbackOperator | CancelPromotionOperator,
    fake: FakeBaseten,
    run: TaskRun,
    *,
    acts: bool = True,
) -> None:
    """A worker executes the task, sends its POST request, and dies before the response.

    Args:
        task: The task.
        fake: The fake that it talks to.
        run: Its task instance.
        acts: Whether the request has an effect.
    """
    fake.faults.hang(route="POST", acts=acts)
    worker = asyncio.create_task(task.aexecute(run.context()))
    await asyncio.sleep(1)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert len(posts(fake)) == 1

"""Shared by the tests of operators: a resource in the fake, and a worker that dies."""

from __future__ import annotations

import asyncio
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from aiobaseten.airflow import CancelPromotionOperator, PromoteOperator
from aiobaseten.testing import FakeBaseten, FakeEnvironment, timelines

from .doubles import TaskRun

#: Airflow retries the task after this.
TEMPORARY = AirflowException
#: Airflow does not retry the task after this, which is a subclass of the other.
PERMANENT = AirflowFailException


def promote_operator(kind: str = "model", **given: Any) -> PromoteOperator:
    """Promotes ``v2`` of the resource ``x``."""
    arguments: dict[str, Any] = {"deployment_id": "v2", f"{kind}_id": "x", **given}
    return PromoteOperator(task_id="promote", **arguments)


def cancel_operator(**given: Any) -> CancelPromotionOperator:
    """Cancels the promotion to ``production`` of the model ``x``."""
    return CancelPromotionOperator(task_id="cancel", model_id="x", **given)


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


def posts(fake: FakeBaseten) -> list[str]:
    """The paths of the POST requests: promotions and cancellations."""
    return [request.path for request in fake.requests if request.method == "POST"]


async def die_while_sending(
    task: PromoteOperator | CancelPromotionOperator,
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

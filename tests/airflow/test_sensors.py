"""The sensor: it leaves the waiting to a triggerer, and fails as sensors do."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    TaskDeferred,
)
from doubles import TaskRun

from aiobaseten.airflow import DeploymentSensor
from aiobaseten.errors import ConfigurationError
from aiobaseten.testing import FakeBaseten, timelines

pytestmark = pytest.mark.looptime


def sensor(**given: Any) -> DeploymentSensor:
    return DeploymentSensor(task_id="wait", deployment_id="d1", model_id="x", **given)


async def finished(waiting: DeploymentSensor, run: TaskRun) -> Any:
    with pytest.raises(TaskDeferred) as caught:
        waiting.execute(run.context())
    assert caught.value.method_name == "execute_complete"
    trigger: Any = caught.value.trigger
    (event,) = [event async for event in trigger.run()]
    return waiting.execute_complete(run.context(), event=event.payload)


async def test_it_returns_the_active_deployment_as_plain_data(
    fake: FakeBaseten, served: str, run: TaskRun
) -> None:
    fake.model("x").deployment("d1", timeline=timelines.HEALTHY)

    seen = await finished(sensor(), run)

    assert (seen["id"], seen["status"]) == ("d1", "ACTIVE")


async def test_it_can_wake_a_model(fake: FakeBaseten, served: str, run: TaskRun) -> None:
    deployment = fake.model("x").deployment("d1")
    deployment.set("SCALED_TO_ZERO")

    seen = await finished(sensor(wake=True, settling_time=0), run)

    assert seen["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("given", "raised"),
    [
        ({}, AirflowSensorTimeout),
        ({"soft_fail": True}, AirflowSkipException),
        ({"never_fail": True}, AirflowSkipException),
    ],
)
async def test_time_that_ran_out_is_a_sensors_timeout(
    fake: FakeBaseten, served: str, run: TaskRun, given: dict[str, Any], raised: type[Exception]
) -> None:
    fake.model("x").deployment("d1", timeline=timelines.STUCK)

    with pytest.raises(raised, match="BUILDING"):
        await finished(sensor(timeout=0, **given), run)


@pytest.mark.parametrize(
    ("given", "raised"),
    [
        ({}, AirflowFailException),
        ({"soft_fail": True}, AirflowSkipException),
        ({"never_fail": True}, AirflowSkipException),
    ],
)
async def test_a_deployment_that_failed_is_final(
    fake: FakeBaseten, served: str, run: TaskRun, given: dict[str, Any], raised: type[Exception]
) -> None:
    fake.model("x").deployment("d1", timeline=timelines.BUILD_FAILED)

    with pytest.raises(raised, match="BUILD_FAILED"):
        await finished(sensor(**given), run)


def test_what_may_pass_is_not_skipped_by_soft_fail(run: TaskRun) -> None:
    event: Any = {
        "outcome": "failed",
        "error": "TransportError",
        "message": "no answer",
        "is_final": False,
        "evidence": [],
    }

    with pytest.raises(AirflowException, match="no answer") as caught:
        sensor(soft_fail=True).execute_complete(run.context(), event=event)

    assert not isinstance(caught.value, AirflowFailException | AirflowSkipException)


def test_a_wrong_argument_is_refused_when_the_dag_is_read() -> None:
    with pytest.raises(ConfigurationError, match="settling_time"):
        sensor(settling_time=-1)


def test_a_chain_cannot_be_woken() -> None:
    with pytest.raises(ConfigurationError, match="wake is for models"):
        DeploymentSensor(task_id="wait", deployment_id="d1", chain_id="x", wake=True)

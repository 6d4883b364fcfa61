"""The sensor: it leaves the wait to a triggerer, and fails as other sensors do."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
)

from aiobaseten.airflow import DeploymentSensor
from aiobaseten.errors import ConfigurationError
from aiobaseten.testing import FakeBaseten, timelines

from .doubles import TaskRun, deferral, result_of, resumed

pytestmark = pytest.mark.looptime


def sensor(**given: Any) -> DeploymentSensor:
    return DeploymentSensor(task_id="wait", deployment_id="d1", model_id="x", **given)


def said_by(caught: pytest.ExceptionInfo[Exception]) -> str:
    """The message. Airflow replaces that of a skipped task, and keeps the cause."""
    return f"{caught.value} {caught.value.__cause__}"


async def test_the_result_is_the_active_deployment_as_plain_data(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    fake.model("x").deployment("d1", timeline=timelines.HEALTHY)

    deployment = await result_of(sensor(), run)

    assert (deployment["id"], deployment["status"]) == ("d1", "ACTIVE")


async def test_a_model_can_be_woken(fake: FakeBaseten, fake_url: str, run: TaskRun) -> None:
    fake.model("x").deployment("d1").set("SCALED_TO_ZERO")

    deployment = await result_of(sensor(wake=True, settling_time=0), run)

    assert deployment["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("given", "raised"),
    [
        ({}, AirflowSensorTimeout),
        ({"soft_fail": True}, AirflowSkipException),
        ({"never_fail": True}, AirflowSkipException),
    ],
)
async def test_a_timeout_is_a_sensor_timeout(
    fake: FakeBaseten, fake_url: str, run: TaskRun, given: dict[str, Any], raised: type[Exception]
) -> None:
    fake.model("x").deployment("d1", timeline=timelines.STUCK)

    with pytest.raises(raised) as caught:
        await result_of(sensor(timeout=0, **given), run)

    assert "BUILDING" in said_by(caught)


@pytest.mark.parametrize(
    ("given", "raised"),
    [
        ({}, AirflowFailException),
        ({"soft_fail": True}, AirflowSkipException),
        ({"never_fail": True}, AirflowSkipException),
    ],
)
async def test_a_failed_deployment_is_a_permanent_failure(
    fake: FakeBaseten, fake_url: str, run: TaskRun, given: dict[str, Any], raised: type[Exception]
) -> None:
    fake.model("x").deployment("d1", timeline=timelines.BUILD_FAILED)

    with pytest.raises(raised) as caught:
        await result_of(sensor(**given), run)

    assert "BUILD_FAILED" in said_by(caught)


@pytest.mark.parametrize("soft_fail", [False, True])
@pytest.mark.parametrize("part", ["look-up", "wait"])
async def test_a_failure_that_may_pass_is_retried_unless_soft_fail_skips_it(
    fake: FakeBaseten, fake_url: str, run: TaskRun, soft_fail: bool, part: str
) -> None:
    fake.model("x").deployment("d1", timeline=timelines.STUCK)
    task = sensor(soft_fail=soft_fail)
    if part == "wait":
        trigger: Any = (await deferral(task, run)).trigger
        trigger.model_id = "x"  # a word, which the trigger must look up
    fake.faults.status(503, lasting=3600)

    with pytest.raises(AirflowException) as caught:
        await (task.aexecute(run.context()) if part == "look-up" else resumed(task, trigger, run))

    assert isinstance(caught.value, AirflowSkipException) is soft_fail
    assert not isinstance(caught.value, AirflowFailException)


def test_a_sensor_for_a_chain_refuses_wake() -> None:
    with pytest.raises(ConfigurationError, match="wake is for models"):
        DeploymentSensor(task_id="wait", deployment_id="d1", chain_id="x", wake=True)

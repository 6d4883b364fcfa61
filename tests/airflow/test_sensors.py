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

from .doubles import TaskRun, result_of

pytestmark = pytest.mark.looptime


def sensor(**given: Any) -> DeploymentSensor:
    return DeploymentSensor(task_id="wait", deployment_id="d1", model_id="x", **given)


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

    with pytest.raises(raised, match="BUILDING"):
        await result_of(sensor(timeout=0, **given), run)


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

    with pytest.raises(raised, match="BUILD_FAILED"):
        await result_of(sensor(**given), run)


def test_soft_fail_does_not_skip_a_temporary_failure(run: TaskRun) -> None:
    event: Any = {
        "outcome": "failed",
        "error": "TransportError",
        "message": "no response",
        "is_final": False,
        "evidence": [],
    }

    with pytest.raises(AirflowException, match="no response") as caught:
        sensor(soft_fail=True).execute_complete(run.context(), event=event)

    assert not isinstance(caught.value, AirflowFailException | AirflowSkipException)


def test_a_sensor_for_a_chain_refuses_wake() -> None:
    with pytest.raises(ConfigurationError, match="wake is for models"):
        DeploymentSensor(task_id="wait", deployment_id="d1", chain_id="x", wake=True)

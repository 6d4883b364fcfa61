"""Rollback, settings of environments, and the sensor for a deployment that serves."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from airflow.sdk.execution_time.task_runner import _serialize_outlet_events

from aiobaseten.airflow import (
    RollbackOperator,
    ServingSensor,
    UpdateEnvironmentOperator,
    environment_asset,
)
from aiobaseten.errors import ConfigurationError
from aiobaseten.testing import FakeBaseten, FakeEnvironment, timelines

from .doubles import TaskRun, deferral, fired, result_of
from .promoting import PERMANENT, TEMPORARY, add_resource, die_while_sending, posts

pytestmark = pytest.mark.looptime


def rollback(kind: str = "model", **given: Any) -> RollbackOperator:
    arguments: dict[str, Any] = {f"{kind}_id": "x", **given}
    return RollbackOperator(task_id="rollback", **arguments)


async def add_promoted(fake: FakeBaseten, kind: str = "model") -> FakeEnvironment:
    """``v2`` serves, after ``v1``."""
    environment = add_resource(fake, kind, timeline="ACTIVE")
    environment.promote("v2")
    await asyncio.sleep(600)
    return environment


@pytest.mark.parametrize("kind", ["model", "chain"])
async def test_a_rollback_promotes_the_deployment_from_before(
    fake: FakeBaseten, fake_url: str, run: TaskRun, kind: str
) -> None:
    environment = await add_promoted(fake, kind)
    asset = environment_asset(**{f"{kind}_id": "x"})

    live = await result_of(rollback(kind, outlets=[asset]), run)

    assert environment.current is not None
    assert environment.current.id == live["id"] == "v1"
    assert (run.pushed["deployment_id"], run.pushed["previous_id"]) == ("v1", "v2")
    (event,) = _serialize_outlet_events(run.outlet_events)
    assert event["extra"]["deployment_id"] == "v1"  # type: ignore[index,call-overload]


@pytest.mark.parametrize("acts", [True, False])
async def test_a_try_after_a_lost_rollback_does_not_roll_back_again(
    fake: FakeBaseten, fake_url: str, run: TaskRun, acts: bool
) -> None:
    """A second rollback would promote what the first one took back."""
    environment = await add_promoted(fake)
    await die_while_sending(rollback(), fake, run, acts=acts)
    await asyncio.sleep(300)

    if acts:
        await result_of(rollback(), run)
    else:
        with pytest.raises(PERMANENT, match="PromotionOutcomeUnknownError"):
            await rollback().aexecute(run.context())

    assert environment.current is not None
    assert environment.current.id == ("v1" if acts else "v2")
    assert len(posts(fake)) == 1


@pytest.mark.parametrize("later", [0, 600])
async def test_a_rollback_that_is_cleared_after_a_failure_promotes_the_same_deployment(
    fake: FakeBaseten, fake_url: str, run: TaskRun, later: float
) -> None:
    environment = await add_promoted(fake)
    with pytest.raises(TEMPORARY, match="WaitTimeoutError"):
        await result_of(rollback(timeout=0), run)
    await asyncio.sleep(later)
    run.clear()

    await result_of(rollback(), run)

    assert environment.current is not None
    assert environment.current.id == "v1"
    assert len(posts(fake)) == 1


@pytest.mark.parametrize(("cleared", "serves"), [(False, "v1"), (True, "v2")])
async def test_a_rollback_that_has_succeeded_is_undone_only_if_it_is_cleared(
    fake: FakeBaseten, fake_url: str, run: TaskRun, cleared: bool, serves: str
) -> None:
    environment = await add_promoted(fake)
    await result_of(rollback(), run)
    if cleared:
        run.clear()
    else:
        run.try_again()  # Airflow has lost the success

    await result_of(rollback(), run)

    assert environment.current is not None
    assert environment.current.id == serves


async def test_nothing_to_roll_back_to_is_a_permanent_failure(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    add_resource(fake)

    with pytest.raises(PERMANENT):
        await rollback().aexecute(run.context())

    assert posts(fake) == []


def update(kind: str = "model", **given: Any) -> UpdateEnvironmentOperator:
    arguments: dict[str, Any] = {f"{kind}_id": "x", **given}
    return UpdateEnvironmentOperator(task_id="update", **arguments)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("model", {"autoscaling_settings": {"max_replica": 7}}),
        ("model", {"promotion_settings": {"rolling_deploy": True}}),
        ("chain", {"promotion_settings": {"ramp_up_while_promoting": True}}),
    ],
)
async def test_settings_are_changed_and_shown(
    fake: FakeBaseten, fake_url: str, run: TaskRun, kind: str, given: dict[str, Any]
) -> None:
    add_resource(fake, kind)

    environment = await update(kind, **given).aexecute(run.context())

    ((name, settings),) = given.items()
    assert settings.items() <= environment[name].items()
    assert run.pushed["url"] == f"https://app.baseten.co/{kind}s/x/overview"


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("model", {"autoscaling_settings": {"max_replicas": 7}}),
        ("model", {"promotion_settings": {"ramp_up_while_promoting": True}}),
        ("model", {"chainlet_autoscaling": {}}),
        ("chain", {"autoscaling_settings": {"max_replica": 7}}),
        ("chain", {"chainlet_autoscaling": {"a": {"min_replica": -1}}}),
        ("model", {}),
    ],
)
def test_settings_that_cannot_be_sent_are_refused_when_the_dag_is_parsed(
    kind: str, given: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError):
        update(kind, **given)


def sensor(kind: str = "model", deployment_id: str = "v2", **given: Any) -> ServingSensor:
    arguments: dict[str, Any] = {f"{kind}_id": "x", "deployment_id": deployment_id, **given}
    return ServingSensor(task_id="serves", **arguments)


@pytest.mark.parametrize("kind", ["model", "chain"])
async def test_a_deployment_serves_when_its_promotion_has_ended(
    fake: FakeBaseten, fake_url: str, run: TaskRun, kind: str
) -> None:
    environment = add_resource(fake, kind, timeline=timelines.HEALTHY)
    answers = [(await sensor(kind).apoke(run.context())).is_done]
    environment.promote("v2")
    answers.append((await sensor(kind).apoke(run.context())).is_done)
    await asyncio.sleep(1200)
    result = await sensor(kind).apoke(run.context())

    assert (*answers, result.is_done) == (False, False, True)
    assert result.xcom_value is not None
    assert result.xcom_value["id"] == "v2"
    assert not (await sensor(kind, "v1").apoke(run.context())).is_done
    assert posts(fake) == []


async def test_a_deployment_that_gets_traffic_step_by_step_does_not_serve_yet(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    model = fake.model("x")
    model.deployment("v1")
    model.deployment("v2")
    environment = model.environment("production", current="v1", ramp=[(50, 600)], traffic_delay=0)
    environment.promote("v2")
    await asyncio.sleep(60)

    assert not (await sensor().apoke(run.context())).is_done
    assert (await sensor(deployment_id="v1").apoke(run.context())).is_done


async def test_a_broken_deployment_does_not_serve(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    add_resource(fake)
    fake.model("x").deployment("v1").set("UNHEALTHY")

    assert not (await sensor(deployment_id="v1").apoke(run.context())).is_done


async def test_an_outage_does_not_end_the_sensor_and_a_wrong_name_does(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    add_resource(fake)
    fake.faults.status(503, lasting=100)

    assert not (await sensor().apoke(run.context())).is_done
    await asyncio.sleep(100)
    with pytest.raises(PERMANENT, match="'v2'"):
        await sensor(deployment_id="v22").apoke(run.context())


def test_the_sensor_needs_no_worker_between_two_looks() -> None:
    assert sensor().mode == "reschedule"
    assert sensor(mode="poke").mode == "poke"


async def test_a_rollback_in_a_triggerer_moves_to_another_one(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    await add_promoted(fake)
    trigger: Any = (await deferral(rollback(), run)).trigger
    first = asyncio.create_task(fired(trigger))
    await asyncio.sleep(1)
    first.cancel()

    assert (await fired(trigger))["result"]["id"] == "v1"
    assert len(posts(fake)) == 1

"""Names in the place of ids: looked up once, by the worker."""

from __future__ import annotations

from typing import Any

import pytest

from aiobaseten import Token
from aiobaseten.airflow import CancelPromotionOperator, DeploymentSensor, PromoteOperator
from aiobaseten.testing import FakeBaseten, timelines

from .doubles import TaskRun, deferral, fired, result_of
from .promoting import PERMANENT, die_while_sending

pytestmark = pytest.mark.looptime


@pytest.fixture
def named(fake: FakeBaseten) -> FakeBaseten:
    """A model and a deployment whose names are not their ids."""
    model = fake.model("model111", name="ranker")
    model.deployment("depl001", name="v1")
    model.deployment("depl002", name="v2", on_promote=timelines.HEALTHY)
    model.environment("production", current="depl001", traffic_delay=0)
    return fake


def promote(**given: Any) -> PromoteOperator:
    arguments = {"model_id": "ranker", "deployment_id": "v2", **given}
    return PromoteOperator(task_id="promote", **arguments)


def look_ups(fake: FakeBaseten) -> int:
    return sum(
        one.path in ("/v1/models", "/v1/models/model111/deployments") for one in fake.requests
    )


async def test_the_token_has_the_ids_and_a_later_try_looks_nothing_up(
    named: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    trigger: Any = (await deferral(promote(), run)).trigger
    token = Token.load(trigger.token)
    assert (token.resource_id, token.deployment_id) == ("model111", "depl002")
    assert look_ups(named) == 2

    named.model("model222", name="v2")
    named.model("model111").deployment("depl002").rename("other")
    live = await result_of(promote(), run)

    assert live["id"] == "depl002"
    assert look_ups(named) == 2


async def test_the_sensor_leaves_ids_to_its_trigger(
    named: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    sensor = DeploymentSensor(task_id="wait", model_id="ranker", deployment_id="v1")

    trigger = (await deferral(sensor, run)).trigger
    event = await fired(trigger)

    assert event["result"]["id"] == "depl001"
    assert look_ups(named) == 2


async def test_a_cancellation_takes_a_name(named: FakeBaseten, fake_url: str, run: TaskRun) -> None:
    await deferral(promote(), run)
    cancel = CancelPromotionOperator(task_id="cancel", model_id="ranker")

    trigger: Any = (await deferral(cancel, TaskRun())).trigger

    assert Token.load(trigger.token).resource_id == "model111"


async def test_a_cancellation_that_goes_on_is_that_of_the_model_of_the_first_try(
    named: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    named.model("model111").environment("production").promote("depl002")
    cancel = CancelPromotionOperator(task_id="cancel", model_id="ranker")
    await die_while_sending(cancel, named, run, acts=False)
    named.model("model222", name="ranker", team="Other")  # ambiguous from now on

    trigger: Any = (await deferral(cancel, run)).trigger

    assert Token.load(trigger.token).resource_id == "model111"


@pytest.mark.parametrize(
    ("given", "named_in_error"),
    [
        ({"model_id": "rankr"}, "'ranker'"),
        ({"deployment_id": "v3"}, "'v2'"),
        ({"model_id": "id:rankr"}, "looks like a name"),
    ],
)
async def test_a_name_that_nothing_has_fails_the_task_and_changes_nothing(
    named: FakeBaseten, fake_url: str, run: TaskRun, given: dict[str, Any], named_in_error: str
) -> None:
    with pytest.raises(PERMANENT, match=named_in_error):
        await promote(**given).aexecute(run.context())

    assert {one.method for one in named.requests} == {"GET"}
    assert run.store.stored == {}


async def test_a_sensor_for_an_unknown_name_fails_in_the_worker(
    named: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    sensor = DeploymentSensor(task_id="wait", model_id="rankr", deployment_id="v1")

    with pytest.raises(PERMANENT, match="'ranker'"):
        await sensor.aexecute(run.context())

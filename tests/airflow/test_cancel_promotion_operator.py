"""CancelPromotionOperator: it cancels one promotion, also when workers die."""

from __future__ import annotations

import asyncio

import pytest

from aiobaseten.testing import FakeBaseten, timelines

from .doubles import TaskRun, deferral, result_of
from .promoting import PERMANENT, add_resource, cancel_operator, die_while_sending, posts

pytestmark = pytest.mark.looptime


async def test_the_result_is_the_environment_after_its_traffic_is_back(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    model = fake.model("x")
    model.deployment("v1")
    model.deployment("v2")
    environment = model.environment("production", current="v1", ramp=[(50, 60)], traffic_delay=0)
    environment.promote("v2")
    await asyncio.sleep(30)

    result = await result_of(cancel_operator(), run)

    assert result["current_deployment"]["id"] == "v1"
    assert environment.promotions[0].status == "CANCELED"


async def test_no_running_promotion_is_a_permanent_failure(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    add_resource(fake)

    with pytest.raises(PERMANENT, match="BadRequestError"):
        await cancel_operator().aexecute(run.context())


async def test_a_try_after_a_lost_cancellation_does_not_cancel_another_promotion(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    environment = add_resource(fake)
    environment.promote("v2")
    await die_while_sending(cancel_operator(), fake, run)
    fake.model("x").deployment("v3", on_promote=timelines.HEALTHY)
    other = environment.promote("v3")

    with pytest.raises(PERMANENT, match="deployment v3 serves now"):
        await result_of(cancel_operator(), run)

    assert len(posts(fake)) == 1
    assert other.status != "CANCELED"


async def test_a_try_after_a_worker_that_cancelled_nothing_cancels(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    environment = add_resource(fake)
    environment.promote("v2")
    await die_while_sending(cancel_operator(), fake, run, acts=False)

    await result_of(cancel_operator(), run)

    assert environment.promotions[0].status == "CANCELED"


async def test_a_try_after_a_cancellation_only_waits(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    environment = add_resource(fake)
    environment.promote("v2")
    await deferral(cancel_operator(), run)

    await result_of(cancel_operator(), run)

    assert len(posts(fake)) == 1


async def test_a_try_after_a_success_that_airflow_has_lost_cancels_no_other_promotion(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    environment = add_resource(fake)
    environment.promote("v2")
    await result_of(cancel_operator(), run)
    fake.model("x").deployment("v3", on_promote=timelines.HEALTHY)
    other = environment.promote("v3")
    run.try_again()

    await result_of(cancel_operator(), run)

    assert len(posts(fake)) == 1
    assert other.status != "CANCELED"

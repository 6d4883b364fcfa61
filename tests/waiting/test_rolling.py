"""Rolling a promotion forward, and rolling it back."""

from __future__ import annotations

import asyncio

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import (
    PromotionInProgressError,
    PromotionSupersededError,
    RollbackImpossibleError,
)
from aiobaseten.testing import Behaviour, FakeBaseten, timelines

from ..story import BOTH, ONE_LOOK, Kind, is_new_live, listen, promote, rolling, set_up

pytestmark = pytest.mark.looptime


@pytest.mark.parametrize("forward", ["at once", "next step"])
async def test_a_promotion_can_be_rolled_forward_by_force(forward: str) -> None:
    fake = FakeBaseten(behaviour=Behaviour(roll_forward=forward))  # type: ignore[arg-type]
    async with fake.client() as baseten:
        promotion = await rolling(fake, baseten)
        await asyncio.sleep(10)

        await promotion.force_roll_forward()
        await promotion.wait()

    assert fake.now < 60 + ONE_LOOK
    assert is_new_live(fake)


async def test_a_cancelled_promotion_can_be_rolled_forward(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    promotion = await rolling(fake, baseten)
    await asyncio.sleep(90)
    cancellation = await promotion.cancel()
    await promotion.force_roll_forward()

    await promotion.wait()

    with pytest.raises(PromotionSupersededError):
        await cancellation.wait()


@BOTH
async def test_rolling_back_promotes_the_previous_deployment(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    environment = set_up(fake, kind, timelines.HEALTHY)
    promotion = await promote(baseten, kind)
    await promotion.wait()

    rollback = await promotion.rollback()
    live = await rollback.wait()

    assert (promotion.previous_id, rollback.previous_id) == ("old", "new")
    assert live.id == rollback.deployment_id == "old"
    assert environment.current is not None
    assert environment.current.id == "old"


@BOTH
async def test_rolling_back_a_promotion_that_never_got_traffic_promotes_nothing(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    """Promoting what serves already would make a new deployment of it."""
    environment = set_up(fake, kind, timelines.BUILD_FAILED)
    promotion = await promote(baseten, kind)
    await listen(promotion.events())

    rollback = await promotion.rollback()
    live = await rollback.wait()

    assert live.id == "old"
    assert [one.candidate.id for one in environment.promotions] == ["new"]


@BOTH
async def test_rolling_back_is_refused_while_the_promotion_runs(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind, timelines.HEALTHY)
    promotion = await promote(baseten, kind)

    with pytest.raises(PromotionInProgressError) as caught:
        await promotion.rollback()

    assert caught.value.deployment_id == "new"


@BOTH
async def test_rolling_back_without_a_previous_deployment_is_refused(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    resource = fake.model("owner") if kind == "model" else fake.chain("owner")
    resource.deployment("new")
    resource.environment("production")
    promotion = await promote(baseten, kind)
    await promotion.wait()

    with pytest.raises(RollbackImpossibleError):
        await promotion.rollback()


async def test_rolling_back_to_the_same_deployment_is_refused() -> None:
    fake = FakeBaseten(behaviour=Behaviour(deployment_ids="same"))
    set_up(fake, "model")
    async with fake.client() as baseten:
        promotion = await baseten.model("owner").environment("production").promote("old")
        await promotion.wait()

        with pytest.raises(RollbackImpossibleError):
            await promotion.rollback()

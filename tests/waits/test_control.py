"""What can be done about a promotion on its way, by whoever waits for it and by others."""

from __future__ import annotations

import asyncio

import pytest
from story import A_LOOK, BOTH, Kind, listen, promote, stage

from aiobaseten import Baseten, ModelPromotion
from aiobaseten.errors import (
    BadRequestError,
    ConfigurationError,
    PromotionCanceledError,
    PromotionInProgressError,
    PromotionPausedError,
    PromotionSupersededError,
    RequestNotActedOnError,
    WaitTimeoutError,
)
from aiobaseten.schemas import CancellationStatus
from aiobaseten.testing import Behaviour, FakeBaseten, timelines

pytestmark = pytest.mark.looptime

RAMP = [(25, 60), (50, 60), (75, 60)]


async def rolling(fake: FakeBaseten, baseten: Baseten) -> ModelPromotion:
    """A rolling promotion of a model, which gives "new" a quarter of the traffic now."""
    stage(fake, "model", ramp=RAMP)
    return await promote(baseten, "model")


def is_new_live(fake: FakeBaseten) -> bool:
    current = fake.model("owner").environment("production").current
    return current is not None and current.id == "new"


# Cancelling


async def test_cancelling_before_traffic_moves_takes_effect_at_once(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    stage(fake, "model", timelines.HEALTHY)
    promotion = await promote(baseten, "model")

    cancellation = await promotion.cancel()
    quiet = await cancellation.wait()

    assert cancellation.status == CancellationStatus.CANCELED
    assert cancellation.message == "Promotion to production was successfully canceled."
    assert (cancellation.deployment_id, cancellation.previous_id) == ("new", "old")
    assert quiet.current_deployment is not None
    assert quiet.current_deployment.id == "old"
    assert fake.now == 0
    with pytest.raises(PromotionCanceledError):
        await promotion.wait()


async def test_cancelling_a_rolling_promotion_is_over_when_the_traffic_is_back(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    promotion = await rolling(fake, baseten)
    await asyncio.sleep(90)

    cancellation = await promotion.cancel()
    told = await listen(cancellation.events())

    assert cancellation.status == CancellationStatus.RAMPING_DOWN
    assert "promotion to production: RAMPING_DOWN -> CANCELED" in told.said()
    assert "traffic: 0 % on the new deployment" in told.said()
    assert told.error is None
    # A minute for each of the two steps that it had come up.
    assert 210 <= fake.now < 210 + A_LOOK
    assert not is_new_live(fake)


async def test_a_wait_on_what_somebody_else_cancels_says_so(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    promotion = await rolling(fake, baseten)
    fake.at(90, fake.model("owner").environment("production").cancel)

    with pytest.raises(PromotionCanceledError):
        await promotion.wait()

    assert 210 <= fake.now < 210 + A_LOOK


async def test_cancelling_through_the_environment_finds_out_what_it_cancelled(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    await rolling(fake, baseten)
    production = fake.model("owner").environment("production")
    await asyncio.sleep(90)
    cancellation = await baseten.model("owner").environment("production").cancel_promotion()
    fake.at(150, production.force_roll_forward)

    with pytest.raises(PromotionSupersededError, match="rolled forward all the same") as caught:
        await cancellation.wait()

    assert cancellation.deployment_id is None
    assert caught.value.by == "new"


async def test_a_cancellation_is_over_when_somebody_promotes_something_else(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    promotion = await rolling(fake, baseten)
    production = fake.model("owner").environment("production")
    fake.model("owner").deployment("other", on_promote=[("BUILDING", 1000), "ACTIVE"])
    await asyncio.sleep(90)
    cancellation = await promotion.cancel()
    fake.at(211, lambda: production.promote("other"))

    shown = await cancellation.wait(timeout=300)

    assert fake.now < 211 + A_LOOK
    assert shown.current_deployment is not None
    assert shown.current_deployment.id == "old"


async def test_a_rollback_that_takes_too_long_is_a_timeout(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    promotion = await rolling(fake, baseten)
    await asyncio.sleep(90)
    cancellation = await promotion.cancel()

    with pytest.raises(WaitTimeoutError, match="30 s are over: the cancellation of") as caught:
        await cancellation.wait(timeout=30)

    assert caught.value.token == cancellation.token


async def test_a_forced_cancellation_takes_effect_at_once(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    promotion = await rolling(fake, baseten)
    await asyncio.sleep(90)

    cancellation = await promotion.force_cancel()
    await cancellation.wait()

    assert cancellation.status is None
    assert fake.now == 90
    assert not is_new_live(fake)


async def test_cancelling_where_nothing_is_promoted_is_refused(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    stage(fake, "model")
    production = baseten.model("owner").environment("production")

    for cancel in (production.cancel_promotion, production.force_cancel_promotion):
        with pytest.raises(BadRequestError, match="has no in progress promotion"):
            await cancel()


async def test_cancelling_the_promotion_of_what_serves_already_leaves_it_serving() -> None:
    """What serves is promoted again under the same id, and that is cancelled."""
    fake = FakeBaseten(behaviour=Behaviour(deployment_ids="same"))
    stage(fake, "model", timelines.HEALTHY, ramp=RAMP)
    async with fake.client() as baseten:
        promotion = await baseten.model("owner").environment("production").promote("old")
        await asyncio.sleep(30)

        quiet = await (await promotion.cancel()).wait()

    assert promotion.deployment_id == "old"
    assert quiet.current_deployment is not None
    assert quiet.current_deployment.id == "old"


# Pausing


async def test_a_pause_is_waited_through(fake: FakeBaseten, baseten: Baseten) -> None:
    promotion = await rolling(fake, baseten)
    await promotion.pause()
    fake.at(1000, fake.model("owner").environment("production").resume)

    await promotion.wait()

    assert fake.now >= 1000
    assert is_new_live(fake)


async def test_a_pause_that_nobody_ends_is_why_the_wait_ran_out(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    promotion = await rolling(fake, baseten)
    await promotion.pause()

    with pytest.raises(WaitTimeoutError, match="is paused: nothing moves until somebody resumes"):
        await promotion.wait(timeout=600)


async def test_those_who_do_not_wait_through_a_pause_learn_of_it_and_can_resume(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    promotion = await rolling(fake, baseten)
    await promotion.pause()

    with pytest.raises(PromotionPausedError, match=r"paused at 25 % of traffic"):
        await promotion.wait(on_paused="raise")
    assert 60 <= fake.now < 60 + A_LOOK
    await promotion.resume()
    await promotion.wait(on_paused="raise")

    assert is_new_live(fake)


async def test_a_signal_that_baseten_did_not_act_on_is_an_error() -> None:
    fake = FakeBaseten(behaviour=Behaviour(signals_succeed=False))
    async with fake.client() as baseten:
        promotion = await rolling(fake, baseten)

        for signal in (
            promotion.pause,
            promotion.resume,
            promotion.force_cancel,
            promotion.force_roll_forward,
        ):
            with pytest.raises(RequestNotActedOnError):
                await signal()


# Rolling forward, and back


@pytest.mark.parametrize("forward", ["at once", "next step"])
async def test_a_promotion_can_be_rolled_forward_by_force(forward: str) -> None:
    fake = FakeBaseten(behaviour=Behaviour(roll_forward=forward))  # type: ignore[arg-type]
    async with fake.client() as baseten:
        promotion = await rolling(fake, baseten)
        await asyncio.sleep(10)

        await promotion.force_roll_forward()
        await promotion.wait()

    assert fake.now < 60 + A_LOOK
    assert is_new_live(fake)


async def test_a_cancellation_can_be_overtaken(fake: FakeBaseten, baseten: Baseten) -> None:
    promotion = await rolling(fake, baseten)
    await asyncio.sleep(90)
    cancellation = await promotion.cancel()
    await promotion.force_roll_forward()

    await promotion.wait()

    with pytest.raises(PromotionSupersededError):
        await cancellation.wait()


@BOTH
async def test_rolling_back_promotes_what_served_before(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    environment = stage(fake, kind, timelines.HEALTHY)
    promotion = await promote(baseten, kind)
    await promotion.wait()

    rollback = await promotion.rollback()
    live = await rollback.wait()

    assert (promotion.previous_id, rollback.previous_id) == ("old", "new")
    assert live.id == rollback.deployment_id == "old"
    assert environment.current is not None
    assert environment.current.id == "old"


@BOTH
async def test_rolling_back_what_never_got_the_traffic_promotes_nothing(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    """Promoting what serves already would make a new deployment of it."""
    environment = stage(fake, kind, timelines.BUILD_FAILED)
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
    stage(fake, kind, timelines.HEALTHY)
    promotion = await promote(baseten, kind)

    with pytest.raises(PromotionInProgressError) as caught:
        await promotion.rollback()

    assert caught.value.deployment_id == "new"


@BOTH
async def test_rolling_back_is_refused_where_nothing_served_before(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    owner = fake.model("owner") if kind == "model" else fake.chain("owner")
    owner.deployment("new")
    owner.environment("production")
    promotion = await promote(baseten, kind)
    await promotion.wait()

    with pytest.raises(ConfigurationError, match="not known what served in production of"):
        await promotion.rollback()


async def test_rolling_back_is_refused_where_the_same_served_before() -> None:
    fake = FakeBaseten(behaviour=Behaviour(deployment_ids="same"))
    stage(fake, "model")
    async with fake.client() as baseten:
        promotion = await baseten.model("owner").environment("production").promote("old")
        await promotion.wait()

        with pytest.raises(ConfigurationError, match="deployment old served in production of"):
            await promotion.rollback()

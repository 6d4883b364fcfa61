"""The look before a promotion is out of date: another deployment serves by then."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiobaseten import Baseten, ModelPromotion, Token
from aiobaseten.errors import GuardBreachedError, PromotionSupersededError
from aiobaseten.testing import FakeBaseten, FakeEnvironment

from ..guarding.rollout import end_of, guard, promote, world, writes

pytestmark = pytest.mark.looptime
#: Only the first look at the environment comes from a server that lags behind.
FIRST_LOOK_LAGS = (60.0, *[0.0] * 500)


async def late_world() -> tuple[FakeBaseten, FakeEnvironment]:
    """A fake where d3 serves, and the first look still shows d1."""
    fake, production = world(replica_lags=FIRST_LOOK_LAGS, deployment_ids="same")
    fake.model("m1").deployment("d3")
    await asyncio.sleep(100)
    production.promote("d3")
    production.force_roll_forward()
    await asyncio.sleep(10)
    return fake, production


def deployment(fake: FakeBaseten, deployment_id: str) -> Any:
    return fake.model("m1").deployment(deployment_id)


async def running(baseten: Baseten) -> ModelPromotion:
    """A promotion of d2 that gets some traffic."""
    promotion = await baseten.model("m1").environment("production").promote("d2")
    await asyncio.sleep(20)
    assert promotion.previous_id == "d1"
    return promotion


async def test_a_breach_is_acted_on_and_the_traffic_goes_back_to_what_served() -> None:
    fake, production = await late_world()
    deployment(fake, "d2").answers(error_share=0.5, from_percent=25)
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten))

    assert isinstance(error, GuardBreachedError)
    assert (report.actions[-1], report.overridden) == ("cancel", ())
    assert report.traffic == "Traffic is on deployment d3."
    assert production.current is deployment(fake, "d3")


async def test_a_step_is_held_by_a_pause() -> None:
    fake, production = await late_world()
    async with fake.client() as baseten:
        promotion = await promote(baseten, guard(hold="pause"))
        error, report = await end_of(promotion)

    assert error is None
    assert report.actions == ("pause", "resume") * 2
    assert promotion.previous_id == Token.load(promotion.token).previous_id == "d3"
    assert production.current is deployment(fake, "d2")


async def test_a_breach_once_it_is_live_promotes_what_served() -> None:
    fake, production = await late_world()
    deployment(fake, "d2").answers(error_share=0.5, from_percent=100)
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten, guard(bake=300)))

    assert isinstance(error, GuardBreachedError)
    assert report.actions[-1] == "rollback"
    assert production.current is deployment(fake, "d3")


async def test_a_promotion_that_was_waited_for_is_rolled_back_to_what_served() -> None:
    fake, production = await late_world()
    async with fake.client() as baseten:
        promotion = await running(baseten)
        await promotion.wait()
        await promotion.rollback()

    assert production.promotions[-1].candidate is deployment(fake, "d3")


@pytest.mark.parametrize("verb", ["cancel", "force_cancel"])
async def test_a_running_promotion_is_cancelled(verb: str) -> None:
    fake, production = await late_world()
    async with fake.client() as baseten:
        cancellation = await getattr(await running(baseten), verb)()
        assert cancellation.previous_id == "d3"
        await cancellation.wait()

    assert production.current is deployment(fake, "d3")


async def test_a_running_promotion_is_paused_and_resumed() -> None:
    fake, _ = await late_world()
    async with fake.client() as baseten:
        promotion = await running(baseten)
        await promotion.pause()
        await promotion.resume()

    assert writes(fake) == ["promote", "pause_promotion", "resume_promotion"]


async def test_a_cancellation_that_did_not_look_learns_what_served() -> None:
    fake, production = await late_world()
    async with fake.client() as baseten:
        promotion = await running(baseten)
        cancellation = await promotion.cancel(even_if_superseded=True)
        await cancellation.wait()

    assert production.current is deployment(fake, "d3")


async def resumed_after(*promoted: str) -> tuple[FakeBaseten, FakeEnvironment, str]:
    """A fake whose next two looks lag behind, and the token of a promotion of d2 over d1."""
    fake, production = world(replica_lags=(60.0, *FIRST_LOOK_LAGS), deployment_ids="same")
    fake.model("m1").deployment("d3")
    for one in promoted:
        await asyncio.sleep(100)
        production.promote(one)
        production.force_roll_forward()
    await asyncio.sleep(5)
    token = Token(
        kind="model promotion",
        resource_id="m1",
        environment_name="production",
        deployment_id="d2",
        previous_id="d1",
    )
    return fake, production, token.dump()


async def test_two_late_looks_do_not_undo_the_promotion_of_somebody_else() -> None:
    fake, production, token = await resumed_after("d2", "d3")
    async with fake.client() as baseten:
        for _ in range(2):  # the audit log is not late
            assert [one async for one in baseten.model("m1").audit()]
        promotion: Any = await baseten.resume(token, look=False)
        with pytest.raises(PromotionSupersededError) as caught:
            await promotion.rollback()

    assert caught.value.by == "d3"
    assert production.current is deployment(fake, "d3")
    assert writes(fake) == []


async def test_a_rollback_of_the_newest_promotion_does_not_wait() -> None:
    fake, production, token = await resumed_after("d3", "d2")
    await asyncio.sleep(100)
    began = fake.now
    async with fake.client() as baseten:
        promotion: Any = await baseten.resume(token, look=False)
        await promotion.rollback()

    assert fake.now - began < 2
    assert production.promotions[-1].candidate is deployment(fake, "d1")

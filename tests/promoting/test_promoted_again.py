"""Somebody else promotes the same deployment again, or is about to undo ours: that is not ours."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiobaseten import ModelPromotion
from aiobaseten.errors import PromotionSupersededError
from aiobaseten.testing import FakeBaseten, FakeEnvironment

from ..guarding.rollout import let_looks_lag, world, writes

pytestmark = pytest.mark.looptime

VERBS = ["cancel", "force_cancel", "pause", "resume", "force_roll_forward", "rollback"]


def same_ids(**behaviour: Any) -> tuple[FakeBaseten, FakeEnvironment]:
    """A fake that never makes a new deployment for a promotion."""
    fake, production = world(deployment_ids="same", **behaviour)
    fake.model("m1").deployment("d3")
    return fake, production


async def ours_again(fake: FakeBaseten, production: FakeEnvironment) -> ModelPromotion:
    """Our promotion of d2, which somebody has cancelled and started again."""
    async with fake.client() as baseten:
        promotion = await baseten.model("m1").environment("production").promote("d2")
    await asyncio.sleep(20)
    with fake.acting_as("ops@example.com"):
        production.force_cancel()
        production.promote("d2")
    await asyncio.sleep(20)
    return promotion


@pytest.mark.parametrize("verb", VERBS)
async def test_a_promotion_of_the_same_deployment_by_somebody_else_is_left_alone(verb: str) -> None:
    fake, production = same_ids()
    token = (await ours_again(fake, production)).token
    async with fake.client() as baseten:
        promotion: Any = await baseten.resume(token)
        with pytest.raises(PromotionSupersededError) as caught:
            await getattr(promotion, verb)()
        assert caught.value.by == "d2"
        assert writes(fake) == ["promote"]
        if verb != "rollback":
            await getattr(promotion, verb)(even_if_superseded=True)


async def test_a_deployment_that_was_promoted_earlier_is_ours_to_cancel() -> None:
    fake, production = same_ids()
    production.promote("d2")
    production.force_cancel()
    await asyncio.sleep(60)
    async with fake.client() as baseten:
        promotion = await baseten.model("m1").environment("production").promote("d2")
        await asyncio.sleep(20)
        await promotion.cancel()

    assert writes(fake) == ["promote", "cancel_promotion"]


async def test_a_deployment_that_went_live_again_is_not_rolled_back() -> None:
    fake, production = same_ids()
    async with fake.client() as baseten:
        promotion = await baseten.model("m1").environment("production").promote("d2")
        for one in ("d1", "d2"):
            production.force_roll_forward()
            await asyncio.sleep(20)
            production.promote(one)
        production.force_roll_forward()
        with pytest.raises(PromotionSupersededError):
            await promotion.rollback()

    assert writes(fake) == ["promote"]


@pytest.mark.parametrize("verb", VERBS[:-1])
async def test_a_rollback_by_somebody_else_is_left_alone(verb: str) -> None:
    fake, production = same_ids()
    async with fake.client() as baseten:
        promotion = await baseten.model("m1").environment("production").promote("d2")
        production.force_roll_forward()
        production.promote("d1")
        await asyncio.sleep(20)
        with pytest.raises(PromotionSupersededError) as caught:
            await getattr(promotion, verb)()

    assert caught.value.by == "d1"
    assert writes(fake) == ["promote"]


@pytest.mark.parametrize("ended", ["force_cancel", "force_roll_forward"])
async def test_looks_that_are_all_out_of_date_do_not_hide_what_the_audit_log_shows(
    ended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_looks_lag(monkeypatch, 40)
    fake, production = same_ids()
    async with fake.client() as baseten:
        promotion = await baseten.model("m1").environment("production").promote("d2")
        production.pause()
        await asyncio.sleep(100)
        getattr(production, ended)()
        await asyncio.sleep(20 if ended == "force_cancel" else 45)
        production.promote("d3")
        await asyncio.sleep(5)
        for verb in ("cancel", "rollback"):
            with pytest.raises(PromotionSupersededError) as caught:
                await getattr(promotion, verb)()
            assert caught.value.by == "d3"

    assert writes(fake) == ["promote"]


@pytest.mark.parametrize("reads", [0, 1])
async def test_one_of_two_looks_shows_what_the_audit_log_may_not_tell(reads: int) -> None:
    fake, production = same_ids(replica_lags=(0.0, 8.0), audit_log="forbidden")
    async with fake.client() as baseten:
        handle = baseten.model("m1").environment("production")
        promotion = await handle.promote("d2")
        production.pause()
        await asyncio.sleep(100)
        production.force_cancel()
        production.promote("d3")
        await asyncio.sleep(2)
        for _ in range(reads):
            await handle.get()
        for verb in ("cancel", "rollback"):
            with pytest.raises(PromotionSupersededError):
                await getattr(promotion, verb)()

    assert writes(fake) == ["promote"]

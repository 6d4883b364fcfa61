"""Cancelling a promotion, and waiting for its end."""

from __future__ import annotations

import asyncio

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import (
    BadRequestError,
    PromotionCanceledError,
    PromotionSupersededError,
    WaitTimeoutError,
)
from aiobaseten.schemas import CancellationStatus
from aiobaseten.testing import Behaviour, FakeBaseten, timelines

from ..guarding.rollout import let_looks_lag
from ..story import ONE_LOOK, RAMP, TWO_LOOKS, is_new_live, listen, promote, rolling, set_up

pytestmark = pytest.mark.looptime


async def test_cancelling_before_traffic_moves_is_confirmed_after_ten_seconds(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", timelines.HEALTHY)
    promotion = await promote(baseten, "model")

    cancellation = await promotion.cancel()
    quiet = await cancellation.wait()

    assert cancellation.status == CancellationStatus.CANCELED
    assert cancellation.message == "Promotion to production was successfully canceled."
    assert (cancellation.deployment_id, cancellation.previous_id) == ("new", "old")
    assert quiet.current_deployment is not None
    assert quiet.current_deployment.id == "old"
    assert 10 <= fake.now < 10 + ONE_LOOK
    with pytest.raises(PromotionCanceledError):
        await promotion.wait()


@pytest.mark.parametrize("is_by_token", [True, False], ids=["promotion", "environment"])
@pytest.mark.parametrize("verb", ["pause", "resume"])
async def test_a_promotion_that_is_being_cancelled_can_be_neither_paused_nor_resumed(
    verb: str, *, is_by_token: bool, fake: FakeBaseten, baseten: Baseten
) -> None:
    promotion = await rolling(fake, baseten)
    await asyncio.sleep(90)
    with fake.acting_as("ops@example.com"):
        fake.model("owner").environment("production").cancel()
    environment = baseten.model("owner").environment("production")
    sent = getattr(promotion, verb) if is_by_token else getattr(environment, f"{verb}_promotion")

    with pytest.raises(PromotionCanceledError, match="by ops") as caught:
        await sent()

    assert caught.value.evidence is not None
    assert (caught.value.token == promotion.token) == is_by_token
    assert [one.path.rpartition("/")[2] for one in fake.requests if one.method == "POST"] == [
        "promote"
    ]


async def test_a_promotion_is_paused_although_a_late_look_shows_the_cancel_of_the_one_before(
    fake: FakeBaseten, baseten: Baseten, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = set_up(fake, "model", ramp=RAMP)
    environment.promote("new")
    await asyncio.sleep(70)
    environment.cancel()
    await asyncio.sleep(120)
    environment.promote("new")
    let_looks_lag(monkeypatch, 40)

    await baseten.model("owner").environment("production").pause_promotion()

    assert [one.path.rpartition("/")[2] for one in fake.requests if one.method == "POST"] == [
        "pause_promotion"
    ]


async def test_a_cancelled_rolling_promotion_ends_when_the_traffic_is_back(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    promotion = await rolling(fake, baseten)
    await asyncio.sleep(90)

    cancellation = await promotion.cancel()
    heard = await listen(cancellation.events())

    assert cancellation.status == CancellationStatus.RAMPING_DOWN
    assert "promotion to production: RAMPING_DOWN -> CANCELED" in heard.lines()
    assert "traffic: 0 % on the new deployment" in heard.lines()
    assert heard.error is None
    # A minute for each of the two steps that it had come up.
    assert 210 <= fake.now < 210 + ONE_LOOK
    assert not is_new_live(fake)


async def test_a_wait_on_a_promotion_that_somebody_else_cancels_is_an_error(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    promotion = await rolling(fake, baseten)
    fake.at(90, fake.model("owner").environment("production").cancel)

    with pytest.raises(PromotionCanceledError):
        await promotion.wait()

    assert 210 <= fake.now < 210 + TWO_LOOKS


async def test_cancelling_through_the_environment_finds_the_cancelled_deployment(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    await rolling(fake, baseten)
    production = fake.model("owner").environment("production")
    await asyncio.sleep(90)
    cancellation = await baseten.model("owner").environment("production").cancel_promotion()
    fake.at(150, production.force_roll_forward)

    with pytest.raises(PromotionSupersededError) as caught:
        await cancellation.wait()

    assert cancellation.deployment_id == "new"
    assert caught.value.by == "new"


async def test_a_cancellation_ends_when_another_deployment_is_promoted(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    promotion = await rolling(fake, baseten)
    production = fake.model("owner").environment("production")
    fake.model("owner").deployment("other", on_promote=[("BUILDING", 1000), "ACTIVE"])
    await asyncio.sleep(90)
    cancellation = await promotion.cancel()
    fake.at(211, lambda: production.promote("other"))

    shown = await cancellation.wait(timeout=300)

    assert fake.now < 211 + ONE_LOOK
    assert shown.current_deployment is not None
    assert shown.current_deployment.id == "old"


async def test_a_rollback_that_takes_too_long_is_a_timeout(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    promotion = await rolling(fake, baseten)
    await asyncio.sleep(90)
    cancellation = await promotion.cancel()

    with pytest.raises(WaitTimeoutError) as caught:
        await cancellation.wait(timeout=30)

    assert caught.value.token == cancellation.token


async def test_a_forced_cancellation_is_confirmed_after_ten_seconds(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    promotion = await rolling(fake, baseten)
    await asyncio.sleep(90)

    cancellation = await promotion.force_cancel()
    await cancellation.wait()

    assert cancellation.status is None
    assert 100 <= fake.now < 100 + ONE_LOOK
    assert not is_new_live(fake)


async def test_cancelling_without_a_promotion_is_refused(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model")
    production = baseten.model("owner").environment("production")

    for cancel in (production.cancel_promotion, production.force_cancel_promotion):
        with pytest.raises(BadRequestError):
            await cancel()


async def test_cancelling_the_promotion_of_the_current_deployment_leaves_it_serving() -> None:
    """The current deployment is promoted again under its id."""
    fake = FakeBaseten(behaviour=Behaviour(deployment_ids="same"))
    set_up(fake, "model", timelines.HEALTHY, ramp=RAMP)
    async with fake.client() as baseten:
        promotion = await baseten.model("owner").environment("production").promote("old")
        await asyncio.sleep(30)

        quiet = await (await promotion.cancel()).wait()

    assert promotion.deployment_id == "old"
    assert quiet.current_deployment is not None
    assert quiet.current_deployment.id == "old"

"""Resuming promotions and cancellations by their tokens."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiobaseten import Baseten, Cancellation, ChainPromotion, ModelPromotion
from aiobaseten.errors import (
    ConfigurationError,
    NotFoundError,
    PromotionFailedError,
    WaitTimeoutError,
)
from aiobaseten.testing import FakeBaseten, timelines

from ..story import BOTH, RAMP, Kind, listen, promote, set_up

pytestmark = pytest.mark.looptime


@BOTH
async def test_another_process_resumes_a_promotion(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind, timelines.SCALED_TO_ZERO_ON_THE_WAY)
    promotion = await promote(baseten, kind)
    with pytest.raises(WaitTimeoutError) as caught:
        await promotion.wait(timeout=100)

    async with fake.client() as another:
        resumed = await another.resume(caught.value.token or "")
        assert isinstance(resumed, ModelPromotion if kind == "model" else ChainPromotion)
        live = await resumed.wait()

    assert live.id == resumed.deployment_id == "new"
    assert resumed.previous_id == "old"
    assert resumed.environment_name == "production"


@BOTH
async def test_a_resumed_promotion_has_the_methods_of_the_original(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    environment = set_up(fake, kind)
    promotion = await promote(baseten, kind)

    resumed = await baseten.resume(promotion.token)
    assert not isinstance(resumed, Cancellation)
    await resumed.wait()
    await (await resumed.rollback()).wait()

    assert resumed.token == promotion.token
    assert environment.current is not None
    assert environment.current.id == "old"


async def test_a_token_that_is_not_of_the_expected_class_is_an_error_before_any_request(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model")
    promotion = await promote(baseten, "model")
    sent = len(fake.requests)

    with pytest.raises(ConfigurationError, match="expect"):
        await baseten.resume(promotion.token, expect=ChainPromotion)

    assert len(fake.requests) == sent
    resumed = await baseten.resume(promotion.token, expect=ModelPromotion)
    assert resumed.deployment_id == "new"


@BOTH
async def test_resuming_twice_at_the_same_time_promotes_nothing(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    environment = set_up(fake, kind, timelines.HEALTHY)
    token = (await promote(baseten, kind)).token

    async def go_on() -> Any:
        return await (await baseten.resume(token)).wait()

    first, second, third = await asyncio.gather(go_on(), go_on(), go_on())

    assert first == second == third
    assert len(environment.promotions) == 1


async def test_a_cancellation_can_be_resumed(fake: FakeBaseten, baseten: Baseten) -> None:
    set_up(fake, "model", ramp=RAMP)
    promotion = await promote(baseten, "model")
    await asyncio.sleep(90)
    cancellation = await promotion.cancel()

    resumed = await baseten.resume(cancellation.token)
    assert isinstance(resumed, Cancellation)
    heard = await listen(resumed.events())

    assert "promotion to production: RAMPING_DOWN -> CANCELED" in heard.lines()
    assert (resumed.deployment_id, resumed.previous_id) == ("new", "old")
    assert resumed.token == cancellation.token


async def test_a_cancellation_through_the_environment_can_be_resumed(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", timelines.HEALTHY).promote("new")
    cancellation = await baseten.model("owner").environment("production").cancel_promotion()

    resumed = await baseten.resume(cancellation.token)

    assert isinstance(resumed, Cancellation)
    assert (resumed.deployment_id, resumed.previous_id) == ("new", "old")
    assert (await resumed.wait()).current_deployment is not None


@BOTH
async def test_a_promotion_undone_before_it_was_resumed_is_an_error(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    """The wait has never seen it current, so it cannot tell this from a pointer that lags."""
    environment = set_up(fake, kind)
    promotion = await promote(baseten, kind)
    await promotion.wait()
    environment.promote("old")
    await asyncio.sleep(3600)

    resumed = await baseten.resume(promotion.token)

    with pytest.raises(PromotionFailedError):
        await resumed.wait()


async def test_resuming_in_a_deleted_environment_is_an_error_at_once(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    model = fake.model("owner")
    model.deployment("new")
    staging = model.environment("staging")
    promotion = await baseten.model("owner").environment("staging").promote("new")
    staging.delete()

    with pytest.raises(NotFoundError):
        await baseten.resume(promotion.token)


@BOTH
async def test_resuming_without_a_look_rides_out_an_outage(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind)
    token = (await promote(baseten, kind)).token
    sent = len(fake.requests)
    fake.faults.status(503, lasting=300)

    resumed = await baseten.resume(token, look=False)
    assert not isinstance(resumed, Cancellation)
    assert len(fake.requests) == sent
    live = await resumed.wait()

    assert live.id == "new"

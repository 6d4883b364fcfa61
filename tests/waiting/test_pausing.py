"""Pausing and resuming a promotion."""

from __future__ import annotations

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import PromotionPausedError, RequestNotActedOnError, WaitTimeoutError
from aiobaseten.testing import Behaviour, FakeBaseten

from ..story import ONE_LOOK, is_new_live, rolling

pytestmark = pytest.mark.looptime


async def test_a_pause_is_waited_through(fake: FakeBaseten, baseten: Baseten) -> None:
    promotion = await rolling(fake, baseten)
    await promotion.pause()
    fake.at(1000, fake.model("owner").environment("production").resume)

    await promotion.wait()

    assert fake.now >= 1000
    assert is_new_live(fake)


async def test_a_pause_that_nobody_ends_lets_the_wait_time_out(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    promotion = await rolling(fake, baseten)
    await promotion.pause()

    with pytest.raises(WaitTimeoutError):
        await promotion.wait(timeout=600)


async def test_on_paused_raise_ends_the_wait_and_the_promotion_can_be_resumed(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    promotion = await rolling(fake, baseten)
    await promotion.pause()

    with pytest.raises(PromotionPausedError):
        await promotion.wait(on_paused="raise")
    assert 60 <= fake.now < 60 + ONE_LOOK
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

"""Somebody else promotes while a check or a slow caller holds up our request."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiobaseten import Guard, Token, check
from aiobaseten.errors import PromotionInProgressError
from aiobaseten.guard import GuardedStep
from aiobaseten.testing import FakeBaseten, FakeEnvironment

from ..story import BOTH, Kind, production, set_up

pytestmark = pytest.mark.looptime


def others(fake: FakeBaseten, kind: Kind) -> FakeEnvironment:
    """An environment to which a colleague may promote "theirs"."""
    owner = fake.model("owner") if kind == "model" else fake.chain("owner")
    environment = set_up(fake, kind, traffic_delay=60)
    owner.deployment("theirs")
    return environment


async def test_a_promotion_that_began_during_the_checks_of_a_chain_is_not_overrun(
    fake: FakeBaseten, baseten: Any
) -> None:
    environment = others(fake, "chain")

    async def smoke(_: GuardedStep) -> bool:
        environment.promote("theirs")
        await asyncio.sleep(2)
        return True

    guard = Guard(check("own", smoke))
    with pytest.raises(PromotionInProgressError):
        await production(baseten, "chain").promote("new", guard=guard)

    assert [one.candidate.id for one in environment.promotions] == ["theirs"]
    assert not any(one.method == "POST" for one in fake.requests)


async def test_a_deployment_that_went_live_during_the_checks_of_a_chain_served_before(
    fake: FakeBaseten, baseten: Any
) -> None:
    environment = others(fake, "chain")
    stored: list[str] = []

    async def smoke(_: GuardedStep) -> bool:
        environment.promote("theirs")
        await asyncio.sleep(300)
        return True

    async def store(token: str) -> None:
        stored.append(token)

    guard = Guard(check("own", smoke, timeout=600))
    promotion = await production(baseten, "chain").promote("new", guard=guard, before_sending=store)

    assert promotion.previous_id == "theirs"
    assert [Token.load(one).previous_id for one in stored] == ["theirs"]


@BOTH
async def test_a_token_that_was_stored_slowly_is_stored_again_if_another_one_serves(
    fake: FakeBaseten, baseten: Any, kind: Kind
) -> None:
    environment = others(fake, kind)
    stored: list[str] = []

    async def store(token: str) -> None:
        if not stored:
            environment.promote("theirs")
        stored.append(token)
        await asyncio.sleep(300)

    promotion = await production(baseten, kind).promote("new", before_sending=store)

    assert promotion.previous_id == "theirs"
    assert [Token.load(one).previous_id for one in stored] == ["old", "theirs"]


@BOTH
async def test_a_rollback_that_was_stored_slowly_does_not_undo_what_was_promoted_meanwhile(
    fake: FakeBaseten, baseten: Any, kind: Kind
) -> None:
    environment = others(fake, kind)
    environment.promote("new")
    await asyncio.sleep(600)

    for lasts in (20, 300):  # under way, and live

        async def store(_: str, lasts: float = lasts) -> None:
            if environment.promotions[-1].candidate.id == "new":
                environment.promote("theirs")
            await asyncio.sleep(lasts)

        with pytest.raises(PromotionInProgressError):
            await production(baseten, kind).rollback(before_sending=store)

    assert not any(one.method == "POST" for one in fake.requests)

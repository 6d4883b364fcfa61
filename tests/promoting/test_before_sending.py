"""A process that is lost while it promotes, and another that resumes its token."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from aiobaseten import Baseten, Cancellation, ChainPromotion, ModelPromotion
from aiobaseten.errors import (
    ConfigurationError,
    PromotionFailedError,
    PromotionInProgressError,
    PromotionOutcomeUnknownError,
)
from aiobaseten.testing import Behaviour, FakeBaseten, timelines

from ..story import BOTH, Kind, production, set_up

pytestmark = pytest.mark.looptime


def sent(fake: FakeBaseten) -> int:
    """Requests to promote that were sent."""
    return sum(request.method == "POST" for request in fake.requests)


async def lost(fake: FakeBaseten, baseten: Baseten, kind: Kind, *, acts: bool = True) -> str:
    """What a process left that was lost while it waited for the answer.

    Args:
        fake: Where.
        baseten: Its client.
        kind: Of the stage.
        acts: Whether the request arrived.
    """
    left: list[str] = []

    async def leave_word(token: str) -> None:
        assert sent(fake) == 0
        left.append(token)

    fake.faults.hang(route="POST", acts=acts)
    with suppress(TimeoutError):
        async with asyncio.timeout(1):
            await production(baseten, kind).promote("new", before_sending=leave_word)
    (token,) = left
    assert sent(fake) == 1
    return token


async def resumed(fake: FakeBaseten, token: str) -> ModelPromotion | ChainPromotion:
    """The promotion that the next process resumes."""
    async with fake.client() as another:
        promotion = await another.resume(token)
        assert not isinstance(promotion, Cancellation)
        return promotion


@BOTH
@pytest.mark.parametrize("later", [0, 20, 300])
async def test_a_promotion_of_a_lost_process_is_followed_and_not_sent_again(
    fake: FakeBaseten, baseten: Baseten, kind: Kind, later: float
) -> None:
    environment = set_up(fake, kind, timelines.HEALTHY)
    token = await lost(fake, baseten, kind)
    await asyncio.sleep(later)

    async with fake.client() as another:
        promotion = await another.resume(token)
        assert not isinstance(promotion, Cancellation)
        live = await promotion.wait()

    assert live.id == promotion.deployment_id == "new"
    assert promotion.previous_id == "old"
    assert len(environment.promotions) == sent(fake) == 1


@pytest.mark.parametrize("later", [0, 300])
async def test_a_deployment_made_by_the_promotion_is_found_by_its_name(
    fake: FakeBaseten, baseten: Baseten, later: float
) -> None:
    set_up(fake, "model", timelines.HEALTHY, redeploy_on_promotion=True)
    token = await lost(fake, baseten, "model")
    await asyncio.sleep(later)

    promotion = await resumed(fake, token)

    (begun,) = fake.model("owner").environment("production").promotions
    assert promotion.deployment_id == begun.candidate.id != "new"


@pytest.mark.parametrize("later", [0, 300])
async def test_a_chain_deployment_made_by_the_promotion_is_found_in_the_audit_log(
    fake: FakeBaseten, baseten: Baseten, later: float
) -> None:
    set_up(fake, "chain", timelines.HEALTHY, redeploy_on_promotion=True)
    token = await lost(fake, baseten, "chain")
    await asyncio.sleep(later)

    promotion = await resumed(fake, token)

    (begun,) = fake.chain("owner").environment("production").promotions
    assert promotion.deployment_id == begun.candidate.id != "new"
    assert sent(fake) == 1


async def test_without_the_log_a_chain_deployment_made_by_the_promotion_cannot_be_identified() -> (
    None
):
    """Deployments of chains have no names."""
    fake = FakeBaseten(behaviour=Behaviour(audit_log="forbidden"))
    set_up(fake, "chain", timelines.HEALTHY, redeploy_on_promotion=True)
    async with fake.client() as baseten:
        token = await lost(fake, baseten, "chain")

    with pytest.raises(PromotionOutcomeUnknownError):
        await resumed(fake, token)

    assert sent(fake) == 1


@BOTH
async def test_the_same_promotion_by_somebody_else_is_not_taken_for_that_of_a_lost_process(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    """The environment alone cannot tell the two apart."""
    environment = set_up(fake, kind, timelines.HEALTHY)
    token = await lost(fake, baseten, kind, acts=False)
    await asyncio.sleep(60)
    with fake.acting_as(email="eve@example.com"):
        environment.promote("new")

    with pytest.raises(PromotionOutcomeUnknownError, match=r"eve@example\.com"):
        await resumed(fake, token)


async def test_another_promotion_by_the_same_key_is_not_taken_for_that_of_a_lost_process(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    """It began an hour after the token was made."""
    set_up(fake, "chain", timelines.HEALTHY, redeploy_on_promotion=True)
    token = await lost(fake, baseten, "chain", acts=False)
    await asyncio.sleep(3600)
    async with fake.client() as another:
        await another.chain("owner").environment("production").promote("new")

    with pytest.raises(PromotionOutcomeUnknownError):
        await resumed(fake, token)


@BOTH
async def test_a_promotion_that_has_failed_meanwhile_is_found(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind, timelines.BUILD_FAILED)
    token = await lost(fake, baseten, kind)
    await asyncio.sleep(300)

    async with fake.client() as another:
        promotion = await another.resume(token)
        assert not isinstance(promotion, Cancellation)
        with pytest.raises(PromotionFailedError):
            await promotion.wait()


@BOTH
async def test_a_promotion_that_cannot_be_found_is_unknown(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    environment = set_up(fake, kind, timelines.HEALTHY)
    token = await lost(fake, baseten, kind, acts=False)

    with pytest.raises(PromotionOutcomeUnknownError) as caught:
        await resumed(fake, token)

    assert caught.value.deployment_id == "new"
    assert caught.value.before is None
    assert caught.value.after.current_deployment.id == "old"
    assert len(environment.promotions) == 0
    assert sent(fake) == 1


@BOTH
async def test_a_promotion_of_somebody_else_is_not_followed(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    environment = set_up(fake, kind, timelines.HEALTHY)
    resource = fake.model("owner") if kind == "model" else fake.chain("owner")
    token = await lost(fake, baseten, kind, acts=False)
    resource.deployment("other")
    environment.promote("other")

    with pytest.raises(PromotionOutcomeUnknownError):
        await resumed(fake, token)


@BOTH
async def test_nothing_is_sent_if_before_sending_raises(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind)

    async def fail(_token: str) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        await production(baseten, kind).promote("new", before_sending=fail)

    assert sent(fake) == 0


@BOTH
@pytest.mark.parametrize("policy", ["adopt", "raise"])
async def test_before_sending_is_not_called_if_nothing_is_sent(
    fake: FakeBaseten, baseten: Baseten, kind: Kind, policy: Any
) -> None:
    environment = set_up(fake, kind, timelines.HEALTHY)
    environment.promote("new")
    left: list[str] = []

    async def leave_word(token: str) -> None:
        left.append(token)

    with suppress(PromotionInProgressError):
        await production(baseten, kind).promote(
            "new", if_in_progress=policy, before_sending=leave_word
        )

    assert left == []


async def test_an_earlier_promotion_of_the_same_deployment_is_not_taken_for_ours(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    model = fake.model("owner")
    model.deployment("old")
    model.deployment("new", on_promote=[("BUILDING", 900.0), "ACTIVE"])
    model.environment("production", current="old", redeploy_on_promotion=True)
    production = baseten.model("owner").environment("production")
    await production.promote("new")  # somebody else's
    await asyncio.sleep(30)
    left: list[str] = []

    async def die(token: str) -> None:
        left.append(token)
        raise KeyError("the process is lost here, with nothing sent")

    with pytest.raises(KeyError):
        await production.promote("new", if_in_progress="send", before_sending=die)
    assert sum(request.method == "POST" for request in fake.requests) == 1

    with pytest.raises(PromotionOutcomeUnknownError):
        await baseten.resume(left[0])


@BOTH
async def test_a_before_sending_that_cannot_be_called_is_refused_before_anything_is_read(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind)
    wrong: Any = "store"

    with pytest.raises(ConfigurationError):
        await production(baseten, kind).promote("new", before_sending=wrong)

    assert fake.requests == []

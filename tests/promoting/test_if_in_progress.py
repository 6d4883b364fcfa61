"""Promoting while another promotion runs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import (
    BadRequestError,
    ConfigurationError,
    PromotionFailedError,
    PromotionInProgressError,
    PromotionOutcomeUnknownError,
    RollbackImpossibleError,
)
from aiobaseten.testing import Behaviour, FakeBaseten, timelines

from ..story import BOTH, ONE_LOOK, Kind, production, promote, set_up

pytestmark = pytest.mark.looptime

SLOW: timelines.Steps = [("BUILDING", 100), "ACTIVE"]


def busy(fake: FakeBaseten, kind: Kind) -> Any:
    """A stage on which somebody else promotes "other", which takes 100 s."""
    environment = set_up(fake, kind, timelines.HEALTHY)
    if kind == "model":
        fake.model("owner").deployment("other", on_promote=SLOW)
    else:
        fake.chain("owner").deployment("other", on_promote=SLOW)
    environment.promote("other")
    return environment


def sent(fake: FakeBaseten) -> list[float]:
    """When promotions were asked for over the wire."""
    return [request.at for request in fake.requests if request.method == "POST"]


@BOTH
@pytest.mark.parametrize("policy", ["raise", "adopt"])
async def test_nothing_is_sent_while_another_deployment_is_promoted(
    fake: FakeBaseten, baseten: Baseten, kind: Kind, policy: Any
) -> None:
    busy(fake, kind)

    with pytest.raises(PromotionInProgressError) as caught:
        await production(baseten, kind).promote("new", if_in_progress=policy)

    assert caught.value.deployment_id == "other"
    assert caught.value.environment.candidate_deployment.id == "other"
    assert sent(fake) == []


@BOTH
async def test_promote_can_wait_for_the_end_of_another_promotion(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    environment = busy(fake, kind)

    promotion = await production(baseten, kind).promote("new", if_in_progress="wait")
    live = await promotion.wait()

    (at,) = sent(fake)
    assert 100 <= at < 100 + ONE_LOOK
    assert promotion.previous_id == "other"
    assert environment.current is not None
    assert environment.current.id == live.id == "new"


@BOTH
async def test_a_promotion_that_does_not_end_in_time_is_in_progress(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    busy(fake, kind)

    with pytest.raises(PromotionInProgressError) as caught:
        await production(baseten, kind).promote(
            "new", if_in_progress="wait", in_progress_timeout=50
        )

    assert caught.value.deployment_id is not None
    assert fake.now == pytest.approx(50)
    assert sent(fake) == []


@BOTH
async def test_a_promotion_of_the_same_deployment_is_adopted(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind, timelines.HEALTHY).promote("new")

    promotion = await production(baseten, kind).promote("new", if_in_progress="adopt")
    live = await promotion.wait()

    assert promotion.deployment_id == live.id == "new"
    assert promotion.previous_id == "old"
    assert sent(fake) == []


@BOTH
async def test_a_finished_promotion_of_the_same_deployment_is_adopted(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    """So that a pipeline that runs twice promotes once."""
    set_up(fake, kind)
    await (await promote(baseten, kind)).wait()
    once = sent(fake)

    promotion = await production(baseten, kind).promote("new", if_in_progress="adopt")
    live = await promotion.wait()

    assert live.id == "new"
    assert sent(fake) == once
    with pytest.raises(RollbackImpossibleError):
        await promotion.rollback()


@BOTH
async def test_a_promotion_that_somebody_else_finished_first_is_adopted_with_what_served_before(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    environment = set_up(fake, kind)

    async def be_slow(_: str) -> None:
        environment.promote("new")
        await asyncio.sleep(0.9)

    fake.faults.status(400, route="POST")
    promotion = await production(baseten, kind).promote(
        "new", if_in_progress="adopt", before_sending=be_slow
    )

    assert (promotion.deployment_id, promotion.previous_id) == ("new", "old")


@BOTH
async def test_adopt_promotes_if_no_promotion_runs(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind)

    promotion = await production(baseten, kind).promote("new", if_in_progress="adopt")

    assert promotion.previous_id == "old"
    assert len(sent(fake)) == 1


@BOTH
async def test_a_failed_candidate_that_lingers_does_not_block(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    environment = busy(fake, kind)
    assert environment.candidate is not None
    environment.candidate.set("BUILD_FAILED")

    promotion = await production(baseten, kind).promote("new")

    assert (await promotion.wait()).id == "new"


@pytest.mark.parametrize("ended", [0.0, 5.0])
async def test_a_failed_deployment_can_be_promoted_again(ended: float) -> None:
    """What lingers of its first promotion is not the end of its second."""
    fake = FakeBaseten(behaviour=Behaviour(stale_for=4, terminal_promotion_for=ended))
    new = fake.model("owner").deployment("new", timeline=timelines.BUILD_FAILED)
    fake.model("owner").environment("production")
    async with fake.client() as baseten:
        first = await promote(baseten, "model")
        with pytest.raises(PromotionFailedError):
            await first.wait()
        # It is mended after the second promotion has read the environment.
        fake.at(fake.now + 1, lambda: new.set_timeline(timelines.HEALTHY))
        fake.faults.delay(2)

        second = await promote(baseten, "model")
        live = await second.wait()

    assert live.id == "new"


async def test_send_promotes_although_a_candidate_lingers() -> None:
    """What an environment shows after a cancelled promotion is not documented."""
    fake = FakeBaseten(behaviour=Behaviour(canceled_candidate="lingers", terminal_promotion_for=0))
    environment = set_up(fake, "model", traffic_delay=5)
    environment.promote("new")
    environment.cancel()
    async with fake.client() as baseten:
        with pytest.raises(PromotionInProgressError):
            await promote(baseten, "model")

        promotion = await production(baseten, "model").promote("new", if_in_progress="send")

        assert (await promotion.wait()).id == "new"


async def test_a_candidate_from_before_does_not_prove_that_a_promotion_began() -> None:
    """The answer to a promotion that was sent all the same is lost."""
    fake = FakeBaseten(behaviour=Behaviour(canceled_candidate="lingers", terminal_promotion_for=0))
    environment = set_up(fake, "model", traffic_delay=5)
    environment.promote("new")
    environment.cancel()
    async with fake.client() as baseten:
        fake.faults.reset(route="POST")

        with pytest.raises(PromotionOutcomeUnknownError):
            await production(baseten, "model").promote("new", if_in_progress="send")

    assert len(environment.promotions) == 1


@BOTH
async def test_send_leaves_the_refusal_to_baseten(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    busy(fake, kind)

    with pytest.raises(BadRequestError):
        await production(baseten, kind).promote("new", if_in_progress="send")


@BOTH
async def test_an_unknown_word_for_if_in_progress_is_refused(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind)

    with pytest.raises(ConfigurationError, match="if_in_progress must be"):
        await production(baseten, kind).promote("new", if_in_progress="force")  # type: ignore[arg-type]

    assert fake.requests == []

"""A guard never acts on the promotion of somebody else, however much it looks like its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from aiobaseten import Guard, ModelPromotion, check
from aiobaseten.errors import (
    GuardBreachedError,
    PromotionSupersededError,
)
from aiobaseten.events import GuardActed, GuardOverridden
from aiobaseten.guard import GuardedStep
from aiobaseten.testing import FakeBaseten, FakeEnvironment

from .rollout import (
    AUDIT_LOG,
    CANCEL,
    ENVIRONMENT,
    METRICS,
    end_of,
    guard,
    let_looks_lag,
    promote,
    sent,
    world,
    writes,
)

pytestmark = pytest.mark.looptime


def bad_world(*, bad_from: int = 25, **behaviour: Any) -> tuple[FakeBaseten, FakeEnvironment]:
    """A world in which d2 is bad, and promotions make no new deployments."""
    fake, production = world(**{"deployment_ids": "same", **behaviour})
    fake.model("m1").deployment("d2").answers(error_share=0.08, from_percent=bad_from)
    fake.model("m1").deployment("d3")
    return fake, production


def promotes(production: FakeEnvironment, deployment_id: str) -> Callable[[], None]:
    """Somebody ends the promotion that is under way, and starts another one with long steps."""

    def do() -> None:
        production.force_cancel()
        production.promote(deployment_id, override={"ramp": [(25, 1000), (75, 1000)]})

    return do


@pytest.mark.parametrize(
    ("given", "written"),
    [({}, []), ({"on_breach": "pause"}, []), ({"hold": "pause"}, ["pause_promotion"])],
    ids=["cancel", "pause", "hold"],
)
async def test_a_promotion_of_the_same_deployment_is_left_alone(
    given: Any, written: list[str]
) -> None:
    fake, production = bad_world()
    fake.at(20, promotes(production, "d2"))
    told: list[Any] = []
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten, guard(**given)), told)

    assert isinstance(error, GuardBreachedError | PromotionSupersededError)
    assert writes(fake) == ["promote", *written]
    assert report.overridden == ("promote",)
    assert [one.by for one in told if isinstance(one, GuardOverridden)] == ["promote"]
    assert production.promotion is not None
    assert (production.promotion.status, production.promotion.percent) == ("RAMPING_UP", 25)
    assert fake.now < 300


async def test_a_log_that_fails_when_the_guard_takes_back_is_read_again() -> None:
    fake, production = bad_world()
    fake.at(20, promotes(production, "d2"))
    fake.at(40, lambda: fake.faults.status(503, route=AUDIT_LOG, lasting=85, times=None))
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten))

    assert isinstance(error, GuardBreachedError | PromotionSupersededError)
    assert report.overridden == ("promote",)
    assert writes(fake) == ["promote"]
    assert len(sent(fake, AUDIT_LOG)) > 1


@pytest.mark.parametrize("gap", ["another process", "blind"])
async def test_an_audit_log_that_fails_is_read_again_before_a_cancel_of_what_was_not_seen(
    gap: str,
) -> None:
    """Somebody may have promoted the same deployment again in between."""
    fake, _ = bad_world()
    fake.faults.status(503, route=AUDIT_LOG, times=None)
    async with fake.client() as baseten:
        promotion = await promote(baseten)
        await asyncio.sleep(12)
        if gap == "another process":
            token = promotion.token
            promotion = await baseten.resume(token, guard=guard(), expect=ModelPromotion)
        else:
            fake.faults.status(503, route=ENVIRONMENT, lasting=60, times=None)
        error, _ = await end_of(promotion)

    assert isinstance(error, GuardBreachedError)
    [cancelled] = sent(fake, CANCEL)
    assert len([at for at in sent(fake, AUDIT_LOG) if cancelled - 30 <= at <= cancelled]) >= 5


async def test_without_an_audit_log_looks_show_a_new_promotion_of_the_same_deployment() -> None:
    fake, production = bad_world(audit_log="forbidden")
    promoted_again = promotes(production, "d2")
    async with fake.client() as baseten:
        promotion = await promote(baseten, guard(window=120))
        fake.at(100, promoted_again)
        error, report = await end_of(promotion)

    assert isinstance(error, PromotionSupersededError)
    assert error.by == "d2"
    assert report.overridden == ("promote",)
    assert writes(fake) == ["promote"]


async def test_a_deployment_that_somebody_promoted_again_in_the_bake_is_not_rolled_back() -> None:
    fake, production = bad_world(bad_from=100)
    # It is live after 409 s.
    fake.at(430, lambda: production.promote("d2", override={"rolling": False}))
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten, guard(bake=600)))

    assert isinstance(error, GuardBreachedError)
    assert report.overridden == ("promote",)
    assert writes(fake) == ["promote"]


async def test_a_check_is_not_told_that_a_deployment_served_before_itself() -> None:
    fake, _ = world(deployment_ids="same")
    told: list[str | None] = []

    async def remember(step: GuardedStep) -> bool:
        told.append(step.previous_id)
        return True

    async with fake.client() as baseten:
        production = baseten.model("m1").environment("production")
        given = Guard(check("mine", remember), warmup=10)
        await (await production.promote("d1", guard=given)).wait(timeout=3000)

    assert set(told) == {None}


async def test_a_rollback_of_somebody_else_in_the_bake_is_adopted() -> None:
    fake, production = bad_world(bad_from=100)
    # It is live after 409 s.
    fake.at(500, lambda: production.promote("d1", override={"ramp": [(25, 100)]}))
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten, guard(bake=600)))

    assert isinstance(error, GuardBreachedError)
    assert (report.actions, report.overridden) == ((), ("promote",))
    assert writes(fake) == ["promote"]


async def test_a_promotion_of_the_deployment_before_is_not_cancelled() -> None:
    fake, production = bad_world()
    told: list[Any] = []
    async with fake.client() as baseten:
        promotion = await promote(baseten)
        fake.faults.delay(15, route=METRICS, times=2)
        fake.at(112, promotes(production, "d1"))
        error, report = await end_of(promotion, told)

    assert isinstance(error, GuardBreachedError)
    assert (report.actions, writes(fake)) == ((), ["promote"])
    assert [one for one in told if isinstance(one, GuardActed)] == []
    assert production.promotion is not None
    assert production.promotion.status != "CANCELED"


@pytest.mark.parametrize("log", ["readable", "forbidden"])
@pytest.mark.parametrize("fate", ["lost", "refused"])
async def test_a_cancel_of_unknown_effect_is_not_repeated_over_the_promotion_of_somebody_else(
    log: Any, fate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_looks_lag(monkeypatch, 40)
    fake, production = bad_world(audit_log=log, roll_back="at once")
    async with fake.client() as baseten:
        promotion = await promote(baseten)
        if fate == "lost":
            fake.faults.reset(route=CANCEL, acts=True)
        else:
            fake.faults.status(400, route=CANCEL)

        def take_over() -> None:
            if sent(fake, CANCEL) and len(production.promotions) == 1:
                if fate == "refused":
                    production.force_cancel()
                production.promote("d3", override={"ramp": [(25, 1000)]})

        for second in range(140, 230):
            fake.at(second, take_over)
        error, _ = await end_of(promotion)

    assert isinstance(error, GuardBreachedError)
    assert len(sent(fake, CANCEL)) == 1
    assert production.promotions[-1].candidate is fake.model("m1").deployment("d3")
    assert production.promotions[-1].status in ("RELEASING", "RAMPING_UP")


async def test_a_check_is_told_what_served_before_although_no_look_has_shown_it_running() -> None:
    fake, production = world(deployment_ids="same")
    seen: list[str | None] = []

    async def own(step: GuardedStep) -> bool:
        seen.append(step.previous_id)
        return True

    async with fake.client() as baseten:
        promotion = await promote(baseten, Guard(check("own", own), warmup=10, bake=60))
        production.force_roll_forward()
        await asyncio.sleep(60)
        await end_of(promotion)

    assert set(seen) == {"d1"}

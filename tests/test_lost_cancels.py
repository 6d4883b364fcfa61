"""A cancel whose answer is lost: what the environment and the audit log show of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import looptime
import pytest

from aiobaseten import Baseten, Cancellation, ModelPromotion, Token
from aiobaseten.errors import (
    BadRequestError,
    PromotionOutcomeUnknownError,
    PromotionSupersededError,
    RequestNotActedOnError,
    ServerError,
)
from aiobaseten.testing import Behaviour, FakeBaseten, FakeEnvironment, timelines

pytestmark = pytest.mark.looptime

PLACE = "/v1/models/m/environments/production"
LOOK = f"GET {PLACE}"
CANCEL = f"POST {PLACE}/cancel_promotion"
FORCE = f"POST {PLACE}/force_cancel_promotion"
LOG = "GET /v1/models/m/audit_logs"

Door = Callable[[Baseten, ModelPromotion], Awaitable[Cancellation]]


async def by_promotion(_: Baseten, promotion: ModelPromotion) -> Cancellation:
    return await promotion.cancel()


async def by_promotion_at_once(_: Baseten, promotion: ModelPromotion) -> Cancellation:
    return await promotion.force_cancel()


async def by_environment(baseten: Baseten, _: ModelPromotion) -> Cancellation:
    return await baseten.model("m").environment("production").cancel_promotion()


async def by_environment_at_once(baseten: Baseten, _: ModelPromotion) -> Cancellation:
    return await baseten.model("m").environment("production").force_cancel_promotion()


DOORS: list[Door] = [by_promotion, by_promotion_at_once, by_environment, by_environment_at_once]


@pytest.fixture
def behaviour() -> Behaviour:
    """The defaults, unless a test is parametrized with others."""
    return Behaviour()


@pytest.fixture
def fake(behaviour: Behaviour) -> FakeBaseten:
    """A fake that behaves so."""
    return FakeBaseten(behaviour=behaviour)


@pytest.fixture
def production(fake: FakeBaseten) -> FakeEnvironment:
    """The production of a model, in which ``old`` serves; ``stuck`` and ``new`` are promoted."""
    model = fake.model("m")
    model.deployment("old")
    model.deployment("stuck", on_promote=timelines.STUCK)
    model.deployment("new", on_promote=[("DEPLOYING", 20.0), "ACTIVE"])
    return model.environment("production", current="old", ramp=[(50, 60.0)])


@pytest.fixture
async def stuck(baseten: Baseten, production: FakeEnvironment) -> ModelPromotion:
    """A promotion that runs for ever."""
    # Fixtures run on the machine's clock, whose times a client would take for the far future.
    with looptime.enabled(strict=True):
        return await baseten.model("m").environment("production").promote("stuck")


def cancels(fake: FakeBaseten) -> int:
    return sum(one.path.endswith("cancel_promotion") for one in fake.requests)


@pytest.mark.parametrize("acts", [True, False])
@pytest.mark.parametrize("door", DOORS)
async def test_it_is_sent_again_only_if_the_promotion_still_runs(
    fake: FakeBaseten, baseten: Baseten, stuck: ModelPromotion, door: Door, *, acts: bool
) -> None:
    began = fake.now
    fake.faults.reset(route=CANCEL, acts=acts)
    fake.faults.reset(route=FORCE, acts=acts)

    cancellation = await door(baseten, stuck)
    took = fake.now - began
    environment = await cancellation.wait()

    assert cancels(fake) == (1 if acts else 2)
    assert (cancellation.status is None) is (acts or door.__name__.endswith("at_once"))
    assert (cancellation.deployment_id, cancellation.previous_id) == ("stuck", "old")
    assert Token.load(cancellation.token).previous_id == "old"
    assert environment.current_deployment is not None
    assert environment.current_deployment.id == "old"
    assert took == pytest.approx(0.0 if acts else 10.0, abs=1.0)


@pytest.mark.parametrize("behaviour", [Behaviour(), Behaviour(audit_log="forbidden")])
@pytest.mark.parametrize("door", DOORS)
async def test_after_three_lost_answers_it_says_that_the_promotion_still_runs(
    fake: FakeBaseten,
    baseten: Baseten,
    production: FakeEnvironment,
    stuck: ModelPromotion,
    door: Door,
) -> None:
    fake.faults.status(503, times=None, route=CANCEL)
    fake.faults.status(503, times=None, route=FORCE)

    with pytest.raises(RequestNotActedOnError) as caught:
        await door(baseten, stuck)

    assert cancels(fake) == 3
    assert isinstance(caught.value.__cause__, ServerError)
    assert not caught.value.may_have_acted
    assert production.promotions[-1].status != "CANCELED"


@pytest.mark.parametrize("behaviour", [Behaviour(cancel_seen_after=20.0)])
async def test_a_cancel_that_the_environment_does_not_show_yet_is_seen_in_the_log(
    fake: FakeBaseten, stuck: ModelPromotion
) -> None:
    fake.faults.reset(route=CANCEL, acts=True)

    began = fake.now
    cancellation = await stuck.cancel()

    assert cancels(fake) == 1
    assert cancellation.status is None
    assert fake.now - began < 5


@pytest.mark.parametrize("behaviour", [Behaviour(cancel_seen_after=50.0, audit_log="forbidden")])
async def test_without_a_log_it_is_read_for_a_minute_before_it_is_sent_again(
    fake: FakeBaseten, stuck: ModelPromotion
) -> None:
    fake.faults.reset(route=CANCEL, acts=True)

    cancellation = await stuck.cancel()

    assert cancels(fake) == 1
    assert cancellation.status is None


@pytest.mark.parametrize("door", [by_environment, by_promotion])
async def test_an_audit_log_that_hangs_delays_the_next_cancel_by_some_seconds(
    fake: FakeBaseten, baseten: Baseten, stuck: ModelPromotion, door: Door
) -> None:
    """Without a log, the environment is read for a minute. The check before takes half of one."""
    fake.faults.hang(route=LOG, times=None)
    fake.faults.reset(route=CANCEL, acts=False)

    await door(baseten, stuck)

    first, second = (one.at for one in fake.requests if one.path.endswith("cancel_promotion"))
    assert 60 <= second - first < 75


@pytest.mark.parametrize("behaviour", [Behaviour(audit_log="forbidden")])
async def test_a_promotion_that_gives_its_traffic_back_is_not_cancelled_again(
    fake: FakeBaseten, baseten: Baseten, production: FakeEnvironment
) -> None:
    promotion = await baseten.model("m").environment("production").promote("new")
    await asyncio.sleep(40)
    assert production.promotions[-1].percent == 50
    fake.faults.reset(route=CANCEL, acts=True)
    began = fake.now

    await promotion.cancel()

    assert production.promotions[-1].status == "RAMPING_DOWN"
    assert cancels(fake) == 1
    assert fake.now - began < 5


async def test_the_cancel_of_another_promotion_in_the_log_proves_nothing(
    fake: FakeBaseten, baseten: Baseten, production: FakeEnvironment
) -> None:
    production.promote("new")
    await asyncio.sleep(5)
    production.force_cancel()
    await asyncio.sleep(60)
    promotion = await baseten.model("m").environment("production").promote("stuck")
    fake.faults.reset(route=CANCEL, acts=False)

    cancellation = await promotion.cancel()

    assert cancels(fake) == 2
    assert cancellation.status is not None
    assert production.promotions[-1].status == "CANCELED"


@pytest.mark.parametrize("behaviour", [Behaviour(), Behaviour(audit_log="forbidden")])
@pytest.mark.parametrize("door", DOORS)
async def test_the_promotion_of_somebody_else_is_not_cancelled(
    fake: FakeBaseten,
    baseten: Baseten,
    production: FakeEnvironment,
    stuck: ModelPromotion,
    door: Door,
) -> None:
    """Ours was cancelled, and somebody else has promoted, while the answer was on its way."""

    def promote_another() -> None:
        production.force_cancel()
        production.promote("new")

    fake.faults.status(503, route=CANCEL, delay=20.0)
    fake.faults.status(503, route=FORCE, delay=20.0)
    fake.at(fake.now + 10, promote_another)

    cancellation = await door(baseten, stuck)

    assert cancellation.deployment_id == "stuck"
    assert cancels(fake) == 1
    assert production.promotions[-1].status != "CANCELED"


@pytest.mark.parametrize("door", [by_promotion, by_environment])
async def test_somebody_who_promotes_before_it_is_sent_again_is_left_alone(
    fake: FakeBaseten,
    baseten: Baseten,
    production: FakeEnvironment,
    stuck: ModelPromotion,
    door: Door,
) -> None:
    def promote_another() -> None:
        production.force_cancel()
        production.promote("new")

    fake.faults.reset(route=CANCEL, acts=False)
    # After the last look, while the log is read: before the looks of the second attempt.
    fake.at(fake.now + 9.5, lambda: fake.faults.delay(4.0, route=LOG))
    fake.at(fake.now + 12.0, promote_another)

    if door is by_environment:
        cancellation = await door(baseten, stuck)
        assert cancellation.deployment_id == "stuck"
    else:
        with pytest.raises(PromotionSupersededError) as caught:
            await door(baseten, stuck)
        assert caught.value.by == "new"
        assert "nothing was sent" not in str(caught.value)
    assert cancels(fake) == 1


@pytest.mark.parametrize("sent", [1, 3])
@pytest.mark.parametrize("acts", [True, False])
@pytest.mark.parametrize("door", DOORS)
async def test_a_newer_promotion_of_the_same_deployment_is_left_alone(
    fake: FakeBaseten,
    baseten: Baseten,
    production: FakeEnvironment,
    stuck: ModelPromotion,
    door: Door,
    sent: int,
    *,
    acts: bool,
) -> None:
    """After ours was cancelled, by our last request or by somebody else."""

    def promote_again() -> None:
        if not acts:
            production.force_cancel()
        production.promote("stuck")

    await asyncio.sleep(60)
    for route in (CANCEL, FORCE):
        for _ in range(sent - 1):
            fake.faults.reset(route=route, acts=False)
        fake.faults.status(503, route=route, acts=acts, delay=1.0)
    fake.at(fake.now + 10.0 * (sent - 1) + 0.9, promote_again)

    if sent == 1 and door in (by_promotion, by_promotion_at_once):
        with pytest.raises(PromotionSupersededError) as caught:
            await door(baseten, stuck)
        assert caught.value.by == "stuck"
    else:
        cancellation = await door(baseten, stuck)
        assert cancellation.deployment_id == "stuck"
        assert cancellation.status is None
    assert cancels(fake) == sent
    assert len(production.promotions) == 2
    assert production.promotions[-1].status != "CANCELED"


async def test_an_earlier_cancel_in_the_log_does_not_end_a_promotion_of_the_same_deployment(
    fake: FakeBaseten, baseten: Baseten, production: FakeEnvironment
) -> None:
    production.promote("stuck")
    await asyncio.sleep(5)
    production.force_cancel()
    await asyncio.sleep(60)
    promotion = await baseten.model("m").environment("production").promote("stuck")
    fake.faults.reset(route=CANCEL, acts=False)

    cancellation = await by_environment(baseten, promotion)

    assert cancels(fake) == 2
    assert cancellation.status is not None
    assert production.promotions[-1].status == "CANCELED"


#: The first read is that of the promotion, and the second one that of the cancel.
LATE_ONCE = Behaviour(replica_lags=(0.0, 30.0, *[0.0] * 9), replica_order="alternating")


@pytest.mark.parametrize("behaviour", [LATE_ONCE])
async def test_a_promotion_that_was_not_shown_when_it_was_cancelled_may_be_another_one(
    fake: FakeBaseten, baseten: Baseten, stuck: ModelPromotion
) -> None:
    fake.faults.reset(route=CANCEL, acts=False)

    with pytest.raises(PromotionOutcomeUnknownError):
        await by_environment(baseten, stuck)

    assert cancels(fake) == 1


@pytest.mark.parametrize("behaviour", [LATE_ONCE])
async def test_the_end_of_a_promotion_that_was_not_shown_must_settle(
    fake: FakeBaseten, baseten: Baseten, stuck: ModelPromotion
) -> None:
    cancellation = await by_environment(baseten, stuck)
    began = fake.now
    await cancellation.wait(settling_time=60)

    assert fake.now - began >= 60


async def test_a_refusal_of_the_second_attempt_means_that_it_is_over(
    fake: FakeBaseten, stuck: ModelPromotion
) -> None:
    fake.faults.reset(route=CANCEL, acts=False)
    fake.faults.status(400, route=CANCEL)

    cancellation = await stuck.cancel()

    assert cancels(fake) == 2
    assert cancellation.status is None


async def test_a_refusal_of_the_first_attempt_is_raised(
    fake: FakeBaseten, stuck: ModelPromotion
) -> None:
    fake.faults.status(400, route=CANCEL)

    with pytest.raises(BadRequestError):
        await stuck.cancel()

    assert cancels(fake) == 1


@pytest.mark.parametrize("after", [0.0, 5.0])
@pytest.mark.parametrize("door", DOORS)
async def test_an_environment_that_cannot_be_read_leaves_it_unknown(
    fake: FakeBaseten, baseten: Baseten, stuck: ModelPromotion, door: Door, after: float
) -> None:
    """A look before that may be out of date."""

    def fail() -> None:
        fake.faults.status(503, times=None, route=LOOK)

    fake.faults.status(503, route=CANCEL, delay=1.0)
    fake.faults.status(503, route=FORCE, delay=1.0)
    fake.at(fake.now + 0.5 + after, fail)

    with pytest.raises(PromotionOutcomeUnknownError) as caught:
        await door(baseten, stuck)

    assert caught.value.may_have_acted
    assert caught.value.deployment_id == "stuck"
    assert cancels(fake) == 1


async def test_a_client_that_was_closed_meanwhile_cannot_tell(
    fake: FakeBaseten, production: FakeEnvironment
) -> None:
    async with fake.client() as baseten:
        promotion = await baseten.model("m").environment("production").promote("stuck")
        fake.faults.hang(route=CANCEL)
        cancelling = asyncio.create_task(promotion.cancel())
        await asyncio.sleep(5)

    with pytest.raises(PromotionOutcomeUnknownError):
        await cancelling

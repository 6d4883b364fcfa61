"""The main stories with every plausible behaviour of Baseten."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import fields

import pytest

from aiobaseten._waiting import MOST_STALE_S
from aiobaseten.errors import PromotionCanceledError, PromotionFailedError, PromotionSupersededError
from aiobaseten.options import SETTLING_TIME_S
from aiobaseten.testing import Behaviour, FakeBaseten, FakeEnvironment, timelines

from ..story import ONE_LOOK, TWO_LOOKS, Kind, listen, production, promote, set_up

pytestmark = pytest.mark.looptime

ON_THE_WAY: timelines.Steps = [
    ("BUILDING", 5),
    ("SCALED_TO_ZERO", 10),
    ("WAKING_UP", 15),
    "ACTIVE",
]


def difference(behaviour: Behaviour) -> str:
    """The fields that differ from the default."""
    usual = Behaviour()
    return " ".join(
        f"{field.name}={getattr(behaviour, field.name)}"
        for field in fields(behaviour)
        if getattr(behaviour, field.name) != getattr(usual, field.name)
    )


def are(behaviours: Iterable[Behaviour], *kinds: Kind) -> pytest.MarkDecorator:
    """Run a test for each kind and behaviour, except behaviours of chains with models."""
    return pytest.mark.parametrize(
        ("kind", "behaviour"),
        [
            pytest.param(kind, behaviour, id=f"{kind} {difference(behaviour)}")
            for kind in kinds
            for behaviour in behaviours
            if kind == "chain" or not difference(behaviour).startswith("chain_")
        ],
    )


#: What has to do with requests that are refused, which no story here but one sends.
REFUSALS = ("error_body", "retry_after_header", "busy_status", "unready_source", "unknown_key")
#: One at a time: these stories say when a wait ends, which depends on several answers. Pairs of
#: answers are for test_never_wrong.py.
EVERY = list(Behaviour.plausible(one_at_a_time=True))
SHOWN = [one for one in EVERY if not difference(one).startswith(REFUSALS)]


def serves(environment: FakeEnvironment) -> str | None:
    """The id of the deployment that really serves."""
    current = environment.current
    return current.id if current is not None and current.status == "ACTIVE" else None


@are(EVERY, "model", "chain")
async def test_a_candidate_that_sleeps_on_its_way_is_live_when_it_serves(
    behaviour: Behaviour, kind: Kind
) -> None:
    fake = FakeBaseten(behaviour=behaviour)
    environment = set_up(fake, kind, ON_THE_WAY)
    async with fake.client() as baseten:
        promotion = await promote(baseten, kind)

        live = await promotion.wait()

    assert live.id == promotion.deployment_id == serves(environment)
    assert 30 <= fake.now < 30 + ONE_LOOK


@are(SHOWN, "model", "chain")
async def test_a_reused_deployment_is_live_when_traffic_has_moved(
    behaviour: Behaviour, kind: Kind
) -> None:
    fake = FakeBaseten(behaviour=behaviour)
    environment = set_up(fake, kind, traffic_delay=40)
    async with fake.client() as baseten:
        promotion = await promote(baseten, kind)

        await promotion.wait()

    assert promotion.deployment_id == serves(environment)
    assert 40 <= fake.now < 40 + ONE_LOOK


@are(SHOWN, "model", "chain")
@pytest.mark.parametrize(
    ("failure", "at"), [(timelines.BUILD_FAILED, 12), ([("DEPLOYING", 25), "INACTIVE"], 25)]
)
async def test_a_failure_is_noticed_soon(
    behaviour: Behaviour, kind: Kind, failure: timelines.Steps, at: float
) -> None:
    fake = FakeBaseten(behaviour=behaviour)
    environment = set_up(fake, kind, failure)
    async with fake.client() as baseten:
        promotion = await promote(baseten, kind)

        with pytest.raises(PromotionFailedError):
            await promotion.wait()

    assert serves(environment) == "old"
    assert at <= fake.now < at + TWO_LOOKS


@are(SHOWN, "model", "chain")
async def test_a_promotion_that_somebody_cancels_was_cancelled(
    behaviour: Behaviour, kind: Kind
) -> None:
    fake = FakeBaseten(behaviour=behaviour)
    environment = set_up(fake, kind, ON_THE_WAY)
    async with fake.client() as baseten:
        promotion = await promote(baseten, kind)
        fake.at(10, environment.cancel)

        heard = await listen(promotion.events())

    assert isinstance(heard.error, PromotionCanceledError)
    assert serves(environment) == "old"
    ends = 10 + 3 * ONE_LOOK
    if kind == "chain":
        ends += MOST_STALE_S  # no audit log tells of it, and it may be an earlier one
    hides_promotion = kind == "chain" and behaviour.chain_promotion != Behaviour().chain_promotion
    if hides_promotion:
        ends += SETTLING_TIME_S  # it is ready by then, and may have succeeded
    elif behaviour.terminal_promotion_for == 0:
        ends += MOST_STALE_S  # a server that lags behind may show the same
    assert heard.at < ends


@are(SHOWN, "model", "chain")
async def test_a_promotion_that_somebody_replaces_between_two_looks_was_superseded(
    behaviour: Behaviour, kind: Kind
) -> None:
    fake = FakeBaseten(behaviour=behaviour)
    environment = set_up(fake, kind, ON_THE_WAY)
    resource = fake.model("owner") if kind == "model" else fake.chain("owner")
    resource.deployment("other", on_promote=ON_THE_WAY)

    async with fake.client() as baseten:
        promotion = await promote(baseten, kind)
        fake.at(10, environment.cancel)
        # Baseten takes no other promotion before the cancel takes effect.
        fake.at(10 + behaviour.cancel_seen_after, lambda: environment.promote("other"))

        heard = await listen(promotion.events())

    assert heard.at < 10 + 3 * ONE_LOOK
    if behaviour.stale_for or max(behaviour.replica_lags):
        # A look may show the environment between the two.
        assert isinstance(heard.error, PromotionCanceledError | PromotionSupersededError)
        return
    assert isinstance(heard.error, PromotionSupersededError)
    assert environment.candidate is not None
    assert heard.error.by == environment.candidate.id


@are(SHOWN, "model", "chain")
async def test_a_second_promotion_after_a_failure_is_live(behaviour: Behaviour, kind: Kind) -> None:
    """The first promotion lingers."""
    fake = FakeBaseten(behaviour=behaviour)
    environment = set_up(fake, kind, timelines.BUILD_FAILED)
    resource = fake.model("owner") if kind == "model" else fake.chain("owner")
    resource.deployment("better", on_promote=ON_THE_WAY)
    async with fake.client() as baseten:
        first = await promote(baseten, kind)
        with pytest.raises(PromotionFailedError):
            await first.wait()
        if math.isinf(behaviour.failure_noticed_after):
            environment.cancel()  # somebody has to

        second = await production(baseten, kind).promote("better", if_in_progress="wait")
        await second.wait()

    assert second.deployment_id == serves(environment)


@are(SHOWN, "model")
async def test_a_rolling_promotion_is_live_when_the_last_of_the_traffic_has_moved(
    behaviour: Behaviour, kind: Kind
) -> None:
    fake = FakeBaseten(behaviour=behaviour)
    environment = set_up(fake, kind, ramp=[(25, 15), (75, 15)])
    async with fake.client() as baseten:
        promotion = await promote(baseten, kind)
        fake.at(5, environment.pause)
        fake.at(40, environment.resume)

        await promotion.wait()

    assert promotion.deployment_id == serves(environment)
    assert 55 <= fake.now < 55 + ONE_LOOK


@are(SHOWN, "model")
async def test_a_rolling_promotion_that_is_cancelled_was_cancelled_when_traffic_is_back(
    behaviour: Behaviour, kind: Kind
) -> None:
    fake = FakeBaseten(behaviour=behaviour)
    environment = set_up(fake, kind, ramp=[(25, 15), (75, 15)])
    async with fake.client() as baseten:
        promotion = await promote(baseten, kind)
        fake.at(20, environment.cancel)

        with pytest.raises(PromotionCanceledError):
            await promotion.wait()

    assert serves(environment) == "old"
    assert fake.now >= (20 if behaviour.roll_back == "at once" else 50)

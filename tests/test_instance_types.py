"""Moving chainlets to other instance types: a promotion in disguise, sent at most once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiobaseten import Baseten, ChainEnvironmentHandle, ChainPromotion
from aiobaseten.errors import (
    BadRequestError,
    ConfigurationError,
    PromotionInProgressError,
    PromotionOutcomeUnknownError,
)
from aiobaseten.testing import FakeBaseten, FakeEnvironment

pytestmark = pytest.mark.looptime

ROUTE = "POST /v1/chains/{chain_id}/environments/{env_name}/chainlet_settings/instance_types/update"
READ = "GET /v1/chains/{chain_id}/environments/{env_name}"


@pytest.fixture
def production(fake: FakeBaseten) -> FakeEnvironment:
    """An environment in which a deployment with two chainlets serves."""
    chain = fake.chain("c")
    chain.deployment("old", chainlets=["A", "B"])
    chain.deployment("other", on_promote=[("DEPLOYING", 900), "ACTIVE"])
    return chain.environment(
        "production", current="old", traffic_delay=0, redeploy_on_promotion=True
    )


@pytest.fixture
def environment(baseten: Baseten) -> ChainEnvironmentHandle:
    """Its handle."""
    return baseten.chain("c").environment("production")


def posts(fake: FakeBaseten) -> int:
    """Requests that change something."""
    return sum(request.method == "POST" for request in fake.requests)


def types(environment: Any) -> dict[str, str]:
    """The instance type of each chainlet, as an environment shows it."""
    return {
        one["chainlet_name"]: one["instance_type"]["id"]
        for one in environment.to_dict()["chainlet_settings"]
    }


async def test_another_instance_type_is_a_promotion_to_wait_for(
    fake: FakeBaseten, production: FakeEnvironment, environment: ChainEnvironmentHandle
) -> None:
    promotion = await environment.update_instance_types({"A": "2x8"})
    assert promotion is not None
    live = await promotion.wait(timeout=3600)

    (begun,) = production.promotions
    assert live.id == promotion.deployment_id == begun.candidate.id != "old"
    assert promotion.previous_id == "old"
    assert types(await environment.get()) == {"A": "2x8", "B": "1x2"}
    assert posts(fake) == 1


async def test_its_token_goes_on_in_another_process(
    fake: FakeBaseten, production: FakeEnvironment, environment: ChainEnvironmentHandle
) -> None:
    promotion = await environment.update_instance_types({"A": "2x8"})
    assert promotion is not None

    async with fake.client() as another:
        resumed = await another.resume(promotion.token)
        assert isinstance(resumed, ChainPromotion)
        await resumed.wait(timeout=3600)
        back = await resumed.rollback()

    assert back.deployment_id != promotion.deployment_id
    assert len(production.promotions) == 2


async def test_a_type_that_a_chainlet_has_already_needs_no_promotion(
    production: FakeEnvironment, environment: ChainEnvironmentHandle
) -> None:
    assert await environment.update_instance_types({"A": "1x2"}) is None
    assert len(production.promotions) == 0


async def test_an_environment_in_which_nothing_serves_needs_no_promotion(
    fake: FakeBaseten, production: FakeEnvironment, baseten: Baseten
) -> None:
    fake.chain("c").environment("staging")
    staging = baseten.chain("c").environment("staging")

    assert await staging.update_instance_types({"A": "2x8"}) is None
    assert types(await staging.get()) == {"A": "2x8"}


@pytest.mark.parametrize("answer", ["reset", "no id", "nothing of it"])
async def test_a_promotion_whose_answer_was_lost_is_found_and_not_sent_again(
    fake: FakeBaseten,
    production: FakeEnvironment,
    environment: ChainEnvironmentHandle,
    answer: str,
) -> None:
    body = {
        "no id": {"requires_redeployment": True, "chain_deployment": None},
        "nothing of it": {"ok": True},
    }
    if answer == "reset":
        fake.faults.reset(route=ROUTE, acts=True)
    else:
        fake.faults.status(200, body=body[answer], route=ROUTE, acts=True)

    promotion = await environment.update_instance_types({"A": "2x8", "B": "4x16"})

    (begun,) = production.promotions
    assert promotion is not None
    assert promotion.deployment_id == begun.candidate.id
    assert promotion.previous_id == "old"
    assert posts(fake) == 1


async def test_a_request_that_was_lost_on_its_way_is_unknown_and_not_sent_again(
    fake: FakeBaseten, production: FakeEnvironment, environment: ChainEnvironmentHandle
) -> None:
    fake.faults.reset(route=ROUTE)

    with pytest.raises(PromotionOutcomeUnknownError) as caught:
        await environment.update_instance_types({"A": "2x8"})

    assert caught.value.deployment_id is None
    assert caught.value.before.current_deployment.id == "old"
    assert caught.value.after.current_deployment.id == "old"
    assert len(production.promotions) == 0
    assert posts(fake) == 1


async def test_a_promotion_of_an_hour_ago_that_a_late_look_did_not_show_is_not_taken_for_ours(
    fake: FakeBaseten, production: FakeEnvironment, environment: ChainEnvironmentHandle
) -> None:
    late = (await environment.get()).to_dict()
    production.move({"A": "2x8"})
    await asyncio.sleep(3600)
    fake.faults.status(200, body=late, route=READ)
    fake.faults.reset(route=ROUTE)

    with pytest.raises(PromotionOutcomeUnknownError):
        await environment.update_instance_types({"A": "2x8"})


@pytest.mark.parametrize("shown", ["another promotion", "the types before"])
async def test_a_promotion_that_may_be_somebody_else_s_is_not_taken_for_ours(
    fake: FakeBaseten,
    production: FakeEnvironment,
    environment: ChainEnvironmentHandle,
    shown: str,
) -> None:
    """Ours never arrives, and meanwhile somebody promotes, or the types were there before."""
    types_before = shown == "the types before"
    if types_before:
        production.move({"A": "2x8"})
        await asyncio.sleep(3600)
    fake.faults.reset(route=ROUTE, delay=1)
    fake.at(fake.now + 0.5, lambda: production.promote("other"))

    with pytest.raises(PromotionOutcomeUnknownError):
        await environment.update_instance_types({"A": "2x8"})

    assert posts(fake) == 1


async def test_a_lost_answer_with_an_environment_that_cannot_be_read_is_unknown(
    fake: FakeBaseten, production: FakeEnvironment, environment: ChainEnvironmentHandle
) -> None:
    fake.faults.reset(route=ROUTE, acts=True)
    fake.faults.status(503, route=READ, after=1, times=None)

    with pytest.raises(PromotionOutcomeUnknownError) as caught:
        await environment.update_instance_types({"A": "2x8"})

    assert caught.value.after is None
    assert len(production.promotions) == posts(fake) == 1


async def test_a_promotion_under_way_is_left_alone(
    fake: FakeBaseten, production: FakeEnvironment, environment: ChainEnvironmentHandle
) -> None:
    production.promote("other")

    with pytest.raises(PromotionInProgressError):
        await environment.update_instance_types({"A": "2x8"})

    assert posts(fake) == 0


async def test_a_refusal_is_passed_on(
    fake: FakeBaseten, production: FakeEnvironment, environment: ChainEnvironmentHandle
) -> None:
    with pytest.raises(BadRequestError):
        await environment.update_instance_types({"Nobody": "2x8"})

    assert posts(fake) == 1


WRONG: list[Any] = [{}, None, ["A"], {"A": 2}, {"A": ""}, {1: "2x8"}]


@pytest.mark.parametrize("wrong", WRONG)
async def test_invalid_types_are_refused_before_anything_is_sent(
    fake: FakeBaseten, environment: ChainEnvironmentHandle, wrong: Any
) -> None:
    with pytest.raises(ConfigurationError):
        await environment.update_instance_types(wrong)

    assert fake.requests == []

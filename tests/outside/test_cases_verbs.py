"""Writes that Baseten did not act on, acted on without saying so, or refused; and options."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from aiobaseten_generated.models.region import Region

from aiobaseten import Baseten
from aiobaseten.errors import (
    BasetenError,
    ConfigurationError,
    DeploymentFailedError,
    RequestNotActedOnError,
    WaitTimeoutError,
)

from .server import (
    NOT_DONE,
    Kind,
    Reply,
    World,
    client,
    environment_of,
    error,
    every_kind,
    hangs,
    lost,
    ok,
    shows,
)

pytestmark = pytest.mark.looptime


@pytest.mark.parametrize("verb", ["activate", "deactivate"])
async def test_a_deployment_whose_verb_was_not_acted_on_says_so(verb: str) -> None:
    """Baseten answers 200 with success: false."""
    world = World()
    world.model().deployment("d1").on(verb, NOT_DONE)

    async with client(world) as baseten:
        with pytest.raises(RequestNotActedOnError):
            await getattr(baseten.model("m1").deployment("d1"), verb)()


@pytest.mark.parametrize("wrong", ["false", "no", 0, 1, None, "yes"])
@pytest.mark.parametrize("option", ["accept_scaled_to_zero", "wake"])
async def test_a_word_in_place_of_a_boolean_is_refused_before_anything_is_sent(
    option: str, wrong: object
) -> None:
    """Settings come from files: "false" is text, and true as a condition."""
    world = World()
    asleep = world.model().deployment("d1", "SCALED_TO_ZERO")
    asleep.on("wake", then={0: "WAKING_UP", 30: "ACTIVE"})

    async with client(world) as baseten:
        deployment: Any = baseten.model("m1").deployment("d1")
        with pytest.raises(ConfigurationError):
            await deployment.wait_until_active(timeout=600, **{option: wrong})
        with pytest.raises(ConfigurationError):
            deployment.events(timeout=600, **{option: wrong})

    assert world.requests == []


@pytest.mark.parametrize("status", [402, 500, 503])
async def test_a_timeout_after_refused_wakes_says_how_often_and_why(status: int) -> None:
    """The deployment sleeps, and every request to wake it is refused."""
    world = World()
    asleep = world.model().deployment("d1", "SCALED_TO_ZERO")
    asleep.on("wake", error(status, "No capacity in this region"))

    async with client(world) as baseten:
        with pytest.raises(BasetenError) as caught:
            await baseten.model("m1").deployment("d1").wait_until_active(wake=True, timeout=900)

    said = str(caught.value)
    times = len(world.writes("wake"))
    assert times > 0
    assert str(times) in said or (times == 1 and "once" in said)
    assert str(status) in said or "No capacity" in said
    assert "wake=True" not in said


NOT_ANSWERED = [
    pytest.param(error(502, acts=True), id="bad gateway"),
    pytest.param(lost(), id="reset"),
    pytest.param(hangs(), id="no answer"),
    pytest.param(error(408, acts=True), id="gateway gave up"),
    pytest.param(Reply(body="<html>It worked</html>"), id="odd answer"),
]


@pytest.mark.parametrize("reply", NOT_ANSWERED)
async def test_a_failure_from_before_a_retry_without_an_answer_is_not_believed_at_once(
    reply: Reply,
) -> None:
    """The retry was done, but its answer was lost. The first looks still show the old failure."""
    world = World()
    deployment = world.model().deployment("d1", "DEPLOY_FAILED")
    deployment.on("retry", reply, {0: "DEPLOY_FAILED", 40: "DEPLOYING", 90: "ACTIVE"})

    async with client(world) as baseten:
        handle = baseten.model("m1").deployment("d1")
        with pytest.raises(BasetenError):
            await handle.retry()
        live = await handle.wait_until_active(timeout=900)

    assert live.id == "d1"
    assert len(world.writes("retry")) == 1


# --- the same kind, in other places --------------------------------------------------------------


async def test_a_chains_deployment_that_was_not_turned_off_says_so() -> None:
    """Baseten answers 200 with success: false."""
    world = World()
    world.chain().deployment("d1").on("deactivate", NOT_DONE)

    async with client(world) as baseten:
        with pytest.raises(RequestNotActedOnError):
            await baseten.chain("c1").deployment("d1").deactivate()


VERBS = [
    "cancel_promotion",
    "force_cancel_promotion",
    "pause_promotion",
    "resume_promotion",
    "force_roll_forward_promotion",
]


@pytest.mark.parametrize("verb", VERBS)
async def test_an_environment_whose_verb_was_not_acted_on_says_so(verb: str) -> None:
    """Baseten answers 200 with success: false, whatever the verb's documented answer is."""
    world = World()
    production = world.model().environment({0: shows("old", "new", "RAMPING_UP", 50)})
    production.on(verb, NOT_DONE)

    async with client(world) as baseten:
        with pytest.raises(RequestNotActedOnError):
            await getattr(baseten.model("m1").environment("production"), verb)()


@pytest.mark.parametrize(
    "verb", ["cancel", "force_cancel", "pause", "resume", "force_roll_forward"]
)
async def test_a_promotion_whose_verb_was_not_acted_on_says_so(verb: str) -> None:
    """The same, through the promotion."""
    world = World()
    production = world.model().environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RAMPING_UP", 50)})
    production.on(f"{verb}_promotion", NOT_DONE)

    async with client(world) as baseten:
        promotion = await baseten.model("m1").environment("production").promote("new")
        with pytest.raises(RequestNotActedOnError):
            await getattr(promotion, verb)()


@every_kind
async def test_a_promote_that_was_not_acted_on_says_so(kind: Kind) -> None:
    """Baseten answers the promotion itself with success: false. Nothing was lost."""
    world = World()
    world.owner(kind).environment({0: shows("old")}).on("promote", NOT_DONE)

    async with client(world) as baseten:
        with pytest.raises(RequestNotActedOnError):
            await environment_of(baseten, kind).promote("new")

    assert len(world.writes()) == 1


async def test_a_retry_that_was_not_acted_on_says_so_and_why() -> None:
    """Baseten answers with its own form of "not done"."""
    world = World()
    deployment = world.model().deployment("d1", "BUILD_STOPPED")
    answer = {"retried": False, "reason": "It was stopped by a user", "deployment": None}
    deployment.on("retry", ok(answer | {"deployment": deployment.json(0)}))

    async with client(world) as baseten:
        with pytest.raises(RequestNotActedOnError, match="stopped by a user"):
            await baseten.model("m1").deployment("d1").retry()


async def test_a_verb_that_had_nothing_to_do_is_a_success() -> None:
    """The newest form: success, and no_op because it is active already."""
    world = World()
    world.model().deployment("d1").on("activate", ok({"success": True, "no_op": True}))

    async with client(world) as baseten:
        handle = baseten.model("m1").deployment("d1")
        await handle.activate()
        live = await handle.wait_until_active(timeout=60)

    assert live.id == "d1"


@every_kind
async def test_a_word_in_place_of_a_boolean_is_refused_for_promotions_too(kind: Kind) -> None:
    """The promotion is under way; the wait refuses to begin."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on("promote", then={0: shows("new")})

    async with client(world) as baseten:
        promotion: Any = await environment_of(baseten, kind).promote("new")
        sent = len(world.requests)
        with pytest.raises(ConfigurationError):
            await promotion.wait(timeout=60, accept_scaled_to_zero="false")

    assert len(world.requests) == sent


async def test_a_word_in_place_of_a_promotes_boolean_is_refused_before_anything_is_sent() -> None:
    """A promotion that keeps the old deployment running costs money for weeks."""
    world = World()
    world.model().environment({0: shows("old")}).on("promote")

    async with client(world) as baseten:
        handle: Any = baseten.model("m1").environment("production")
        with pytest.raises(ConfigurationError):
            await handle.promote("new", scale_down_previous_deployment="false")

    assert world.requests == []


async def test_a_wake_that_is_refused_at_first_is_asked_for_again() -> None:
    """The first request to wake is answered 503; the second one is accepted."""
    world = World()
    asleep = world.model().deployment("d1", "SCALED_TO_ZERO")
    asleep.on("wake", error(503))
    asleep.on("wake", then={0: "WAKING_UP", 60: "ACTIVE"})

    async with client(world) as baseten:
        live = await baseten.model("m1").deployment("d1").wait_until_active(wake=True, timeout=900)

    assert live.id == "d1"


async def test_a_timeout_after_an_accepted_wake_does_not_advise_to_wake() -> None:
    """Baseten accepted the wake, and the deployment sleeps on."""
    world = World()
    world.model().deployment("d1", "SCALED_TO_ZERO").on("wake")

    async with client(world) as baseten:
        with pytest.raises(WaitTimeoutError) as caught:
            await baseten.model("m1").deployment("d1").wait_until_active(wake=True, timeout=900)

    assert "wake=True" not in str(caught.value)


async def test_a_retry_that_never_arrived_fails_after_the_settling_time() -> None:
    """The retry never arrived, so the failure stays; two minutes are enough to believe it."""
    world = World()
    deployment = world.model().deployment("d1", "DEPLOY_FAILED")
    deployment.on("retry", error(502))

    async with client(world) as baseten:
        handle = baseten.model("m1").deployment("d1")
        with pytest.raises(BasetenError):
            await handle.retry()
        with pytest.raises(DeploymentFailedError):
            await handle.wait_until_active(timeout=900)

    assert 115 <= world.now() < 200


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_a_failure_from_before_a_refused_retry_is_believed_at_once(status: int) -> None:
    """Baseten refused the retry for certain: the failure is today's."""
    world = World()
    world.model().deployment("d1", "DEPLOY_FAILED").on("retry", error(status))

    async with client(world) as baseten:
        handle = baseten.model("m1").deployment("d1")
        with pytest.raises(BasetenError):
            await handle.retry()
        with pytest.raises(DeploymentFailedError):
            await handle.wait_until_active(timeout=900)

    assert world.now() < 10


@pytest.mark.parametrize("reply", NOT_ANSWERED)
async def test_a_deployment_that_was_off_before_an_activate_without_an_answer_may_come_up(
    reply: Reply,
) -> None:
    """The activation was done, but its answer was lost."""
    world = World()
    deployment = world.model().deployment("d1", "INACTIVE")
    deployment.on("activate", reply, {0: "INACTIVE", 40: "DEPLOYING", 90: "ACTIVE"})

    async with client(world) as baseten:
        handle = baseten.model("m1").deployment("d1")
        with pytest.raises(BasetenError):
            await handle.activate()
        live = await handle.wait_until_active(timeout=900)

    assert live.id == "d1"


async def test_a_chain_lists_environments_with_the_schema_of_a_model_s() -> None:
    """As every published spec declares the list: the deployments have no chainlets."""
    settings = {
        "min_replica": 0,
        "max_replica": 1,
        "autoscaling_window": None,
        "scale_down_delay": None,
        "concurrency_target": 1,
        "target_utilization_percentage": None,
    }
    deployment = {
        "id": "d1",
        "created_at": "2026-08-22T10:00:00Z",
        "name": "d1",
        "model_id": "c1",
        "is_production": True,
        "is_development": False,
        "status": "ACTIVE",
        "active_replica_count": 1,
        "autoscaling_settings": settings,
        "instance_type_name": "1x2",
        "environment": "production",
        "region": {"slug": "us", "display_name": "United States"},
        "request_backpressure_settings": {"policy": None},
    }
    environment = {
        "name": "production",
        "created_at": "2026-08-22T10:00:00Z",
        "model_id": "c1",
        "current_deployment": deployment,
        "autoscaling_settings": settings,
        "promotion_settings": {},
        "instance_type": {"id": "1x2", "name": "1x2"},
        "request_backpressure_settings": {"policy": None},
    }

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"environments": [environment]})

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http,
        Baseten(api_key="test-key", http_client=http) as baseten,
    ):
        (listed,) = await baseten.chain("c1").list_environments()

    assert listed.name == "production"
    assert listed.current_deployment is not None
    assert (listed.current_deployment.id, listed.current_deployment.status) == ("d1", "ACTIVE")
    assert listed.to_dict()["model_id"] == "c1"


async def test_the_region_of_a_deployment_has_a_slug_and_a_name() -> None:
    world = World()
    deployment = world.model().deployment("d1", "ACTIVE")
    region = {"slug": "us", "display_name": "United States"}
    answer = {**(deployment.json(0) or {}), "region": region}

    def send(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=answer)

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(send)) as http,
        Baseten(api_key="test-key", http_client=http) as baseten,
    ):
        found = (await baseten.model("m1").deployment("d1").get()).region

    assert isinstance(found, Region)
    assert (found.slug, found.display_name) == ("us", "United States")

"""Whole stories, each with the outcome that a platform engineer would call right."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from aiobaseten import ChainPromotion, ModelPromotion
from aiobaseten.errors import (
    BadRequestError,
    DeploymentFailedError,
    NotFoundError,
    PermissionDeniedError,
    PromotionCanceledError,
    PromotionFailedError,
    PromotionOutcomeUnknownError,
    PromotionPausedError,
    PromotionSupersededError,
    WaitTimeoutError,
)
from aiobaseten.events import Finished, PromotionPaused, PromotionResumed, TrafficShifted

from .server import (
    NOTHING_TO_CANCEL,
    Kind,
    Reply,
    World,
    client,
    environment_of,
    error,
    every_kind,
    hangs,
    heard,
    limited,
    lost,
    made,
    parts,
    shows,
    unreachable,
)

pytestmark = pytest.mark.looptime


async def test_a_rolling_promotion_is_followed_through_a_pause_to_its_end() -> None:
    """A colleague pauses the rollout at half of the traffic for half an hour, then resumes it."""
    world = World()
    production = world.model().environment({0: shows("old")})
    production.on(
        "promote",
        then={
            0: shows("old", "new", "RELEASING"),
            300: shows("old", "new", "RAMPING_UP", 25),
            600: shows("old", "new", "PAUSED", 50),
            2400: shows("old", "new", "RAMPING_UP", 50),
            2700: shows("old", "new", "RAMPING_UP", 75),
            3000: shows("new", None, "SUCCEEDED", 100),
        },
    )

    async with client(world) as baseten:
        promotion = await baseten.model("m1").environment("production").promote("new")
        seen, end = await heard(promotion.events(timeout=None))

    assert end is None
    assert [one.percent for one in seen if isinstance(one, TrafficShifted)][:4] == [25, 50, 75, 100]
    assert sum(isinstance(one, PromotionPaused) for one in seen) == 1
    assert sum(isinstance(one, PromotionResumed) for one in seen) == 1
    assert isinstance(seen[-1], Finished)
    assert seen[-1].result.id == "new"
    assert 3000 <= world.now() < 3030


async def test_a_candidate_that_sleeps_before_it_ever_loaded_is_not_live() -> None:
    """The published timeline: asleep after 13 s, ACTIVE only after ten minutes."""
    world = World()
    model = world.model()
    statuses = {0: "BUILDING", 11.5: "DEPLOYING", 12.9: "SCALED_TO_ZERO", 24.3: "WAKING_UP"}
    model.deployment("new", {**statuses, 631: "ACTIVE"})
    production = model.environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 640: shows("new")})

    async with client(world) as baseten:
        promotion = await baseten.model("m1").environment("production").promote("new")
        live = await promotion.wait(timeout=1800, accept_scaled_to_zero=True)

    assert live.id == "new"
    assert 640 <= world.now() < 660


async def test_a_chain_is_live_when_the_chainlet_that_fell_asleep_is_awake_again() -> None:
    """Entry is up early and falls asleep while Worker loads. Chains swap at once."""
    world = World()
    chain = world.chain()
    chain.shows_promotions = False
    chain.deployment(
        "new",
        {
            0: parts("DEPLOYING", Entry="ACTIVE", Worker="BUILDING"),
            100: parts("DEPLOYING", Entry="SCALED_TO_ZERO", Worker="LOADING_MODEL"),
            200: parts("ACTIVE", Entry="WAKING_UP", Worker="ACTIVE"),
            260: "ACTIVE",
        },
    )
    production = chain.environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new"), 210: shows("new")})

    async with client(world) as baseten:
        promotion = await baseten.chain("c1").environment("production").promote("new")
        live = await promotion.wait(timeout=1800)

    assert live.id == "new"
    assert 260 <= world.now() < 280


@every_kind
async def test_a_candidate_that_is_silently_given_up_fails_the_promotion(kind: Kind) -> None:
    """No GPU for half an hour; then the candidate is INACTIVE, without any error."""
    world = World()
    owner = world.owner(kind)
    owner.deployment("new", {0: "DEPLOYING", 1800: "INACTIVE"})
    production = owner.environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 1800: shows("old", "new")})

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("new")
        with pytest.raises(PromotionFailedError, match="INACTIVE"):
            await promotion.wait(timeout=3600)

    assert 1800 <= world.now() < 2000


@every_kind
async def test_a_deployment_that_is_not_shown_yet_is_waited_for(kind: Kind) -> None:
    """A deployment that was just pushed answers 404 for some seconds."""
    world = World()
    world.owner(kind).deployment("d1", {0: None, 15: "BUILDING", 200: "ACTIVE"})

    async with client(world) as baseten:
        resource: Any = baseten.model("m1") if kind == "model" else baseten.chain("c1")
        live = await resource.deployment("d1").wait_until_active(timeout=600)
        with pytest.raises(NotFoundError):
            await resource.deployment("misspelt").wait_until_active(timeout=600)

    assert live.id == "d1"
    assert world.now() < 280


async def test_a_paused_promotion_is_resumed_by_another_process_after_its_timeout() -> None:
    """The first job gives up while it is paused. The second one has nothing but the token."""
    world = World()
    production = world.model().environment({0: shows("old")})
    production.on(
        "promote",
        then={0: shows("old", "new", "RAMPING_UP", 10), 60: shows("old", "new", "PAUSED", 20)},
    )
    production.on(
        "resume_promotion", then={0: shows("old", "new", "RAMPING_UP", 20), 90: shows("new")}
    )

    async with client(world) as first:
        promotion = await first.model("m1").environment("production").promote("new")
        with pytest.raises(WaitTimeoutError, match="paused") as caught:
            await promotion.wait(timeout=600)
    assert caught.value.token is not None
    async with client(world) as second:
        resumed = await second.resume(caught.value.token)
        assert isinstance(resumed, ModelPromotion)
        with pytest.raises(PromotionPausedError):
            await resumed.wait(timeout=600, on_paused="raise")
        await resumed.resume()
        live = await resumed.wait(timeout=600)

    assert live.id == "new"
    assert resumed.previous_id == "old"


async def test_a_promotion_that_is_rolled_forward_while_it_is_rolled_back_is_live() -> None:
    """Somebody cancels, somebody else rolls forward by force: in the end it serves."""
    world = World()
    production = world.model().environment({0: shows("old")})
    production.on(
        "promote",
        then={
            0: shows("old", "new", "RAMPING_UP", 60),
            60: shows("old", "new", "RAMPING_DOWN", 40),
            120: shows("old", "new", "RAMPING_UP", 100),
            150: shows("new"),
        },
    )

    async with client(world) as baseten:
        promotion = await baseten.model("m1").environment("production").promote("new")
        live = await promotion.wait(timeout=900)

    assert live.id == "new"


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(lost(), id="reset"),
        pytest.param(hangs(), id="no answer"),
        pytest.param(error(504, acts=True), id="gateway timeout"),
        pytest.param(Reply(body="<html>done</html>"), id="odd answer"),
    ],
)
async def test_a_promotion_whose_answer_was_lost_is_found_under_the_name_that_baseten_gave_it(
    reply: Reply,
) -> None:
    """Baseten made a deployment for the promotion; only its name tells that it is ours."""
    world = World()
    model = world.model()
    model.deployment("new", name="ranker-v7")
    model.deployment("made1", name="ranker-v7.1768269232")
    production = model.environment({0: shows("old")})
    production.on("promote", reply, {0: shows("old", "made1", "RELEASING"), 120: shows("made1")})

    async with client(world) as baseten:
        promotion = await baseten.model("m1").environment("production").promote("new")
        live = await promotion.wait(timeout=900)

    assert live.id == promotion.deployment_id == "made1"
    assert len(world.writes()) == 1


@every_kind
async def test_somebody_elses_promotion_is_not_taken_for_the_one_whose_answer_was_lost(
    kind: Kind,
) -> None:
    """Our request never arrived; a colleague's did, in the same second."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on("promote", lost(), {0: shows("old", "z", "RELEASING"), 120: shows("z")})

    async with client(world) as baseten:
        with pytest.raises(PromotionOutcomeUnknownError):
            await environment_of(baseten, kind).promote("new")

    assert len(world.writes()) == 1


@every_kind
async def test_a_promotion_that_was_refused_for_the_rate_is_sent_again_after_the_pause(
    kind: Kind,
) -> None:
    """429 says that the server did not act, and when to come back. No connection says so, too."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on("promote", limited(20))
    production.on("promote", unreachable())
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 60: shows("new")})

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("new")
        live = await promotion.wait(timeout=900)

    assert live.id == "new"
    sent = world.writes("promote")
    assert len(sent) == 3
    assert sent[1].at - sent[0].at >= 20


@every_kind
async def test_a_promotion_is_live_after_an_outage_in_its_middle(kind: Kind) -> None:
    """Ten minutes of resets, maintenance pages, refused connections and hanging requests."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 500: shows("new")})
    world.trouble(lost(), since=30, until=120)
    world.trouble(Reply(503, "<html>Back soon</html>"), since=120, until=300)
    world.trouble(unreachable(), since=300, until=420)
    world.trouble(hangs(), since=420, until=600)

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("new")
        live = await promotion.wait(timeout=1800)

    assert live.id == "new"
    assert 600 <= world.now() < 700


async def test_a_key_that_is_revoked_ends_a_wait_and_a_proxys_page_does_not() -> None:
    """Baseten's 403 is JSON. A 403 in HTML comes from something in front of it, and passes."""
    world = World()
    world.model().deployment("d1", {0: "BUILDING", 100: "ACTIVE"})
    world.model().deployment("d2", "BUILDING")
    world.trouble(Reply(403, "<html>Access denied</html>"), since=30, until=50)
    world.trouble(error(403, "Authorization error"), "deployments/d2", since=200)

    async with client(world) as baseten:
        model = baseten.model("m1")
        live = await model.deployment("d1").wait_until_active(timeout=900)
        with pytest.raises(PermissionDeniedError):
            await model.deployment("d2").wait_until_active(timeout=900)

    assert live.id == "d1"
    assert 200 <= world.now() < 240


async def test_a_sleeping_deployment_is_woken_once_and_waited_for() -> None:
    """Waking takes three minutes, and the first minute it still shows itself asleep."""
    world = World()
    asleep = world.model().deployment("d1", "SCALED_TO_ZERO")
    asleep.on("wake", then={0: "SCALED_TO_ZERO", 60: "WAKING_UP", 171: "ACTIVE"})

    async with client(world) as baseten:
        deployment = baseten.model("m1").deployment("d1")
        live = await deployment.wait_until_active(timeout=900, wake=True, settling_time=10)

    assert live.id == "d1"
    assert len(world.writes("wake")) == 1
    assert world.now() < 200


@every_kind
async def test_an_unhealthy_deployment_may_recover_and_fails_if_it_does_not(kind: Kind) -> None:
    """One is unhealthy for four minutes, the other for good."""
    world = World()
    owner = world.owner(kind)
    owner.deployment("well", {0: "UNHEALTHY", 240: "ACTIVE"})
    owner.deployment("ill", "UNHEALTHY")

    async with client(world) as baseten:
        resource: Any = baseten.model("m1") if kind == "model" else baseten.chain("c1")
        live = await resource.deployment("well").wait_until_active(timeout=3600)
        assert 240 <= world.now() < 260
        with pytest.raises(DeploymentFailedError, match="UNHEALTHY"):
            await resource.deployment("ill").wait_until_active(timeout=3600)

    assert live.id == "well"
    assert 540 <= world.now() < 600


async def test_a_deployment_that_is_turned_on_is_active_two_minutes_later() -> None:
    """As recorded: INACTIVE for some seconds after the request, DEPLOYING, ACTIVE at 114 s."""
    world = World()
    deployment = world.model().deployment("d1", "INACTIVE")
    deployment.on("activate", then={0: "INACTIVE", 19: "DEPLOYING", 114: "ACTIVE"})

    async with client(world) as baseten:
        handle = baseten.model("m1").deployment("d1")
        await handle.activate()
        live = await handle.wait_until_active(timeout=900)

    assert live.id == "d1"
    assert 114 <= world.now() < 130


async def test_a_promotion_that_a_colleague_cancels_is_cancelled_when_traffic_is_back() -> None:
    """Through the UI, at 40 %: two minutes until the traffic is back."""
    world = World()
    production = world.model().environment({0: shows("old")})
    production.on(
        "promote",
        then={
            0: shows("old", "new", "RAMPING_UP", 40),
            60: shows("old", "new", "RAMPING_DOWN", 20),
            180: shows("old", None, "CANCELED"),
        },
    )

    async with client(world) as baseten:
        promotion = await baseten.model("m1").environment("production").promote("new")
        with pytest.raises(PromotionCanceledError):
            await promotion.wait(timeout=1800)
        with pytest.raises(PromotionCanceledError):
            await promotion.wait(timeout=1800)

    assert 180 <= world.now() < 400


@every_kind
async def test_an_environment_that_is_deleted_ends_the_wait_for_its_promotion(kind: Kind) -> None:
    """Baseten cancels the promotion and answers 404 from then on."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING")})
    world.trouble(error(404, "No Oracle matches the given query."), "environments", since=60)

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("new")
        with pytest.raises(NotFoundError):
            await promotion.wait(timeout=1800)

    assert 60 <= world.now() < 120


@every_kind
async def test_fifty_waits_on_one_promotion_cost_as_much_as_one(kind: Kind) -> None:
    """Fifty tasks of a service wait for the same release."""
    requests = []
    for count in (1, 50):
        world = World()
        production = world.owner(kind).environment({0: shows("old")})
        production.on("promote", then={0: shows("old", "new", "RELEASING"), 300: shows("new")})
        async with client(world) as baseten:
            promotion: Any = await environment_of(baseten, kind).promote("new")
            waits = [promotion.wait(timeout=900) for _ in range(count)]
            live = await asyncio.gather(*waits)
        assert {one.id for one in live} == {"new"}
        assert world.now() < 330
        requests.append(len(world.requests))

    assert requests[1] <= requests[0] + 2


@every_kind
async def test_a_job_that_dies_right_after_its_promote_is_taken_over_by_the_next(
    kind: Kind,
) -> None:
    """The token was stored before the request. The answer never reached the first process."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on("promote", hangs(), {0: shows("old", "new", "RELEASING"), 300: shows("new")})
    stored: list[str] = []

    async def store(token: str) -> None:
        stored.append(token)

    async with client(world) as first:
        handle: Any = environment_of(first, kind)
        job = asyncio.create_task(handle.promote("new", before_sending=store))
        await asyncio.sleep(2)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
    async with client(world) as second:
        promotion = await second.resume(stored[0])
        assert isinstance(promotion, ModelPromotion | ChainPromotion)
        live = await promotion.wait(timeout=900)

    assert live.id == "new"
    assert promotion.previous_id == "old"
    assert len(world.writes()) == 1


@every_kind
async def test_a_promotion_of_what_serves_already_follows_the_deployment_that_is_made_for_it(
    kind: Kind,
) -> None:
    """Promoted again after a change of settings: Baseten makes a deployment with another id."""
    world = World()
    owner = world.owner(kind)
    production = owner.environment({0: shows("live")})
    owner.deployment("live2", {0: "DEPLOYING", 100: "LOADING_MODEL", 200: "ACTIVE"})
    production.on(
        "promote", made("live2"), {0: shows("live", "live2", "RELEASING"), 210: shows("live2")}
    )

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("live")
        live = await promotion.wait(timeout=900)

    assert live.id == promotion.deployment_id == "live2"
    assert 210 <= world.now() < 230


@every_kind
async def test_a_failed_candidate_that_lingers_without_a_promotion_fails_the_wait(
    kind: Kind,
) -> None:
    """No promotion is shown any more, only a candidate that did not build."""
    world = World()
    owner = world.owner(kind)
    owner.deployment("new", {0: "BUILDING", 90: "BUILD_FAILED"})
    production = owner.environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 95: shows("old", "new")})

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("new")
        with pytest.raises(PromotionFailedError, match="BUILD_FAILED"):
            await promotion.wait(timeout=1800)

    assert 90 <= world.now() < 150


@every_kind
async def test_a_promotion_that_another_one_pushes_out_is_superseded_by_it(kind: Kind) -> None:
    """Before ours was live, a colleague's candidate stands in its place."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on(
        "promote",
        then={
            0: shows("old", "new", "RELEASING"),
            60: shows("old", "z", "RELEASING"),
            400: shows("z"),
        },
    )

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("new")
        with pytest.raises(PromotionSupersededError) as caught:
            await promotion.wait(timeout=1800)

    assert caught.value.by == "z"


async def test_a_cancellation_without_a_promotion_is_refused_and_changes_nothing() -> None:
    """It was over before the operator pressed the button."""
    world = World()
    production = world.model().environment({0: shows("new")})
    production.on("cancel_promotion", NOTHING_TO_CANCEL)

    async with client(world) as baseten:
        with pytest.raises(BadRequestError, match="no in progress promotion"):
            await baseten.model("m1").environment("production").cancel_promotion()

    assert len(world.writes()) == 1


@every_kind
async def test_a_status_that_nobody_knows_is_waited_through_and_named(kind: Kind) -> None:
    """Baseten has a new status between building and loading."""
    world = World()
    owner = world.owner(kind)
    owner.deployment("d1", {0: "BUILDING", 60: "HIBERNATING", 120: "ACTIVE"})
    owner.deployment("d2", {0: "BUILDING", 60: "HIBERNATING"})

    async with client(world) as baseten:
        resource: Any = baseten.model("m1") if kind == "model" else baseten.chain("c1")
        live = await resource.deployment("d1").wait_until_active(timeout=600)
        with pytest.raises(WaitTimeoutError, match="HIBERNATING"):
            await resource.deployment("d2").wait_until_active(timeout=600)

    assert live.id == "d1"


@every_kind
async def test_two_environments_are_promoted_to_at_once(kind: Kind) -> None:
    """One of them goes live, the other one fails: neither hears of the other."""
    world = World()
    owner = world.owner(kind)
    staging = owner.environment({0: shows("s0")}, name="staging")
    staging.on("promote", then={0: shows("s0", "s1", "RELEASING"), 60: shows("s0", "s1", "FAILED")})
    production = owner.environment({0: shows("p0")})
    production.on("promote", then={0: shows("p0", "p1", "RELEASING"), 120: shows("p1")})

    async with client(world) as baseten:
        resource: Any = baseten.model("m1") if kind == "model" else baseten.chain("c1")
        promotions = await asyncio.gather(
            resource.environment("staging").promote("s1"),
            resource.environment("production").promote("p1"),
        )
        waits: list[Any] = [each.wait(timeout=900) for each in promotions]
        failed, live = await asyncio.gather(*waits, return_exceptions=True)

    assert isinstance(failed, PromotionFailedError)
    assert not isinstance(live, BaseException)
    assert live.id == "p1"


@every_kind
async def test_a_wait_that_its_caller_leaves_sends_nothing_more(kind: Kind) -> None:
    """One caller cancels its task, the other one leaves the loop over events."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING")})

    async with client(world) as baseten:
        promotion: Any = await environment_of(baseten, kind).promote("new")
        task = asyncio.create_task(promotion.wait(timeout=900))
        async with aclosing(promotion.events(timeout=900)) as events:
            async for _ in events:
                break
        await world.until(60)
        task.cancel()
        await asyncio.sleep(11)
        sent = len(world.requests)
        await world.until(900)

    assert sent > 2
    assert len(world.requests) == sent


@every_kind
async def test_the_first_promotion_of_an_environment_is_live_without_a_predecessor(
    kind: Kind,
) -> None:
    """Nothing has ever served here."""
    world = World()
    production = world.owner(kind).environment({0: shows(None)})
    production.on("promote", then={0: shows(None, "new", "RELEASING"), 90: shows("new")})

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("new")
        live = await promotion.wait(timeout=900)

    assert live.id == "new"
    assert promotion.previous_id is None

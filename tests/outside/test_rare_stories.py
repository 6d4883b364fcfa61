"""Rarer stories: replicas in the way, somebody else in between, and ends that nobody saw."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiobaseten import Cancellation
from aiobaseten.errors import (
    BadRequestError,
    PromotionCanceledError,
    PromotionFailedError,
    WaitTimeoutError,
)

from .server import (
    CANCELED,
    RAMPING_DOWN,
    Kind,
    Reply,
    World,
    client,
    environment_of,
    error,
    every_kind,
    hangs,
    limited,
    lost,
    most_in_a_second,
    ok,
    shows,
)

pytestmark = pytest.mark.looptime

every_lag = pytest.mark.parametrize("lag", [1, 2, 4, 8])


# --- cancellations -------------------------------------------------------------------------------


@pytest.mark.parametrize("by_token", [False, True])
async def test_a_cancellation_is_over_although_a_colleague_promotes_right_after_it(
    by_token: bool,
) -> None:
    """Traffic is back, and the next promotion is under way before anybody looks again."""
    world = World()
    production = world.model().environment({0: shows("old", "new", "RAMPING_UP", 40)})
    production.on(
        "cancel_promotion",
        RAMPING_DOWN,
        {0: shows("old", "new", "RAMPING_DOWN", 40), 60: shows("old", "z", "RELEASING")},
    )

    async with client(world) as baseten:
        cancellation = await baseten.model("m1").environment("production").cancel_promotion()
        if by_token:
            resumed = await baseten.resume(cancellation.token)
            assert isinstance(resumed, Cancellation)
            cancellation = resumed
        await cancellation.wait(timeout=900)

    assert 60 <= world.now() < 200


@pytest.mark.parametrize("end", [shows(None), shows(None, "new", "CANCELED"), shows(None, "new")])
async def test_a_cancelled_first_promotion_is_over_when_nothing_runs(end: Any) -> None:
    """Nothing served before, so there is nothing for traffic to go back to."""
    world = World()
    production = world.model().environment({0: shows(None, "new", "RELEASING")})
    production.on("cancel_promotion", CANCELED, {30: end})

    async with client(world) as baseten:
        cancellation = await baseten.model("m1").environment("production").cancel_promotion()
        environment = await cancellation.wait(timeout=900)

    assert environment.current_deployment is None
    assert 30 <= world.now() < 200


@pytest.mark.parametrize("candidate", [None, "live"])
async def test_a_cancelled_promotion_of_what_serves_already_is_over_and_not_superseded(
    candidate: str | None,
) -> None:
    """The id that was promoted again served before, too: its serving is no sign of success."""
    world = World()
    production = world.model().environment({0: shows("live")})
    production.on("promote", then={0: shows("live", candidate, "RAMPING_UP", 30)})
    production.on(
        "cancel_promotion",
        RAMPING_DOWN,
        {0: shows("live", candidate, "RAMPING_DOWN", 20), 60: shows("live", None, "CANCELED")},
    )

    async with client(world) as baseten:
        promotion = await baseten.model("m1").environment("production").promote("live")
        await world.until(30)
        await (await promotion.cancel()).wait(timeout=900)
        with pytest.raises(PromotionCanceledError):
            await promotion.wait(timeout=900)

    assert 90 <= world.now() < 300


async def test_a_cancellation_whose_answer_was_lost_shows_in_the_promotion() -> None:
    """A gateway gave up, but Baseten cancelled."""
    world = World()
    production = world.model().environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RAMPING_UP", 30)})
    production.on("cancel_promotion", error(502, acts=True), {60: shows("old", None, "CANCELED")})

    async with client(world) as baseten:
        promotion = await baseten.model("m1").environment("production").promote("new")
        cancellation = await promotion.cancel()
        with pytest.raises(PromotionCanceledError):
            await promotion.wait(timeout=900)

    assert cancellation.deployment_id == "new"
    assert len(world.writes("cancel_promotion")) == 1


async def test_a_promotion_and_its_cancellation_are_waited_for_at_once() -> None:
    """A service waits for its promotion in one task; an operator cancels it in another."""
    world = World()
    production = world.model().environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RAMPING_UP", 30)})
    production.on(
        "cancel_promotion",
        RAMPING_DOWN,
        {0: shows("old", "new", "RAMPING_DOWN", 15), 90: shows("old", None, "CANCELED")},
    )

    async with client(world) as baseten:
        promotion = await baseten.model("m1").environment("production").promote("new")
        service = asyncio.create_task(promotion.wait(timeout=900))
        await world.until(60)
        environment = await (await promotion.cancel()).wait(timeout=900)
        with pytest.raises(PromotionCanceledError):
            await service

    assert environment.current_deployment is not None
    assert environment.current_deployment.id == "old"
    assert 150 <= world.now() < 300


async def test_a_candidate_that_breaks_while_it_is_rolled_back_was_cancelled_and_did_not_fail() -> (
    None
):
    """Somebody cancelled; with less traffic the candidate falls over, which no longer matters."""
    world = World()
    model = world.model()
    model.deployment("new", {0: "ACTIVE", 80: "FAILED"})
    production = model.environment({0: shows("old")})
    production.on(
        "promote",
        then={
            0: shows("old", "new", "RAMPING_UP", 30),
            60: shows("old", "new", "RAMPING_DOWN", 15),
            120: shows("old", "new", "CANCELED"),
        },
    )

    async with client(world) as baseten:
        promotion = await baseten.model("m1").environment("production").promote("new")
        with pytest.raises(PromotionCanceledError):
            await promotion.wait(timeout=900)

    assert 120 <= world.now() < 300


# --- replicas ------------------------------------------------------------------------------------


@every_lag
@every_kind
async def test_a_promotion_that_no_replica_shows_yet_is_waited_for(kind: Kind, lag: float) -> None:
    """Every read is some seconds old, the first ones from before the promotion."""
    world = World(lags=(lag,))
    production = world.owner(kind).environment({0: shows("old", None, "CANCELED")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 90: shows("new")})

    async with client(world) as baseten:
        await world.until(60)
        promotion = await environment_of(baseten, kind).promote("new")
        live = await promotion.wait(timeout=900)

    assert live.id == "new"
    assert promotion.previous_id == "old"


@every_lag
async def test_a_promotion_whose_answer_was_lost_is_found_behind_a_replica_that_lags(
    lag: float,
) -> None:
    """The environment is read back, and the first reads are from before the promotion."""
    world = World(lags=(lag,))
    production = world.model().environment({0: shows("old")})
    production.on("promote", lost(), {0: shows("old", "new", "RELEASING"), 90: shows("new")})

    async with client(world) as baseten:
        await world.until(60)
        promotion = await baseten.model("m1").environment("production").promote("new")
        live = await promotion.wait(timeout=900)

    assert live.id == "new"
    assert len(world.writes()) == 1


@every_lag
async def test_a_failure_from_before_a_retry_seen_again_decides_nothing(lag: float) -> None:
    """After the retry one replica shows BUILDING, and the next one still the failure."""
    world = World(lags=(0, lag))
    deployment = world.model().deployment("d1", "BUILD_FAILED")
    deployment.on("retry", then={0: "BUILDING", 90: "ACTIVE"})

    async with client(world) as baseten:
        await world.until(60)
        handle = baseten.model("m1").deployment("d1")
        await handle.retry()
        live = await handle.wait_until_active(timeout=900)

    assert live.id == "d1"


@every_lag
async def test_a_deployment_that_was_turned_on_is_not_off_because_a_replica_lags(
    lag: float,
) -> None:
    """After the activation one replica shows DEPLOYING, and the next one still INACTIVE."""
    world = World(lags=(0, lag))
    deployment = world.model().deployment("d1", "INACTIVE")
    deployment.on("activate", then={0: "DEPLOYING", 90: "ACTIVE"})

    async with client(world) as baseten:
        await world.until(60)
        handle = baseten.model("m1").deployment("d1")
        await handle.activate()
        live = await handle.wait_until_active(timeout=900)

    assert live.id == "d1"


@every_lag
async def test_a_colleagues_cancellation_is_told_from_a_replica_that_lags(lag: float) -> None:
    """Replicas alternate to the end; the cancellation is real, and both show it."""
    world = World(lags=(0, lag))
    production = world.model().environment({0: shows("old")})
    production.on(
        "promote",
        then={
            0: shows("old", "new", "RAMPING_UP", 40),
            60: shows("old", "new", "RAMPING_DOWN", 20),
            120: shows("old"),
        },
    )

    async with client(world) as baseten:
        await world.until(60)
        promotion = await baseten.model("m1").environment("production").promote("new")
        with pytest.raises(PromotionCanceledError):
            await promotion.wait(timeout=900)

    assert 180 <= world.now() < 480


# --- ends that nobody saw ------------------------------------------------------------------------


@pytest.mark.parametrize("lingers", [None, "FAILED", "CANCELED", "SUCCEEDED"])
@every_kind
async def test_a_promotion_that_was_over_between_two_looks_is_live(
    kind: Kind, lingers: str | None
) -> None:
    """It was never shown as a candidate; the state of an earlier promotion still stands there."""
    world = World()
    production = world.owner(kind).environment({0: shows("old", None, lingers, message="boom")})
    production.on("promote", then={0: shows("new", None, lingers, message="boom")})

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("new")
        live = await promotion.wait(timeout=900)

    assert live.id == "new"


@every_kind
async def test_a_deployment_that_breaks_right_after_it_went_live_fails_with_the_traffic(
    kind: Kind,
) -> None:
    """The swap is done, and the new deployment does not stay up: traffic is on it."""
    world = World()
    owner = world.owner(kind)
    owner.deployment("new", {0: "LOADING_MODEL", 70: "FAILED"})
    production = owner.environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 60: shows("new")})

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("new")
        with pytest.raises(PromotionFailedError) as caught:
            await promotion.wait(timeout=900)

    assert "stays on" not in str(caught.value)
    assert "traffic" in str(caught.value)


@pytest.mark.parametrize("accept", [True, False])
async def test_a_live_deployment_that_sleeps_is_ready_only_for_those_who_accept_it(
    accept: bool,
) -> None:
    """It was promoted while nobody sent requests, and fell asleep after the swap."""
    world = World()
    model = world.model()
    model.deployment("new", {0: "ACTIVE", 50: "SCALED_TO_ZERO"})
    production = model.environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 60: shows("new")})

    async with client(world) as baseten:
        promotion = await baseten.model("m1").environment("production").promote("new")
        if accept:
            live = await promotion.wait(timeout=900, accept_scaled_to_zero=True)
            assert live.id == "new"
        else:
            with pytest.raises(WaitTimeoutError, match="SCALED_TO_ZERO"):
                await promotion.wait(timeout=900)


async def test_traffic_that_goes_down_for_a_while_is_no_failure() -> None:
    """Replicas come and go: the share falls from 50 to 40 percent, and rises again."""
    world = World()
    production = world.model().environment({0: shows("old")})
    production.on(
        "promote",
        then={
            0: shows("old", "new", "RAMPING_UP", 50),
            60: shows("old", "new", "RAMPING_UP", 40),
            900: shows("old", "new", "RAMPING_UP", 80),
            1000: shows("new"),
        },
    )

    async with client(world) as baseten:
        promotion = await baseten.model("m1").environment("production").promote("new")
        live = await promotion.wait(timeout=3600)

    assert live.id == "new"


@pytest.mark.parametrize("end", ["FAILED", "CANCELED", None])
@every_kind
async def test_a_job_that_waited_for_somebody_elses_failed_promotion_promotes(
    kind: Kind, end: str | None
) -> None:
    """The colleague's promotion comes to nothing; ours is next."""
    world = World()
    owner = world.owner(kind)
    owner.deployment("z", {0: "BUILDING", 60: "BUILD_FAILED"})
    production = owner.environment(
        {0: shows("old", "z", "RELEASING"), 60: shows("old", None, end, message="boom")}
    )
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 60: shows("new")})

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("new", if_in_progress="wait")
        live = await promotion.wait(timeout=900)

    assert live.id == "new"
    assert promotion.previous_id == "old"


async def test_adopting_a_candidate_that_failed_promotes_again() -> None:
    """The last attempt did not build. Nobody wants to follow that."""
    world = World()
    model = world.model()
    model.deployment("new", {0: "BUILD_FAILED", 30: "ACTIVE"})
    production = model.environment({0: shows("old", "new", "FAILED", message="boom")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 60: shows("new")})

    async with client(world) as baseten:
        handle = baseten.model("m1").environment("production")
        live = await (await handle.promote("new", if_in_progress="adopt")).wait(timeout=900)

    assert live.id == "new"
    assert len(world.writes()) == 1


# --- neighbours and limits -----------------------------------------------------------------------


async def test_a_pause_that_the_server_asks_for_is_kept() -> None:
    """A 429 for 37 s: nobody looks before, and the wait is live soon after."""
    world = World()
    model = world.model()
    for index in range(10):
        model.deployment(f"d{index}", {0: "BUILDING", 60: "ACTIVE"})
    world.trouble(limited(37), since=50, times=1)

    async with client(world) as baseten:
        await asyncio.gather(
            *(
                baseten.model("m1").deployment(f"d{index}").wait_until_active(timeout=900)
                for index in range(10)
            )
        )

    first = min(one.at for one in world.looks(since=50))
    # Looks that were under way already are not taken back.
    early = [one.at for one in world.looks(since=first + 0.2) if one.at < first + 37]
    assert early == []
    assert world.now() < first + 60


async def test_a_pause_of_an_hour_is_not_kept_for_longer_than_a_minute() -> None:
    """The longest window that Baseten documents is a minute."""
    world = World()
    world.model().deployment("d1", {0: "BUILDING", 60: "ACTIVE"})
    world.trouble(limited(3600), since=50, times=1)

    async with client(world) as baseten:
        live = await baseten.model("m1").deployment("d1").wait_until_active(timeout=3600)

    assert live.id == "d1"
    assert world.now() < 135


async def test_a_deployment_whose_reads_hang_does_not_delay_the_others() -> None:
    """One of two deployments can never be read."""
    world = World()
    world.model().deployment("stuck", "BUILDING")
    world.model().deployment("d1", {0: "BUILDING", 60: "ACTIVE"})
    world.trouble(hangs(), "deployments/stuck")

    async with client(world) as baseten:
        model = baseten.model("m1")
        stuck = asyncio.create_task(model.deployment("stuck").wait_until_active(timeout=600))
        live = await model.deployment("d1").wait_until_active(timeout=600)
        noticed = world.now()
        with pytest.raises(WaitTimeoutError):
            await stuck

    assert live.id == "d1"
    assert 60 <= noticed < 80


async def test_a_hundred_waits_together_look_five_times_a_second_at_most() -> None:
    """The documentation of Baseten's own tool warns of more than eight loops of a second."""
    world = World()
    model = world.model()
    for index in range(100):
        model.deployment(f"d{index}", {0: "BUILDING", 120: "ACTIVE"})

    async with client(world) as baseten:
        await asyncio.gather(
            *(
                baseten.model("m1").deployment(f"d{index}").wait_until_active(timeout=900)
                for index in range(100)
            )
        )

    settled = [one for one in world.looks(since=5) if one.at < 115]
    assert len(settled) / 110 <= 5.5
    assert most_in_a_second(settled) <= 10
    assert world.now() < 160


@pytest.mark.parametrize(
    "body",
    [
        {"code": "VALIDATION_ERROR", "message": "Not this one"},
        {"error": "Not this one"},
        {"detail": "Not this one"},
        {"error": "VALIDATION_ERROR", "message": "Not this one"},
        "Not this one",
    ],
)
@every_kind
async def test_a_refusal_says_what_baseten_said_in_whatever_form(kind: Kind, body: object) -> None:
    """Baseten has several forms of errors, and proxies have their own."""
    world = World()
    world.owner(kind).environment({0: shows("old")}).on("promote", Reply(400, body, acts=False))

    async with client(world) as baseten:
        with pytest.raises(BadRequestError, match="Not this one"):
            await environment_of(baseten, kind).promote("new")

    assert len(world.writes()) == 1


async def test_a_force_cancel_that_acts_late_is_waited_for_as_a_graceful_one() -> None:
    """success: true comes at once; the traffic comes back after two steps."""
    world = World()
    production = world.model().environment({0: shows("old", "new", "RAMPING_UP", 75)})
    production.on(
        "force_cancel_promotion",
        ok(),
        {
            0: shows("old", "new", "RAMPING_UP", 75),
            45: shows("old", "new", "RAMPING_DOWN", 40),
            200: shows("old", "new", "RAMPING_DOWN", 0),
            260: shows("old"),
        },
    )

    async with client(world) as baseten:
        handle = baseten.model("m1").environment("production")
        await (await handle.force_cancel_promotion()).wait(timeout=900)

    assert 260 <= world.now() < 320

"""The end of a cancellation: the previous deployment serves, and the candidate has no traffic."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from aiobaseten import Baseten, Cancellation, ModelEnvironmentHandle
from aiobaseten.errors import PromotionSupersededError, WaitTimeoutError

from .server import CANCELED, RAMPING_DOWN, Environment, Shown, World, client, ok, shows

pytestmark = pytest.mark.looptime

Route = Callable[[Baseten, ModelEnvironmentHandle], Awaitable[Cancellation]]


async def through_the_environment(_: Baseten, handle: ModelEnvironmentHandle) -> Cancellation:
    return await handle.cancel_promotion()


async def through_the_environment_by_force(
    _: Baseten, handle: ModelEnvironmentHandle
) -> Cancellation:
    return await handle.force_cancel_promotion()


async def through_the_promotion(_: Baseten, handle: ModelEnvironmentHandle) -> Cancellation:
    return await (await handle.promote("new", if_in_progress="adopt")).cancel()


async def through_the_promotion_by_force(
    _: Baseten, handle: ModelEnvironmentHandle
) -> Cancellation:
    return await (await handle.promote("new", if_in_progress="adopt")).force_cancel()


async def through_a_token(baseten: Baseten, handle: ModelEnvironmentHandle) -> Cancellation:
    token = (await handle.cancel_promotion()).token
    resumed = await baseten.resume(token)
    assert isinstance(resumed, Cancellation)
    return resumed


every_route = pytest.mark.parametrize(
    "route",
    [
        through_the_environment,
        through_the_environment_by_force,
        through_the_promotion,
        through_the_promotion_by_force,
        through_a_token,
    ],
)


def half_promoted(world: World) -> Environment:
    """An environment in which half of the traffic goes to the candidate."""
    return world.model().environment({0: shows("old", "new", "RAMPING_UP", 50)})


def is_cancelled(
    production: Environment, then: dict[float, Shown] | None = None, *, gracefully: bool = False
) -> None:
    """Let both cancellations be accepted, and say what the environment shows after them."""
    production.on("cancel_promotion", RAMPING_DOWN if gracefully else CANCELED, then)
    production.on("force_cancel_promotion", ok(), then)


@every_route
@pytest.mark.parametrize("gracefully", [False, True])
async def test_a_cancellation_is_not_over_while_the_candidate_keeps_half_of_the_traffic(
    route: Route, gracefully: bool
) -> None:
    """Baseten says that it cancelled, but the environment shows 50 % on the candidate for ever."""
    world = World()
    production = half_promoted(world)
    is_cancelled(production, gracefully=gracefully)

    async with client(world) as baseten:
        cancellation = await route(baseten, baseten.model("m1").environment("production"))
        with pytest.raises(WaitTimeoutError) as caught:
            await cancellation.wait(timeout=900)

    assert "50 %" in str(caught.value)
    assert 900 <= world.now() < 915


@every_route
@pytest.mark.parametrize(
    "end",
    [
        pytest.param(shows("old", "new", "CANCELED"), id="candidate listed"),
        pytest.param(shows("old", None, "CANCELED"), id="candidate gone"),
        pytest.param(shows("old"), id="nothing left"),
    ],
)
async def test_a_cancellation_that_takes_five_minutes_ends_after_them(
    route: Route, end: Shown
) -> None:
    """Half of the traffic stays on the candidate for 300 s after Baseten said success."""
    world = World()
    production = half_promoted(world)
    is_cancelled(production, {300: end})

    async with client(world) as baseten:
        cancellation = await route(baseten, baseten.model("m1").environment("production"))
        environment = await cancellation.wait(timeout=900)

    assert environment.current_deployment is not None
    assert environment.current_deployment.id == "old"
    assert 300 <= world.now() < 360


@every_route
async def test_a_promotion_that_succeeds_in_spite_of_its_cancellation_is_superseded(
    route: Route,
) -> None:
    """The promotion is SUCCEEDED with all traffic while the pointer still names the old one."""
    world = World()
    production = half_promoted(world)
    is_cancelled(
        production,
        {0: shows("old", "new", "SUCCEEDED", 100), 20: shows("new", None, "SUCCEEDED", 100)},
    )

    async with client(world) as baseten:
        cancellation = await route(baseten, baseten.model("m1").environment("production"))
        with pytest.raises(PromotionSupersededError) as caught:
            await cancellation.wait(timeout=900)

    assert caught.value.by == "new"
    assert 20 <= world.now() < 80


@every_route
async def test_a_cancelled_candidate_that_stays_listed_does_not_keep_a_cancellation_open(
    route: Route,
) -> None:
    """Traffic goes back for a minute; then no promotion is left, and the candidate is listed."""
    world = World()
    production = half_promoted(world)
    is_cancelled(
        production,
        {0: shows("old", "new", "RAMPING_DOWN", 30), 60: shows("old", "new")},
        gracefully=True,
    )

    async with client(world) as baseten:
        cancellation = await route(baseten, baseten.model("m1").environment("production"))
        environment = await cancellation.wait(timeout=1800)

    assert environment.current_deployment is not None
    assert environment.current_deployment.id == "old"
    assert 60 <= world.now() < 300


# --- the same kind, in other places --------------------------------------------------------------


@every_route
async def test_a_pause_that_outlives_the_cancellation_keeps_it_open(route: Route) -> None:
    """The promotion stays PAUSED at 30 % although Baseten said that it cancelled it."""
    world = World()
    production = world.model().environment({0: shows("old", "new", "PAUSED", 30)})
    is_cancelled(production)

    async with client(world) as baseten:
        cancellation = await route(baseten, baseten.model("m1").environment("production"))
        with pytest.raises(WaitTimeoutError) as caught:
            await cancellation.wait(timeout=600)

    assert "30 %" in str(caught.value)


@every_route
async def test_a_candidate_without_traffic_that_is_still_released_keeps_a_cancellation_open(
    route: Route,
) -> None:
    """No traffic has moved, but the promotion runs on for ten minutes after its cancellation."""
    world = World()
    production = world.model().environment({0: shows("old", "new", "RELEASING")})
    is_cancelled(production, {600: shows("old", "new", "CANCELED")})

    async with client(world) as baseten:
        cancellation = await route(baseten, baseten.model("m1").environment("production"))
        await cancellation.wait(timeout=1800)

    assert 600 <= world.now() < 660


@every_route
async def test_a_roll_forward_in_the_middle_of_a_cancellation_is_superseded(route: Route) -> None:
    """Traffic is on its way back; then somebody rolls the candidate forward, and it serves."""
    world = World()
    production = half_promoted(world)
    is_cancelled(
        production,
        {
            0: shows("old", "new", "RAMPING_DOWN", 40),
            30: shows("old", "new", "RAMPING_UP", 70),
            200: shows("new"),
        },
        gracefully=True,
    )

    async with client(world) as baseten:
        cancellation = await route(baseten, baseten.model("m1").environment("production"))
        with pytest.raises(PromotionSupersededError) as caught:
            await cancellation.wait(timeout=1800)

    assert caught.value.by == "new"
    assert 200 <= world.now() < 260


@pytest.mark.parametrize("lag", [1, 2, 3, 5, 8])
@every_route
async def test_a_replica_from_before_the_promotion_does_not_end_its_cancellation(
    route: Route, lag: float
) -> None:
    """A replica some seconds behind does not know the promotion yet, and shows only the old one."""
    world = World(lags=(0, 0, lag, lag))
    production = world.model().environment(
        {0: shows("old"), 5: shows("old", "new", "RAMPING_UP", 50)}
    )
    is_cancelled(
        production,
        {0: shows("old", "new", "RAMPING_DOWN", 50), 60: shows("old", None, "CANCELED")},
        gracefully=True,
    )

    async with client(world) as baseten:
        await world.until(6)
        cancellation = await route(baseten, baseten.model("m1").environment("production"))
        await cancellation.wait(timeout=900)

    assert 66 <= world.now() < 160


@pytest.mark.parametrize("read", [True, False])
async def test_somebody_elses_deployment_in_the_place_of_a_cancelled_one_is_not_traffic_back(
    read: bool,
) -> None:
    """The cancellation is accepted; then a deployment serves that is neither old nor cancelled."""
    world = World()
    production = half_promoted(world)
    is_cancelled(
        production,
        {0: shows("old", "new", "RAMPING_UP", 50), 90: shows("z")},
    )

    async with client(world) as baseten:
        handle = baseten.model("m1").environment("production")
        route = through_the_environment if read else through_the_promotion
        cancellation = await route(baseten, handle)
        with pytest.raises(PromotionSupersededError) as caught:
            await cancellation.wait(timeout=900)

    assert caught.value.by == "z"


async def test_a_cancellation_is_sent_although_a_replica_does_not_know_the_promotion_yet() -> None:
    """The read before the request comes from a replica behind. Baseten decides, not that read."""
    world = World(lags=(8,))
    production = world.model().environment({0: shows("old"), 5: shows("old", "new", "RELEASING")})
    is_cancelled(production, {0: shows("old", None, "CANCELED")})

    async with client(world) as baseten:
        await world.until(6)
        cancellation = await baseten.model("m1").environment("production").cancel_promotion()
        await cancellation.wait(timeout=600)

    assert len(world.writes("cancel_promotion")) == 1

"""One client, much going on: what calls and waits that share its limits do to each other."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from aiobaseten import RetryPolicy
from aiobaseten.errors import (
    BasetenError,
    DeploymentFailedError,
    PromotionFailedError,
    ServerError,
    WaitTimeoutError,
)
from aiobaseten.events import LookFailed

from .server import World, client, environment_of, error, hangs, heard, limited, ok, shows

pytestmark = pytest.mark.looptime


def longest_gap(world: World, route: str, *, since: float = 0.0) -> float:
    """The longest time in seconds without a look, until the last one."""
    times = [since, *(one.at for one in world.looks(route, since=since))]
    return max(later - earlier for earlier, later in pairwise(times))


async def ended(*tasks: asyncio.Task[object]) -> None:
    """Cancel tasks, and wait for their ends."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


# --- the quota for repeats -----------------------------------------------------------------------


async def test_a_read_within_a_look_is_not_repeated() -> None:
    """A look at a sleeper also reads the environments, and that read always fails."""
    world = World()
    world.model().environment({0: shows("other")})
    world.model().deployment("d", {0: "SCALED_TO_ZERO"})
    world.trouble(error(502), "/m1/environments")

    async with client(world) as baseten:
        sleeper = baseten.model("m1").deployment("d")
        wait = asyncio.ensure_future(sleeper.wait_until_active(accept_scaled_to_zero=True))
        await world.until(120)
        await ended(wait)

    assert len(world.looks("/m1/deployments")) > 5
    assert len(world.looks("/m1/environments")) == len(world.looks("/m1/deployments"))


async def test_a_read_is_repeated_although_another_of_its_route_always_fails() -> None:
    world = World()
    world.model("m2").deployment("d", {0: "ACTIVE"})
    world.trouble(error(502), "/m1/deployments/d")

    async with client(world) as baseten:
        for _ in range(50):
            with pytest.raises(ServerError):
                await baseten.model("m1").deployment("d").get()
        world.trouble(error(502), "/m2/deployments/d", times=1)
        found = await baseten.model("m2").deployment("d").get()

    assert found.id == "d"
    assert len(world.looks("/m1/")) < 50 + 20, "an outage does not multiply requests"


async def test_a_read_is_repeated_although_all_of_another_route_always_fail() -> None:
    world = World()
    world.model("m2").environment({0: shows("d")})
    world.trouble(error(502), "/m1/deployments/")

    async with client(world) as baseten:
        for index in range(50):
            with pytest.raises(ServerError):
                await baseten.model("m1").deployment(f"d{index}").get()
        world.trouble(error(502), "/m2/environments/", times=1)
        found = await baseten.model("m2").environment("production").get()

    assert found.name == "production"
    assert len(world.looks("/m1/")) < 50 + 21, "an outage does not multiply requests"


# --- pauses --------------------------------------------------------------------------------------


async def test_a_call_that_waits_for_an_hour_does_not_blind_a_wait() -> None:
    """The policy of one call allows the server to ask for an hour; others wait for a minute."""
    world = World()
    for name in ("d", "e"):
        world.model().deployment(name, {0: "BUILDING", 300: "ACTIVE"})
    world.trouble(limited(3600), "/deployments/d", since=20, times=1)

    async with client(world) as baseten:
        patient = baseten.with_options(retry=RetryPolicy(max_retry_after=3600, total=4000))
        wait = asyncio.ensure_future(
            baseten.model("m1").deployment("e").wait_until_active(timeout=None)
        )
        await world.until(20)
        call = asyncio.ensure_future(patient.model("m1").deployment("d").get())
        await wait
        noticed = world.now()
        await call

    assert noticed < 315
    assert longest_gap(world, "/deployments/e") < 75
    assert world.now() == pytest.approx(3620, abs=2)


async def test_a_hasty_policy_of_one_call_does_not_shorten_the_pause_of_others() -> None:
    world = World()
    world.model().deployment("d", {0: "ACTIVE"})
    world.trouble(limited(37), "/deployments/d", times=1)

    async with client(world) as baseten:
        hasty = baseten.with_options(retry=RetryPolicy(max_retry_after=1))
        with pytest.raises(BasetenError):
            await hasty.model("m1").deployment("d").get()
        await baseten.model("m1").deployment("d").get()

    assert world.looks("/deployments/d")[1].at >= 37


# --- options of views ----------------------------------------------------------------------------


@pytest.mark.parametrize("hasty_first", [True, False])
@pytest.mark.parametrize("what", ["deployment", "environment"])
async def test_waits_on_one_resource_have_their_own_time_limits(
    what: str, hasty_first: bool
) -> None:
    """Answers take three seconds. Half a second is too short for them; the default is not."""
    world = World(delays={1: 3.0})
    world.model().deployment("d", {0: "BUILDING", 50: "ACTIVE"})
    production = world.model().environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "d", "RELEASING"), 50: shows("d")})

    async with client(world) as baseten:
        patient = await environment_of(baseten, "model").promote("d")
        hasty = await baseten.with_options(read_timeout=0.5).resume(patient.token, look=False)
        views = baseten, baseten.with_options(read_timeout=0.5)
        waits = [
            promotion.wait(timeout=100)
            if what == "environment"
            else view.model("m1").deployment("d").wait_until_active(timeout=100)
            for promotion, view in zip((patient, hasty), views, strict=True)
        ]
        await world.until(1)
        order = (1, 0) if hasty_first else (0, 1)
        tasks = {index: asyncio.ensure_future(waits[index]) for index in order}
        outcomes = await asyncio.gather(tasks[0], tasks[1], return_exceptions=True)

    assert not isinstance(outcomes[0], BaseException)
    assert isinstance(outcomes[1], WaitTimeoutError)


async def test_a_wait_explains_a_lost_promotion_with_its_own_time_limits() -> None:
    """The deployment is answered after three seconds, too late for the one that asks first."""
    world = World()
    production = world.model().environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 20: shows("old")})
    world.model().deployment("new")
    found = {"id": "new", "model_id": "m1", "status": "BUILD_FAILED"}
    world.trouble(ok(found, after=3.0), "/deployments/new")

    async with client(world) as baseten:
        patient = await environment_of(baseten, "model").promote("new")
        hasty = await baseten.with_options(read_timeout=1).resume(patient.token, look=False)
        outcomes = await asyncio.gather(
            *(one.wait(timeout=90) for one in (hasty, patient)), return_exceptions=True
        )

    assert [type(one) for one in outcomes] == [WaitTimeoutError, PromotionFailedError]


async def test_a_wait_reads_a_log_and_a_startup_with_its_own_time_limits() -> None:
    """The log is answered after three seconds."""
    world = World()
    world.model().deployment("d", {0: "BUILDING", 20: "BUILD_FAILED"})
    world.trouble(ok({"logs": []}, after=3.0), "/logs")

    async with client(world) as baseten:
        views = baseten.with_options(read_timeout=1), baseten
        hasty, patient = await asyncio.gather(
            *(one.model("m1").deployment("d").wait_until_active(log_lines=5) for one in views),
            return_exceptions=True,
        )

    assert hasattr(hasty, "__notes__")
    assert isinstance(patient, DeploymentFailedError)
    assert not hasattr(patient, "__notes__")
    assert len(world.looks("/startups")) == 2


async def test_a_wait_reads_the_audit_log_with_its_own_time_limits() -> None:
    async def readings(hasty_timeout: float) -> int:
        """By two waits on a promotion that vanishes, one of them with another read timeout."""
        world = World()
        production = world.model().environment({0: shows("old")})
        production.on("promote", then={0: shows("old", "new", "RELEASING"), 20: shows("old")})
        async with client(world, read_timeout=30) as baseten:
            patient = await environment_of(baseten, "model").promote("new")
            view = baseten.with_options(read_timeout=hasty_timeout)
            hasty = await view.resume(patient.token, look=False)
            await asyncio.gather(hasty.wait(), patient.wait(), return_exceptions=True)
        return len(world.looks("/audit_logs", since=10))

    assert await readings(1) == 2 * await readings(30) > 0


async def test_a_wait_reads_the_list_of_environments_with_its_own_time_limits() -> None:
    """It is answered after three seconds."""
    world = World()
    world.model().environment({0: shows("other")})
    world.model().deployment("d", "SCALED_TO_ZERO")
    world.trouble(ok({"environments": []}, after=3.0), "/m1/environments")

    async with client(world) as baseten:
        views = baseten.with_options(read_timeout=1), baseten
        (hasty, _), (patient, _) = await asyncio.gather(
            *(
                heard(
                    one.model("m1").deployment("d").events(timeout=20, accept_scaled_to_zero=True)
                )
                for one in views
            )
        )

    assert any(isinstance(one, LookFailed) for one in hasty)
    assert not any(isinstance(one, LookFailed) for one in patient)


async def test_waits_of_views_with_the_same_time_limits_share_their_looks() -> None:
    world = World()
    world.model().deployment("d", {0: "BUILDING", 300: "ACTIVE"})

    async with client(world) as baseten:
        views = [
            baseten,
            baseten.with_options(retry=RetryPolicy(attempts=1)),
            baseten.with_options(read_timeout=30),
            *(baseten.with_options(read_timeout=9) for _ in range(3)),
        ]
        await asyncio.gather(
            *(view.model("m1").deployment("d").wait_until_active() for view in views)
        )
        both = len(world.requests)
    alone = await looks_of_one_wait()

    assert both < 3 * alone


async def looks_of_one_wait() -> int:
    """The number of looks of one wait on a deployment that takes five minutes."""
    world = World()
    world.model().deployment("d", {0: "BUILDING", 300: "ACTIVE"})
    async with client(world) as baseten:
        await baseten.model("m1").deployment("d").wait_until_active()
    return len(world.requests)


# --- places --------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [25, 60])
async def test_a_call_finds_a_place_while_looks_hang(count: int) -> None:
    world = World()
    world.model().deployment("fine", {0: "ACTIVE"})
    world.trouble(hangs(), "/hangs/")

    async with client(world) as baseten:
        hanging = baseten.model("hangs")
        waits = [
            asyncio.ensure_future(hanging.deployment(f"d{index}").wait_until_active())
            for index in range(count)
        ]
        await world.until(5)
        await baseten.model("m1").deployment("fine").get()
        took = world.now() - 5
        await ended(*waits)

    assert took < 1


@pytest.mark.parametrize("count", [25, 60])
async def test_a_look_finds_a_place_while_calls_hang(count: int) -> None:
    world = World()
    world.model().deployment("fine", {0: "BUILDING", 20: "ACTIVE"})
    world.trouble(hangs(), "/hangs/")

    async with client(world) as baseten:
        hanging = baseten.model("hangs").deployment("d")
        calls = [asyncio.ensure_future(hanging.get()) for _ in range(count)]
        await world.until(1)
        await baseten.model("m1").deployment("fine").wait_until_active(timeout=None)
        noticed = world.now()
        await ended(*calls)

    assert noticed < 25
    assert longest_gap(world, "/fine") < 12


@pytest.mark.parametrize("connections", [4, 20])
@pytest.mark.parametrize("path", ["/hangs/deployments", "/hangs/environments"])
async def test_calls_find_places_while_calls_to_another_url_hang(
    connections: int, path: str
) -> None:
    world = World()
    world.model().deployment("old", {0: "ACTIVE"})
    world.model().deployment("new", {0: "ACTIVE"})
    world.model().environment({0: shows("old")}).on("promote", then={0: shows("new")})
    world.trouble(hangs(), path)

    async with client(world, max_connections=connections) as baseten:
        hanging = baseten.model("hangs")
        calls = [
            asyncio.ensure_future(hanging.deployment("d").get())
            if "deployments" in path
            else asyncio.ensure_future(hanging.environment("production").get())
            for _ in range(60)
        ]
        await world.until(1)
        if connections == 20:  # of four, the last is for another route
            await baseten.model("m1").deployment("old").get()
        await baseten.model("m1").list_deployments()
        took = world.now() - 1
        await ended(*calls)

    assert took < 1


async def test_a_promotion_is_sent_at_once_although_a_route_is_paused() -> None:
    """25 looks and 25 calls of another route wait for the end of its pause."""
    world = World()
    for index in range(25):
        world.model().deployment(f"d{index}", {0: "BUILDING"})
    world.model("m2").environment({0: shows("old")}).on("promote", then={0: shows("new")})
    world.trouble(limited(37), "/deployments/", since=60, until=62)

    async with client(world) as baseten:
        each = [baseten.model("m1").deployment(f"d{index}") for index in range(25)]
        waits = [asyncio.ensure_future(one.wait_until_active()) for one in each]
        await world.until(75)
        calls = [asyncio.ensure_future(one.get()) for one in each]
        await world.until(76)
        await baseten.model("m2").environment("production").promote("new")
        took = world.now() - 76
        await ended(*waits, *calls)

    assert took < 1


@pytest.mark.parametrize("asked_at", [3.0, 61.0])
async def test_a_call_does_not_stand_behind_all_the_calls_that_hang_on_its_route(
    asked_at: float,
) -> None:
    """Sixty URLs hang. Their calls fail after thirty seconds each, and are repeated."""
    world = World()
    world.model().deployment("fine", {0: "ACTIVE"})
    world.trouble(hangs(), "/hangs/")

    async with client(world) as baseten:
        hanging = [baseten.model("hangs").deployment(f"d{index}") for index in range(60)]
        calls = [asyncio.ensure_future(one.get()) for one in hanging]
        await world.until(asked_at)
        await baseten.model("m1").deployment("fine").get()
        took = world.now() - asked_at
        await world.until(125)
        await ended(*calls)

    assert took < 31
    assert len({one.path for one in world.requests}) == 1 + 60, "the oldest have turns, too"


async def test_a_first_look_does_not_stand_behind_all_the_looks_that_hang_on_its_route() -> None:
    world = World()
    world.model().deployment("fine", {0: "ACTIVE"})
    world.trouble(hangs(), "/hangs/")

    async with client(world) as baseten:
        hanging = [baseten.model("hangs").deployment(f"d{index}") for index in range(60)]
        waits = [asyncio.ensure_future(one.wait_until_active()) for one in hanging]
        await world.until(3)
        await baseten.model("m1").deployment("fine").wait_until_active()
        took = world.now() - 3
        await world.until(100)
        await ended(*waits)

    assert took < 11
    assert len({one.path for one in world.requests}) == 1 + 60, "the oldest have turns, too"


async def test_looks_that_were_abandoned_give_their_places_back_once() -> None:
    """Otherwise, looks that hang could take more than their share of the places."""
    world = World()
    world.model().deployment("fine", {0: "BUILDING"})
    world.trouble(hangs(), "/hangs/")

    async with client(world) as baseten:
        fine = asyncio.ensure_future(baseten.model("m1").deployment("fine").wait_until_active())
        hanging = [baseten.model("hangs").deployment(f"d{index}") for index in range(60)]
        for _ in range(10):
            leaving = [asyncio.ensure_future(one.wait_until_active()) for one in hanging[:9]]
            await world.until(world.now() + 2)
            await ended(*leaving)
        staying = [asyncio.ensure_future(one.wait_until_active()) for one in hanging]
        await world.until(60)
        await ended(fine, *staying)

    assert longest_gap(world, "/fine") < 15
    assert world.looks("/fine")[-1].at > 60 - 15

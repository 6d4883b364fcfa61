"""Crowds: many waits whose deadlines fall together, and a server that allows so much per second."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiobaseten.errors import WaitTimeoutError

from .server import (
    PER_SECOND,
    Kind,
    World,
    client,
    every_kind,
    limited,
    most_in_a_second,
    shows,
)

pytestmark = pytest.mark.looptime


async def outcomes_of_waits(
    world: World, kind: Kind, count: int, *, timeout: float, **options: Any
) -> list[object]:
    """The results and errors of waits on so many deployments, begun together."""
    async with client(world, **options) as baseten:
        resource: Any = baseten.model("m1") if kind == "model" else baseten.chain("c1")
        waits = [
            resource.deployment(f"d{index}").wait_until_active(timeout=timeout)
            for index in range(count)
        ]
        outcomes: list[object] = await asyncio.gather(*waits, return_exceptions=True)
    return outcomes


def false_timeouts(outcomes: list[object]) -> list[object]:
    """The outcomes that are no deployment."""
    return [one for one in outcomes if isinstance(one, BaseException)]


@pytest.mark.parametrize("latency", [0.05, 0.4])
@every_kind
async def test_two_hundred_waits_are_live_that_became_so_five_seconds_before_their_deadline(
    kind: Kind, latency: float
) -> None:
    """200 deployments, all ACTIVE at 95 s, timeout 100 s, default polling rate."""
    world = World(delays={0: latency})
    for index in range(200):
        world.owner(kind).deployment(f"d{index}", {0: "BUILDING", 95: "ACTIVE"})

    outcomes = await outcomes_of_waits(world, kind, 200, timeout=100)

    assert false_timeouts(outcomes) == []
    assert most_in_a_second(world.requests) <= PER_SECOND
    assert world.now() < 115


@pytest.mark.thorough
@every_kind
async def test_a_thousand_waits_are_live_that_became_so_before_their_deadline(kind: Kind) -> None:
    """1,000 deployments, all ACTIVE one second before the deadline of all."""
    world = World()
    for index in range(1000):
        world.owner(kind).deployment(f"d{index}", {0: "BUILDING", 299: "ACTIVE"})

    outcomes = await outcomes_of_waits(world, kind, 1000, timeout=300)

    assert false_timeouts(outcomes) == []
    assert most_in_a_second(world.requests) <= PER_SECOND
    assert world.now() < 330


@pytest.mark.thorough
async def test_a_thousand_waits_tell_the_live_from_the_others_at_their_deadline() -> None:
    """Every second deployment is ACTIVE in time; the others still load."""
    world = World()
    for index in range(1000):
        end = "ACTIVE" if index % 2 else "LOADING_MODEL"
        world.model().deployment(f"d{index}", {0: "BUILDING", 250: end})

    outcomes = await outcomes_of_waits(world, "model", 1000, timeout=300)

    assert all(isinstance(one, WaitTimeoutError) for one in outcomes[::2])
    assert "LOADING_MODEL" in str(outcomes[0])
    assert false_timeouts(outcomes[1::2]) == []


@pytest.mark.thorough
async def test_a_thousand_waits_are_live_although_the_server_asks_for_a_pause() -> None:
    """Some seconds before the deadline of all, a look is answered 429 for a minute."""
    world = World()
    for index in range(1000):
        world.model().deployment(f"d{index}", {0: "BUILDING", 150: "ACTIVE"})
    world.trouble(limited(60), since=295, until=299)

    outcomes = await outcomes_of_waits(world, "model", 1000, timeout=300)

    assert false_timeouts(outcomes) == []


# --- the same kind, in other places --------------------------------------------------------------


@pytest.mark.thorough
async def test_two_hundred_promotions_are_live_that_became_so_before_their_deadline() -> None:
    """200 environments of 200 models, all live five seconds before the deadline."""
    world = World()
    for index in range(200):
        production = world.model(f"m{index}").environment({0: shows("old")})
        production.on("promote", then={0: shows("old", "new", "RELEASING"), 85: shows("new")})

    async with client(world) as baseten:
        handles = [baseten.model(f"m{index}").environment("production") for index in range(200)]
        promotions = await asyncio.gather(*(each.promote("new") for each in handles))
        outcomes = await asyncio.gather(
            *(each.wait(timeout=100) for each in promotions), return_exceptions=True
        )

    assert false_timeouts(list(outcomes)) == []


@pytest.mark.thorough
async def test_two_hundred_sleepers_are_live_that_woke_before_their_deadline() -> None:
    """Whoever accepts sleepers reads the environments with each look, too."""
    world = World()
    world.model().environment({0: shows("other")})
    for index in range(200):
        world.model().deployment(f"d{index}", {0: "BUILDING", 295: "ACTIVE"})

    async with client(world) as baseten:
        model = baseten.model("m1")
        outcomes = await asyncio.gather(
            *(
                model.deployment(f"d{index}").wait_until_active(
                    timeout=300, accept_scaled_to_zero=True
                )
                for index in range(200)
            ),
            return_exceptions=True,
        )

    assert false_timeouts(list(outcomes)) == []


@pytest.mark.thorough
async def test_two_hundred_cancellations_are_over_that_were_so_before_their_deadline() -> None:
    """200 rolling promotions are cancelled at once; traffic is back five seconds before the end."""
    world = World()
    for index in range(200):
        production = world.model(f"m{index}").environment({0: shows("old", "new", "RAMPING_UP", 9)})
        production.on(
            "cancel_promotion",
            then={0: shows("old", "new", "RAMPING_DOWN", 9), 85: shows("old", None, "CANCELED")},
        )

    async with client(world) as baseten:
        handles = [baseten.model(f"m{index}").environment("production") for index in range(200)]
        cancellations = await asyncio.gather(*(each.cancel_promotion() for each in handles))
        outcomes = await asyncio.gather(
            *(each.wait(timeout=100) for each in cancellations), return_exceptions=True
        )

    assert false_timeouts(list(outcomes)) == []


@pytest.mark.parametrize("timeout", [0, 1])
async def test_two_hundred_waits_without_patience_each_look_once(timeout: float) -> None:
    """A dashboard asks for the state of everything at once."""
    world = World()
    for index in range(200):
        world.model().deployment(f"d{index}")

    outcomes = await outcomes_of_waits(world, "model", 200, timeout=timeout)

    assert false_timeouts(outcomes) == []
    assert most_in_a_second(world.requests) <= PER_SECOND


async def test_two_hundred_waits_on_few_connections_are_live_at_their_deadline() -> None:
    """The caller allows four connections, and an answer takes a tenth of a second."""
    world = World(delays={0: 0.1})
    for index in range(200):
        world.model().deployment(f"d{index}", {0: "BUILDING", 95: "ACTIVE"})

    outcomes = await outcomes_of_waits(world, "model", 200, timeout=100, max_connections=4)

    assert false_timeouts(outcomes) == []

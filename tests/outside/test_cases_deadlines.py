"""The last look at a deadline is sent, whatever has braked the looks before it."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from aiobaseten import RetryPolicy
from aiobaseten.errors import APIError, WaitTimeoutError
from aiobaseten.events import LookFailed, StatusChanged

from .server import (
    Kind,
    World,
    client,
    environment_of,
    error,
    every_kind,
    hangs,
    heard,
    limited,
    shows,
)

pytestmark = pytest.mark.looptime


async def test_the_last_look_is_sent_although_the_server_asked_for_a_longer_pause() -> None:
    """The first look is answered 429 for 37 s. At the deadline, 20 s, it is ACTIVE."""
    world = World()
    world.model().deployment("d1", {0: "BUILDING", 10: "ACTIVE"})
    world.trouble(limited(37), times=1)

    async with client(world) as baseten:
        live = await baseten.model("m1").deployment("d1").wait_until_active(timeout=20)

    assert live.id == "d1"
    assert 20 <= world.now() < 31


@every_kind
async def test_a_promotion_is_live_at_its_deadline_although_the_server_asked_for_a_pause(
    kind: Kind,
) -> None:
    """The same, for the environment of a promotion."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 15: shows("new")})
    world.trouble(limited(37), "environments/production", since=0.05, times=1)

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("new")
        live = await promotion.wait(timeout=20)

    assert live.id == "new"
    assert world.now() < 32


async def test_a_wait_without_patience_looks_once_although_the_route_is_paused() -> None:
    """A get() was answered 429 for 37 s. A wait of timeout 0 looks exactly once all the same."""
    world = World()
    world.model().deployment("d1", "BUILDING")
    world.trouble(limited(37), times=1)

    async with client(world, retry=RetryPolicy(attempts=1)) as baseten:
        deployment = baseten.model("m1").deployment("d1")
        with pytest.raises(APIError):
            await deployment.get()
        with pytest.raises(WaitTimeoutError, match="BUILDING"):
            await deployment.wait_until_active(timeout=0)

    assert len(world.looks()) == 2
    assert world.now() < 10


# --- the same kind, in other places --------------------------------------------------------------


async def test_a_wait_without_patience_looks_once_while_a_call_waits_out_its_pause() -> None:
    """The get() is still waiting to be repeated."""
    world = World()
    world.model().deployment("d1")
    world.trouble(limited(37), times=1)

    async with client(world) as baseten:
        deployment = baseten.model("m1").deployment("d1")
        call = asyncio.create_task(deployment.get())
        await asyncio.sleep(1)
        live = await deployment.wait_until_active(timeout=0)
        assert world.now() < 10
        await call

    assert live.id == "d1"


async def test_the_last_look_is_sent_although_another_wait_was_rate_limited() -> None:
    """One wait's 429 asks for a pause, and another wait's deadline comes before its end."""
    world = World()
    model = world.model()
    model.deployment("slow", "BUILDING")
    model.deployment("d1", {0: "BUILDING", 15: "ACTIVE"})
    world.trouble(limited(37), "deployments/slow", since=4, times=1)

    async with client(world) as baseten, asyncio.TaskGroup() as group:
        slow = group.create_task(
            baseten.model("m1").deployment("slow").wait_until_active(timeout=60)
        )
        live = await baseten.model("m1").deployment("d1").wait_until_active(timeout=20)
        slow.cancel()

    assert live.id == "d1"
    assert world.now() < 31


async def test_the_last_look_is_sent_in_the_middle_of_an_outage() -> None:
    """Everything fails for a minute. At the deadline of all waits the server is back."""
    world = World()
    model = world.model()
    for index in range(20):
        model.deployment(f"d{index}", {0: "BUILDING", 55: "ACTIVE"})
    world.trouble(error(503), until=59.9)

    async with client(world) as baseten:
        live = await asyncio.gather(
            *(
                baseten.model("m1").deployment(f"d{index}").wait_until_active(timeout=60)
                for index in range(20)
            )
        )

    assert len(live) == 20


async def test_waits_whose_pause_outlasts_their_deadline_are_live_one_after_the_other() -> None:
    """Twenty waits fall due while a 429 asks for a pause that is over in truth."""
    world = World()
    model = world.model()
    for index in range(20):
        model.deployment(f"d{index}", {0: "BUILDING", 30: "ACTIVE"})
    world.trouble(limited(60), since=10, until=20)

    async with client(world) as baseten:
        live = await asyncio.gather(
            *(
                baseten.model("m1").deployment(f"d{index}").wait_until_active(timeout=40)
                for index in range(20)
            )
        )

    assert len(live) == 20
    assert world.now() < 51


async def test_a_last_look_may_take_nine_seconds_from_its_sending() -> None:
    """The server becomes slow: answers take nine seconds."""
    world = World(delays={15: 9})
    world.model().deployment("d1", {0: "BUILDING", 19: "ACTIVE"})

    async with client(world) as baseten:
        live = await baseten.model("m1").deployment("d1").wait_until_active(timeout=20)

    assert live.id == "d1"
    assert world.now() < 40


async def test_a_look_that_hangs_across_the_deadline_does_not_replace_the_last_one() -> None:
    """A look from before the deadline hangs; the server answers again when the deadline comes."""
    world = World()
    world.model().deployment("d1", {0: "BUILDING", 18: "ACTIVE"})
    world.trouble(hangs(), since=0.01, until=19.5)

    async with client(world, read_timeout=5) as baseten:
        live = await baseten.model("m1").deployment("d1").wait_until_active(timeout=20)

    assert live.id == "d1"
    assert world.now() < 40


async def test_a_last_look_that_was_overtaken_shows_nothing_any_more() -> None:
    """It was sent first, and is answered last."""

    class Late(World):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            is_late = 9.9 < self.now() < 10.1
            response = await super().handle_async_request(request)
            await asyncio.sleep(6 * is_late)
            return response

    world = Late()
    world.model().deployment("d1", {0: "BUILDING", 11: "LOADING_MODEL"})

    async with client(world, poll=lambda *_: 100.0) as baseten:
        deployment = baseten.model("m1").deployment("d1")
        (events, _), *_ = await asyncio.gather(
            *(heard(deployment.events(timeout=timeout)) for timeout in (60, 10, 12))
        )

    assert [one.status for one in events if isinstance(one, StatusChanged)] == [
        "BUILDING",
        "LOADING_MODEL",
    ]


async def test_a_look_that_gives_way_to_the_last_one_has_not_failed() -> None:
    world = World()
    world.model().deployment("d1", {0: "BUILDING", 18: "ACTIVE"})
    world.trouble(hangs(), since=15, until=19.5)

    async with client(world) as baseten:
        events, end = await heard(baseten.model("m1").deployment("d1").events(timeout=20))

    assert end is None
    assert not any(isinstance(one, LookFailed) for one in events)


async def test_a_timeout_after_an_hour_of_errors_says_what_was_seen_and_what_failed() -> None:
    """BUILDING is seen at two seconds; every look after that is answered HTTP 500."""
    world = World()
    world.model().deployment("d1", "BUILDING")
    world.trouble(error(500, "Internal trouble"), since=3)

    async with client(world) as baseten:
        with pytest.raises(WaitTimeoutError) as caught:
            await baseten.model("m1").deployment("d1").wait_until_active(timeout=3500)

    said = str(caught.value)
    assert "BUILDING" in said
    assert str(len(world.looks(since=3))) in said
    assert "500" in said.replace("3500", "")
    assert "keeps working" not in said


@every_kind
async def test_a_timeout_of_a_promotion_after_errors_says_what_failed(kind: Kind) -> None:
    """The promotion is seen RELEASING; then the environment cannot be reached any more."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING")})
    world.trouble(hangs(), "environments", since=10)

    async with client(world, read_timeout=5) as baseten:
        promotion = await environment_of(baseten, kind).promote("new")
        with pytest.raises(WaitTimeoutError) as caught:
            await promotion.wait(timeout=600)

    said = str(caught.value)
    assert str(len(world.looks(since=10))) in said
    assert "RELEASING" in said
    assert "keeps working" not in said


async def test_a_timeout_whose_last_look_shows_work_says_that_it_goes_on() -> None:
    """Nothing is wrong: the build takes long."""
    world = World()
    world.model().deployment("d1", "BUILDING")

    async with client(world) as baseten:
        with pytest.raises(WaitTimeoutError, match="keeps working"):
            await baseten.model("m1").deployment("d1").wait_until_active(timeout=300)


async def test_a_timeout_of_a_wait_that_never_saw_anything_names_the_cause() -> None:
    """No look was ever answered: the certificate, the network or the server is wrong."""
    world = World()
    world.model().deployment("d1", "BUILDING")
    world.trouble(error(503, "Under maintenance"))

    async with client(world) as baseten:
        with pytest.raises(WaitTimeoutError) as caught:
            await baseten.model("m1").deployment("d1").wait_until_active(timeout=300)

    said = str(caught.value)
    assert "503" in said
    assert str(len(world.looks())) in said
    assert "keeps working" not in said

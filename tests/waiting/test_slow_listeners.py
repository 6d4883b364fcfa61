"""Slow listeners, and waits that cannot begin, take no looks from others."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from aiobaseten import Baseten
from aiobaseten.events import Finished
from aiobaseten.testing import FakeBaseten

pytestmark = pytest.mark.looptime


def looks(fake: FakeBaseten, name: str) -> int:
    return sum(request.path.endswith(f"/deployments/{name}") for request in fake.requests)


async def test_a_decided_wait_gets_no_look_after_an_outage(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    model = fake.model("m1")
    model.deployment("ready", status="ACTIVE")
    for name in ("a", "b", "c", "d"):
        model.deployment(name, status="BUILDING")
    others = [
        asyncio.create_task(baseten.model("m1").deployment(name).wait_until_active())
        for name in ("a", "b", "c", "d")
    ]
    told = baseten.model("m1").deployment("ready").events()
    async for event in told:  # whoever listens is slow to take the news
        if isinstance(event, Finished):
            break
    await asyncio.sleep(5)
    down = fake.faults.status(503, route="GET", times=None)
    await asyncio.sleep(60)
    down.remove()
    before = looks(fake, "ready")

    await asyncio.sleep(300)

    seen = looks(fake, "ready") - before
    for task in others:
        task.cancel()
    await told.aclose()
    assert seen == 0


async def test_a_slow_listener_does_not_take_the_looks_of_others_after_an_outage(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    """One whose listener is slow to take its last news does not take all the looks there are."""
    model = fake.model("m1")
    model.deployment("ready", status="ACTIVE")
    for name in ("a", "b", "c", "d"):
        model.deployment(name, timeline=[("BUILDING", 120.0), "ACTIVE"])
    told = baseten.model("m1").deployment("ready").events()
    async for event in told:
        if isinstance(event, Finished):
            break
    fake.faults.status(503, route="GET", lasting=60)

    await asyncio.gather(
        *(baseten.model("m1").deployment(n).wait_until_active(timeout=1000) for n in "abcd")
    )

    await told.aclose()


async def test_a_wait_whose_schedule_raises_leaves_nothing_behind(
    fake: FakeBaseten,
) -> None:
    fake.model("m1").deployment("d0", status="BUILDING")

    def poll(stage: object, in_stage: float, elapsed: float) -> float:
        return max(10.0 / elapsed, 5.0)  # nothing is said of an elapsed time of zero

    fake.faults.delay(0.5, route="GET")
    async with fake.client(poll=poll) as baseten:
        deployment = baseten.model("m1").deployment("d0")
        first = asyncio.create_task(deployment.wait_until_active())
        await asyncio.sleep(1)
        with pytest.raises(ZeroDivisionError):
            await deployment.wait_until_active(timeout=3000)
        first.cancel()
        with suppress(asyncio.CancelledError):
            await first
        before = len(fake.requests)
        await asyncio.sleep(600)
        assert len(fake.requests) == before

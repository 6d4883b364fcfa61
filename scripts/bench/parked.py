"""The cost of parked waits while they wait, and when they are cancelled."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Sequence, Sized
from typing import Any

from attrs import frozen

from aiobaseten import Baseten
from aiobaseten._resource import DeploymentLook
from aiobaseten._sending import Ticket
from aiobaseten._waiting import Polls, Wait

from . import virtual
from .timing import Spread, ratios
from .world import World

HOUR_S = 3600.0
RATE = 20.0


@frozen
class Parked:
    """The result for an hour of many waits, each on its own deployment."""

    waits: int
    looks: int
    #: CPU seconds of the hour, and of the same number of looks without any wait.
    hour: float
    looks_alone: float

    @property
    def beyond(self) -> float:
        """CPU time in addition to the looks, as a share of the looks' CPU time."""
        return self.hour / self.looks_alone - 1.0


def parked(waits: int = 50_000) -> Parked:
    """Fifty thousand waits for an hour."""
    return virtual.run(_park(waits))


async def _park(waits: int) -> Parked:
    world = World(records=False)
    world.prepare(f"d{number}" for number in range(waits))
    async with (
        world.client() as http,
        Baseten(api_key="bench", http_client=http, polling_rate=RATE) as baseten,
    ):
        model = baseten.model("m1")
        alone = [await _looks_alone(baseten, waits)]
        tasks = [
            asyncio.ensure_future(model.deployment(f"d{number}").wait_until_active(timeout=None))
            for number in range(waits)
        ]
        await asyncio.sleep(60.0)
        gc.collect()
        before, answered = time.process_time(), world.answered
        await asyncio.sleep(HOUR_S)
        hour, looks = time.process_time() - before, world.answered - answered
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        del tasks
        gc.collect()
        alone.append(await _looks_alone(baseten, waits))
    return Parked(waits=waits, looks=looks, hour=hour, looks_alone=looks * sum(alone) / len(alone))


async def _looks_alone(baseten: Baseten, waits: int, count: int = 8000) -> float:
    """CPU seconds per look without any wait, one after another at the same rate."""
    resource = baseten.model("m1")._resource  # noqa: SLF001 - looks are not public
    gc.collect()
    before = time.process_time()
    for number in range(count):
        await DeploymentLook(resource, f"d{number % waits}", in_context=True)(
            Ticket(is_last=False, sent=lambda: None)
        )
        await asyncio.sleep(1.0 / RATE)
    return (time.process_time() - before) / count


@frozen
class Together:
    """The result for a promotion with many waits, from joining to the result."""

    waits: int
    requests: int
    #: CPU microseconds per wait.
    each: float


def together(waits: int) -> Together:
    """So many waits on one environment."""
    return virtual.run(_wait_together(waits))


async def _wait_together(waits: int) -> Together:
    world = World({"production": [("BUILDING", 60.0), ("LOADING_MODEL", 60.0)]})
    async with (
        world.client() as http,
        Baseten(api_key="bench", http_client=http) as baseten,
    ):
        promotion = await baseten.chain("c1").environment("production").promote("production")
        before = len(world.requests)
        gc.collect()
        started = time.process_time()
        async with asyncio.TaskGroup() as group:
            for _ in range(waits):
                group.create_task(promotion.wait(timeout=None))
        seconds = time.process_time() - started
    return Together(waits, len(world.requests) - before, each=1e6 * seconds / waits)


@frozen
class Cancelled:
    """The cost of cancelling many waits at once, divided by that of as many bare tasks."""

    waits: int
    over_bare: Spread
    #: Tasks, waits, polls, timers and entries that remain afterwards.
    left: int


def cancelled(waits: int = 10_000, times: int = 9) -> Cancelled:
    """Ten thousand waits, each on its own deployment, cancelled together."""
    ours, bare, left = [], [], 0
    for _ in range(times):
        bare.append(virtual.run(_cancel_bare(waits)))
        seconds, leftovers = virtual.run(_cancel_waits(waits))
        ours.append(seconds)
        left = max(left, leftovers)
    return Cancelled(waits=waits, over_bare=ratios(ours, bare), left=left)


async def _cancel_all(tasks: Sequence[asyncio.Task[Any]]) -> float:
    gc.collect()
    before = time.process_time()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return time.process_time() - before


async def _cancel_bare(count: int) -> float:
    loop = asyncio.get_running_loop()

    async def bare() -> None:
        await loop.create_future()

    tasks = [loop.create_task(bare()) for _ in range(count)]
    await asyncio.sleep(1.0)
    return await _cancel_all(tasks)


async def _cancel_waits(count: int) -> tuple[float, int]:
    world = World(records=False)
    loop = asyncio.get_running_loop()
    async with (
        world.client() as http,
        Baseten(api_key="bench", http_client=http, polling_rate=90.0) as baseten,
    ):
        model = baseten.model("m1")
        # One wait stays, so that the objects that it shares with the others exist before and after.
        stays = loop.create_task(model.deployment("stays").wait_until_active(timeout=None))
        tasks: list[asyncio.Task[object]] = [
            loop.create_task(model.deployment(f"d{number}").wait_until_active())
            for number in range(count)
        ]
        await asyncio.sleep(count / 90.0 + 10.0)
        seconds = await _cancel_all(tasks)
        tasks.clear()
        stays.cancel()
        await asyncio.gather(stays, return_exceptions=True)
        del stays
        left = await _remaining() - 1  # of the route, the client keeps how soon it answers
    return seconds, left


async def _remaining() -> int:
    """Tasks, waits, entries of polls and timers, once requests that were abandoned have ended."""
    await asyncio.sleep(1.0)
    gc.collect()
    found = gc.get_objects()
    polls = [vars(one).values() for one in found if isinstance(one, Polls)]
    entries = sum(len(value) for values in polls for value in values if isinstance(value, Sized))
    timers = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]  # noqa: SLF001
    tasks = len(asyncio.all_tasks()) - 1
    waits = sum(isinstance(one, Wait) for one in found)
    return tasks + waits + entries + sum(not timer.cancelled() for timer in timers)

"""Mixed trouble in one client: a tenth hangs, a tenth answers 502, a tenth is paused by 429.

Meanwhile, people come and go all the time. Whatever works is looked at as often as it should be,
and nothing grows.
"""

from __future__ import annotations

import asyncio
import gc
import random
import sys
from collections.abc import Awaitable
from itertools import pairwise

import pytest

from aiobaseten import Baseten

from .server import World, client, error, hangs, limited

pytestmark = [pytest.mark.looptime, pytest.mark.timeout(900)]

#: The longest time between two looks at something that builds; see test_schedule.py.
SCHEDULE_S = 12.0
MINUTE_S = 60.0


def trouble(world: World, resources: int) -> None:
    """Of ten resources seven work, one hangs, one answers 502, and one's route is paused."""
    for index in range(resources):
        owner = world.chain("paused") if index % 10 == 9 else world.model(_owner(index))
        owner.deployment(f"d{index}", "BUILDING")
    world.trouble(hangs(), "/models/hangs/")
    world.trouble(error(502), "/models/fails/")
    world.trouble(limited(60), "/chains/paused/")


def _owner(index: int) -> str:
    return {7: "hangs", 8: "fails"}.get(index % 10, "works")


def wait_for(baseten: Baseten, index: int) -> Awaitable[object]:
    """Wait for a resource, without end."""
    if index % 10 == 9:
        return baseten.chain("paused").deployment(f"d{index}").wait_until_active(timeout=None)
    return baseten.model(_owner(index)).deployment(f"d{index}").wait_until_active(timeout=None)


async def come_and_go(
    baseten: Baseten, chance: random.Random, resources: int, until: float
) -> None:
    """People who wait for a while for this or that; about one more each second."""
    now = asyncio.get_running_loop().time

    async def visit() -> None:
        try:
            async with asyncio.timeout(chance.expovariate(1 / 30)):
                await wait_for(baseten, chance.randrange(resources))
        except TimeoutError:
            pass

    async with asyncio.TaskGroup() as visits:
        while now() < until:
            visits.create_task(visit())
            await asyncio.sleep(chance.expovariate(1.0))


class Gaps:
    """The longest time without a look at each resource that works; forgets the requests.

    Args:
        resources: How many there are, the others included.
    """

    def __init__(self, resources: int) -> None:
        self.longest = 0.0
        self._last = {
            f"/v1/models/works/deployments/d{index}": 0.0
            for index in range(resources)
            if index % 10 < 7
        }

    def take(self, world: World) -> None:
        """Measure until now."""
        looks: dict[str, list[float]] = {path: [] for path in self._last}
        for sent in world.requests:
            if sent.path in looks:
                looks[sent.path].append(sent.at)
        for path, times in looks.items():
            until_now = [self._last[path], *times, world.now()]
            self.longest = max(self.longest, *(b - a for a, b in pairwise(until_now)))
            self._last[path] = until_now[-2]
        world.requests.clear()


async def soak(resources: int, minutes: int, rate: float) -> tuple[Gaps, list[int]]:
    """Returns the gaps, and the blocks of memory in use at the end of each minute."""
    world = World()
    trouble(world, resources)
    gaps = Gaps(resources)
    blocks: list[int] = []
    before = asyncio.all_tasks()
    async with client(world, polling_rate=rate) as baseten:
        lasting = [asyncio.ensure_future(wait_for(baseten, index)) for index in range(resources)]
        visitors = asyncio.create_task(
            come_and_go(baseten, random.Random(5), resources, minutes * MINUTE_S)
        )
        for minute in range(1, minutes + 1):
            await world.until(minute * MINUTE_S)
            gaps.take(world)
            gc.collect()
            blocks.append(sys.getallocatedblocks())
        await visitors
        for wait in lasting:
            wait.cancel()
        await asyncio.wait(lasting)
        await asyncio.sleep(MINUTE_S)
        world.requests.clear()
        await asyncio.sleep(MINUTE_S)
        assert world.requests == []
        assert asyncio.all_tasks() == before
    return gaps, blocks


def check(gaps: Gaps, blocks: list[int], schedule: float) -> None:
    third = len(blocks) // 3
    early, late = blocks[third : 2 * third], blocks[2 * third :]
    assert gaps.longest <= 2 * schedule
    # The number of visitors goes up and down.
    assert min(late) <= 1.02 * min(early)


async def test_ten_minutes_of_mixed_trouble_hide_nothing_that_works() -> None:
    gaps, blocks = await soak(resources=20, minutes=10, rate=4)

    check(gaps, blocks, SCHEDULE_S)


@pytest.mark.thorough
@pytest.mark.parametrize("rate", [5, 20])
async def test_an_hour_of_mixed_trouble_hides_nothing_that_works(rate: float) -> None:
    gaps, blocks = await soak(resources=100, minutes=60, rate=rate)

    check(gaps, blocks, max(SCHEDULE_S, 100 / rate))

"""Many waits on one client, in virtual time: sharing, limits and outages."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable
from itertools import pairwise
from typing import Any

from attrs import frozen

from aiobaseten import Baseten

from . import virtual
from .deploys import Timeline, mixed, total
from .schedules import PEERS, Outcome, fixed_with, simulate
from .timing import Spread
from .world import World, many, ready_at

ROUND_TRIP = 0.05
#: Baseten's limit per second, and the polling rate of these clients.
LIMIT = 100
RATE = 90.0


def p99(values: list[float]) -> float:
    """The 99th percentile."""
    return sorted(values)[int(0.99 * len(values))]


# --- sharing ---------------------------------------------------------------------------------------


@frozen
class Shared:
    """The result for a thousand waits on forty environments."""

    polling_rate: float
    requests: float
    late: Outcome
    #: The fixed interval with the same p99, and the requests of a thousand loops with this interval.
    interval: float
    loops: float
    #: For each typical loop: the requests of a thousand such loops, and their p99.
    peers: dict[str, tuple[float, float]]


def shared(
    polling_rate: float, *, waits: int = 1000, environments: int = 40, times: int = 8
) -> Shared:
    """Measure the requests saved by sharing, at the same p99 delay, averaged over *times* runs."""
    requests, late, deploys = 0.0, [], []
    for seed in range(times):
        timelines = many(environments, mixed, seed=seed)
        sent, latencies = virtual.run(_promote_all(timelines, polling_rate, waits // environments))
        requests += sent / times
        late += latencies
        deploys += list(timelines.values())
    interval, alone = fixed_with(p99(late), deploys)
    return Shared(
        polling_rate=polling_rate,
        requests=requests,
        late=Outcome(requests / waits, sum(late) / len(late), p99(late)),
        interval=interval,
        loops=waits * alone.requests,
        peers={
            name: (waits * found.requests, found.p99)
            for name, schedule in PEERS.items()
            for found in [simulate(schedule, deploys)]
        },
    )


async def _promote_all(
    timelines: dict[str, Timeline], polling_rate: float, each: int
) -> tuple[int, list[float]]:
    world = World(timelines, limit=LIMIT, round_trip=ROUND_TRIP)
    clock = asyncio.get_running_loop().time
    ready: dict[str, float] = {}
    late: list[float] = []

    async def wait(name: str, waiting: Awaitable[Any]) -> None:
        await waiting
        late.append(clock() - ready[name])

    async with (
        world.client() as http,
        Baseten(api_key="bench", http_client=http, polling_rate=polling_rate) as baseten,
        asyncio.TaskGroup() as group,
    ):
        for name, timeline in timelines.items():
            promotion = await baseten.chain("c1").environment(name).promote(name)
            # The promotion began when the response was sent.
            ready[name] = clock() + total(timeline)
            for _ in range(each):
                group.create_task(wait(name, promotion.wait(timeout=None)))
        promoting = len(world.requests)
    return len(world.requests) - promoting, late


# --- a rate limit of 100 requests per second --------------------------------------------------------


@frozen
class Crowded:
    """The result for more looks than the limit allows."""

    waits: int
    requests: int
    refused: int
    #: Seconds between two looks at the same deployment while all waits run, p50 and p99.
    stale: tuple[float, float]
    #: Seconds from ACTIVE until the wait returns, p50 and p99.
    late: tuple[float, float]

    @property
    def floor(self) -> float:
        """The minimum time to look at all deployments once, in seconds."""
        return self.waits / LIMIT


def crowded(waits: int = 10_000) -> Crowded:
    """Ten thousand waits, each on its own deployment."""
    return virtual.run(_wait_for_all(many(waits, mixed, seed=6)))


async def _wait_for_all(timelines: dict[str, Timeline]) -> Crowded:
    world = World(timelines, limit=LIMIT, round_trip=ROUND_TRIP)
    clock = asyncio.get_running_loop().time
    ready = ready_at(timelines)
    late = []

    async def wait(baseten: Baseten, name: str) -> None:
        await baseten.model("m1").deployment(name).wait_until_active(timeout=None)
        late.append(clock() - ready[name])

    async with (
        world.client() as http,
        Baseten(api_key="bench", http_client=http, polling_rate=RATE) as baseten,
        asyncio.TaskGroup() as group,
    ):
        for name in timelines:
            group.create_task(wait(baseten, name))
    looks: dict[str, list[float]] = defaultdict(list)
    for at, name, status in world.requests:
        if status == 200:
            looks[name].append(at)
    # Only the first round counts: later, many waits have ended.
    while_full = 1.2 * len(timelines) / LIMIT
    gaps = [
        later - at for times in looks.values() for at, later in pairwise(times) if at <= while_full
    ]
    return Crowded(
        waits=len(timelines),
        requests=len(world.requests),
        refused=sum(status == 429 for _, _, status in world.requests),
        stale=(Spread.of(gaps).median, p99(gaps)),
        late=(Spread.of(late).median, p99(late)),
    )


# --- an outage -------------------------------------------------------------------------------------

OUTAGE_S = 60.0


@frozen
class Outage:
    """The result for outages of one minute that begin at different moments."""

    waits: int
    rate: float
    into_it: Spread
    refused: int
    #: Seconds from the end of the outage until every wait has received a response.
    recovered: Spread

    @property
    def floor(self) -> float:
        """The minimum time to look at all deployments once, in seconds."""
        return self.waits / self.rate


def outage(waits: int = 1000, times: int = 15) -> Outage:
    """A thousand waits, each on its own deployment."""
    chance = random.Random(8)
    found = [virtual.run(_go_through(waits, 60.0 + 10.0 * chance.random())) for _ in range(times)]
    return Outage(
        waits=waits,
        rate=RATE,
        into_it=Spread.of([float(into_it) for into_it, _, _ in found]),
        refused=sum(refused for _, refused, _ in found),
        recovered=Spread.of([recovered for _, _, recovered in found]),
    )


async def _go_through(waits: int, begins: float) -> tuple[int, int, float]:
    ends = begins + OUTAGE_S
    names = [f"d{number}" for number in range(waits)]
    world = World(
        {name: [("LOADING_MODEL", 1e9)] for name in names},
        limit=LIMIT,
        outage=(begins, ends),
        round_trip=ROUND_TRIP,
    )
    async with (
        world.client() as http,
        Baseten(api_key="bench", http_client=http, polling_rate=RATE) as baseten,
    ):
        tasks = [
            asyncio.ensure_future(
                baseten.model("m1").deployment(name).wait_until_active(timeout=None)
            )
            for name in names
        ]
        await asyncio.sleep(ends + 120.0)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    answered: dict[str, float] = {}
    for at, name, status in world.requests:
        if at >= ends and status == 200:
            answered.setdefault(name, at + ROUND_TRIP)
    return (
        sum(begins <= at < ends for at, _, _ in world.requests),
        sum(status == 429 for _, _, status in world.requests),
        max(answered.values()) - ends if len(answered) == waits else float("inf"),
    )


def loops_in_an_outage(waits: int = 1000, *, seed: int = 9) -> dict[str, float]:
    """For each kind of loop: the requests that *waits* such loops send during the outage."""
    chance = random.Random(seed)
    sent = {}
    for name, schedule in PEERS.items():
        count = 0
        for _ in range(waits):
            at = -chance.random() * 60.0  # each began at another moment
            began = at
            while at < OUTAGE_S:
                count += at >= 0.0
                at += schedule("LOADING_MODEL", at - began, at - began)
        sent[name] = float(count)
    return sent

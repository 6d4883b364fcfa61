"""1,000 waits over an hour of virtual time, a tenth of the answers lost, limits enforced.

A target of its own, because it takes a minute: ``make soak``.
"""

from __future__ import annotations

import asyncio
import gc
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias

import httpx
import pytest
from attrs import define, field, frozen

from aiobaseten import (
    Baseten,
    ChainEnvironmentHandle,
    ChainPromotion,
    ModelEnvironmentHandle,
    ModelPromotion,
)
from aiobaseten.errors import (
    BasetenError,
    DeploymentFailedError,
    PromotionFailedError,
    WaitTimeoutError,
)
from aiobaseten.testing import CompressedClock, FakeBaseten

WAITS = 1000
FAULTY = 0.1
CONNECTIONS = 20
RESOLUTION = 0.001  # seconds that a timer of the loop may fire early

pytestmark = [pytest.mark.looptime, pytest.mark.timeout(600)]

Outcome: TypeAlias = type[BasetenError] | None


# What deployments go through, and whether they get there.


@frozen
class Story:
    """How often it is told; each status, and when it ends, in hours; and the last one.

    From 0.4 to 0.7 nothing happens in any of them: what grows then is a leak.
    """

    weight: int
    steps: list[tuple[str, float, float]]
    last: str

    def timeline(self, chance: random.Random, hour: float) -> list[Any]:
        timed: list[Any] = []
        now = 0.0
        for status, earliest, latest in self.steps:
            end = chance.uniform(earliest, latest) * hour
            timed.append((status, end - now))
            now = end
        return [*timed, self.last]


RISE = [("BUILDING", 0.02, 0.3), ("DEPLOYING", 0.31, 0.33), ("LOADING_MODEL", 0.75, 0.85)]
STORIES = [
    Story(70, RISE, "ACTIVE"),
    Story(8, [*RISE, ("SCALED_TO_ZERO", 0.855, 0.86), ("WAKING_UP", 0.87, 0.95)], "ACTIVE"),
    Story(8, [*RISE, ("UNHEALTHY", 0.86, 0.87), ("LOADING_MODEL", 0.88, 0.89)], "ACTIVE"),
    Story(5, RISE[:2], "BUILD_FAILED"),
    Story(5, RISE, "DEPLOY_FAILED"),
    Story(4, RISE[:2], "DEPLOYING"),
]
QUIET = 0.4, 0.7


# What lies between the client and the server.


@define
class Network(httpx.AsyncBaseTransport):
    """A slow network that loses a tenth of the responses, and checks that clients obey pauses.

    Attributes:
        answers: How many requests were answered with which status, or lost.
        intrusions: Requests to a route that had asked this client to be left alone.
    """

    chance: random.Random
    answers: Counter[int | str] = field(factory=Counter[int | str])
    intrusions: int = 0
    _quiet: dict[str, tuple[float, float]] = field(factory=dict[str, tuple[float, float]])
    _real: Any = None

    def lead_to(self, fake: FakeBaseten) -> None:
        self._real = fake.transport()
        self._quiet.clear()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        loop = asyncio.get_running_loop()
        route = f"{request.method} {request.url.path.split('/')[2::2]}"
        since, until = self._quiet.get(route, (0.0, 0.0))
        self.intrusions += since < loop.time() < until - RESOLUTION
        await asyncio.sleep(self.chance.uniform(0.02, 0.3))
        try:
            response = await self._answer(request)
        except httpx.TransportError as error:
            self.answers[type(error).__name__] += 1
            raise
        self.answers[response.status_code] += 1
        if response.status_code == 429:
            await response.aread()
            asked = float(response.json()["retry_after"])
            self._quiet[route] = (loop.time(), loop.time() + asked)
        return response

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.chance.random() >= FAULTY:
            return await self._real.handle_async_request(request)  # type: ignore[no-any-return]
        fault = self.chance.choice(["refused", "429", "reset", "late", "cut", "502", "503", "HTML"])
        if fault not in ("refused", "429") and self.chance.random() < 0.5:
            await self._real.handle_async_request(request)  # its answer is lost
        match fault:
            case "refused":
                raise httpx.ConnectError("refused", request=request)
            case "reset":
                raise httpx.ReadError("reset", request=request)
            case "cut":
                raise httpx.RemoteProtocolError("cut", request=request)
            case "late":
                await asyncio.sleep(request.extensions["timeout"]["read"])
                raise httpx.ReadTimeout("late", request=request)
            case "HTML":
                return httpx.Response(200, html="<html>Please log in</html>")
            case "429":
                return httpx.Response(429, json={"error": "Too many.", "retry_after": 3})
            case status:
                return httpx.Response(int(status), html="<html>Bad gateway</html>")


# One wait of each kind.


@frozen
class Wait:
    """A wait, and its expected end."""

    label: str
    outcome: Outcome
    run: Callable[[Baseten], Awaitable[Any]]

    async def ends_right(self, baseten: Baseten) -> str | None:
        """The error in its end, or ``None``."""
        try:
            result = await self.run(baseten)
        except BasetenError as error:
            return None if type(error) is self.outcome else f"{self.label}: {error!r}"
        is_right = self.outcome is None and result.id == "d1" and result.status == "ACTIVE"
        return None if is_right else f"{self.label}: {result}"


async def promoted(
    environment: ChainEnvironmentHandle | ModelEnvironmentHandle,
) -> ChainPromotion | ModelPromotion:
    """The promotion, asked for until it succeeds: "adopt" makes that safe."""
    while True:
        try:
            return await environment.promote("d1", if_in_progress="adopt")
        except BasetenError:
            await asyncio.sleep(5)


def of_promotion(end: Outcome) -> Outcome:
    return PromotionFailedError if end is DeploymentFailedError else end


def chain_promotion(
    fake: FakeBaseten, number: int, timeline: list[Any], end: Outcome, limit: float
) -> Wait:
    chain = fake.chain(f"c{number}")
    chain.deployment("d0")
    chain.deployment("d1", on_promote=timeline)
    chain.environment("production", current="d0")

    async def run(baseten: Baseten) -> object:
        environment = baseten.chain(f"c{number}").environment("production")
        return await (await promoted(environment)).wait(timeout=limit)

    return Wait(f"chain promotion {number}", of_promotion(end), run)


def model_promotion(
    fake: FakeBaseten, number: int, timeline: list[Any], end: Outcome, limit: float
) -> Wait:
    model = fake.model(f"m{number}")
    model.deployment("d0")
    model.deployment("d1", on_promote=timeline)
    model.environment("production", current="d0", rolling=True)

    async def run(baseten: Baseten) -> object:
        environment = baseten.model(f"m{number}").environment("production")
        return await (await promoted(environment)).wait(timeout=limit)

    return Wait(f"model promotion {number}", of_promotion(end), run)


def chain_deployment(
    fake: FakeBaseten, number: int, timeline: list[Any], end: Outcome, limit: float
) -> Wait:
    fake.chain(f"c{number}").deployment("d1", timeline=timeline)
    return Wait(
        f"chain deployment {number}",
        end,
        lambda b: b.chain(f"c{number}").deployment("d1").wait_until_active(timeout=limit),
    )


def model_deployment(
    fake: FakeBaseten, number: int, timeline: list[Any], end: Outcome, limit: float
) -> Wait:
    fake.model(f"m{number}").deployment("d1", timeline=timeline)
    return Wait(
        f"model deployment {number}",
        end,
        lambda b: b.model(f"m{number}").deployment("d1").wait_until_active(timeout=limit),
    )


Kind: TypeAlias = Callable[[FakeBaseten, int, list[Any], Outcome, float], Wait]
KINDS: list[Kind] = [chain_promotion, model_promotion, chain_deployment, model_deployment]


def waits(
    fake: FakeBaseten, kinds: list[Kind], chance: random.Random, *, hour: float
) -> list[Wait]:
    """All waits, each with a story of its own."""
    told = chance.choices(STORIES, [story.weight for story in STORIES], k=WAITS)
    ends: dict[str, Outcome] = {"ACTIVE": None, "DEPLOYING": WaitTimeoutError}
    return [
        kinds[number % len(kinds)](
            fake,
            number,
            story.timeline(chance, hour),
            ends.get(story.last, DeploymentFailedError),
            hour,
        )
        for number, story in enumerate(told)
    ]


def blocks_in_use(fake: FakeBaseten | None = None) -> int:
    """Blocks of memory in use, without what the fake has recorded."""
    if fake is not None:
        fake.requests.clear()
    gc.collect()
    return sys.getallocatedblocks()


async def blocks_at(fake: FakeBaseten, at: float) -> int:
    await asyncio.sleep(at)
    return blocks_in_use(fake)


@define
class Soak:
    """Clients with the same key, each behind a network of its own."""

    networks: list[Network]
    clients: list[Baseten]

    async def wait_for_all(self, kinds: list[Kind], *, hour: float) -> tuple[int, int]:
        """Check the ends of all waits; returns the blocks in use around the quiet time."""
        fake = FakeBaseten(enforce_limits=True)
        for network in self.networks:
            network.lead_to(fake)
        planned = waits(fake, kinds, random.Random(4), hour=hour)
        measured = [asyncio.create_task(blocks_at(fake, at * hour)) for at in QUIET]
        wrong = await asyncio.gather(
            *(
                wait.ends_right(self.clients[number % len(self.clients)])
                for number, wait in enumerate(planned)
            )
        )
        early, late = await asyncio.gather(*measured)

        assert [one for one in wrong if one] == []
        assert [network.intrusions for network in self.networks] == [0] * len(self.networks)
        return early, late


@asynccontextmanager
async def soaking(clients: int, polling_rate: float) -> AsyncIterator[Soak]:
    before = asyncio.all_tasks()
    networks = [Network(random.Random(number)) for number in range(clients)]
    async with AsyncExitStack() as stack:
        yield Soak(
            networks,
            [
                await stack.enter_async_context(
                    Baseten(
                        api_key="test-key",
                        http_client=httpx.AsyncClient(transport=network),
                        polling_rate=polling_rate,
                        max_connections=CONNECTIONS,
                        clock=CompressedClock(1, random.Random(number)),
                    )
                )
                for number, network in enumerate(networks)
            ],
        )
    assert asyncio.all_tasks() == before


async def test_a_thousand_waits_end_correctly_and_leave_nothing_behind() -> None:
    async with soaking(clients=1, polling_rate=20) as soak:
        early, late = await soak.wait_for_all(KINDS, hour=3600)
        after = blocks_in_use()
        await soak.wait_for_all(KINDS, hour=3600)
        after_more = blocks_in_use()

    # By and by each wait has had a failure, and keeps the last one.
    assert late < 1.03 * early
    # Less than a block for ten requests.
    assert after_more - after < sum(soak.networks[0].answers.values()) / 10


async def test_two_clients_come_to_share_the_limit_of_a_route() -> None:
    """Ten minutes, because an hour would need a third of a million requests."""
    async with soaking(clients=2, polling_rate=80) as soak:
        await soak.wait_for_all([chain_promotion], hour=600)

    ones, others = (network.answers[200] for network in soak.networks)
    assert ones == pytest.approx(others, rel=0.2)

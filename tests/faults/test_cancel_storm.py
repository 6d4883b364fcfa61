"""Calls that are cancelled at random moments cost the client no connection and no task.

A few hundred cancelled calls make a stock httpx pool unusable. ``CANCELLATIONS=10000`` in the
environment makes the storm a long one.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import BasetenError
from aiobaseten.testing import CompressedClock

from .proxy import PATIENCE_S, Fault, Line, Proxy
from .trouble import CLOSED_BETWEEN, RESET_ACTED

CANCELLATIONS = int(os.environ.get("CANCELLATIONS", "300"))
CONNECTIONS = 10
CALLERS = 2 * CONNECTIONS
SLOWEST_S = 0.02
#: After so long, on the client's clock, nobody has to wait for the budget of a quiet client.
BUDGET_S = 1.2


def dawdling(chance: random.Random, *, trouble: float) -> Fault:
    """A slow server that sometimes loses a connection.

    It asks the real one once for each kind of request: the storm is to hit the client.
    """
    answers: dict[bytes, bytes] = {}

    async def dawdle(line: Line, request: bytes) -> None:
        await asyncio.sleep(chance.uniform(0, SLOWEST_S))
        if chance.random() < trouble:
            await chance.choice([CLOSED_BETWEEN, RESET_ACTED]).happen(line, request)
        else:
            if request not in answers:
                answers[request] = await line.ask(request)
            await line.say(answers[request])

    return Fault("dawdles", dawdle, reaches=True)


def answering_together(count: int, nearly: asyncio.Event) -> Fault:
    """A server that answers when *count* requests have come, which needs as many connections.

    It sets *nearly* when one is lacking.
    """
    come: list[bytes] = []
    all_here = asyncio.Event()

    async def wait_for_the_others(line: Line, request: bytes) -> None:
        come.append(request)
        if len(come) >= count - 1:
            nearly.set()
        if len(come) >= count:
            all_here.set()
        await all_here.wait()
        await line.say(await line.ask(request))

    return Fault("answers together", wait_for_the_others, reaches=True)


async def call(baseten: Baseten, chance: random.Random) -> None:
    chain = baseten.chain("c1")
    calls: list[Callable[[], Awaitable[object]]] = [
        chain.deployment("d1").get,
        chain.environment("production").get,
        chain.list_deployments,
        chain.deployment("d1").wait_until_active,
    ]
    with suppress(BasetenError):
        await chance.choice(calls)()


async def answered(make: Callable[[], Awaitable[object]]) -> None:
    await make()


async def storm(baseten: Baseten, chance: random.Random, cancellations: int) -> None:
    """Call and cancel, until *cancellations* calls were cancelled."""
    left = cancellations

    async def impatient() -> None:
        nonlocal left
        while left > 0:
            patience = chance.uniform(0, 2 * SLOWEST_S)
            if chance.random() < 0.5:
                try:
                    async with asyncio.timeout(patience):
                        await call(baseten, chance)
                except TimeoutError:
                    left -= 1
            else:
                task = asyncio.create_task(call(baseten, chance))
                _, late = await asyncio.wait([task], timeout=patience)
                for task in late:
                    task.cancel()
                    await asyncio.wait([task])
                    left -= 1

    async with asyncio.TaskGroup() as callers:
        for _ in range(CALLERS):
            callers.create_task(impatient())


@pytest.mark.thorough
@pytest.mark.timeout(900)
@pytest.mark.parametrize("trouble", [0.0, 0.05], ids=["all is well", "connections get lost"])
@pytest.mark.parametrize("speed", [1000, 1], ids=["on the wire", "in line for the budget"])
async def test_calls_are_answered_at_once_after_many_cancellations(
    speed: float,
    trouble: float,
    proxy: Proxy,
    connect: Callable[..., AbstractAsyncContextManager[Baseten]],
) -> None:
    """The speed of the client's clock decides where calls are when they are cancelled."""
    chance = random.Random(4)
    before = asyncio.all_tasks()

    async with connect(
        clock=CompressedClock(speed),
        max_connections=CONNECTIONS,
        read_timeout=30,
    ) as baseten:
        async with proxy.failing(dawdling(chance, trouble=trouble)):
            await storm(baseten, chance, CANCELLATIONS)
        nearly = asyncio.Event()
        async with (
            proxy.failing(answering_together(CONNECTIONS, nearly)),
            asyncio.timeout(PATIENCE_S + BUDGET_S / speed),
            asyncio.TaskGroup() as callers,
        ):
            # Routes share the connections, and the last one is for a route that holds none.
            chain = baseten.chain("c1")
            calls: list[Callable[[], Awaitable[object]]] = [
                chain.deployment("d1").get,
                chain.deployment("d0").get,
                chain.environment("production").get,
                chain.list_deployments,
            ]
            for make in calls * CONNECTIONS:
                callers.create_task(answered(make))
            await nearly.wait()
            callers.create_task(answered(chain.list_environments))
    await proxy.forgotten()

    assert asyncio.all_tasks() == before

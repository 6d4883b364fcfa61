"""A loop that stood still costs no connection, whatever was under way.

A debugger, a suspended laptop or a frozen container does that. All timers are due at once then, and
a request that was about to go on would be cut off between two steps, where httpx's pool cannot
clean up behind it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias

import httpx
import pytest

from aiobaseten import Baseten
from aiobaseten.errors import TransportError
from aiobaseten.options import Transport
from aiobaseten.testing import FakeBaseten

from .proxy import PATIENCE_S

STEPS = 25


class JumpingLoop(asyncio.SelectorEventLoop):
    """A loop whose time can jump."""

    stood_still_for = 0.0

    def time(self) -> float:
        return super().time() + self.stood_still_for


Story: TypeAlias = Callable[[JumpingLoop, str, int, Transport], Awaitable[None]]


async def get(baseten: Baseten) -> str:
    return (await baseten.chain("c1").deployment("d1").get()).id


async def call_for(steps: int, baseten: Baseten) -> asyncio.Task[str]:
    """A call, *steps* turns of the loop after it began."""
    call = asyncio.create_task(get(baseten))
    for _ in range(steps):
        await asyncio.sleep(0)
    return call


async def abandoned(loop: JumpingLoop, url: str, steps: int, transport: Transport) -> None:
    """The caller was cancelled, and the grace of the abandoned request is over."""
    async with Baseten(
        api_key="test-key", base_url=url, transport=transport, max_connections=1
    ) as baseten:
        call = await call_for(steps, baseten)
        call.cancel()
        await asyncio.wait([call])
        loop.stood_still_for += 6
        async with asyncio.timeout(PATIENCE_S):
            assert await get(baseten) == "d1"


async def out_of_time(loop: JumpingLoop, url: str, steps: int, transport: Transport) -> None:
    """The caller waits, and only the timeout of the whole response is over."""
    async with Baseten(
        api_key="test-key",
        base_url=url,
        transport=transport,
        max_connections=1,
        connect_timeout=999,
        read_timeout=999,
        pool_timeout=999,
    ) as baseten:
        call = await call_for(steps, baseten)
        loop.stood_still_for += 61
        async with asyncio.timeout(PATIENCE_S):
            with suppress(TransportError):
                await call
            assert await get(baseten) == "d1"


async def closed(loop: JumpingLoop, url: str, steps: int, transport: Transport) -> None:
    """The client is closed, and the pool is the caller's own, whatever *transport* is."""
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=1)) as http:

        def client() -> Baseten:
            return Baseten(api_key="test-key", base_url=url, http_client=http, max_connections=1)

        async with client() as baseten:
            call = await call_for(steps, baseten)
            closing = asyncio.create_task(baseten.aclose())
            await asyncio.sleep(0)
            loop.stood_still_for += 6
            await closing
        await asyncio.gather(call, return_exceptions=True)
        async with asyncio.timeout(PATIENCE_S), client() as baseten:
            assert await get(baseten) == "d1"


async def out_of_time_twice(loop: JumpingLoop, url: str, steps: int, transport: Transport) -> None:
    """It stands still again while the response, which has arrived, is being read."""
    for further_steps in range(0, STEPS, 4):
        async with Baseten(
            api_key="test-key",
            base_url=url,
            transport=transport,
            max_connections=1,
            connect_timeout=999,
            read_timeout=999,
            pool_timeout=PATIENCE_S,
        ) as baseten:
            call = await call_for(steps, baseten)
            loop.stood_still_for += 61
            for _ in range(further_steps):
                await asyncio.sleep(0)
            loop.stood_still_for += 1
            with suppress(TransportError):
                await call
            assert await get(baseten) == "d1"


@pytest.mark.parametrize(
    ("story", "stride"),
    [
        (abandoned, 1),
        (closed, 5),
        pytest.param(closed, 1, marks=pytest.mark.thorough),
        pytest.param(out_of_time, 1, marks=pytest.mark.thorough),
        pytest.param(out_of_time_twice, 1, marks=pytest.mark.thorough),
    ],
)
def test_a_stopped_loop_costs_the_pool_no_connection(
    story: Story, stride: int, transport: Transport
) -> None:
    fake = FakeBaseten()
    fake.chain("c1").deployment("d1")

    async def tell(loop: JumpingLoop) -> None:
        async with fake.serve() as url:
            for steps in range(0, STEPS, stride):
                await story(loop, url, steps, transport)

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, JumpingLoop)
        runner.run(tell(loop))

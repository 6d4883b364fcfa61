"""Responses that never end.

No timeout between two bytes notices it, so the answer as a whole needs one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import RequestTimeoutError
from aiobaseten.events import Finished
from aiobaseten.testing import CompressedClock, FakeBaseten

from .proxy import PATIENCE_S, Fault, Proxy
from .trouble import ENDLESS_BODY, ENDLESS_HEAD, ENDLESS_HINTS

Connect = Callable[..., AbstractAsyncContextManager[Baseten]]
ENDLESS = [ENDLESS_HEAD, ENDLESS_HINTS, ENDLESS_BODY]
SPEED = 100.0


@pytest.fixture
def fake() -> FakeBaseten:
    """A chain with an environment."""
    fake = FakeBaseten(speed=SPEED)
    chain = fake.chain("c1")
    chain.deployment("d0")
    chain.deployment("d1")
    chain.environment("production", current="d0")
    return fake


@pytest.mark.parametrize("fault", ENDLESS, ids=repr)
async def test_a_request_ends_although_its_response_does_not(
    fault: Fault, proxy: Proxy, connect: Connect
) -> None:
    async with connect(answer_timeout=0.2) as baseten:
        get = baseten.chain("c1").deployment("d1").get
        async with proxy.failing(fault), asyncio.timeout(PATIENCE_S):
            with pytest.raises(RequestTimeoutError) as caught:
                await get()

        assert caught.value.sent
        assert (await get()).id == "d1"


@pytest.mark.parametrize("fault", ENDLESS, ids=repr)
async def test_a_wait_looks_again_although_a_response_does_not_end(
    fault: Fault, proxy: Proxy, connect: Connect
) -> None:
    async with connect(
        clock=CompressedClock(SPEED), answer_timeout=0.2, http_client=None
    ) as baseten:
        promotion = await baseten.chain("c1").environment("production").promote("d1")
        proxy.plan(fault)
        async with asyncio.timeout(PATIENCE_S):
            events = [event async for event in promotion.events(timeout=None)]

    assert isinstance(events[-1], Finished)
    assert events[-1].error is None


@pytest.mark.parametrize("fault", ENDLESS, ids=repr)
async def test_a_promotion_whose_response_does_not_end_is_sent_once(
    fault: Fault, proxy: Proxy, connect: Connect
) -> None:
    async with (
        connect(clock=CompressedClock(SPEED), answer_timeout=0.2) as baseten,
        proxy.failing(fault, method="POST"),
        asyncio.timeout(PATIENCE_S),
    ):
        promotion = await baseten.chain("c1").environment("production").promote("d1")

    assert promotion.deployment_id == "d1"
    assert sum(line.startswith("POST") for line in proxy.seen) == 1

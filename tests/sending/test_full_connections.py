"""Requests that wait for a connection still obey the limits."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx
import pytest

from aiobaseten import Baseten
from aiobaseten.testing import FakeBaseten

pytestmark = pytest.mark.looptime

CONNECTIONS = 20
CALLS = 400


class Jammed(httpx.AsyncBaseTransport):
    """A network on which the first requests keep all connections busy."""

    def __init__(
        self, fake: FakeBaseten, *, lasting: float = 10, asks_for: int | None = None
    ) -> None:
        self._real = fake.transport()
        self._lasting = lasting
        self._asks_for = asks_for
        self.sent_at: list[float] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        is_first = len(self.sent_at) < CONNECTIONS
        self.sent_at.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self._lasting if is_first else 0.01)
        if is_first and self._asks_for is not None:
            return httpx.Response(429, json={"retry_after": self._asks_for})
        return await self._real.handle_async_request(request)


async def call_all(network: Jammed) -> None:
    async with Baseten(
        api_key="test-key",
        http_client=httpx.AsyncClient(transport=network),
        max_connections=CONNECTIONS,
    ) as baseten:
        names = [f"d{number % CONNECTIONS}" for number in range(CALLS)]
        await asyncio.gather(*(baseten.chain("c1").deployment(name).get() for name in names))


@pytest.fixture
def fake() -> FakeBaseten:
    fake = FakeBaseten()
    for number in range(CONNECTIONS):
        fake.chain("c1").deployment(f"d{number}")
    return fake


async def test_queued_requests_still_obey_the_limit(fake: FakeBaseten) -> None:
    """The documented limit is 100 a second."""
    network = Jammed(fake)

    await call_all(network)

    in_second = Counter(int(at) for at in network.sent_at)
    assert in_second.total() == CALLS
    assert max(in_second.values()) <= 100


async def test_requests_that_wait_for_a_connection_obey_a_new_pause(
    fake: FakeBaseten,
) -> None:
    network = Jammed(fake, asks_for=30)

    await call_all(network)

    sent_all_the_same = [at for at in network.sent_at if 0 < at < 10 + 30]
    assert len(sent_all_the_same) <= CONNECTIONS


async def test_looks_without_a_connection_are_not_made_up_for(
    fake: FakeBaseten,
) -> None:
    """The budget is five looks a second."""
    chain = fake.chain("c1")
    waits = 6 * CONNECTIONS
    for number in range(waits):
        chain.deployment(f"w{number}", timeline=[("BUILDING", 60), "ACTIVE"])
    network = Jammed(fake, lasting=25)

    async with Baseten(
        api_key="test-key",
        http_client=httpx.AsyncClient(transport=network),
        max_connections=CONNECTIONS,
    ) as baseten:
        await asyncio.gather(
            *(baseten.chain("c1").deployment(f"w{n}").wait_until_active() for n in range(waits))
        )

    in_second = Counter(int(at) for at in network.sent_at)
    assert in_second.total() > waits
    assert max(in_second.values()) <= 10

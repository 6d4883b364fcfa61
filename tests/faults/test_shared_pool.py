"""A connection pool that several clients share."""

from __future__ import annotations

import asyncio
import random

import httpx
import pytest

from aiobaseten import Baseten
from aiobaseten.testing import FakeBaseten

from .proxy import PATIENCE_S

CONNECTIONS = 10
CLIENTS = 100


@pytest.mark.thorough
async def test_closing_clients_with_requests_under_way_costs_the_pool_no_connection(
    fake: FakeBaseten,
) -> None:
    """A request that is cut off at the wrong moment keeps its slot in httpx's pool for ever."""
    chance = random.Random(4)
    limits = httpx.Limits(max_connections=CONNECTIONS)

    async with fake.serve() as url, httpx.AsyncClient(limits=limits) as http:

        def client() -> Baseten:
            return Baseten(api_key="test-key", base_url=url, http_client=http)

        for _ in range(CLIENTS):
            async with client() as baseten:
                get = baseten.chain("c1").deployment("d1").get
                calls = [asyncio.create_task(get()) for _ in range(5)]
                await asyncio.sleep(chance.uniform(0, 0.012))
            await asyncio.gather(*calls, return_exceptions=True)

        async with client() as baseten, asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as callers:
            for _ in range(2 * CONNECTIONS):
                callers.create_task(baseten.chain("c1").deployment("d1").get())

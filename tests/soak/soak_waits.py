"""1,000 waits over an hour of virtual time, with a tenth of the responses lost and limits enforced.

The idea: one client (or two with the same key) runs a thousand waits at once. The parts: each wait
is on a deployment with one of the stories of planned_waits.py, and the story says how the wait must
end; the client sends through network.py, which loses a tenth of the responses and counts requests
to a route that had asked for a pause. Between `QUIET` nothing happens in any story. What grows in
that time is a leak, so the blocks of memory in use are compared.

How to read a failure: the list in the assertion names each wait with a wrong end, and its error.
The stories and the network are random with a fixed seed, so that the next run fails alike.

It takes minutes, and so has a target of its own: ``make soak``.
"""

from __future__ import annotations

import asyncio
import gc
import random
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest
from attrs import define

from aiobaseten import Baseten
from aiobaseten.testing import CompressedClock, FakeBaseten

from .network import Network
from .planned_waits import KINDS, QUIET, Kind, chain_promotion, waits

CONNECTIONS = 20

pytestmark = [pytest.mark.looptime, pytest.mark.timeout(3600)]


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
            network.lead_to(fake, deadline=asyncio.get_running_loop().time() + hour)
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

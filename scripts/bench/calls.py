"""CPU time of one call and of one look in the client, compared with httpx and others."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from pathlib import Path
from typing import Any

import aiohttp
import httpx
from attrs import frozen
from baseten.client import AsyncManagementClient

from aiobaseten import Baseten, ChainDeploymentHandle, Stage
from aiobaseten._sending import HttpClient

from . import virtual
from .server import serving
from .timing import Calls, Spread, by_turns, each, ratios
from .world import PLAIN, chain_deployment

KEY = "bench-key"
#: Calls per batch, and batches. Batches are small, so that one round takes a fraction of a second.
CALLS = 20
BATCHES = 2
#: Seconds between looks. All batches together stay below Baseten's limit of 100 requests per second,
#: so no request has to wait.
LOOK_EVERY_S = 0.0125
UNLIMITED = 1e9
_IN_PROCESS = "https://api.baseten.co"
#: The names of the variants in the table.
US, LOOK, RAW, SDK = "aiobaseten", "a look in a wait", "httpx", "baseten"
GUEST = "aiobaseten, through an httpx client of the caller's"
US_AIOHTTP, LOOK_AIOHTTP = "aiobaseten over aiohttp", "a look in a wait over aiohttp"
PACED = "httpx, at the pace of a wait"
AIOHTTP, GENERATED = "aiohttp", "generated, default templates"


@frozen
class Costs:
    """The time of each variant, and our ratios to the others."""

    chainlets: int
    over: str
    microseconds: dict[str, float]
    call_over: dict[str, Spread]
    look_over: dict[str, Spread]
    #: The same over aiohttp; empty in process, where no transport sends.
    aiohttp_call_over: dict[str, Spread]
    aiohttp_look_over: dict[str, Spread]


def measure(generated: Path, *, rounds: int) -> list[Costs]:
    """Measure all variants, in process and over loopback, with 1 and with 10 chainlets."""
    sys.path.insert(0, str(generated.parent))
    costs = []
    for chainlets in (1, 10):
        # In virtual time, waiting for a rate limit takes no time.
        costs.append(virtual.run(_in_process(generated.name, chainlets, rounds)))
        with serving() as address:
            costs.append(asyncio.run(_over_loopback(generated.name, address, chainlets, rounds)))
    return costs


async def _in_process(generated: str, chainlets: int, rounds: int) -> Costs:
    body = chain_deployment(str(chainlets), "LOADING_MODEL", chainlets)

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=body, headers=PLAIN)

    transport = httpx.MockTransport(answer)

    def client(**settings: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=transport, **settings)

    sdk_http = client(base_url=_IN_PROCESS, headers={"Authorization": f"Bearer {KEY}"})
    async with (
        client() as plain,
        sdk_http,
        client() as theirs,
        # The HTTP client that aiobaseten creates by default.
        HttpClient(transport=transport) as ours,
        Baseten(
            api_key=KEY, http_client=ours, polling_rate=UNLIMITED, poll=(pace := _Pace())
        ) as baseten,
        Baseten(api_key=KEY, http_client=theirs) as guest,
    ):
        variants = _variants(
            pace,
            baseten,
            plain,
            AsyncManagementClient(api_key=KEY, http_client_override=sdk_http),
            chainlets,
        )
        variants[GENERATED] = _generated(generated, _IN_PROCESS, chainlets, transport)
        variants[GUEST] = each(guest.chain("c1").deployment(str(chainlets)).get)
        return await _costs("in process", chainlets, variants, rounds)


async def _over_loopback(generated: str, address: str, chainlets: int, rounds: int) -> Costs:
    sdk = AsyncManagementClient(api_key=KEY, base_url_override=address)
    async with (
        httpx.AsyncClient() as plain,
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as session,
        sdk,
        Baseten(
            api_key=KEY, base_url=address, polling_rate=UNLIMITED, poll=(pace := _Pace())
        ) as baseten,
        Baseten(
            api_key=KEY,
            base_url=address,
            polling_rate=UNLIMITED,
            poll=(other_pace := _Pace()),
            transport="aiohttp",
        ) as over_aiohttp,
    ):
        variants = _variants(pace, baseten, plain, sdk, chainlets)
        deployment = over_aiohttp.chain("c1").deployment(str(chainlets))
        variants[US_AIOHTTP] = each(deployment.get)
        variants[LOOK_AIOHTTP] = _looks(deployment, other_pace)
        url = f"{address}/v1/chains/c1/deployments/{chainlets}"

        async def with_aiohttp() -> None:
            async with session.get(url) as response:
                json.loads(await response.read())

        variants[AIOHTTP] = each(with_aiohttp)
        variants[GENERATED] = _generated(generated, address, chainlets, None)
        return await _costs("loopback", chainlets, variants, rounds)


async def _costs(over: str, chainlets: int, variants: dict[str, Calls], rounds: int) -> Costs:
    taken = await by_turns(variants, rounds=rounds * BATCHES, calls=CALLS)
    ours = (US, LOOK, US_AIOHTTP, LOOK_AIOHTTP)
    others = [name for name in variants if name not in ours]

    def over_others(one: str) -> dict[str, Spread]:
        return {name: ratios(taken[one], taken[name]) for name in others} if one in taken else {}

    return Costs(
        chainlets=chainlets,
        over=over,
        microseconds={name: 1e6 * Spread.of(seconds).median for name, seconds in taken.items()},
        call_over=over_others(US),
        look_over=over_others(LOOK),
        aiohttp_call_over=over_others(US_AIOHTTP),
        aiohttp_look_over=over_others(LOOK_AIOHTTP),
    )


class _Pace:
    """A schedule with a fixed interval that counts the looks."""

    def __init__(self) -> None:
        self._left = 0
        self._done = asyncio.Event()

    def __call__(self, stage: Stage, in_stage: float, elapsed: float) -> float:
        self._left -= 1
        if self._left <= 0:
            self._done.set()
        return LOOK_EVERY_S

    async def looks(self, count: int) -> None:
        """Return after *count* looks."""
        self._left = count
        self._done.clear()
        await self._done.wait()


def _looks(deployment: ChainDeploymentHandle, pace: _Pace) -> Calls:
    """One wait that looks as often as it is told."""

    async def look(count: int) -> None:
        wait = asyncio.ensure_future(deployment.wait_until_active())
        await pace.looks(count)
        wait.cancel()
        await asyncio.wait([wait])

    return look


def _variants(
    pace: _Pace,
    baseten: Baseten,
    plain: httpx.AsyncClient,
    sdk: AsyncManagementClient,
    chainlets: int,
) -> dict[str, Calls]:
    deployment = baseten.chain("c1").deployment(str(chainlets))
    base = str(sdk.http_client.base_url).rstrip("/")
    url = f"{base}/v1/chains/c1/deployments/{chainlets}"
    headers = {"Authorization": f"Bearer {KEY}"}

    async def raw() -> None:
        json.loads((await plain.get(url, headers=headers)).content)

    async def official() -> None:
        await sdk.api.get_chains_deployments_chain_deployment_id(
            chain_id="c1", chain_deployment_id=str(chainlets)
        )

    async def paced() -> None:
        await raw()
        await asyncio.sleep(LOOK_EVERY_S)

    return {
        US: each(deployment.get),
        LOOK: _looks(deployment, pace),
        RAW: each(raw),
        PACED: each(paced),
        SDK: each(official),
    }


def _generated(
    package: str, address: str, chainlets: int, transport: httpx.AsyncBaseTransport | None
) -> Calls:
    client = importlib.import_module(f"{package}.client").AuthenticatedClient(
        base_url=address,
        token=KEY,
        httpx_args={"transport": transport} if transport is not None else {},
    )
    get = importlib.import_module(f"{package}.api.chains.get_chain_deployment")

    async def call() -> None:
        await get.asyncio_detailed("c1", str(chainlets), client=client)

    return each(call)

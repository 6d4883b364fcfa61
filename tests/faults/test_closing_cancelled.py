"""Closing a client may be cancelled."""

from __future__ import annotations

import asyncio

from aiobaseten import Baseten
from aiobaseten.options import Transport

from .proxy import PATIENCE_S, Proxy
from .trouble import BLACK_HOLE


async def test_a_client_whose_closing_is_cancelled_leaves_no_connection_open(
    transport: Transport, proxy: Proxy
) -> None:
    baseten = Baseten(api_key="test-key", base_url=proxy.url, transport=transport)
    await baseten.__aenter__()
    get = baseten.model("m1").deployment("d0").get
    await asyncio.gather(get(), get(), get())
    proxy.plan(BLACK_HOLE)
    call = asyncio.create_task(get())
    await asyncio.sleep(0.05)

    closing = asyncio.create_task(baseten.aclose())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.gather(closing, call, return_exceptions=True)
    await baseten.aclose()  # safe to call twice, and does nothing

    async with asyncio.timeout(PATIENCE_S):
        await proxy.forgotten()

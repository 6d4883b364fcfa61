"""A client is closed while a write waits for its answer."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx
import pytest

from aiobaseten import Baseten
from aiobaseten.errors import (
    BasetenError,
    ConfigurationError,
    PromotionOutcomeUnknownError,
    TransportError,
)
from aiobaseten.options import Transport

from .proxy import PATIENCE_S, Proxy
from .trouble import BLACK_HOLE


async def arrived(proxy: Proxy) -> None:
    """Return when a write has arrived."""
    async with asyncio.timeout(PATIENCE_S):
        while not writes(proxy):  # noqa: ASYNC110 - the proxy does not announce requests
            await asyncio.sleep(0.001)


def client(over: Transport | None, url: str, http: httpx.AsyncClient) -> Baseten:
    """A client over one of our transports, or over a client of the caller's."""
    if over is None:
        return Baseten(api_key="test-key", base_url=url, http_client=http)
    return Baseten(api_key="test-key", base_url=url, transport=over)


def writes(proxy: Proxy) -> list[str]:
    return [line for line in proxy.seen if line.startswith("POST")]


async def test_the_outcome_of_a_promotion_that_closing_cuts_off_is_unknown(
    transport: Transport, proxy: Proxy
) -> None:
    async with (
        Baseten(api_key="test-key", base_url=proxy.url, transport=transport) as baseten,
        proxy.failing(BLACK_HOLE, method="POST"),
    ):
        call = asyncio.create_task(baseten.model("m1").environment("production").promote("d1"))
        await arrived(proxy)
        seen = len(proxy.seen)
        await baseten.aclose()
        with pytest.raises(PromotionOutcomeUnknownError) as caught:
            await call

    cause = caught.value.__cause__
    assert isinstance(cause, TransportError)
    assert cause.sent
    assert caught.value.before.current_deployment.id == "d0"
    assert caught.value.after is None
    assert len(proxy.seen) == seen


async def test_a_write_that_closing_cuts_off_may_have_been_sent(
    transport: Transport, proxy: Proxy
) -> None:
    async with (
        Baseten(api_key="test-key", base_url=proxy.url, transport=transport) as baseten,
        proxy.failing(BLACK_HOLE, method="POST"),
    ):
        call = asyncio.create_task(baseten.model("m1").deployment("d1").activate())
        await arrived(proxy)
        await baseten.aclose()
        with pytest.raises(BasetenError) as caught:
            await call

    assert isinstance(caught.value, TransportError)
    assert caught.value.sent


@pytest.mark.parametrize("over", ["httpx", "aiohttp", None])
async def test_a_write_that_was_not_sent_before_closing_is_never_sent(
    over: Transport | None, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over a client of the caller's, requests may still finish for five seconds."""
    loop = asyncio.get_running_loop()
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def getaddrinfo(host: object, port: object, **_: Any) -> list[Any]:
        asked.set()
        await go_on.wait()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    url = proxy.url.replace("127.0.0.1", "baseten.localhost")
    async with (
        httpx.AsyncClient(trust_env=False) as http,
        client(over, url, http) as baseten,
    ):
        call = asyncio.create_task(baseten.model("m1").deployment("d1").activate())
        await asked.wait()
        closing = asyncio.create_task(baseten.aclose())
        with pytest.raises(ConfigurationError):
            await call
        go_on.set()
        await closing

    assert not proxy.seen

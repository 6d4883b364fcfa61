"""A served fake, a proxy before it that fails on demand, and clients that go through it."""

from __future__ import annotations

import asyncio
import gc
import math
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

import pytest

from aiobaseten import Baseten, RetryPolicy
from aiobaseten.options import Transport
from aiobaseten.testing import FakeBaseten

from .proxy import PATIENCE_S, Proxy

Connect: TypeAlias = Callable[..., AbstractAsyncContextManager[Baseten]]


@pytest.fixture(autouse=True)
def nothing_is_reported(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail if asyncio logs a destroyed task or an error that was never retrieved."""
    yield
    gc.collect()
    records = caplog.get_records("call") + caplog.get_records("teardown")
    said = [record.getMessage() for record in records]
    assert not [one for one in said if "never retrieved" in one or "destroyed" in one]


@pytest.fixture(autouse=True)
def before_sending_is_never_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no look follow `before_sending`, which is slow by a fast clock on a slow machine."""
    monkeypatch.setattr("aiobaseten._promoting._FRESH_S", math.inf)


@pytest.fixture
def fake() -> FakeBaseten:
    """A chain and a model, each with a deployment that serves and one to promote."""
    fake = FakeBaseten()
    for resource in (fake.chain("c1"), fake.model("m1")):
        resource.deployment("d0")
        resource.deployment("d1")
        resource.environment("production", current="d0")
    return fake


@pytest.fixture
async def proxy(fake: FakeBaseten) -> AsyncIterator[Proxy]:
    """A proxy before the fake. After the test no connection may be open."""
    async with fake.serve() as url, Proxy(url) as proxy:
        yield proxy
        async with asyncio.timeout(PATIENCE_S):
            await proxy.forgotten()


@pytest.fixture(params=["httpx", pytest.param("aiohttp", marks=pytest.mark.thorough)])
def transport(request: pytest.FixtureRequest) -> Transport:
    """The library that sends."""
    name: Transport = request.param
    return name


@pytest.fixture
def connect(proxy: Proxy, transport: Transport) -> Connect:
    """Makes clients that go through the proxy and send each request once."""

    @asynccontextmanager
    async def connect(**options: Any) -> AsyncIterator[Baseten]:
        settings = {
            "api_key": "test-key",
            "base_url": proxy.url,
            "read_timeout": 5,
            "retry": RetryPolicy(attempts=1),
            "transport": transport,
            **options,
        }
        async with Baseten(**settings) as baseten:
            yield baseten

    return connect


@pytest.fixture
async def baseten(connect: Connect) -> AsyncIterator[Baseten]:
    """A client that goes through the proxy."""
    async with connect() as client:
        yield client

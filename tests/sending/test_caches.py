"""HTTP clients of the caller's with a cache: it may not answer in place of Baseten."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from hishel import AsyncSqliteStorage, CacheOptions
from hishel.httpx import AsyncCacheTransport

from aiobaseten import Baseten, RetryPolicy
from aiobaseten.errors import ResponseShapeError
from aiobaseten.testing import CompressedClock, FakeBaseten

SPEED = 600.0


@pytest.fixture
def fake() -> FakeBaseten:
    return FakeBaseten(speed=SPEED)


class Cacheable(httpx.AsyncBaseTransport):
    """Lets everybody believe that responses may be kept."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        response.headers["cache-control"] = "private, max-age=600"
        response.headers["etag"] = '"always the same"'
        return response


@pytest.fixture(params=["everything", "private", "shared"])
async def caching(
    request: pytest.FixtureRequest, fake: FakeBaseten, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """A client that keeps responses: all of them, or as the RFC allows."""
    options: dict[str, bool | CacheOptions] = {
        "everything": False,
        "private": CacheOptions(shared=False),
        "shared": CacheOptions(shared=True),
    }
    storage = AsyncSqliteStorage(database_path=tmp_path / "cache.db")
    transport = AsyncCacheTransport(Cacheable(fake.transport()), storage, options[request.param])
    async with httpx.AsyncClient(transport=transport) as http:
        yield http
    await storage.close()


async def test_a_promotion_is_followed_through_a_cache(
    fake: FakeBaseten, caching: httpx.AsyncClient
) -> None:
    model = fake.model("m1")
    model.deployment("d0")
    model.deployment("d1")
    model.environment("production", current="d0", traffic_delay=60)

    clock = CompressedClock(SPEED)
    async with Baseten(api_key="test-key", http_client=caching, clock=clock) as baseten:
        production = baseten.model("m1").environment("production")
        before = await production.get()
        promotion = await production.promote("d1")
        live = await promotion.wait(timeout=3600)

    assert before.current_deployment is not None
    assert before.current_deployment.id == "d0"
    assert live.id == "d1"


class Stale(httpx.AsyncBaseTransport):
    """A cache that answers whatever it is asked, and says so."""

    def __init__(self, inner: httpx.AsyncBaseTransport, extensions: dict[str, object]) -> None:
        self._inner = inner
        self._extensions = extensions

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        response.extensions.update(self._extensions)
        return response


@pytest.mark.parametrize(
    ("extensions", "is_refused"),
    [
        ({"caching": {"from_cache": True, "revalidated": False}}, True),
        ({"caching": {"from_cache": True, "revalidated": True}}, False),
        ({"hishel_from_cache": True}, True),
        ({"from_cache": True}, True),
        ({"from_cache": True, "revalidated": True}, False),
        ({"from_cache": False}, False),
    ],
)
async def test_the_answer_of_a_cache_is_not_believed(
    fake: FakeBaseten, extensions: dict[str, object], is_refused: bool
) -> None:
    fake.model("m1").deployment("d1")
    async with (
        httpx.AsyncClient(transport=Stale(fake.transport(), extensions)) as http,
        Baseten(api_key="test-key", http_client=http, retry=RetryPolicy(attempts=1)) as baseten,
    ):
        if is_refused:
            with pytest.raises(ResponseShapeError):
                await baseten.model("m1").deployment("d1").get()
        else:
            await baseten.model("m1").deployment("d1").get()

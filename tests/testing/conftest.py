"""Fixtures for tests of the fake: a fake, and clients of it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from aiobaseten.testing import FakeBaseten

KEY = {"Authorization": "Api-Key test-key"}


@pytest.fixture(autouse=True)
def no_proxy_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let plain HTTP clients reach the served fake directly, also behind a company's proxy."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")


@pytest.fixture
def fake() -> FakeBaseten:
    """An empty fake. It is made outside the loop, so its time begins in the test."""
    return FakeBaseten()


@pytest.fixture
def way_in() -> str:
    """The way in: "in process", or "served" if a test is parametrized with it.

    Tests that break connections use both. State and rules do not depend on the way in.
    """
    return "in process"


@pytest.fixture
async def http(fake: FakeBaseten, way_in: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the fake."""
    if way_in == "in process":
        async with httpx.AsyncClient(
            transport=fake.transport(), base_url="http://fake", headers=KEY
        ) as client:
            yield client
    else:
        async with (
            fake.serve() as url,
            httpx.AsyncClient(base_url=url, headers=KEY) as client,
        ):
            yield client


@pytest.fixture
def api(http: httpx.AsyncClient) -> Callable[..., Awaitable[httpx.Response]]:
    """Calls ``api("POST /v1/…", field=value)``."""

    async def call(line: str, **body: Any) -> httpx.Response:
        method, path = line.split(" ")
        return await http.request(method, path, json=body or None)

    return call

"""What every test of the fake needs: a fake, and the ways into it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from aiobaseten.testing import FakeBaseten

KEY = {"Authorization": "Api-Key test-key"}


@pytest.fixture
def fake() -> FakeBaseten:
    """Made outside the loop, so that its time begins in the test."""
    return FakeBaseten()


@pytest.fixture
def way_in() -> str:
    """Without sockets, unless a test is parametrised with ``served`` too, as one that breaks
    connections should be: state and rules do not depend on the way in.
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

"""The documented rate limits."""

import asyncio
import math
from collections.abc import Awaitable, Callable

import httpx
import pytest

from aiobaseten.testing import FakeBaseten
from aiobaseten.testing._http.rate_limits import RateLimits, limit_of

Api = Callable[..., Awaitable[httpx.Response]]
pytestmark = pytest.mark.looptime


async def test_the_documented_limits_are_enforced_per_route(fake: FakeBaseten) -> None:
    fake = FakeBaseten(enforce_limits=True)
    fake.model("m1").deployment("d1")
    key = {"Authorization": "Bearer test-key"}
    async with httpx.AsyncClient(
        transport=fake.transport(), base_url="http://fake/v1/models/m1/deployments", headers=key
    ) as client:
        await asyncio.sleep(1)
        retries = [(await client.post("/d1/retry")).status_code for _ in range(11)]
        await asyncio.sleep(22.5)
        response = await client.post("/d1/retry")
        other = await client.post("/d1/activate")
        await asyncio.sleep(response.json()["retry_after"])
        after = await client.post("/d1/retry")

    assert retries == [200] * 10 + [429]
    assert response.json() == {
        "error": "Rate limit exceeded. Please try again later.",
        "retry_after": 38,
    }
    assert (other.status_code, after.status_code) == (200, 200)


async def test_rate_limits_are_off_by_default(fake: FakeBaseten, api: Api) -> None:
    assert {(await api("GET /v1/chains")).status_code for _ in range(150)} == {200}


def test_request_101_in_a_second_is_above_the_limit() -> None:
    limits = RateLimits(documented=True, metrics_per_minute=math.inf)
    path = "/v1/chains/{chain_id}"

    assert [limits.retry_after("GET", path, 5.5) for _ in range(101)] == [None] * 100 + [1]
    assert limits.retry_after("POST", path, 5.5) is None
    assert limits.retry_after("GET", path, 6.4) == 1
    assert limits.retry_after("GET", path, 6.5) is None


@pytest.mark.parametrize(
    ("line", "requests", "window"),
    [
        ("POST /v1/models/{model_id}/deployments/{deployment_id}/activate", 20, 60),
        ("POST /v1/models/{model_id}/deployments/{deployment_id}/deactivate", 20, 60),
        ("POST /v1/models/{model_id}/deployments/{deployment_id}/retry", 10, 60),
        ("POST /v1/models/{model_id}/environments/{env_name}/activate", 100, 1),
        ("POST /v1/chains/{chain_id}/deployments/{deployment_id}/deactivate", 100, 1),
        ("GET /v1/models/{model_id}/deployments/{deployment_id}", 100, 1),
        ("POST /v1/models/{model_id}/environments/{env_name}/promote", 100, 1),
    ],
)
def test_limits_match_the_documentation(line: str, requests: int, window: float) -> None:
    limit = limit_of(*line.split(" "))

    assert (limit.requests, limit.window) == (requests, window)

"""HTTP clients of the caller's, and their hooks."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from aiobaseten import Baseten, RetryPolicy
from aiobaseten.errors import BasetenError, TransportError, WaitTimeoutError
from aiobaseten.testing import FakeBaseten

pytestmark = pytest.mark.looptime


class OwnCause(httpx.AsyncBaseTransport):
    """Fails with an error that is its own cause."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        error = httpx.ConnectError("no", request=request)
        error.__cause__ = error
        raise error


async def test_an_error_that_is_its_own_cause_does_not_hang_the_loop() -> None:
    async with (
        httpx.AsyncClient(transport=OwnCause()) as http,
        Baseten(api_key="test-key", http_client=http) as baseten,
    ):
        with pytest.raises(TransportError):
            await baseten.model("m1").deployment("d1").get()


@pytest.mark.parametrize("raises", [True, False])
async def test_a_promotion_whose_response_a_hook_consumed_is_read_back(
    fake: FakeBaseten, raises: bool
) -> None:
    model = fake.model("owner")
    model.deployment("old")
    model.deployment("new")
    environment = model.environment("production", current="old")
    if raises:
        fake.faults.status(502, route="POST", acts=True)

    async def hook(response: httpx.Response) -> None:
        if response.request.method == "POST":
            async for _ in response.aiter_raw():
                pass
            if raises:
                response.raise_for_status()

    hooks = {"response": [hook]}
    async with (
        httpx.AsyncClient(transport=fake.transport(), event_hooks=hooks) as http,
        Baseten(api_key="test-key", http_client=http) as baseten,
    ):
        promotion = await baseten.model("owner").environment("production").promote("new")

    assert promotion.deployment_id == "new"
    assert len(environment.promotions) == 1


async def test_a_write_may_have_been_sent_although_its_http_client_is_closed_by_now(
    fake: FakeBaseten,
) -> None:
    fake.model("m1").deployment("d1")

    async def hook(_: httpx.Response) -> None:
        await http.aclose()
        raise RuntimeError("closed")

    async with (
        httpx.AsyncClient(transport=fake.transport(), event_hooks={"response": [hook]}) as http,
        Baseten(api_key="test-key", http_client=http) as baseten,
    ):
        with pytest.raises(BasetenError) as caught:
            await baseten.model("m1").deployment("d1").activate()

    assert isinstance(caught.value, TransportError)
    assert caught.value.sent


@pytest.mark.parametrize("end", [asyncio.CancelledError, GeneratorExit])
async def test_a_request_that_a_hook_cancels_failed_in_transport(
    fake: FakeBaseten, end: type[BaseException]
) -> None:
    """The caller was not cancelled, and the client was not closed."""
    fake.model("m1").deployment("d1")

    async def hook(_: httpx.Request) -> None:
        raise end

    async with (
        httpx.AsyncClient(transport=fake.transport(), event_hooks={"request": [hook]}) as http,
        Baseten(api_key="test-key", http_client=http, retry=RetryPolicy(attempts=1)) as baseten,
    ):
        with pytest.raises(TransportError) as caught:
            await baseten.model("m1").deployment("d1").get()

    assert caught.value.sent


@pytest.mark.parametrize("end", [asyncio.CancelledError, GeneratorExit])
async def test_a_look_that_a_hook_cancels_is_followed_by_a_pause(
    fake: FakeBaseten, end: type[BaseException]
) -> None:
    fake.model("m1").deployment("d1", timeline=[("BUILDING", 600), "ACTIVE"])
    looks = 0

    async def hook(_: httpx.Request) -> None:
        nonlocal looks
        looks += 1
        raise end

    async with (
        httpx.AsyncClient(transport=fake.transport(), event_hooks={"request": [hook]}) as http,
        Baseten(api_key="test-key", http_client=http) as baseten,
    ):
        with pytest.raises(WaitTimeoutError):
            await baseten.model("m1").deployment("d1").wait_until_active(timeout=60)

    assert looks < 10

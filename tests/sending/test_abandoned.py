"""Requests whose callers have left, and requests that hang when the client is closed."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from aiobaseten import Baseten
from aiobaseten.errors import BasetenError, ConfigurationError
from aiobaseten.testing import FakeBaseten


@pytest.fixture
def fake() -> FakeBaseten:
    fake = FakeBaseten()
    fake.model("m1").deployment("d1")
    return fake


@pytest.mark.looptime
@pytest.mark.parametrize("is_wait", [False, True], ids=["a call", "a wait"])
async def test_an_abandoned_request_may_finish_for_five_seconds(
    fake: FakeBaseten, is_wait: bool
) -> None:
    fake.faults.hang()

    async with fake.client() as baseten:
        before = asyncio.all_tasks()
        deployment = baseten.model("m1").deployment("d1")
        caller = asyncio.ensure_future(
            deployment.wait_until_active() if is_wait else deployment.get()
        )
        await asyncio.sleep(1)
        caller.cancel()
        await asyncio.wait([caller])
        await asyncio.sleep(4.9)
        soon = asyncio.all_tasks() - before
        await asyncio.sleep(0.3)
        later = asyncio.all_tasks() - before

    assert len(soon) == 1
    assert not later


@pytest.mark.looptime
async def test_the_request_that_was_abandoned_first_gives_way_first(fake: FakeBaseten) -> None:
    """Two of them hold all connections. The other one may still finish in its five seconds."""
    model = fake.model("m1")
    model.environment("production", current="d1")
    model.deployment("d2")
    fake.faults.hang(times=2)

    async with fake.client(max_connections=2) as baseten:
        before = asyncio.all_tasks()
        m1 = baseten.model("m1")
        for call in (m1.deployment("d1").get(), m1.environment("production").get()):
            caller = asyncio.ensure_future(call)
            await asyncio.sleep(1)
            caller.cancel()
            await asyncio.wait([caller])
        await m1.deployment("d2").get()
        await asyncio.sleep(4.5)  # the grace of the first one is over
        left = asyncio.all_tasks() - before

    assert len(left) == 1


@pytest.mark.looptime
async def test_an_answer_that_is_there_when_its_time_is_over_is_read() -> None:
    """After a loop has stood still, both are due at once."""

    async def answer(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(7)
        return httpx.Response(200, json={"id": "d1", "model_id": "m1", "status": "ACTIVE"})

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http,
        Baseten(api_key="test-key", http_client=http, answer_timeout=7) as baseten,
    ):
        found = await baseten.model("m1").deployment("d1").get()

    assert found.id == "d1"


@pytest.mark.looptime
async def test_a_request_leaves_no_timer_behind(fake: FakeBaseten) -> None:
    async with fake.client() as baseten:
        for _ in range(3):
            await baseten.model("m1").deployment("d1").get()
        left = _timers()

    assert not left


@pytest.mark.looptime
@pytest.mark.parametrize("turns", range(12))
async def test_a_caller_that_leaves_as_the_reply_comes_leaves_no_timer_behind(turns: int) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"id": "d1", "model_id": "m1", "status": "ACTIVE"})

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http,
        Baseten(api_key="test-key", http_client=http) as baseten,
    ):
        caller = asyncio.ensure_future(baseten.model("m1").deployment("d1").get())
        for _ in range(turns):
            await asyncio.sleep(0)
        caller.cancel()
        await asyncio.wait([caller])
        await asyncio.sleep(0.1)  # the request may finish
        left = _timers()

    assert not left


def _timers() -> list[asyncio.TimerHandle]:
    """The timers of the running loop."""
    loop = asyncio.get_running_loop()
    timers = getattr(loop, "_scheduled")  # noqa: B009 - asyncio has no public name for them
    return [timer for timer in timers if not timer.cancelled()]


async def test_closing_a_client_of_our_own_does_not_wait_for_requests_that_hang(
    fake: FakeBaseten,
) -> None:
    """Its connections are closed with it, so nothing is gained by waiting five seconds."""
    fake.faults.hang()
    loop = asyncio.get_running_loop()

    async with fake.serve() as url, Baseten(api_key="test-key", base_url=url) as baseten:
        call = asyncio.create_task(baseten.model("m1").deployment("d1").get())
        while not fake.requests:  # noqa: ASYNC110 - the fake does not announce requests
            await asyncio.sleep(0.001)
        began = loop.time()
        await baseten.aclose()
        took = loop.time() - began
        with pytest.raises(ConfigurationError):
            await call

    assert took < 4


@pytest.mark.looptime
async def test_an_error_of_a_hook_does_not_say_that_the_http_client_was_closed(
    fake: FakeBaseten,
) -> None:
    async def hook(_: httpx.Request) -> None:
        raise RuntimeError("the hook's own")

    async with (
        httpx.AsyncClient(transport=fake.transport(), event_hooks={"request": [hook]}) as http,
        Baseten(api_key="test-key", http_client=http) as baseten,
    ):
        with pytest.raises((RuntimeError, BasetenError)) as caught:
            await baseten.model("m1").deployment("d1").get()

    assert not isinstance(caught.value, ConfigurationError)

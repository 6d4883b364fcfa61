"""The two ways in are equivalent: in process, and over a loopback port."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from aiobaseten import Baseten
from aiobaseten._clock import LoopClock
from aiobaseten.errors import PromotionCanceledError
from aiobaseten.events import Event, LookFailed
from aiobaseten.testing import FakeBaseten, timelines

KEY = {"Authorization": "Api-Key test-key"}
both_ways = pytest.mark.parametrize("way_in", ["in process", "served"])
pytestmark = pytest.mark.looptime


async def a_story(http: httpx.AsyncClient, fake: FakeBaseten) -> list[Any]:
    """Promote a chain; then a model, and cancel halfway. Returns all that a client sees."""
    chain = fake.chain("c1")
    chain.deployment("old")
    chain.deployment("new", chainlets={"A": timelines.HEALTHY, "B": [("BUILDING", 12), "ACTIVE"]})
    chain.environment("production", current="old")
    model = fake.model("m1")
    model.deployment("old")
    model.environment("production", current="old", ramp=[(25, 20), (50, 20)])
    fake.faults.rate_limited(retry_after=3, after=4)
    fake.faults.reset(after=9)
    seen: list[Any] = []

    async def call(method: str, path: str, **body: Any) -> None:
        try:
            response = await http.request(method, path, json=body or None)
        except httpx.TransportError as error:
            seen.append((fake.now, type(error).__name__))
        else:
            seen.append(
                (fake.now, response.status_code, response.headers["x-request-id"], response.json())
            )

    for kind in ("chains/c1", "models/m1"):
        path = f"/v1/{kind}/environments/production"
        await call("POST", f"{path}/promote", deployment_id="new" if "c1" in kind else "old")
        for _ in range(8):
            await asyncio.sleep(7.5)
            await call("GET", path)
        await call("POST", f"{path}/cancel_promotion")
        for _ in range(5):
            await asyncio.sleep(10)
            await call("GET", path)
    return seen


async def test_the_same_story_has_the_same_responses_at_the_same_times() -> None:
    in_process = FakeBaseten()
    async with httpx.AsyncClient(
        transport=in_process.transport(), base_url="http://fake", headers=KEY
    ) as client:
        first = await a_story(client, in_process)
    served = FakeBaseten()
    async with served.serve() as url, httpx.AsyncClient(base_url=url, headers=KEY) as client:
        second = await a_story(client, served)

    assert first == second
    assert len(first) == 30
    assert {entry[1] for entry in first} == {200, 404, 429, "ReadError"}
    assert [(one.at, one.path, one.status) for one in in_process.requests] == [
        (one.at, one.path, one.status) for one in served.requests
    ]


def told(event: Event) -> str:
    """An event in one line. A failed look shows only its type: its text is the network's."""
    if isinstance(event, LookFailed):
        return f"{event.at:.3f} {type(event.error).__name__} again in {event.next_look:.3f}"
    return str(event)


async def collect(events: AsyncIterator[Event], seen: list[str]) -> None:
    async for event in events:
        seen.append(told(event))  # noqa: PERF401 - keeps the events before the stream raises


async def events_of(baseten: Baseten, fake: FakeBaseten) -> list[str]:
    """Promote a chain despite faults; promote a model, and cancel the promotion."""
    chain, model = fake.chain("c1"), fake.model("m1")
    chain.deployment("old", chainlets=["A", "B"])
    chain.deployment("new", chainlets={"A": timelines.HEALTHY, "B": [("BUILDING", 12), "ACTIVE"]})
    chain.environment("production", current="old")
    for name in ("old", "new"):
        model.deployment(name)
    model.environment("production", current="old", ramp=[(25, 20), (50, 20)])
    fake.faults.rate_limited(retry_after=3, after=3)
    fake.faults.reset(after=4)
    fake.faults.html(after=5)
    first = await baseten.chain("c1").environment("production").promote("new")
    seen = [told(event) async for event in first.events(timeout=600)]
    second = await baseten.model("m1").environment("production").promote("new")
    fake.at(fake.now + 30, fake.model("m1").environment("production").cancel)
    events = second.events(timeout=600)
    with pytest.raises(PromotionCanceledError):
        await collect(events, seen)
    return seen


async def test_the_same_story_gives_our_client_the_same_events() -> None:
    in_process = FakeBaseten()
    async with in_process.client(clock=LoopClock(random.Random(7))) as baseten:
        first = await events_of(baseten, in_process)
    served = FakeBaseten()  # its time of day, which the audit log tells, begins now
    async with (
        served.serve() as url,
        Baseten(api_key=served.api_key, base_url=url, clock=LoopClock(random.Random(7))) as baseten,
    ):
        second = await events_of(baseten, served)

    assert first == second
    for part in ("B: BUILDING -> ACTIVE", "TransportError again in", "traffic: 25 %", "failed: "):
        assert any(part in line for line in first), first


async def test_the_host_of_a_model_leads_to_that_model(fake: FakeBaseten) -> None:
    """In process, a client may use the URLs of the inference hosts unchanged."""
    made = fake.model("m1").deployment("d1", status="SCALED_TO_ZERO")
    async with httpx.AsyncClient(transport=fake.transport(), headers=KEY) as client:
        response = await client.post("https://model-m1.api.baseten.co/deployment/d1/wake")

    assert (response.status_code, made.status) == (202, "WAKING_UP")


@both_ways
async def test_a_client_that_disconnects_does_not_disturb_the_fake(
    fake: FakeBaseten, http: httpx.AsyncClient
) -> None:
    fake.faults.delay(60)
    fake.faults.hang()
    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await http.get("/v1/chains", timeout=None)

    assert (await http.get("/v1/chains")).status_code == 200
    assert [one.status for one in fake.requests] == [None, None, 200]

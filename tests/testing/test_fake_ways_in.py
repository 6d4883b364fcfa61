"""Two ways in, one fake: without sockets and over a loopback port."""

import asyncio
import logging
import random
import time
import warnings
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


async def a_story(http: httpx.AsyncClient, fake: FakeBaseten) -> list[Any]:
    """A chain is promoted; then a model, which is cancelled half way. All that a client sees."""
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
            answer = await http.request(method, path, json=body or None)
        except httpx.TransportError as error:
            seen.append((fake.now, type(error).__name__))
        else:
            seen.append(
                (fake.now, answer.status_code, answer.headers["x-request-id"], answer.json())
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


@pytest.mark.looptime
async def test_the_same_story_has_the_same_answers_at_the_same_times_both_ways() -> None:
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
    """An event in a line; of trouble its kind alone, whose words are the network's."""
    if isinstance(event, LookFailed):
        return f"{event.at:.3f} {type(event.error).__name__} again in {event.next_look:.3f}"
    return str(event)


async def collect(events: AsyncIterator[Event], seen: list[str]) -> None:
    async for event in events:
        seen.append(told(event))  # noqa: PERF401 - what came before the stream raises is kept


async def events_of(baseten: Baseten, fake: FakeBaseten) -> list[str]:
    """A chain is promoted through trouble; a model is promoted and its promotion cancelled."""
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


@pytest.mark.looptime
async def test_the_same_story_gives_a_client_of_ours_the_same_events_both_ways() -> None:
    in_process, served = FakeBaseten(), FakeBaseten()
    async with in_process.client(clock=LoopClock(random.Random(7))) as baseten:
        first = await events_of(baseten, in_process)
    async with (
        served.serve() as url,
        Baseten(api_key=served.api_key, base_url=url, clock=LoopClock(random.Random(7))) as baseten,
    ):
        second = await events_of(baseten, served)

    assert first == second
    for part in ("B: BUILDING -> ACTIVE", "TransportError again in", "traffic: 25 %", "failed: "):
        assert any(part in line for line in first), first


@pytest.mark.looptime
async def test_a_host_named_after_a_model_is_that_model_s(fake: FakeBaseten) -> None:
    """In process a client may use the URLs of the inference hosts as they are."""
    made = fake.model("m1").deployment("d1", status="SCALED_TO_ZERO")
    async with httpx.AsyncClient(transport=fake.transport(), headers=KEY) as client:
        answer = await client.post("https://model-m1.api.baseten.co/deployment/d1/wake")

    assert (answer.status_code, made.status) == (202, "WAKING_UP")


@pytest.mark.looptime
async def test_fifty_clients_at_once_are_answered(fake: FakeBaseten) -> None:
    fake.chain("c1").deployment("d1", timeline=timelines.HEALTHY)
    async with (
        fake.serve() as url,
        httpx.AsyncClient(base_url=url, headers=KEY) as client,
        asyncio.TaskGroup() as group,
    ):
        tasks = [group.create_task(client.get("/v1/chains/c1/deployments/d1")) for _ in range(50)]

    assert {task.result().status_code for task in tasks} == {200}
    assert len(fake.requests) == 50


@both_ways
@pytest.mark.looptime
async def test_a_client_that_goes_away_leaves_the_fake_unharmed(
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


@pytest.mark.looptime
async def test_an_hour_of_virtual_time_over_a_socket_takes_no_time(fake: FakeBaseten) -> None:
    """Nothing in the server ticks, and no idle connection is given up."""
    assert fake.now == 0
    began = time.monotonic()
    async with fake.serve() as url, httpx.AsyncClient(base_url=url, headers=KEY) as client:
        for _ in range(60):
            await asyncio.sleep(60)
            assert (await client.get("/v1/chains")).status_code == 200

    assert fake.now == 3600
    assert time.monotonic() - began < 5


async def test_requests_on_a_kept_connection_are_quick(fake: FakeBaseten) -> None:
    """Nagle's algorithm would make each of them take 40 ms."""
    async with fake.serve() as url, httpx.AsyncClient(base_url=url, headers=KEY) as client:
        await client.get("/v1/chains")
        began = time.perf_counter()
        for _ in range(50):
            await client.get("/v1/chains")
        took = time.perf_counter() - began

    assert took / 50 < 0.02


async def test_real_time_is_compressed_by_the_speed() -> None:
    fake = FakeBaseten(speed=1000)
    made = fake.chain("c1").deployment("d1", timeline=[("BUILDING", 60), "ACTIVE"])
    assert made.status == "BUILDING"
    await asyncio.sleep(0.07)
    assert made.status == "ACTIVE"


async def _until_asked(fake: FakeBaseten) -> None:
    """The fake tells nobody when it is asked, so one has to look."""
    while not fake.requests:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


async def test_closing_the_server_frees_its_port_and_leaves_nothing_behind(
    fake: FakeBaseten, caplog: pytest.LogCaptureFixture
) -> None:
    """Also while requests are under way and connections are open."""
    caplog.set_level(logging.DEBUG, logger="uvicorn")
    fake.faults.hang()
    before = asyncio.all_tasks()
    async with httpx.AsyncClient(headers=KEY) as client:
        async with fake.serve() as url:
            hanging = asyncio.create_task(client.get(f"{url}/v1/chains"))
            async with asyncio.timeout(5):
                await _until_asked(fake)
        with pytest.raises(httpx.TransportError):
            await hanging
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{url}/v1/chains")
        async with fake.serve(port=int(url.rpartition(":")[2])) as again:
            assert again == url
            assert (await client.get(f"{url}/v1/chains")).status_code == 200
    await asyncio.sleep(0)

    assert asyncio.all_tasks() == before
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_faults_over_a_socket_log_no_errors(
    fake: FakeBaseten, caplog: pytest.LogCaptureFixture
) -> None:
    async with fake.serve() as url, httpx.AsyncClient(base_url=url, headers=KEY) as client:
        for name in ("reset", "cut", "noise", "refuse"):
            getattr(fake.faults, name)()
            with pytest.raises(httpx.TransportError):
                await client.get("/v1/chains")

    assert caplog.records == []


async def test_two_servers_of_one_fake_share_its_state(fake: FakeBaseten) -> None:
    fake.chain("c1")
    async with fake.serve() as one, fake.serve() as two, httpx.AsyncClient(headers=KEY) as client:
        assert one != two
        for url in (one, two):
            assert (await client.get(f"{url}/v1/chains/c1")).status_code == 200


async def test_a_taken_port_is_an_os_error(fake: FakeBaseten) -> None:
    async with fake.serve() as url:
        with pytest.raises(OSError, match="in use"):
            async with fake.serve(port=int(url.rpartition(":")[2])):
                pass


async def test_the_url_of_an_ipv6_address_has_brackets(fake: FakeBaseten) -> None:
    async with fake.serve(host="::1") as url, httpx.AsyncClient(headers=KEY) as client:
        assert url.startswith("http://[::1]:")
        assert (await client.get(f"{url}/v1/chains")).status_code == 200


async def test_serving_warns_about_nothing(fake: FakeBaseten) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        async with fake.serve():
            pass

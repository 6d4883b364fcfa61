"""The way in through sockets: speed, ports, closing and logs."""

import asyncio
import logging
import time
import warnings

import httpx
import pytest

from aiobaseten.testing import FakeBaseten, timelines

KEY = {"Authorization": "Api-Key test-key"}


@pytest.mark.looptime
async def test_fifty_concurrent_requests_get_responses(fake: FakeBaseten) -> None:
    fake.chain("c1").deployment("d1", timeline=timelines.HEALTHY)
    async with (
        fake.serve() as url,
        httpx.AsyncClient(base_url=url, headers=KEY) as client,
        asyncio.TaskGroup() as group,
    ):
        tasks = [group.create_task(client.get("/v1/chains/c1/deployments/d1")) for _ in range(50)]

    assert {task.result().status_code for task in tasks} == {200}
    assert len(fake.requests) == 50


@pytest.mark.looptime
async def test_an_hour_of_virtual_time_over_a_socket_takes_seconds(fake: FakeBaseten) -> None:
    """The server has no timers, and closes no idle connection."""
    assert fake.now == 0
    began = time.monotonic()
    async with fake.serve() as url, httpx.AsyncClient(base_url=url, headers=KEY) as client:
        for _ in range(60):
            await asyncio.sleep(60)
            assert (await client.get("/v1/chains")).status_code == 200

    assert fake.now == 3600
    assert time.monotonic() - began < 5


async def test_requests_on_a_kept_connection_are_quick(fake: FakeBaseten) -> None:
    """Nagle's algorithm would make each of them take 40 ms, on a machine without load, too."""
    took: list[float] = []
    async with fake.serve() as url, httpx.AsyncClient(base_url=url, headers=KEY) as client:
        await client.get("/v1/chains")
        for _ in range(50):
            began = time.perf_counter()
            await client.get("/v1/chains")
            took.append(time.perf_counter() - began)

    assert min(took) < 0.035


async def _until_requested(fake: FakeBaseten) -> None:
    """The fake does not announce requests, so the test polls."""
    while not fake.requests:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


async def test_closing_the_server_frees_its_port_and_leaves_nothing_behind(
    fake: FakeBaseten, caplog: pytest.LogCaptureFixture
) -> None:
    """Also while requests are in progress and connections are open."""
    caplog.set_level(logging.DEBUG, logger="uvicorn")
    fake.faults.hang()
    before = asyncio.all_tasks()
    async with httpx.AsyncClient(headers=KEY) as client:
        async with fake.serve() as url:
            hanging = asyncio.create_task(client.get(f"{url}/v1/chains"))
            async with asyncio.timeout(5):
                await _until_requested(fake)
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
    async with (
        fake.serve(host="::1") as url,
        httpx.AsyncClient(headers=KEY, trust_env=False) as client,
    ):
        assert url.startswith("http://[::1]:")
        assert (await client.get(f"{url}/v1/chains")).status_code == 200


async def test_serving_gives_no_warnings(fake: FakeBaseten) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        async with fake.serve():
            pass

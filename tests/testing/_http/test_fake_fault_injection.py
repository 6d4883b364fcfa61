"""Faults on responses and connections: the same with and without sockets."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import httpx
import pytest

from aiobaseten.testing import FakeBaseten

Api = Callable[..., Awaitable[httpx.Response]]
both_ways = pytest.mark.parametrize("way_in", ["in process", "served"])
pytestmark = pytest.mark.looptime

GET = "GET /v1/models/m1/environments/production"
PROMOTE = "POST /v1/models/m1/environments/production/promote"


@pytest.fixture(autouse=True)
def a_model(fake: FakeBaseten) -> None:
    model = fake.model("m1")
    model.deployment("old")
    model.deployment("new")
    model.environment("production", current="old")


@both_ways
@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ("reset", httpx.ReadError),
        ("cut", httpx.RemoteProtocolError),
        ("noise", httpx.RemoteProtocolError),
        ("hang", httpx.ReadTimeout),
    ],
)
async def test_a_broken_connection_raises_the_same_with_and_without_sockets(
    fake: FakeBaseten, api: Api, fault: str, raised: type[httpx.TransportError]
) -> None:
    getattr(fake.faults, fault)()

    with pytest.raises(raised) as caught:
        await api(GET)

    assert type(caught.value) is raised
    assert (await api(GET)).status_code == 200
    assert [(one.status, one.fault is None) for one in fake.requests] == [
        (None, False),
        (200, True),
    ]


async def test_a_refused_connection_is_never_made(fake: FakeBaseten) -> None:
    fake.faults.refuse()
    async with httpx.AsyncClient(transport=fake.transport()) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("http://fake/v1/models")


async def test_a_refused_connection_over_a_socket_is_reset(fake: FakeBaseten) -> None:
    fake.faults.refuse()
    async with fake.serve() as url, httpx.AsyncClient() as client:
        with pytest.raises(httpx.ReadError):
            await client.get(f"{url}/v1/models")


@both_ways
async def test_a_cut_response_begins_like_a_complete_one(
    fake: FakeBaseten, http: httpx.AsyncClient
) -> None:
    """A client that streams it sees the status, and then the end in the middle of the body."""
    fake.faults.cut()
    async with http.stream("GET", "/v1/models/m1") as response:
        assert response.status_code == 200
        assert response.headers["x-request-id"] == "fake-000001"
        with pytest.raises(httpx.RemoteProtocolError):
            await response.aread()


@pytest.mark.parametrize("acts", [True, False])
@pytest.mark.parametrize("fault", ["reset", "hang", "noise", "empty", "html"])
async def test_a_request_whose_response_is_lost_takes_effect_only_with_acts(
    fake: FakeBaseten, api: Api, fault: str, acts: bool
) -> None:
    production = fake.model("m1").environment("production")
    getattr(fake.faults, fault)(acts=acts)
    with contextlib.suppress(httpx.TransportError):
        await api(PROMOTE, deployment_id="new")

    assert len(production.promotions) == (1 if acts else 0)


@both_ways
@pytest.mark.parametrize("fault", ["cut", "delay"])
async def test_a_request_with_a_cut_or_late_response_takes_effect(
    fake: FakeBaseten, api: Api, fault: str
) -> None:
    production = fake.model("m1").environment("production")
    if fault == "cut":
        fake.faults.cut()
    else:
        fake.faults.delay(60)
    with pytest.raises(httpx.TransportError):
        await api(PROMOTE, deployment_id="new")

    assert len(production.promotions) == 1


@both_ways
async def test_a_delay_lasts_as_long_as_given(fake: FakeBaseten, api: Api) -> None:
    fake.faults.delay(4)
    fake.faults.status(502, delay=3)
    began = fake.now

    late = await api(GET)
    after_one = fake.now - began
    later = await api(GET)

    assert (late.status_code, later.status_code) == (200, 502)
    assert after_one == pytest.approx(4)
    assert fake.now - began == pytest.approx(7)


@both_ways
async def test_the_read_timeout_of_the_client_is_observed(
    fake: FakeBaseten, http: httpx.AsyncClient
) -> None:
    fake.faults.delay(2, times=2)
    began = fake.now

    with pytest.raises(httpx.ReadTimeout):
        await http.get("/v1/models/m1", timeout=1.5)
    assert fake.now - began == pytest.approx(1.5)
    assert (await http.get("/v1/models/m1", timeout=None)).status_code == 200
    assert fake.now - began == pytest.approx(3.5)


@both_ways
async def test_a_reset_can_come_late(fake: FakeBaseten, api: Api) -> None:
    fake.faults.reset(delay=3)

    with pytest.raises(httpx.ReadError):
        await api(GET)
    assert fake.now == pytest.approx(3)


async def test_a_delay_is_in_seconds_of_the_fake() -> None:
    fake = FakeBaseten(speed=10)
    fake.faults.delay(40)
    async with httpx.AsyncClient(transport=fake.transport()) as client:
        await client.get("http://fake/v1/models")

    assert fake.now == 40
    assert asyncio.get_running_loop().time() == 4


async def test_faults_hit_requests_with_unknown_paths_too(fake: FakeBaseten, api: Api) -> None:
    fake.faults.status(502, times=2)

    assert [(await api("GET /nothing")).status_code for _ in range(3)] == [502, 502, 404]


async def test_a_server_that_cannot_break_connections_raises(fake: FakeBaseten) -> None:
    """Users may run the application in a server of their own."""
    fake.faults.reset()
    transport = httpx.ASGITransport(app=fake.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://fake") as client:
        with pytest.raises(RuntimeError, match=r"use FakeBaseten.transport\(\) or .serve\(\)"):
            await client.get("/v1/models")

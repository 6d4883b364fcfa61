"""Faults: what goes wrong on demand, the same with and without sockets."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from aiobaseten.testing import FakeBaseten
from aiobaseten.testing._http import OPERATIONS

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


async def statuses(api: Api, line: str, count: int) -> list[int]:
    return [(await api(line)).status_code for _ in range(count)]


async def test_the_next_answers_fail_and_then_all_is_well(fake: FakeBaseten, api: Api) -> None:
    fake.faults.status(502, times=3)

    assert await statuses(api, GET, 5) == [502, 502, 502, 200, 200]


async def test_a_status_comes_with_the_body_and_the_headers_asked_for(
    fake: FakeBaseten, api: Api
) -> None:
    fake.faults.status(520, body={"why": "weather"}, headers=[("retry-after", "9")])
    fake.faults.status(503, body=b"<oops>")

    first, second = await api(GET), await api(GET)

    assert (first.status_code, first.json(), first.headers["retry-after"]) == (
        520,
        {"why": "weather"},
        "9",
    )
    assert (second.status_code, second.content) == (503, b"<oops>")


async def test_a_fault_waits_for_its_route(fake: FakeBaseten, api: Api) -> None:
    fake.faults.status(500, route="GET /v1/models/{model_id}/environments/{env_name}")
    fake.faults.status(501, route="GET /v1/models/m1/deployments/new")
    fake.faults.status(502, route="DELETE")

    seen = [
        (await api(line)).status_code
        for line in (
            "GET /v1/models/m1/deployments/old",
            "GET /v1/models/m1/deployments/new",
            "GET /v1/models/m1",
            GET,
            "DELETE /v1/models/m1/deployments/new",
        )
    ]

    assert seen == [200, 501, 200, 500, 502]


async def test_what_the_parameters_of_a_route_are_called_does_not_matter(
    fake: FakeBaseten, api: Api
) -> None:
    fake.faults.status(500, route="GET /v1/models/{}/deployments/{d}")

    assert await statuses(api, "GET /v1/models/m1/deployments/old", 1) == [500]


@pytest.mark.parametrize(
    "route", ["FETCH", "GET /v2/chains", "GET /v1/models/{model_id}/", "/v1/models", "PUT", ""]
)
async def test_a_route_that_there_is_not_is_refused(fake: FakeBaseten, route: str) -> None:
    with pytest.raises(ValueError, match=r"has no route .*; the nearest are: (GET|POST) /"):
        fake.faults.status(500, route=route)


async def test_faults_can_let_some_requests_pass_first(fake: FakeBaseten, api: Api) -> None:
    fake.faults.status(500, after=2)

    assert await statuses(api, GET, 4) == [200, 200, 500, 200]


async def test_faults_can_last_for_a_time(fake: FakeBaseten, api: Api) -> None:
    await asyncio.sleep(5)
    fake.faults.status(503, lasting=10)
    seen = []
    for wait in (0, 9.9, 0.1):
        await asyncio.sleep(wait)
        seen += await statuses(api, GET, 2)

    assert seen == [503, 503, 503, 503, 200, 200]


async def test_a_time_of_trouble_can_be_planned(fake: FakeBaseten, api: Api) -> None:
    fake.at(60, lambda: fake.faults.status(503, lasting=10))
    seen = []
    for wait in (59, 2, 7, 3):
        await asyncio.sleep(wait)
        seen += await statuses(api, GET, 1)

    assert seen == [200, 503, 503, 200]


async def test_the_oldest_fault_goes_first_and_one_request_meets_only_one(
    fake: FakeBaseten, api: Api
) -> None:
    fake.faults.status(500)
    fake.faults.status(501)
    fake.faults.status(502, route="GET")

    assert await statuses(api, GET, 4) == [500, 501, 502, 200]


async def test_a_rate_limit_looks_like_baseten_s(fake: FakeBaseten, api: Api) -> None:
    fake.faults.rate_limited(retry_after=37)
    fake.faults.rate_limited(retry_after=None, header="Wed, 21 Oct 2026 07:28:00 GMT")

    first, second = await api(GET), await api(GET)

    assert (first.status_code, first.json()) == (
        429,
        {"error": "Rate limit exceeded. Please try again later.", "retry_after": 37},
    )
    assert "retry-after" not in first.headers
    assert second.headers["retry-after"] == "Wed, 21 Oct 2026 07:28:00 GMT"
    assert "retry_after" not in second.json()


@both_ways
async def test_pages_for_people_empty_answers_and_garbage(fake: FakeBaseten, api: Api) -> None:
    fake.faults.html()
    fake.faults.html(200)
    fake.faults.empty()
    fake.faults.empty(503)
    fake.faults.garbage()
    fake.faults.garbage(b"[]")

    answers = [await api(GET) for _ in range(6)]

    assert [(one.status_code, one.headers["content-type"]) for one in answers] == [
        (502, "text/html"),
        (200, "text/html"),
        (200, "application/json"),
        (503, "application/json"),
        (200, "application/json"),
        (200, "application/json"),
    ]
    assert answers[0].text.startswith("<html>")
    assert [one.content for one in answers[2:]] == [b"", b"", b'{"id": ', b"[]"]
    assert all(one.headers["x-request-id"] for one in answers)


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


async def test_a_refused_connection_was_never_made(fake: FakeBaseten) -> None:
    fake.faults.refuse()
    async with httpx.AsyncClient(transport=fake.transport()) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("http://fake/v1/models")


async def test_over_a_socket_a_refused_connection_is_reset(fake: FakeBaseten) -> None:
    fake.faults.refuse()
    async with fake.serve() as url, httpx.AsyncClient() as client:
        with pytest.raises(httpx.ReadError):
            await client.get(f"{url}/v1/models")


@both_ways
async def test_a_cut_answer_begins_like_a_whole_one(
    fake: FakeBaseten, http: httpx.AsyncClient
) -> None:
    """So that whoever streams it sees the status, and then the end in the middle of the body."""
    fake.faults.cut()
    async with http.stream("GET", "/v1/models/m1") as answer:
        assert answer.status_code == 200
        assert answer.headers["x-request-id"] == "fake-000001"
        with pytest.raises(httpx.RemoteProtocolError):
            await answer.aread()


@pytest.mark.parametrize("acts", [True, False])
@pytest.mark.parametrize("fault", ["reset", "hang", "noise", "empty", "html"])
async def test_a_request_whose_answer_is_lost_takes_effect_only_if_asked(
    fake: FakeBaseten, api: Api, fault: str, acts: bool
) -> None:
    production = fake.model("m1").environment("production")
    getattr(fake.faults, fault)(acts=acts)
    with contextlib.suppress(httpx.TransportError):
        await api(PROMOTE, deployment_id="new")

    assert len(production.promotions) == (1 if acts else 0)


@both_ways
@pytest.mark.parametrize("fault", ["cut", "delay"])
async def test_a_cut_or_late_answer_means_that_the_request_took_effect(
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
async def test_a_late_answer_is_late_by_that_much(fake: FakeBaseten, api: Api) -> None:
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
async def test_the_reading_timeout_of_the_client_is_kept(
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


async def test_faults_come_before_keys_and_unknown_paths(fake: FakeBaseten, api: Api) -> None:
    fake.faults.status(502, times=2)

    assert await statuses(api, "GET /nothing", 3) == [502, 502, 404]


async def test_leftover_faults_are_named_with_what_to_do(fake: FakeBaseten, api: Api) -> None:
    fake.faults.status(502, times=3, route="GET /v1/models/{model_id}")
    fake.faults.reset(lasting=60)
    await api("GET /v1/models/m1")

    with pytest.raises(AssertionError) as caught:
        fake.assert_no_leftovers()

    message = str(caught.value)
    assert "<status 502 for GET /v1/models/{}: 1 hit, 2 left>" in message
    assert "<reset for any request: 0 hit>" in message
    assert "Plan less, or let the test go on" in message


async def test_faults_that_have_met_what_they_were_for_are_not_left_over(
    fake: FakeBaseten, api: Api
) -> None:
    fake.faults.status(502)
    fake.faults.status(503, lasting=60)
    removed = fake.faults.status(504)
    removed.remove()
    await statuses(api, GET, 3)

    fake.assert_no_leftovers()
    assert [one.status for one in fake.requests] == [502, 503, 503]


async def test_faults_can_all_be_taken_away(fake: FakeBaseten, api: Api) -> None:
    fake.faults.status(502, times=None)
    assert await statuses(api, GET, 2) == [502, 502]
    fake.faults.clear()

    assert await statuses(api, GET, 1) == [200]


@pytest.mark.parametrize(
    ("wrong", "advice"),
    [
        ({"times": 0}, "times is a number of requests from 1 up"),
        ({"times": 1.5}, "times is a number of requests from 1 up"),
        ({"after": -1}, "after is a number of requests from 0 up"),
        ({"delay": -1}, "delay is seconds from 0 up"),
        ({"lasting": float("inf")}, "lasting is seconds from 0 up"),
    ],
)
async def test_impossible_numbers_are_refused(
    fake: FakeBaseten, wrong: dict[str, Any], advice: str
) -> None:
    with pytest.raises(ValueError, match=advice):
        fake.faults.reset(**wrong)


async def test_a_misspelt_option_is_refused(fake: FakeBaseten) -> None:
    with pytest.raises(TypeError, match="faults do not take 'time'"):
        fake.faults.reset(time=3)  # type: ignore[call-arg]


async def test_every_operation_can_fail(fake: FakeBaseten, api: Api) -> None:
    for operation in OPERATIONS:
        fake.faults.status(418, route=f"{operation.method} {operation.template}")
        path = operation.template
        for name in ("{model_id}", "{chain_id}", "{deployment_id}", "{env_name}"):
            path = path.replace(name, "x")
        assert (await api(f"{operation.method} {path}")).status_code == 418
        assert fake.requests[-1].route == operation.template


async def test_a_server_that_cannot_break_connections_says_so(fake: FakeBaseten) -> None:
    """Somebody may run the application in a server of their own."""
    fake.faults.reset()
    transport = httpx.ASGITransport(app=fake.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://fake") as client:
        with pytest.raises(RuntimeError, match=r"use FakeBaseten.transport\(\) or .serve\(\)"):
            await client.get("/v1/models")

"""Faults: which requests they hit, when, and what is left over."""

import asyncio
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


@pytest.fixture(autouse=True)
def a_model(fake: FakeBaseten) -> None:
    model = fake.model("m1")
    model.deployment("old")
    model.deployment("new")
    model.environment("production", current="old")


async def statuses(api: Api, line: str, count: int) -> list[int]:
    return [(await api(line)).status_code for _ in range(count)]


async def test_the_next_requests_fail_and_later_ones_succeed(fake: FakeBaseten, api: Api) -> None:
    fake.faults.status(502, times=3)

    assert await statuses(api, GET, 5) == [502, 502, 502, 200, 200]


async def test_a_status_is_sent_with_the_given_body_and_headers(
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


async def test_names_of_route_parameters_do_not_matter(fake: FakeBaseten, api: Api) -> None:
    fake.faults.status(500, route="GET /v1/models/{}/deployments/{d}")

    assert await statuses(api, "GET /v1/models/m1/deployments/old", 1) == [500]


@pytest.mark.parametrize(
    "route", ["FETCH", "GET /v2/chains", "GET /v1/models/{model_id}/", "/v1/models", "PUT", ""]
)
async def test_an_unknown_route_is_refused(fake: FakeBaseten, route: str) -> None:
    with pytest.raises(ValueError, match=r"has no route .*; the nearest are: (GET|POST) /"):
        fake.faults.status(500, route=route)


async def test_faults_can_let_some_requests_pass_first(fake: FakeBaseten, api: Api) -> None:
    fake.faults.status(500, after=2)

    assert await statuses(api, GET, 4) == [200, 200, 500, 200]


async def test_faults_can_last_for_some_seconds(fake: FakeBaseten, api: Api) -> None:
    await asyncio.sleep(5)
    fake.faults.status(503, lasting=10)
    seen = []
    for wait in (0, 9.9, 0.1):
        await asyncio.sleep(wait)
        seen += await statuses(api, GET, 2)

    assert seen == [503, 503, 503, 503, 200, 200]


async def test_an_outage_can_be_planned(fake: FakeBaseten, api: Api) -> None:
    fake.at(60, lambda: fake.faults.status(503, lasting=10))
    seen = []
    for wait in (59, 2, 7, 3):
        await asyncio.sleep(wait)
        seen += await statuses(api, GET, 1)

    assert seen == [200, 503, 503, 200]


async def test_only_the_oldest_matching_fault_hits_a_request(fake: FakeBaseten, api: Api) -> None:
    fake.faults.status(500)
    fake.faults.status(501)
    fake.faults.status(502, route="GET")

    assert await statuses(api, GET, 4) == [500, 501, 502, 200]


async def test_a_rate_limit_has_the_shape_of_baseten_s(fake: FakeBaseten, api: Api) -> None:
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


async def test_a_rate_limit_can_hold_until_its_time_is_over(fake: FakeBaseten, api: Api) -> None:
    fake.faults.rate_limited(retry_after=37, holds=True, header="yes", after=1, route=GET)
    seen = []
    for wait in (0, 5, 0, 36.5, 0.5):
        await asyncio.sleep(wait)
        response = await api(GET)
        left = response.json().get("retry_after")
        seen.append((response.status_code, left, response.headers.get("retry-after")))

    assert seen == [
        (200, None, None),
        (429, 37, "37"),
        (429, 37, "37"),
        (429, 1, "1"),
        (200, None, None),
    ]


async def test_a_rate_limit_that_holds_spares_other_routes(fake: FakeBaseten, api: Api) -> None:
    fake.faults.rate_limited(retry_after=10, holds=True, route=GET)
    other = "GET /v1/models/m1/deployments/new"

    assert await statuses(api, GET, 3) + await statuses(api, other, 2) == [429, 429, 429, 200, 200]


async def test_a_rate_limit_that_holds_can_come_again_and_be_removed(
    fake: FakeBaseten, api: Api
) -> None:
    limit = fake.faults.rate_limited(retry_after=5, holds=True, times=3)
    assert limit.left_over
    seen = []
    for wait in (0, 4, 1, 4):
        await asyncio.sleep(wait)
        seen += await statuses(api, GET, 1)
    limit.remove()

    assert seen == [429] * 4
    assert await statuses(api, GET, 1) == [200]
    assert not limit.left_over


@pytest.mark.parametrize("seconds", [None, 0, -1])
async def test_a_rate_limit_that_holds_needs_its_seconds(
    fake: FakeBaseten, seconds: int | None
) -> None:
    with pytest.raises(ValueError, match="a limit that holds needs retry_after"):
        fake.faults.rate_limited(retry_after=seconds, holds=True)


async def test_reads_of_one_route_can_hang_while_others_fail(fake: FakeBaseten, api: Api) -> None:
    fake.faults.hang(route=GET, lasting=30)
    fake.faults.status(
        503, route="GET /v1/models/{model_id}/deployments/{deployment_id}", lasting=30
    )
    with pytest.raises(httpx.ReadTimeout):
        await api(GET)

    assert await statuses(api, "GET /v1/models/m1/deployments/new", 2) == [503, 503]
    assert await statuses(api, "GET /v1/models/m1", 1) == [200]


@both_ways
async def test_html_pages_empty_responses_and_garbage_can_be_sent(
    fake: FakeBaseten, api: Api
) -> None:
    fake.faults.html()
    fake.faults.html(200)
    fake.faults.empty()
    fake.faults.empty(503)
    fake.faults.garbage()
    fake.faults.garbage(b"[]")

    responses = [await api(GET) for _ in range(6)]

    assert [(one.status_code, one.headers["content-type"]) for one in responses] == [
        (502, "text/html"),
        (200, "text/html"),
        (200, "application/json"),
        (503, "application/json"),
        (200, "application/json"),
        (200, "application/json"),
    ]
    assert responses[0].text.startswith("<html>")
    assert [one.content for one in responses[2:]] == [b"", b"", b'{"id": ', b"[]"]
    assert all(one.headers["x-request-id"] for one in responses)


async def test_leftover_faults_are_named_with_advice(fake: FakeBaseten, api: Api) -> None:
    fake.faults.status(502, times=3, route="GET /v1/models/{model_id}")
    fake.faults.reset(lasting=60)
    await api("GET /v1/models/m1")

    with pytest.raises(AssertionError) as caught:
        fake.assert_no_leftovers()

    message = str(caught.value)
    assert "<status 502 for GET /v1/models/{}: 1 hit, 2 left>" in message
    assert "<reset for any request: 0 hit>" in message
    assert "Plan less, or let the test go on" in message


async def test_faults_that_hit_all_their_requests_are_not_left_over(
    fake: FakeBaseten, api: Api
) -> None:
    fake.faults.status(502)
    fake.faults.status(503, lasting=60)
    removed = fake.faults.status(504)
    removed.remove()
    await statuses(api, GET, 3)

    fake.assert_no_leftovers()
    assert [one.status for one in fake.requests] == [502, 503, 503]


async def test_all_faults_can_be_removed(fake: FakeBaseten, api: Api) -> None:
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

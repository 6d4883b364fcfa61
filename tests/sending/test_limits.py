"""How many requests may be sent: windows, without an event loop, and the lines before them."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from aiobaseten import RetryPolicy
from aiobaseten._sending.limits import RateWindow, documented_window
from aiobaseten._waiting import PollingBudget
from aiobaseten.errors import ConfigurationError, RateLimitError, ServerError
from aiobaseten.testing import CompressedClock, FakeBaseten

DEPLOYMENT = "/v1/models/{model_id}/deployments/{deployment_id}"


def sent_within(window: RateWindow, seconds: float) -> list[float]:
    """When requests are sent by somebody who always has one."""
    times: list[float] = []
    while (at := window.free_at(times[-1] if times else 0.0)) <= seconds:
        window.take(at)
        times.append(at)
    return times


@pytest.mark.parametrize(
    ("method", "path", "requests", "seconds"),
    [
        ("POST", f"{DEPLOYMENT}/activate", 20, 60),
        ("POST", f"{DEPLOYMENT}/deactivate", 20, 60),
        ("POST", f"{DEPLOYMENT}/retry", 10, 60),
        ("GET", DEPLOYMENT, 100, 1),
        ("GET", f"{DEPLOYMENT}/activate", 100, 1),
        ("POST", "/v1/models/{model_id}/environments/{env_name}/activate", 100, 1),
        ("POST", "/v1/chains/{chain_id}/deployments/{chain_deployment_id}/deactivate", 100, 1),
    ],
)
def test_no_window_of_the_servers_gets_more_than_is_documented(
    method: str, path: str, requests: int, seconds: float
) -> None:
    times = sent_within(documented_window(method, path), 10 * seconds)

    busiest = max(sum(at <= other < at + seconds for other in times) for at in times)
    assert busiest == requests


def test_a_window_is_free_again_when_its_first_request_has_left_it() -> None:
    window = RateWindow(3, 10.0)
    for at in (0.0, 4.0, 5.0):
        window.take(at)

    assert window.free_at(6.0) == 11.0, "a tenth later than documented"
    assert window.free_at(60.0) == 60.0


@pytest.mark.parametrize(("rate", "at_once"), [(5.0, 5), (80.0, 5), (2.0, 2), (0.5, 1)])
def test_a_few_looks_go_at_once_and_then_they_are_even(rate: float, at_once: int) -> None:
    budget = PollingBudget(rate)

    for _ in range(at_once):
        assert budget.free_at(0.0) == 0.0
        budget.take(0.0)

    assert budget.free_at(0.0) == pytest.approx(1 / rate)


def test_a_refusal_halves_the_rate_of_looks_and_a_minute_brings_it_all_back() -> None:
    budget = PollingBudget(1.0)
    budget.slow_down(10.0)
    spacing: list[float] = []
    for now in (10.0, 16.0, 40.0, 80.0):
        budget.take(now)
        spacing.append(budget.free_at(now) - now)

    assert spacing == pytest.approx([1 / 0.5, 1 / 0.6, 1, 1])


def test_a_pause_holds_back_everything_and_a_shorter_one_does_not_end_it() -> None:
    window = RateWindow(100, 1.0)
    window.pause(30.0)
    window.pause(10.0)

    assert window.free_at(5.0) == 30.0
    assert window.free_at(31.0) == 31.0


@pytest.mark.looptime
async def test_a_429_pauses_its_endpoint_for_everybody_and_no_other(fake: FakeBaseten) -> None:
    model = fake.model("m1")
    model.deployment("d1", status="ACTIVE")
    model.environment("production", current="d1")
    route = "GET /v1/models/{model_id}/deployments/{deployment_id}"
    fake.faults.rate_limited(retry_after=37, route=route)
    loop = asyncio.get_running_loop()

    async with fake.client() as baseten:
        deployment = baseten.model("m1").deployment("d1")
        began = loop.time()
        first = asyncio.create_task(deployment.get())
        await asyncio.sleep(1)
        await baseten.model("m1").environment("production").get()
        other_endpoint = loop.time() - began
        await deployment.get()
        await first

    assert other_endpoint < 2
    assert loop.time() - began >= 37
    assert len([request for request in fake.requests if request.route == route[4:]]) == 3


@pytest.mark.looptime
async def test_a_429_to_a_look_pauses_its_endpoint_for_calls_too(fake: FakeBaseten) -> None:
    fake.model("m1").deployment("d1", timeline=[("BUILDING", 60), "ACTIVE"])
    fake.faults.rate_limited(retry_after=37, times=1)
    loop = asyncio.get_running_loop()

    async with fake.client() as baseten:
        deployment = baseten.model("m1").deployment("d1")
        began = loop.time()
        wait = asyncio.create_task(deployment.wait_until_active())
        await asyncio.sleep(1)
        await deployment.get()
        answered = loop.time() - began
        await wait

    assert answered == pytest.approx(37, abs=0.01)


@pytest.mark.looptime
async def test_requests_of_a_class_are_sent_in_the_order_in_which_they_came(
    fake: FakeBaseten,
) -> None:
    model = fake.model("m1")
    names = [f"d{number}" for number in range(70)]
    for name in names:
        model.deployment(name, status="INACTIVE")

    async with fake.client(max_connections=3) as baseten:
        await asyncio.gather(*(baseten.model("m1").deployment(one).activate() for one in names))

    assert [request.path.split("/")[5] for request in fake.requests] == names


@pytest.mark.looptime
async def test_an_outage_is_not_met_with_a_storm(fake: FakeBaseten) -> None:
    fake.model("m1").deployment("d1")
    fake.faults.status(503, times=None)

    async with fake.client() as baseten:
        get = baseten.model("m1").deployment("d1").get
        results = await asyncio.gather(*(get() for _ in range(100)), return_exceptions=True)

    assert {type(result) for result in results} == {ServerError}
    assert len(fake.requests) == 100 + 20


@pytest.mark.looptime
async def test_those_who_leave_the_line_take_no_turn_along(fake: FakeBaseten) -> None:
    fake.model("m1").deployment("d1", status="INACTIVE")
    loop = asyncio.get_running_loop()

    async with fake.client() as baseten:
        deployment = baseten.model("m1").deployment("d1")
        began = loop.time()
        tasks = [asyncio.create_task(deployment.activate()) for _ in range(40)]
        await asyncio.sleep(1)
        for task in tasks[20:39]:
            task.cancel()
        await tasks[39]

    # Twenty went at once; the last one is first in the line for the next window.
    assert loop.time() - began == pytest.approx(66, abs=1)


@pytest.mark.looptime
async def test_many_calls_never_meet_the_documented_limit() -> None:
    fake = FakeBaseten(enforce_limits=True)
    fake.model("m1").deployment("d1", status="ACTIVE")

    async with fake.client() as baseten:
        deployment = baseten.model("m1").deployment("d1")
        await asyncio.gather(*(deployment.get() for _ in range(500)))

    assert {request.status for request in fake.requests} == {200}


@pytest.mark.looptime
async def test_an_endpoint_is_not_paused_for_a_day_because_a_server_says_so(
    fake: FakeBaseten,
) -> None:
    fake.model("m1").deployment("d1", status="ACTIVE")
    fake.faults.rate_limited(retry_after=86_400)
    loop = asyncio.get_running_loop()

    async with fake.client() as baseten:
        deployment = baseten.model("m1").deployment("d1")
        began = loop.time()
        with pytest.raises(RateLimitError) as caught:
            await deployment.get()
        refused_at = loop.time() - began
        await deployment.get()

    assert caught.value.retry_after == 86_400
    assert refused_at < 1
    assert loop.time() - began == pytest.approx(60, abs=1)


@pytest.mark.looptime
async def test_standing_in_line_does_not_outlast_the_total_of_a_request_that_is_repeated(
    fake: FakeBaseten,
) -> None:
    fake.model("m1").deployment("d1", status="ACTIVE")
    fake.faults.status(503, times=1)
    fake.faults.rate_limited(retry_after=50, times=1)
    loop = asyncio.get_running_loop()
    policy = RetryPolicy(total=10)

    async with fake.client(retry=policy, clock=CompressedClock(1, Random(4))) as baseten:
        deployment = baseten.model("m1").deployment("d1")
        began = loop.time()
        unlucky = asyncio.create_task(deployment.get())
        await asyncio.sleep(0)
        with pytest.raises(RateLimitError):
            await deployment.get()
        with pytest.raises(ServerError):
            await unlucky

    assert loop.time() - began == pytest.approx(10, abs=0.01)


@pytest.mark.looptime
async def test_standing_in_line_does_not_count_before_the_first_sending(fake: FakeBaseten) -> None:
    """The twenty-first has stood there for longer than the total."""
    fake.model("m1").deployment("d1", status="INACTIVE")
    refused = fake.faults.refuse(after=20, times=1)
    loop = asyncio.get_running_loop()

    async with fake.client() as baseten:
        deployment = baseten.model("m1").deployment("d1")
        began = loop.time()
        await asyncio.gather(*(deployment.activate() for _ in range(21)))

    assert refused.hits == 1
    assert loop.time() - began > 60


@pytest.mark.looptime
async def test_closing_ends_those_who_stand_in_line_or_wait_for_a_connection(
    fake: FakeBaseten,
) -> None:
    model = fake.model("m1")
    model.deployment("d1", status="INACTIVE")
    model.environment("production", current="d1")
    fake.faults.hang(times=None, route="GET")

    async with fake.client(max_connections=2) as baseten:
        deployment = baseten.model("m1").deployment("d1")
        in_line = [asyncio.create_task(deployment.activate()) for _ in range(25)]
        await asyncio.sleep(1)
        without_connection = [asyncio.create_task(deployment.get()) for _ in range(5)]
        await asyncio.sleep(1)

    results = await asyncio.gather(*in_line, *without_connection, return_exceptions=True)
    assert [type(result) for result in results] == [type(None)] * 20 + [ConfigurationError] * 10
    assert asyncio.all_tasks() == {asyncio.current_task()}

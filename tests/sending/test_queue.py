"""The queue before each route, and the pauses that a server asks for, in virtual time."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from aiobaseten import RetryPolicy
from aiobaseten._sending.places import SLOW_AFTER_S, Place, Places
from aiobaseten._sending.queue import Kind, Queue
from aiobaseten.errors import (
    ConfigurationError,
    RateLimitError,
    ServerError,
    WaitTimeoutError,
)
from aiobaseten.options import LoopClock
from aiobaseten.testing import CompressedClock, FakeBaseten

pytestmark = pytest.mark.looptime


async def test_a_429_pauses_its_own_route_for_all_callers(fake: FakeBaseten) -> None:
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


async def test_a_429_that_asks_for_no_pause_pauses_its_route_for_a_second(
    fake: FakeBaseten,
) -> None:
    fake.model("m1").deployment("d1", status="ACTIVE")
    fake.faults.status(429)
    loop = asyncio.get_running_loop()

    async with fake.client(retry=RetryPolicy(attempts=1)) as baseten:
        deployment = baseten.model("m1").deployment("d1")
        began = loop.time()
        with pytest.raises(RateLimitError):
            await deployment.get()
        await deployment.get()

    assert loop.time() - began == pytest.approx(1.0, abs=0.01)


async def test_a_call_gets_the_place_that_was_kept_for_looks_when_the_last_wait_ends(
    fake: FakeBaseten,
) -> None:
    """Of two connections, one is kept while waits go on. Another call hangs on the other one."""
    fake.model("m1").deployment("d1", timeline=[("BUILDING", 9), "ACTIVE"])
    fake.faults.hang(route="GET /v1/models")
    loop = asyncio.get_running_loop()
    began = loop.time()

    async with fake.client(max_connections=2) as baseten:
        deployment = baseten.model("m1").deployment("d1")
        wait = asyncio.create_task(deployment.wait_until_active())
        await asyncio.sleep(1)
        hangs = asyncio.create_task(baseten.models())
        await asyncio.sleep(1)
        call = asyncio.create_task(baseten.model("m1").get())
        await wait
        active_at = loop.time() - began
        await call
        answered_at = loop.time() - began
        hangs.cancel()

    assert active_at > 9
    assert answered_at == pytest.approx(active_at)


async def test_looks_that_are_answered_refill_the_quota_for_repeats_of_calls(
    fake: FakeBaseten,
) -> None:
    """A storm has emptied it. Each success gives a fifth of a repeat back."""
    fake.model("m1").deployment("d1", status="BUILDING")

    async with fake.client(poll=lambda *_: 5.0) as baseten:
        storm = fake.faults.status(503, times=120)
        calls = (baseten.model("m1").deployment(f"d{number}").get() for number in range(100))
        await asyncio.gather(*calls, return_exceptions=True)
        assert storm.hits == 120
        with pytest.raises(WaitTimeoutError):
            await baseten.model("m1").deployment("d1").wait_until_active(timeout=60)
        fake.faults.status(503)
        await baseten.model("m1").deployment("d1").get()


async def test_a_call_that_waits_for_the_place_of_a_refused_one_obeys_the_pause(
    fake: FakeBaseten,
) -> None:
    fake.model("m1").deployment("d1", status="ACTIVE")
    fake.faults.rate_limited(retry_after=30, delay=1)

    async with fake.client(max_connections=1) as baseten:
        deployment = baseten.model("m1").deployment("d1")
        await asyncio.gather(deployment.get(), deployment.get())

    first, *others = [request.at for request in fake.requests]
    assert first == 0
    assert min(others) >= 31


async def test_a_429_to_a_look_pauses_the_route_for_calls_too(fake: FakeBaseten) -> None:
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


async def test_requests_of_one_route_are_sent_in_order(
    fake: FakeBaseten,
) -> None:
    model = fake.model("m1")
    names = [f"d{number}" for number in range(70)]
    for name in names:
        model.deployment(name, status="INACTIVE")

    async with fake.client(max_connections=3) as baseten:
        await asyncio.gather(*(baseten.model("m1").deployment(one).activate() for one in names))

    assert [request.path.split("/")[5] for request in fake.requests] == names


@pytest.mark.parametrize(
    ("held", "order"),
    [
        (SLOW_AFTER_S - 1, "a0 b0 c0 d0 a1 c1 c2"),
        # Every second turn is the newest URL's. The requests to one URL keep their order.
        (SLOW_AFTER_S + 1, "d0 a0 c0 b0 c1 a1 c2"),
    ],
)
async def test_every_second_turn_is_the_newest_urls_while_a_call_is_slow(
    held: float, order: str
) -> None:
    """Three calls hold all places. One ends, and leaves its place to the others in turn."""
    queue = Queue(LoopClock(), 4, lambda: None)
    route = queue.route("POST", "/v1/{name}")
    slow = [await queue.enter(route, f"/{name}", Kind.CALL) for name in ("x", "y", "z")]
    went: list[str] = []

    async def call(name: str) -> None:
        place = await queue.enter(route, f"/{name[0]}", Kind.CALL)
        went.append(name)
        queue.leave(place)

    async with asyncio.TaskGroup() as calls:
        for name in ("a0", "a1", "b0", "c0", "c1", "c2", "d0"):
            calls.create_task(call(name))
            await asyncio.sleep(0.01)
        await asyncio.sleep(held)
        queue.leave(slow.pop())

    assert " ".join(went) == order


async def test_a_call_cancelled_at_the_moment_of_its_turn_leaves_its_place() -> None:
    queue = Queue(LoopClock(), 1, lambda: None)
    route = queue.route("GET", "/v1/{name}")
    held = await queue.enter(route, "/a", Kind.CALL)
    leaves = asyncio.create_task(queue.enter(route, "/b", Kind.CALL))
    await asyncio.sleep(0)

    queue.leave(held)
    leaves.cancel()
    await asyncio.wait([leaves])

    async with asyncio.timeout(1):
        await queue.enter(route, "/c", Kind.CALL)


async def test_a_call_that_queues_costs_the_same_however_many_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = 0
    has_room = Places.has_room

    def count(places: Places, place: Place) -> bool:
        nonlocal asked
        asked += 1
        return has_room(places, place)

    monkeypatch.setattr(Places, "has_room", count)
    queue = Queue(LoopClock(), 4, lambda: None)
    route = queue.route("GET", "/v1/{name}")

    calls = [asyncio.create_task(queue.enter(route, f"/{n}", Kind.CALL)) for n in range(500)]
    await asyncio.sleep(0)
    for one in calls:
        one.cancel()
    await asyncio.wait(calls)

    assert asked <= 2 * 500


async def test_an_outage_causes_few_retries_however_many_calls_fail(fake: FakeBaseten) -> None:
    fake.faults.status(503, times=None)

    async with fake.client() as baseten:
        calls = (baseten.model("m1").deployment(f"d{number}").get() for number in range(100))
        results = await asyncio.gather(*calls, return_exceptions=True)

    assert {type(result) for result in results} == {ServerError}
    assert len(fake.requests) == 100 + 20


async def test_a_cancelled_request_gives_its_turn_to_the_next(fake: FakeBaseten) -> None:
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


async def test_many_calls_stay_within_the_documented_limit() -> None:
    fake = FakeBaseten(enforce_limits=True)
    fake.model("m1").deployment("d1", status="ACTIVE")

    async with fake.client() as baseten:
        deployment = baseten.model("m1").deployment("d1")
        await asyncio.gather(*(deployment.get() for _ in range(500)))

    assert {request.status for request in fake.requests} == {200}


async def test_a_route_is_paused_for_a_minute_at_most(
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


async def test_the_queue_before_a_retry_counts_towards_the_total(
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


async def test_the_queue_before_the_first_attempt_does_not_count(
    fake: FakeBaseten,
) -> None:
    """The twenty-first request was queued for longer than the total."""
    fake.model("m1").deployment("d1", status="INACTIVE")
    refused = fake.faults.refuse(after=20, times=1)
    loop = asyncio.get_running_loop()

    async with fake.client() as baseten:
        deployment = baseten.model("m1").deployment("d1")
        began = loop.time()
        await asyncio.gather(*(deployment.activate() for _ in range(21)))

    assert refused.hits == 1
    assert loop.time() - began > 60


async def test_closing_the_client_ends_queued_requests(
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


async def test_calls_go_before_looks_that_waited_no_longer(fake: FakeBaseten) -> None:
    """One connection, which is busy: the looks are due first, and the call comes then."""
    model = fake.model("m1")
    for number in range(5):
        model.deployment(f"d{number}", status="ACTIVE")
    model.environment("production", current="d0")
    fake.faults.delay(20, route="GET /v1/models/m1/environments/production")

    async with fake.client(max_connections=1) as baseten:
        production = baseten.model("m1").environment("production")
        busy = asyncio.create_task(production.get())
        await asyncio.sleep(15)
        waits = [
            asyncio.create_task(baseten.model("m1").deployment(f"d{number}").wait_until_active())
            for number in range(5)
        ]
        await asyncio.sleep(4)
        await production.get()
        await asyncio.gather(busy, *waits)

    assert [request.path.split("/")[4] for request in fake.requests] == [
        "environments",
        "environments",
        *["deployments"] * 5,
    ]


async def test_a_look_does_not_wait_for_ever_behind_calls(fake: FakeBaseten) -> None:
    """One connection, and calls that come faster than they are answered."""
    fake.model("m1").deployment("d1", status="ACTIVE")
    fake.model("m1").deployment("d2", status="ACTIVE")
    fake.faults.delay(1, times=None)
    loop = asyncio.get_running_loop()

    async with fake.client(max_connections=1) as baseten:
        get = baseten.model("m1").deployment("d2").get
        calls = [asyncio.create_task(get()) for _ in range(3)]
        began = loop.time()
        wait = asyncio.create_task(baseten.model("m1").deployment("d1").wait_until_active())
        for _ in range(40):
            await asyncio.sleep(0.5)
            calls.append(asyncio.create_task(get()))
            if wait.done():
                break
        noticed = loop.time() - began
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    assert wait.done()
    assert noticed < 20


async def test_an_abandoned_request_gives_way_to_one_that_waits(fake: FakeBaseten) -> None:
    """Its caller has left. Otherwise it may finish, so that its connection survives."""
    fake.model("m1").deployment("d1")
    fake.faults.hang(times=1)
    loop = asyncio.get_running_loop()

    async with fake.client(max_connections=1) as baseten:
        deployment = baseten.model("m1").deployment("d1")
        call = asyncio.create_task(deployment.get())
        await asyncio.sleep(1)
        call.cancel()
        began = loop.time()
        await deployment.get()

    assert loop.time() - began < 0.1


async def test_a_last_look_that_is_answered_ends_the_pause_for_all(fake: FakeBaseten) -> None:
    fake.model("m1").deployment("d1", timeline=[("BUILDING", 600), "ACTIVE"])
    fake.faults.rate_limited(retry_after=50, after=3)
    loop = asyncio.get_running_loop()

    async with fake.client() as baseten:
        deployment = baseten.model("m1").deployment("d1")
        wait = asyncio.create_task(deployment.wait_until_active(timeout=20))
        while len(fake.requests) < 4:  # noqa: ASYNC110 - the fake does not announce requests
            await asyncio.sleep(1)
        call = asyncio.create_task(deployment.get())
        await call
        with pytest.raises(WaitTimeoutError):
            await wait

    assert loop.time() == pytest.approx(20, abs=0.1)


@pytest.mark.parametrize(
    ("kind", "sent_after"), [(Kind.CALL, 30.0), (Kind.LOOK, 30.0), (Kind.LAST_LOOK, 0.0)]
)
async def test_a_last_look_passes_a_pause_of_its_route_and_nothing_else_does(
    kind: Kind, sent_after: float
) -> None:
    loop = asyncio.get_running_loop()
    queue = Queue(LoopClock(), 4, lambda: None)
    route = queue.route("GET", "/v1/{name}")
    began = loop.time()
    route.window.pause(began, 30.0)

    await queue.enter(route, "/a", kind)

    assert loop.time() - began == pytest.approx(sent_after, abs=0.01)


async def test_a_shorter_pause_of_one_route_ends_before_a_longer_one_of_another() -> None:
    loop = asyncio.get_running_loop()
    queue = Queue(LoopClock(), 4, lambda: None)
    began = loop.time()
    went: list[float] = []

    async def call(path: str, pause: float) -> None:
        route = queue.route("GET", path)
        route.window.pause(began, pause)
        await queue.enter(route, path, Kind.CALL)
        went.append(loop.time() - began)

    await asyncio.gather(call("/a", 30.0), call("/b", 5.0))

    assert went == pytest.approx([5.0, 30.0], abs=0.01)


async def test_a_last_look_obeys_the_limit_of_its_route() -> None:
    loop = asyncio.get_running_loop()
    queue = Queue(LoopClock(), 4, lambda: None)
    route = queue.route("POST", "/v1/models/{model_id}/deployments/{deployment_id}/retry")
    began = loop.time()
    for _ in range(11):
        queue.leave(await queue.enter(route, "/a", Kind.LAST_LOOK))

    assert loop.time() - began >= 60.0


async def test_nothing_waits_in_the_loop_after_a_paused_call_has_left(fake: FakeBaseten) -> None:
    fake.model("m1").deployment("d1")
    fake.faults.rate_limited(retry_after=50, times=1)
    loop = asyncio.get_running_loop()
    began = loop.time()

    async with fake.client(retry=RetryPolicy(attempts=1)) as baseten:
        deployment = baseten.model("m1").deployment("d1")
        with pytest.raises(RateLimitError):
            await deployment.get()
        call = asyncio.create_task(deployment.get())
        await asyncio.sleep(1)
        call.cancel()
        await asyncio.wait([call])
        timers = getattr(loop, "_scheduled")  # noqa: B009 - asyncio has no public name for them
        assert not [timer for timer in timers if not timer.cancelled()]

    assert loop.time() - began == pytest.approx(1)


def test_looks_take_no_part_in_the_turns_of_calls() -> None:
    """Between two calls there may be one look, and then every call would be the newest."""
    route = Queue(LoopClock(), 4, lambda: None).route("GET", "/v1/{name}")

    for is_look in (False, True, True, False):
        route.take("/a", 0.0, is_look=is_look)

    assert route.calls_sent == 2

"""Waits share polls, and polls share a budget."""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from collections import Counter
from itertools import groupby, pairwise

import httpx
import pytest

from aiobaseten import Baseten, Stage
from aiobaseten._waiting import Wait
from aiobaseten.errors import (
    AuthenticationError,
    ConfigurationError,
    DeploymentFailedError,
    WaitTimeoutError,
)
from aiobaseten.events import LookFailed, StatusChanged
from aiobaseten.testing import FakeBaseten

pytestmark = pytest.mark.looptime

TIMELINE: list[str | tuple[str, float]] = [
    ("BUILDING", 60.0),
    ("DEPLOYING", 20.0),
    ("LOADING_MODEL", 40.0),
    "ACTIVE",
]


def deployments(fake: FakeBaseten, count: int) -> list[str]:
    """So many deployments of one model that are on their way."""
    model = fake.model("m1")
    names = [f"d{number}" for number in range(count)]
    for name in names:
        model.deployment(name, timeline=TIMELINE)
    return names


async def test_a_hundred_waits_on_one_deployment_cost_as_much_as_one(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    deployments(fake, 1)
    deployment = baseten.model("m1").deployment("d0")

    await deployment.wait_until_active()
    alone = len(fake.requests)
    fake.model("m1").deployment("again", timeline=TIMELINE)
    fake.requests.clear()
    again = baseten.model("m1").deployment("again")
    await asyncio.gather(*(again.wait_until_active() for _ in range(100)))

    # Jitter may make it one or two more or fewer.
    assert abs(len(fake.requests) - alone) <= 2


async def test_waits_on_different_deployments_do_not_share_a_poll(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    names = deployments(fake, 3)

    model = baseten.model("m1")
    await asyncio.gather(*(model.deployment(name).wait_until_active() for name in names))

    assert len({request.path for request in fake.requests}) == 3


async def test_a_wait_that_joins_uses_a_fresh_look_at_once(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    fake.model("m1").deployment("d0", status="BUILDING")
    deployment = baseten.model("m1").deployment("d0")
    first = asyncio.create_task(deployment.wait_until_active())
    await asyncio.sleep(1)
    await deployment.get()  # reading makes no look an old one
    before = len(fake.requests)

    event = await anext(deployment.events())

    assert isinstance(event, StatusChanged)
    assert event.status == "BUILDING"
    assert len(fake.requests) == before
    first.cancel()


async def test_a_wait_that_joins_ignores_a_look_from_before_a_write(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    """Somebody else's wait has just seen it INACTIVE; we have just activated it."""
    fake.model("m1").deployment("d0", status="INACTIVE")
    deployment = baseten.model("m1").deployment("d0")
    first = asyncio.create_task(deployment.wait_until_active())
    await asyncio.sleep(1)
    await deployment.activate()
    before = len(fake.requests)

    await anext(deployment.events())

    assert len(fake.requests) == before + 1
    first.cancel()


async def test_a_timeout_of_zero_makes_a_look_of_its_own(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    fake.model("m1").deployment("d0", status="BUILDING")
    deployment = baseten.model("m1").deployment("d0")
    first = asyncio.create_task(deployment.wait_until_active())
    await asyncio.sleep(1)
    before = len(fake.requests)

    with pytest.raises(WaitTimeoutError):
        await deployment.wait_until_active(timeout=0)

    assert len(fake.requests) == before + 1
    first.cancel()


async def test_cancelling_one_wait_leaves_the_others_alone(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    deployments(fake, 1)
    deployment = baseten.model("m1").deployment("d0")
    waits = [asyncio.create_task(deployment.wait_until_active()) for _ in range(10)]
    await asyncio.sleep(5)

    for wait in waits[:9]:
        wait.cancel()

    assert (await waits[9]).status == "ACTIVE"


async def test_the_last_wait_to_leave_ends_the_poll(fake: FakeBaseten, baseten: Baseten) -> None:
    deployments(fake, 1)
    deployment = baseten.model("m1").deployment("d0")
    waits = [asyncio.create_task(deployment.wait_until_active()) for _ in range(10)]
    await asyncio.sleep(5)

    for wait in waits:
        wait.cancel()
    await asyncio.sleep(0)
    before = len(fake.requests)
    await asyncio.sleep(600)

    assert len(fake.requests) == before
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_look_cancelled_before_its_first_step_blocks_no_other(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    """Whoever leaves just when the alarm rings takes a look along that has not begun."""
    for name in ("leaves", "stays", "too"):
        fake.model("m1").deployment(name, timeline=TIMELINE)
    model = baseten.model("m1")
    leaves = asyncio.create_task(model.deployment("leaves").wait_until_active())
    await asyncio.sleep(1)
    ring_at = baseten._polls._next_look.at  # noqa: SLF001 - to be there at that very moment
    asyncio.get_running_loop().call_at(ring_at - 1e-9, leaves.cancel)
    await asyncio.wait([leaves])
    assert [request.at for request in fake.requests] == [0.0]

    # While the server is down, nobody looks as long as somebody does.
    stay = [
        asyncio.create_task(model.deployment(name).wait_until_active()) for name in ("stays", "too")
    ]
    fake.faults.status(503, lasting=60)

    assert [deployment.status for deployment in await asyncio.gather(*stay)] == ["ACTIVE"] * 2


async def test_an_error_ends_each_wait_with_an_error_of_its_own(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    deployments(fake, 1)
    deployment = baseten.model("m1").deployment("d0")
    early = asyncio.create_task(deployment.wait_until_active())
    await asyncio.sleep(30)
    fake.faults.status(401, times=1)
    late = asyncio.create_task(deployment.wait_until_active())

    errors = await asyncio.gather(early, late, return_exceptions=True)

    one, other = errors
    assert isinstance(one, AuthenticationError)
    assert isinstance(other, AuthenticationError)
    assert one is not other
    assert one.evidence is not None
    assert other.evidence is not None
    assert one.evidence.waited >= 30 > other.evidence.waited


async def test_each_wait_is_judged_by_its_own_policy(fake: FakeBaseten, baseten: Baseten) -> None:
    fake.model("m1").deployment("d0", timeline=[("UNHEALTHY", 200.0), "ACTIVE"])
    deployment = baseten.model("m1").deployment("d0")

    patient, hasty = await asyncio.gather(
        deployment.wait_until_active(),
        deployment.wait_until_active(unhealthy_grace=60),
        return_exceptions=True,
    )

    assert isinstance(hasty, DeploymentFailedError)
    assert not isinstance(patient, BaseException)


async def test_looks_stay_within_the_polling_rate(fake: FakeBaseten) -> None:
    names = deployments(fake, 60)

    async with fake.client(polling_rate=10) as baseten:
        model = baseten.model("m1")
        await asyncio.gather(*(model.deployment(name).wait_until_active() for name in names))

    seconds = Counter(int(request.at) for request in fake.requests)
    assert max(seconds.values()) <= 10 + 5
    assert sum(seconds.values()) <= 10 * (max(seconds) + 1) + 5


async def test_no_deployment_starves_when_the_budget_is_too_small(
    fake: FakeBaseten,
) -> None:
    model = fake.model("m1")
    names = [f"d{number}" for number in range(60)]
    for name in names:
        model.deployment(name, status="BUILDING")

    async with fake.client(polling_rate=3) as baseten:
        waits = [
            asyncio.create_task(baseten.model("m1").deployment(name).wait_until_active())
            for name in names
        ]
        await asyncio.sleep(300)
        for wait in waits:
            wait.cancel()

    looked: dict[str, list[float]] = {name: [] for name in names}
    for request in fake.requests:
        looked[request.path.rpartition("/")[2]].append(request.at)
    gaps = [later - at for times in looked.values() for at, later in pairwise(times)]
    assert max(gaps) <= 1.2 * 60 / 3


async def test_a_small_budget_goes_first_to_deployments_that_load(
    fake: FakeBaseten,
) -> None:
    model = fake.model("m1")
    names = [
        f"{status}-{number}" for number in range(30) for status in ("BUILDING", "LOADING_MODEL")
    ]
    for name in names:
        model.deployment(name, status=name.partition("-")[0])

    async with fake.client(polling_rate=4) as baseten:
        waits = [
            asyncio.create_task(baseten.model("m1").deployment(name).wait_until_active())
            for name in names
        ]
        await asyncio.sleep(300)
        for wait in waits:
            wait.cancel()

    looks = Counter(request.path.rpartition("/")[2].partition("-")[0] for request in fake.requests)
    assert looks["LOADING_MODEL"] > 1.3 * looks["BUILDING"]


@pytest.mark.parametrize(
    ("lasting", "most"), [(9, 10), pytest.param(60, 100 + 20, marks=pytest.mark.thorough)]
)
async def test_one_look_probes_for_all_while_the_server_is_down(
    fake: FakeBaseten, lasting: float, most: int
) -> None:
    """But in the end each is looked at once: perhaps only others are down."""
    names = deployments(fake, 100)
    for name in names:
        fake.model("m1").deployment(name).set("DEPLOYING")

    async with fake.client(polling_rate=20) as baseten:
        model = baseten.model("m1")
        heard: Counter[str] = Counter()

        async def listen(name: str) -> None:
            async for event in model.deployment(name).events(timeout=None):
                heard[name] += isinstance(event, LookFailed)

        waits = [asyncio.create_task(listen(name)) for name in names]
        await asyncio.sleep(60)
        down_at = fake.now
        fake.faults.status(503, lasting=lasting)
        await asyncio.sleep(lasting + 40)
        for wait in waits:
            wait.cancel()

    looks = [r for r in fake.requests if "/startups" not in r.path]
    into_it = [r for r in looks if down_at <= r.at < down_at + lasting]
    answered = {r.path: r.at for r in reversed(looks) if r.at >= down_at + lasting}
    assert len(into_it) <= most
    # Nobody hears of the trouble of others.
    assert sum(heard.values()) == len(into_it)
    assert len(answered) == 100
    assert max(answered.values()) - (down_at + lasting) <= 1.2 * 100 / 20 + 5


async def test_the_first_answer_after_an_outage_brings_looks_at_everything(
    fake: FakeBaseten,
) -> None:
    """Looks that failed for ten minutes have become rare."""
    names = deployments(fake, 5)
    for name in names:
        fake.model("m1").deployment(name).set("DEPLOYING")

    async with fake.client() as baseten:
        model = baseten.model("m1")
        waits = [
            asyncio.create_task(model.deployment(name).wait_until_active(timeout=None))
            for name in names
        ]
        await asyncio.sleep(30)
        back_at = fake.now + 600
        fake.faults.status(503, lasting=600)
        await asyncio.sleep(720)
        for wait in waits:
            wait.cancel()

    looks = [one for one in fake.requests if "/startups" not in one.path and one.at >= back_at]
    answered = {one.path: one.at for one in reversed(looks)}
    assert len(answered) == 5
    assert max(answered.values()) - min(answered.values()) <= 2


async def test_one_resource_that_fails_does_not_slow_down_the_others(fake: FakeBaseten) -> None:
    deployments(fake, 2)
    fake.faults.status(500, lasting=3600, route="GET /v1/models/m1/deployments/d0")

    async with fake.client() as baseten:
        broken = asyncio.create_task(baseten.model("m1").deployment("d0").wait_until_active())
        began = asyncio.get_running_loop().time()
        await baseten.model("m1").deployment("d1").wait_until_active()
        took = asyncio.get_running_loop().time() - began
        broken.cancel()

    assert took <= 120 + 5


async def test_a_429_holds_all_looks_for_as_long_as_it_asks(
    fake: FakeBaseten,
) -> None:
    names = deployments(fake, 50)

    async with fake.client() as baseten:
        model = baseten.model("m1")
        waits = [asyncio.create_task(model.deployment(name).wait_until_active()) for name in names]
        await asyncio.sleep(20)
        fake.faults.rate_limited(retry_after=37, times=1)
        await asyncio.gather(*waits)

    (refused,) = [request.at for request in fake.requests if request.status == 429]
    after = [request.at for request in fake.requests if request.at > refused + 0.001]
    assert min(after) >= refused + 37


@pytest.mark.thorough
async def test_several_clients_with_one_key_come_to_share_the_limit() -> None:
    """Ten clients that each want 20 looks a second, where the server allows 100."""
    fake = FakeBaseten(enforce_limits=True)
    names = deployments(fake, 10)
    clients = 10

    async def service() -> None:
        async with fake.client(polling_rate=40) as baseten:
            model = baseten.model("m1")
            async with asyncio.TaskGroup() as group:
                for name in names:
                    group.create_task(model.deployment(name).wait_until_active())

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(service())

    refused = sum(request.status == 429 for request in fake.requests)
    assert refused <= 0.05 * len(fake.requests)


async def test_a_schedule_of_the_callers_decides_when_to_look(fake: FakeBaseten) -> None:
    deployments(fake, 1)
    asked: list[tuple[Stage, float, float]] = []

    def every_ten_seconds(stage: Stage, in_stage: float, elapsed: float) -> float:
        asked.append((stage, in_stage, elapsed))
        return 10.0

    async with fake.client(poll=every_ten_seconds) as baseten:
        await baseten.model("m1").deployment("d0").wait_until_active()

    gaps = [later.at - one.at for one, later in pairwise(fake.requests)]
    assert all(9.0 <= gap <= 10.001 for gap in gaps)
    assert [stage for stage, _ in groupby(stage for stage, _, _ in asked)] == [
        Stage.BUILD,
        Stage.DEPLOY,
        Stage.LOAD,
    ]
    assert all(0 <= in_stage <= elapsed for _, in_stage, elapsed in asked)


async def test_a_schedule_that_returns_zero_ends_the_wait(fake: FakeBaseten) -> None:
    deployments(fake, 1)

    async with fake.client(poll=lambda *_: 0.0) as baseten:
        with pytest.raises(ConfigurationError, match=r"^poll must "):
            await baseten.model("m1").deployment("d0").wait_until_active()


def test_a_schedule_must_be_callable() -> None:
    with pytest.raises(ConfigurationError, match=r"^poll must "):
        Baseten(api_key="key", poll=5.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("end", ["cancelled", "answered", "unanswered"])
async def test_a_wait_that_joins_hears_and_leaves_costs_the_same_however_many_share_its_look(
    fake: FakeBaseten, baseten: Baseten, end: str
) -> None:
    deployments(fake, 1)
    deployment = baseten.model("m1").deployment("d0")
    if end == "unanswered":
        fake.faults.hang(times=None)

    async def steps_for_each_of(count: int) -> float:
        """Calls and lines, each time that a loop comes to them."""
        steps, before = 0, sys.gettrace()

        def note(*_: object) -> object:
            nonlocal steps
            steps += 1
            return note

        sys.settrace(note)  # type: ignore[arg-type] # it is called with anything
        try:
            waits = [
                asyncio.ensure_future(deployment.wait_until_active(timeout=1)) for _ in range(count)
            ]
            await asyncio.sleep(0)
            for one in waits if end == "cancelled" else ():
                one.cancel()
            await asyncio.wait(waits)
        finally:
            sys.settrace(before)
        assert end == "cancelled" or {type(one.exception()) for one in waits} == {WaitTimeoutError}
        return steps / count

    await steps_for_each_of(10)  # what happens once
    few, many = await steps_for_each_of(100), await steps_for_each_of(500)
    assert many < 1.05 * few


@pytest.mark.parametrize("is_down", [False, True])
async def test_waits_that_end_one_after_another_share_their_last_looks(
    fake: FakeBaseten, baseten: Baseten, is_down: bool
) -> None:
    """They are a second apart in a crowd, and hardly apart for a few waits."""
    fake.model("m1").deployment("d0", status="BUILDING")
    deployment = baseten.model("m1").deployment("d0")
    if is_down:
        fake.faults.status(502, times=None)

    async def ends_of(count: int) -> tuple[int, float]:
        """Within ten seconds: the number of requests, and how late the last one is."""
        fake.requests.clear()
        loop, begin = asyncio.get_running_loop(), asyncio.get_running_loop().time()

        async def lateness(timeout: float) -> float:
            with pytest.raises(WaitTimeoutError):
                await deployment.wait_until_active(timeout=timeout)
            return loop.time() - begin - timeout

        limits = [20 + 10 * number / count for number in range(count)]
        late = await asyncio.gather(*map(lateness, limits))
        return sum(request.at >= fake.now - 11 for request in fake.requests), max(late)

    few, late_few = await ends_of(20)
    many, late_many = await ends_of(2_000)

    assert few <= 30
    assert many <= 40
    assert late_few < 0.1
    assert late_many < 1.2


async def test_finished_waits_leave_nothing_in_a_client_that_lives_on(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    fake.model("m1").deployment("d0", status="ACTIVE")
    deployment = baseten.model("m1").deployment("d0")

    for _ in range(300):
        await deployment.wait_until_active()
    gc.collect()

    assert sum(isinstance(thing, Wait) for thing in gc.get_objects()) < 150


async def test_a_wait_keeps_its_last_failure_without_the_frames_of_its_cause(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    deployments(fake, 1)
    fake.faults.reset()

    async with baseten.model("m1").deployment("d0").events() as events:
        failed = await anext(events)

    assert isinstance(failed, LookFailed)
    assert failed.error.__cause__ is not None
    assert failed.error.__cause__.__traceback__ is None


async def test_a_wait_keeps_its_last_failure_without_its_request(
    fake: FakeBaseten,
) -> None:
    """An exception's frames hold the request and the body, of up to 32 MB, for each wait."""
    deployments(fake, 1)
    requests: list[weakref.ref[httpx.Request]] = []

    async def fail_once(request: httpx.Request) -> httpx.Response:
        requests.append(weakref.ref(request))
        if len(requests) == 1:
            return httpx.Response(502)
        return await fake.transport().handle_async_request(request)

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(fail_once)) as http,
        Baseten(api_key="test-key", http_client=http) as baseten,
    ):
        events = baseten.model("m1").deployment("d0").events()
        failed = await anext(events)
        await anext(events)
        gc.collect()

        assert isinstance(failed, LookFailed)
        assert requests[0]() is None
        await events.aclose()

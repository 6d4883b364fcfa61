"""Deadlines of waits, and the last look at them."""

from __future__ import annotations

import asyncio
import gc
from datetime import timedelta

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import RequestTimeoutError, WaitTimeoutError
from aiobaseten.testing import FakeBaseten, timelines

from ..story import BOTH, Kind, deployment, listen, promote, set_up

pytestmark = pytest.mark.looptime


@BOTH
async def test_a_timeout_of_zero_looks_once(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind, "DEPLOYING")
    promotion = await promote(baseten, kind)
    before = len(fake.requests)

    with pytest.raises(WaitTimeoutError):
        await promotion.wait(timeout=0)

    assert len(fake.requests) - before == 1
    assert fake.now == 0


@BOTH
async def test_a_look_is_one_request_and_without_a_limit_they_go_on_for_hours(
    fake: FakeBaseten, kind: Kind
) -> None:
    set_up(fake, kind, [("DEPLOYING", 3 * 3600.0), "ACTIVE"])

    async with fake.client(poll=lambda *_: 100.0) as baseten:
        promotion = await promote(baseten, kind)
        before = len(fake.requests)
        await promotion.wait(timeout=None)

    assert fake.now > 3 * 3600
    looks = fake.requests[before:]
    assert {f"{one.method} {one.path}" for one in looks} == {
        f"GET /v1/{kind}s/owner/environments/production"
    }
    assert len(looks) == pytest.approx(fake.now / 100, rel=0.1)


async def test_a_timeout_of_zero_is_enough_for_a_ready_deployment(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model")

    assert (await deployment(baseten, "model").wait_until_active(timeout=0)).status == "ACTIVE"


@BOTH
async def test_a_deployment_that_is_ready_at_the_deadline_is_in_time(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind, [("LOADING_MODEL", 60), "ACTIVE"])
    promotion = await promote(baseten, kind)

    await promotion.wait(timeout=60)

    assert fake.now == pytest.approx(60)


async def test_a_deployment_that_is_ready_after_the_deadline_is_late(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", [("LOADING_MODEL", 60.1), "ACTIVE"])
    promotion = await promote(baseten, "model")

    with pytest.raises(WaitTimeoutError) as caught:
        await promotion.wait(timeout=60)

    assert isinstance(caught.value, TimeoutError)
    assert caught.value.timeout == 60
    assert caught.value.evidence
    assert caught.value.evidence.waited == pytest.approx(60)
    assert fake.now == pytest.approx(60)


async def test_a_duration_may_be_a_timedelta(fake: FakeBaseten, baseten: Baseten) -> None:
    set_up(fake, "model", [("LOADING_MODEL", 100), "ACTIVE"])
    promotion = await promote(baseten, "model")

    with pytest.raises(WaitTimeoutError) as caught:
        await promotion.wait(timeout=timedelta(minutes=1))

    assert caught.value.timeout == 60


async def test_the_default_timeout_is_an_hour(fake: FakeBaseten, baseten: Baseten) -> None:
    set_up(fake, "model", "DEPLOYING")
    promotion = await promote(baseten, "model")

    with pytest.raises(WaitTimeoutError):
        await promotion.wait()

    assert fake.now == pytest.approx(3600)


async def test_a_look_in_flight_at_the_deadline_may_finish(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", [("LOADING_MODEL", 60), "ACTIVE"])
    promotion = await promote(baseten, "model")
    fake.at(59.9, lambda: fake.faults.delay(9))

    await promotion.wait(timeout=60)

    assert fake.now == pytest.approx(69)


async def test_a_last_look_under_way_is_not_given_up_for_that_of_another_wait(
    fake: FakeBaseten,
) -> None:
    fake.model("m1").deployment("d1", timeline=[("LOADING_MODEL", 59), "ACTIVE"])
    fake.at(50, lambda: fake.faults.delay(8, times=None))

    async with fake.client() as baseten:
        one = baseten.model("m1").deployment("d1")
        await asyncio.gather(one.wait_until_active(timeout=60), one.wait_until_active(timeout=65))
        ended_at = fake.now

    assert ended_at == pytest.approx(68)


async def test_a_last_look_that_hangs_does_not_hold_up_that_of_another_wait(
    fake: FakeBaseten,
) -> None:
    fake.model("m1").deployment("d1", timeline=[("LOADING_MODEL", 64), "ACTIVE"])
    fake.at(59.9, lambda: fake.faults.hang(times=1))

    async with fake.client() as baseten:
        one = baseten.model("m1").deployment("d1")
        await asyncio.gather(one.wait_until_active(timeout=60), one.wait_until_active(timeout=65))
        ended_at = fake.now

    assert ended_at == pytest.approx(65, abs=0.1)


async def test_last_looks_that_hang_end_each_wait_in_time_and_are_few(fake: FakeBaseten) -> None:
    """At most two seconds for its sending, and ten for an answer."""
    fake.model("m1").deployment("d1", status="LOADING_MODEL")
    late: list[float] = []

    async def wait(timeout: float) -> None:
        with pytest.raises(WaitTimeoutError):
            await one.wait_until_active(timeout=timeout)
        late.append(fake.now - timeout)

    async with fake.client() as baseten:
        one = baseten.model("m1").deployment("d1")
        fake.at(29, lambda: fake.faults.hang(times=None))
        await asyncio.gather(*(wait(30 + each / 4) for each in range(80)))

    assert min(late) >= 10
    assert max(late) <= 12.1
    assert sum(request.at >= 30 for request in fake.requests) <= 20 / 2 + 2


@pytest.mark.parametrize("leaves", [False, True])
async def test_a_last_look_that_hangs_blinds_no_wait_with_a_later_deadline(
    fake: FakeBaseten, leaves: bool
) -> None:
    """Also if the wait that it was for has left, and something else has expired since."""
    fake.model("m1").deployment("d1", timeline=[("LOADING_MODEL", 41), "ACTIVE"])
    fake.model("m1").deployment("d2", status="LOADING_MODEL")
    fake.faults.hang(route="GET /v1/models/m1/deployments/d2", times=None)
    fake.at(29.9, lambda: fake.faults.hang(route="GET /v1/models/m1/deployments/d1", times=1))

    async with fake.client(read_timeout=60, answer_timeout=60) as baseten:
        one, other = (baseten.model("m1").deployment(name) for name in ("d1", "d2"))
        hasty = asyncio.create_task(one.wait_until_active(timeout=30))
        if leaves:
            asyncio.get_running_loop().call_later(31, hasty.cancel)
        await asyncio.gather(
            hasty,
            one.wait_until_active(timeout=600),
            other.wait_until_active(timeout=25),
            return_exceptions=True,
        )
        ended_at = fake.now

    assert ended_at < 30 + 10 + 5


async def test_an_unanswered_last_look_ends_ten_seconds_after_the_deadline(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", "LOADING_MODEL")
    promotion = await promote(baseten, "model")
    fake.at(55, lambda: fake.faults.hang(times=None))

    with pytest.raises(WaitTimeoutError) as caught:
        await promotion.wait(timeout=60)

    assert fake.now == pytest.approx(70)
    assert caught.value.history[-1].status == "RELEASING"
    assert caught.value.__cause__ is None


async def test_a_server_that_never_answers_ends_the_wait_in_time(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model")
    promotion = await promote(baseten, "model")
    fake.faults.hang(times=None)

    with pytest.raises(WaitTimeoutError) as caught:
        await promotion.wait(timeout=100)

    assert 100 <= fake.now <= 110
    assert isinstance(caught.value.__cause__, RequestTimeoutError)
    assert caught.value.last_seen is None
    assert caught.value.history == ()


@pytest.mark.parametrize(("ready", "is_in_time"), [(50, True), (70, False)])
async def test_a_slow_listener_does_not_move_the_deadline(
    fake: FakeBaseten, baseten: Baseten, ready: float, is_in_time: bool
) -> None:
    set_up(fake, "model", [("LOADING_MODEL", ready), "ACTIVE"])
    promotion = await promote(baseten, "model")
    events = promotion.events(timeout=60)

    await anext(events)
    await asyncio.sleep(200)
    heard = await listen(events)

    assert (heard.error is None) is is_in_time


@pytest.mark.parametrize("timeline", ["ACTIVE", timelines.BUILD_FAILED])
async def test_a_decided_wait_with_a_slow_listener_looks_no_more(
    fake: FakeBaseten, baseten: Baseten, timeline: timelines.Steps
) -> None:
    """Also when a route is back, and everything that is waited for there is looked at."""
    fake.model("owner").deployment("d1", timeline=timeline)
    for name in ("a", "b", "c"):
        fake.model("owner").deployment(name, status="BUILDING")
    others = [
        asyncio.create_task(deployment(baseten, "model", name).wait_until_active(timeout=300))
        for name in ("a", "b", "c")
    ]
    events = deployment(baseten, "model", "d1").events()
    await anext(events)
    await asyncio.sleep(20)
    fake.faults.status(503, lasting=60)
    before = len(fake.requests)

    await asyncio.sleep(600)

    assert not [one for one in fake.requests[before:] if one.path.endswith("/d1")]
    assert len(fake.requests) > before + 30
    await listen(events)
    await asyncio.gather(*others, return_exceptions=True)


@pytest.mark.parametrize("names", [("new", "new"), ("new", "old")], ids=["one poll", "two polls"])
async def test_last_looks_that_cannot_be_sent_end_each_wait_in_time(
    fake: FakeBaseten, names: tuple[str, str]
) -> None:
    """A call that hangs holds the only connection."""
    set_up(fake, "model", "LOADING_MODEL")
    fake.faults.hang(times=None)
    ended: list[float] = []

    async def wait(name: str, timeout: float) -> None:
        with pytest.raises(WaitTimeoutError):
            await baseten.model("owner").deployment(name).wait_until_active(timeout=timeout)
        ended.append(fake.now)

    async with fake.client(max_connections=1, read_timeout=500, answer_timeout=500) as baseten:
        call = asyncio.create_task(baseten.model("owner").deployment("old").get())
        await asyncio.sleep(1)
        await asyncio.gather(wait(names[0], 10), wait(names[1], 20))
        call.cancel()

    assert ended == pytest.approx([1 + 10 + 30, 1 + 20 + 30])


async def test_a_last_look_that_waits_for_that_of_another_wait_is_sent_in_time_or_not_at_all(
    fake: FakeBaseten,
) -> None:
    """When that has ended, five at other resources are first to get the only connection."""
    names = ["new", *(f"other{index}" for index in range(5))]
    for name in names:
        fake.model("owner").deployment(name, status="LOADING_MODEL")
    fake.at(20, lambda: fake.faults.hang(times=None))
    ended: list[tuple[float, float]] = []

    async def wait(name: str, timeout: float) -> None:
        with pytest.raises(WaitTimeoutError):
            await baseten.model("owner").deployment(name).wait_until_active(timeout=timeout)
        ended.append((timeout, fake.now))

    async with fake.client(max_connections=1) as baseten:
        others = [wait(name, 46) for name in names[1:]]
        await asyncio.gather(wait("new", 36), wait("new", 42), *others)
        gc.collect()
        left = [one for one in gc.get_objects() if type(one).__name__ == "_Poll"]

    assert left == []
    assert dict(ended)[42] == pytest.approx(42 + 30)

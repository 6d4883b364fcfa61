"""Leaving a wait in any way leaves nothing behind and disturbs no other wait."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import ConfigurationError, WaitTimeoutError
from aiobaseten.testing import FakeBaseten, timelines

from ..story import BOTH, Kind, listen, promote, set_up

pytestmark = pytest.mark.looptime

#: A request whose caller has left may take this long, so that its connection survives.
ABANDONED = 5.0


@pytest.fixture(autouse=True)
async def nothing_stays() -> AsyncIterator[None]:
    """No task outlives a test. (Warnings are errors everywhere.)"""
    yield
    gc.collect()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def looks_after(fake: FakeBaseten, seconds: float = 600) -> int:
    """How many requests come from now on, when nobody waits and no task is there to send any."""
    before = len(fake.requests)
    await asyncio.sleep(seconds)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return len(fake.requests) - before


@BOTH
@pytest.mark.parametrize("while_", ["between looks", "a look is under way"])
async def test_a_cancelled_wait_looks_no_more(
    fake: FakeBaseten, baseten: Baseten, kind: Kind, while_: str
) -> None:
    set_up(fake, kind, "DEPLOYING")
    promotion = await promote(baseten, kind)
    if while_ == "a look is under way":
        fake.faults.hang(times=None)
    wait = asyncio.create_task(promotion.wait())
    await asyncio.sleep(20)

    wait.cancel()
    with pytest.raises(asyncio.CancelledError):
        await wait

    assert await looks_after(fake) == 0


@BOTH
async def test_an_outer_timeout_passes_through_unchanged(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind, "DEPLOYING")
    promotion = await promote(baseten, kind)

    async def impatient() -> None:
        async with asyncio.timeout(60):
            await promotion.wait()

    with pytest.raises(TimeoutError) as caught:
        await impatient()

    assert type(caught.value) is TimeoutError
    assert fake.now == 60
    assert await looks_after(fake) == 0


async def test_an_outer_timeout_at_the_deadline_is_a_timeout_error(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", "DEPLOYING")
    promotion = await promote(baseten, "model")

    async def both() -> None:
        async with asyncio.timeout(60):
            await promotion.wait(timeout=60)

    with pytest.raises(TimeoutError):
        await both()

    assert await looks_after(fake) == 0


async def test_an_outer_cancellation_is_never_swallowed(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    """Whenever it comes, and however often."""
    set_up(fake, "model", timelines.HEALTHY, ramp=[(25, 30), (50, 30)])
    promotion = await promote(baseten, "model")
    fake.faults.delay(3, times=None, lasting=1000)

    for tenths in range(0, 300, 7):
        wait = asyncio.create_task(promotion.wait())
        await asyncio.sleep(tenths / 10)
        wait.cancel()
        await asyncio.wait([wait])
        assert wait.cancelled() or wait.result().id == "new"

    await asyncio.sleep(ABANDONED)


async def test_cancelling_one_wait_leaves_others_on_the_same_promotion_running(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", timelines.HEALTHY)
    promotion = await promote(baseten, "model")
    waits = [asyncio.create_task(promotion.wait()) for _ in range(5)]
    listener = asyncio.create_task(listen(promotion.events()))
    await asyncio.sleep(20)

    waits[0].cancel()
    waits[3].cancel()

    assert [(await waits[number]).id for number in (1, 2, 4)] == ["new"] * 3
    assert (await listener).result.id == "new"


async def test_a_wait_that_times_out_leaves_others_running(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", timelines.HEALTHY)
    promotion = await promote(baseten, "model")

    short, long = await asyncio.gather(
        listen(promotion.events(timeout=10)), listen(promotion.events(timeout=100))
    )

    assert isinstance(short.error, WaitTimeoutError)
    assert long.result.id == "new"


async def test_a_failure_in_a_task_group_cancels_the_other_waits(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    model = fake.model("owner")
    model.deployment("good", timeline=[("BUILDING", 500), "ACTIVE"])
    model.deployment("bad", timeline=timelines.BUILD_FAILED)

    async def all_of_them() -> None:
        async with asyncio.TaskGroup() as group:
            for name in ("good", "bad"):
                group.create_task(baseten.model("owner").deployment(name).wait_until_active())

    with pytest.raises(ExceptionGroup) as caught:
        await all_of_them()

    assert len(caught.value.exceptions) == 1
    assert fake.now < 30
    assert await looks_after(fake) == 0


@BOTH
async def test_a_break_in_the_loop_over_events_ends_the_looks(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind, "DEPLOYING")
    promotion = await promote(baseten, kind)

    async for event in promotion.events():
        if event.at >= 0:
            break

    assert await looks_after(fake) == 0


async def test_an_error_in_the_loop_over_events_ends_the_looks(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", "DEPLOYING")
    promotion = await promote(baseten, "model")

    async def stumble() -> None:
        async for _ in promotion.events():
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await stumble()

    assert await looks_after(fake) == 0


async def test_events_without_a_listener_do_not_look(fake: FakeBaseten, baseten: Baseten) -> None:
    set_up(fake, "model", "DEPLOYING")
    promotion = await promote(baseten, "model")

    promotion.events()

    assert await looks_after(fake) == 0


@BOTH
@pytest.mark.parametrize("while_", ["between looks", "a look is under way"])
async def test_closing_the_client_ends_its_waits_with_an_error(
    fake: FakeBaseten, kind: Kind, while_: str
) -> None:
    set_up(fake, kind, "DEPLOYING")
    async with fake.client() as baseten:
        promotion = await promote(baseten, kind)
        if while_ == "a look is under way":
            fake.at(10, lambda: fake.faults.hang(times=None))
        wait = asyncio.create_task(promotion.wait())
        listener = asyncio.create_task(listen(promotion.events()))
        await asyncio.sleep(20)

    with pytest.raises(ConfigurationError) as caught:
        await wait
    heard = await listener
    assert isinstance(heard.error, ConfigurationError)
    for error in (caught.value, heard.error):
        assert error.evidence is not None
        assert error.evidence.token == promotion.token
        assert error.evidence.history
    assert await looks_after(fake) == 0


async def test_a_promotion_goes_on_after_the_client_is_closed(fake: FakeBaseten) -> None:
    environment = set_up(fake, "model", timelines.HEALTHY)
    async with fake.client() as baseten:
        await promote(baseten, "model")
    await asyncio.sleep(100)

    assert environment.current is not None
    assert environment.current.id == "new"


async def test_a_closed_client_refuses_to_wait(fake: FakeBaseten) -> None:
    set_up(fake, "model")
    async with fake.client() as baseten:
        promotion = await promote(baseten, "model")

    with pytest.raises(ConfigurationError):
        await promotion.wait()
    with pytest.raises(ConfigurationError):
        await anext(promotion.events())


async def test_a_promote_that_waits_for_another_promotion_can_be_cancelled(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    environment = set_up(fake, "model", "DEPLOYING")
    environment.promote("new")
    production = baseten.model("owner").environment("production")
    waiting = asyncio.create_task(production.promote("old", if_in_progress="wait"))
    await asyncio.sleep(60)

    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert await looks_after(fake) == 0
    assert len(environment.promotions) == 1

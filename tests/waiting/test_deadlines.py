"""A deadline bounds looks, retries and sleeps together, and the last look is there."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import RequestTimeoutError, WaitTimeoutError
from aiobaseten.testing import FakeBaseten, timelines

from ..story import A_LOOK, BOTH, Kind, deployment, listen, promote, stage

pytestmark = pytest.mark.looptime


@BOTH
async def test_no_time_at_all_is_one_look(fake: FakeBaseten, baseten: Baseten, kind: Kind) -> None:
    stage(fake, kind, "DEPLOYING")
    promotion = await promote(baseten, kind)
    before = len(fake.requests)

    with pytest.raises(WaitTimeoutError):
        await promotion.wait(timeout=0)

    assert len(fake.requests) - before == 1
    assert fake.now == 0


async def test_one_look_is_enough_for_what_is_ready(fake: FakeBaseten, baseten: Baseten) -> None:
    stage(fake, "model")

    assert (await deployment(baseten, "model").wait_until_active(timeout=0)).status == "ACTIVE"


@BOTH
async def test_what_is_ready_at_the_deadline_is_not_late(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    stage(fake, kind, [("LOADING_MODEL", 60), "ACTIVE"])
    promotion = await promote(baseten, kind)

    await promotion.wait(timeout=60)

    assert fake.now == pytest.approx(60)


async def test_what_is_ready_after_the_deadline_is_late(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    stage(fake, "model", [("LOADING_MODEL", 60.1), "ACTIVE"])
    promotion = await promote(baseten, "model")

    with pytest.raises(WaitTimeoutError) as caught:
        await promotion.wait(timeout=60)

    assert isinstance(caught.value, TimeoutError)
    assert caught.value.timeout == 60
    assert caught.value.evidence
    assert caught.value.evidence.waited == pytest.approx(60)
    assert fake.now == pytest.approx(60)


async def test_a_duration_may_be_a_timedelta(fake: FakeBaseten, baseten: Baseten) -> None:
    stage(fake, "model", [("LOADING_MODEL", 100), "ACTIVE"])
    promotion = await promote(baseten, "model")

    with pytest.raises(WaitTimeoutError) as caught:
        await promotion.wait(timeout=timedelta(minutes=1))

    assert caught.value.timeout == 60


@BOTH
async def test_without_a_limit_a_wait_takes_as_long_as_it_takes(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    stage(fake, kind, [("BUILDING", 2 * 3600), ("LOADING_MODEL", 60), "ACTIVE"])
    promotion = await promote(baseten, kind)

    await promotion.wait(timeout=None)

    assert 7260 <= fake.now < 7260 + 2 * A_LOOK


async def test_unless_told_otherwise_a_wait_takes_an_hour(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    stage(fake, "model", "DEPLOYING")
    promotion = await promote(baseten, "model")

    with pytest.raises(WaitTimeoutError):
        await promotion.wait()

    assert fake.now == pytest.approx(3600)


async def test_a_look_that_is_under_way_at_the_deadline_may_finish(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    stage(fake, "model", [("LOADING_MODEL", 60), "ACTIVE"])
    promotion = await promote(baseten, "model")
    fake.at(59.9, lambda: fake.faults.delay(9))

    await promotion.wait(timeout=60)

    assert fake.now == pytest.approx(69)


async def test_a_look_that_nobody_answers_is_cut_off_ten_seconds_after_the_deadline(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    stage(fake, "model", "LOADING_MODEL")
    promotion = await promote(baseten, "model")
    fake.at(55, lambda: fake.faults.hang(times=None))

    with pytest.raises(WaitTimeoutError) as caught:
        await promotion.wait(timeout=60)

    assert fake.now == pytest.approx(70)
    assert caught.value.history[-1].status == "RELEASING"
    assert caught.value.__cause__ is None


async def test_a_black_hole_from_the_beginning_ends_in_time_and_is_named(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    stage(fake, "model")
    promotion = await promote(baseten, "model")
    fake.faults.hang(times=None)

    with pytest.raises(WaitTimeoutError) as caught:
        await promotion.wait(timeout=100)

    assert 100 <= fake.now <= 110
    assert isinstance(caught.value.__cause__, RequestTimeoutError)
    assert caught.value.last_seen is None
    assert caught.value.history == ()


@pytest.mark.parametrize(("ready", "is_in_time"), [(50, True), (70, False)])
async def test_the_deadline_is_where_it_is_however_slowly_somebody_listens(
    fake: FakeBaseten, baseten: Baseten, ready: float, is_in_time: bool
) -> None:
    stage(fake, "model", [("LOADING_MODEL", ready), "ACTIVE"])
    promotion = await promote(baseten, "model")
    events = promotion.events(timeout=60)

    await anext(events)
    await asyncio.sleep(200)
    told = await listen(events)

    assert (told.error is None) is is_in_time


@pytest.mark.parametrize("timeline", ["ACTIVE", timelines.BUILD_FAILED])
async def test_a_wait_that_is_decided_looks_no_more_however_slowly_somebody_listens(
    fake: FakeBaseten, baseten: Baseten, timeline: timelines.Steps
) -> None:
    fake.model("owner").deployment("d1", timeline=timeline)
    events = deployment(baseten, "model", "d1").events()
    await anext(events)
    await asyncio.sleep(20)
    before = len(fake.requests)

    await asyncio.sleep(600)

    assert len(fake.requests) == before
    await listen(events)

"""What a wait tells while it goes on."""

from __future__ import annotations

import asyncio

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import PromotionFailedError
from aiobaseten.events import (
    Finished,
    LookFailed,
    PromotionPaused,
    PromotionResumed,
    StatusChanged,
    TrafficShifted,
)
from aiobaseten.testing import Behaviour, FakeBaseten, timelines

from ..story import BOTH, RAMP, Kind, deployment, listen, promote, stage

pytestmark = pytest.mark.looptime


@BOTH
async def test_a_promotion_is_told_from_its_beginning_to_its_end(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    stage(fake, kind, timelines.HEALTHY)
    promotion = await promote(baseten, kind)

    told = await listen(promotion.events())

    own = [line for line in told.said() if not line.startswith("chainlet")]
    assert own == [
        "deployment new: BUILDING",
        "promotion to production: RELEASING",
        "deployment new: BUILDING -> DEPLOYING",
        "deployment new: DEPLOYING -> LOADING_MODEL",
        "deployment new: LOADING_MODEL -> ACTIVE",
        "promotion to production: RELEASING -> SUCCEEDED",
        "traffic: 100 % on the new deployment",
        "done",
    ]
    assert told.error is None
    assert told.result.id == "new"


async def test_each_chainlet_is_told_of_by_its_name(fake: FakeBaseten, baseten: Baseten) -> None:
    fake.chain("owner").deployment(
        "d1",
        chainlets={
            "Quick": [("BUILDING", 10), "ACTIVE"],
            "Slow": [("BUILDING", 40), ("LOADING_MODEL", 20), "ACTIVE"],
        },
    )

    told = await listen(deployment(baseten, "chain", "d1").events())

    assert [
        (event.name, event.previous, event.status)
        for event in told.of(StatusChanged)
        if event.subject == "chainlet"
    ] == [
        ("Quick", None, "BUILDING"),
        ("Slow", None, "BUILDING"),
        ("Quick", "BUILDING", "ACTIVE"),
        ("Slow", "BUILDING", "LOADING_MODEL"),
        ("Slow", "LOADING_MODEL", "ACTIVE"),
    ]


async def test_traffic_is_told_of_as_it_moves(fake: FakeBaseten, baseten: Baseten) -> None:
    stage(fake, "model", ramp=RAMP)
    promotion = await promote(baseten, "model")

    told = await listen(promotion.events())

    assert [event.percent for event in told.of(TrafficShifted)] == [25, 50, 75, 100]
    assert told.at >= 180


async def test_a_pause_is_told_of_when_it_is_seen_and_when_it_is_over(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    environment = stage(fake, "model", ramp=RAMP)
    promotion = await promote(baseten, "model")
    fake.at(30, environment.pause)
    fake.at(500, environment.resume)

    told = await listen(promotion.events())

    (paused,) = told.of(PromotionPaused)
    (resumed,) = told.of(PromotionResumed)
    assert (paused.previous, paused.status) == ("RAMPING_UP", "PAUSED")
    assert (resumed.previous, resumed.status) == ("PAUSED", "RAMPING_UP")
    assert 60 <= paused.at < 75
    assert 500 <= resumed.at < 515
    assert told.error is None


async def test_an_end_that_is_an_error_is_told_and_then_raised(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    stage(fake, "model", timelines.BUILD_FAILED)
    promotion = await promote(baseten, "model")
    events = promotion.events()

    last = await anext(events)
    while not isinstance(last, Finished):
        last = await anext(events)
    with pytest.raises(PromotionFailedError) as caught:
        await anext(events)

    assert last.error is caught.value
    assert last.result is None
    assert str(last)[11:] == f"failed: {last.error}"


async def test_a_look_that_failed_is_told_with_when_the_next_one_is(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    stage(fake, "model", [("LOADING_MODEL", 60), "ACTIVE"])
    promotion = await promote(baseten, "model")
    fake.faults.html(502)

    told = await listen(promotion.events())

    (failed,) = told.of(LookFailed)
    line = f"could not look, trying again in {failed.next_look:.1f} s: {failed.error}"
    assert line in told.said()


async def test_nothing_is_lost_on_somebody_who_is_slow_to_listen(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    stage(fake, "model", timelines.HEALTHY)
    promotion = await promote(baseten, "model")

    quick, slow = await asyncio.gather(
        listen(promotion.events()), listen(promotion.events(), dawdle=100)
    )

    assert slow.said() == quick.said()
    assert [event.at for event in slow.events] == [event.at for event in quick.events]


async def test_what_was_missing_when_somebody_was_busy_is_looked_for_again() -> None:
    """Why it is missing is asked when the listener has time. By then it may be there."""
    fake = FakeBaseten(behaviour=Behaviour(stale_for=130))
    stage(fake, "model", timelines.HEALTHY)
    fake.at(115, lambda: fake.faults.status(503))
    async with fake.client() as baseten:
        promotion = await promote(baseten, "model")

        told = await listen(promotion.events(), dawdle=60)

    assert told.error is None
    assert told.result.id == "new"


async def test_waiting_and_listening_are_the_same(fake: FakeBaseten, baseten: Baseten) -> None:
    stage(fake, "model", timelines.HEALTHY)
    promotion = await promote(baseten, "model")

    told = await listen(promotion.events())

    assert await promotion.wait() == told.result


@pytest.mark.parametrize("shown", ["null", "absent"])
async def test_a_chain_that_shows_no_promotion_is_told_of_by_its_deployment(shown: str) -> None:
    fake = FakeBaseten(behaviour=Behaviour(chain_promotion=shown))  # type: ignore[arg-type]
    stage(fake, "chain", timelines.HEALTHY)
    async with fake.client() as baseten:
        told = await listen((await promote(baseten, "chain")).events())

    assert told.said()[-2:] == ["chainlet Main: LOADING_MODEL -> ACTIVE", "done"]
    assert not [line for line in told.said() if "promotion" in line]

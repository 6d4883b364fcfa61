"""The events of a wait."""

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

from ..story import BOTH, RAMP, Kind, deployment, listen, promote, set_up

pytestmark = pytest.mark.looptime


@BOTH
async def test_the_events_of_a_promotion_are_complete(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind, timelines.HEALTHY)
    promotion = await promote(baseten, kind)

    heard = await listen(promotion.events())

    own = [line for line in heard.lines() if not line.startswith("chainlet")]
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
    assert heard.error is None
    assert heard.result.id == "new"


async def test_events_name_each_chainlet(fake: FakeBaseten, baseten: Baseten) -> None:
    fake.chain("owner").deployment(
        "d1",
        chainlets={
            "Quick": [("BUILDING", 10), "ACTIVE"],
            "Slow": [("BUILDING", 40), ("LOADING_MODEL", 20), "ACTIVE"],
        },
    )

    heard = await listen(deployment(baseten, "chain", "d1").events())

    assert [
        (event.name, event.previous, event.status)
        for event in heard.of(StatusChanged)
        if event.subject == "chainlet"
    ] == [
        ("Quick", None, "BUILDING"),
        ("Slow", None, "BUILDING"),
        ("Quick", "BUILDING", "ACTIVE"),
        ("Slow", "BUILDING", "LOADING_MODEL"),
        ("Slow", "LOADING_MODEL", "ACTIVE"),
    ]


async def test_each_traffic_shift_is_an_event(fake: FakeBaseten, baseten: Baseten) -> None:
    set_up(fake, "model", ramp=RAMP)
    promotion = await promote(baseten, "model")

    heard = await listen(promotion.events())

    assert [event.percent for event in heard.of(TrafficShifted)] == [25, 50, 75, 100]
    assert heard.at >= 180


async def test_the_beginning_and_the_end_of_a_pause_are_events(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    environment = set_up(fake, "model", ramp=RAMP)
    promotion = await promote(baseten, "model")
    fake.at(30, environment.pause)
    fake.at(500, environment.resume)

    heard = await listen(promotion.events())

    (paused,) = heard.of(PromotionPaused)
    (resumed,) = heard.of(PromotionResumed)
    assert (paused.previous, paused.status) == ("RAMPING_UP", "PAUSED")
    assert (resumed.previous, resumed.status) == ("PAUSED", "RAMPING_UP")
    assert 60 <= paused.at < 75
    assert 500 <= resumed.at < 515
    assert heard.error is None


async def test_an_error_is_an_event_and_is_then_raised(fake: FakeBaseten, baseten: Baseten) -> None:
    set_up(fake, "model", timelines.BUILD_FAILED)
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


async def test_a_failed_look_is_an_event_that_names_the_next_look(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", [("LOADING_MODEL", 60), "ACTIVE"])
    promotion = await promote(baseten, "model")
    fake.faults.html(502)

    heard = await listen(promotion.events())

    (failed,) = heard.of(LookFailed)
    line = f"could not look, trying again in {failed.next_look:.1f} s: {failed.error}"
    assert line in heard.lines()


async def test_a_slow_listener_hears_the_same_events(fake: FakeBaseten, baseten: Baseten) -> None:
    set_up(fake, "model", timelines.HEALTHY)
    promotion = await promote(baseten, "model")

    quick, slow = await asyncio.gather(
        listen(promotion.events()), listen(promotion.events(), delay=100)
    )

    assert slow.lines() == quick.lines()
    assert [event.at for event in slow.events] == [event.at for event in quick.events]


async def test_a_slow_listener_looks_again_for_a_missing_candidate() -> None:
    """Why it is missing is asked when the listener has time. By then it may be there."""
    fake = FakeBaseten(behaviour=Behaviour(stale_for=130))
    set_up(fake, "model", timelines.HEALTHY)
    fake.at(115, lambda: fake.faults.status(503))
    async with fake.client() as baseten:
        promotion = await promote(baseten, "model")

        heard = await listen(promotion.events(), delay=60)

    assert heard.error is None
    assert heard.result.id == "new"


async def test_the_result_of_a_wait_is_that_of_its_events(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", timelines.HEALTHY)
    promotion = await promote(baseten, "model")

    heard = await listen(promotion.events())

    assert await promotion.wait() == heard.result


@pytest.mark.parametrize("shown", ["null", "absent"])
async def test_the_events_of_a_chain_without_a_promotion_are_those_of_its_deployment(
    shown: str,
) -> None:
    fake = FakeBaseten(behaviour=Behaviour(chain_promotion=shown))  # type: ignore[arg-type]
    set_up(fake, "chain", timelines.HEALTHY)
    async with fake.client() as baseten:
        heard = await listen((await promote(baseten, "chain")).events())

    assert heard.lines()[-2:] == ["chainlet Main: LOADING_MODEL -> ACTIVE", "done"]
    assert not [line for line in heard.lines() if "promotion" in line]

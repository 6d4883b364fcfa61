"""The fake's time: when it begins, when it stands still, and how fast it is."""

import asyncio
import time

import pytest

from aiobaseten.testing import FakeBaseten, timelines


@pytest.mark.looptime
async def test_time_begins_when_the_fake_is_made_in_a_loop() -> None:
    await asyncio.sleep(50)
    fake = FakeBaseten()
    await asyncio.sleep(7)

    assert fake.now == 7


@pytest.mark.looptime
async def test_time_begins_with_the_first_use_when_the_fake_is_made_outside_a_loop(
    fake: FakeBaseten,
) -> None:
    await asyncio.sleep(50)
    assert fake.now == 0
    await asyncio.sleep(7)
    assert fake.now == 7


def test_time_continues_in_the_next_loop_and_stands_still_between_loops() -> None:
    fake = FakeBaseten(speed=1000)

    async def stay() -> float:
        began = fake.now
        await asyncio.sleep(0.01)
        assert fake.now >= began + 9
        return fake.now

    first = asyncio.run(stay())
    time.sleep(0.02)
    assert fake.now == first
    second = asyncio.run(stay())

    assert first + 9 <= second <= 2 * first + 500


@pytest.mark.looptime
async def test_time_is_faster_by_the_speed() -> None:
    fake = FakeBaseten(speed=60)
    made = fake.model("m1").deployment("d1", timeline=timelines.SCALED_TO_ZERO_ON_THE_WAY)
    seen = []
    for wait in (0.2, 0.1, 10):
        await asyncio.sleep(wait)
        seen.append(made.status)

    assert seen == ["DEPLOYING", "SCALED_TO_ZERO", "WAKING_UP"]
    assert fake.now == pytest.approx(618)


async def test_real_time_is_compressed_by_the_speed() -> None:
    fake = FakeBaseten(speed=1000)
    made = fake.chain("c1").deployment("d1", timeline=[("BUILDING", 60), "ACTIVE"])
    assert made.status == "BUILDING"
    await asyncio.sleep(0.07)
    assert made.status == "ACTIVE"


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_an_impossible_speed_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed is a factor above 0"):
        FakeBaseten(speed=speed)

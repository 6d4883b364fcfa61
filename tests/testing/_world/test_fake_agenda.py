"""The agenda: actions planned for a later time."""

import asyncio

import httpx
import pytest

from aiobaseten.testing import FakeBaseten, timelines

KEY = {"Authorization": "Api-Key test-key"}
pytestmark = pytest.mark.looptime


async def test_planned_actions_run_in_order_at_exactly_their_times(fake: FakeBaseten) -> None:
    seen: list[tuple[str, float]] = []
    fake.at(20, lambda: seen.append(("late", fake.now)))
    fake.at(10, lambda: seen.append(("early", fake.now)))
    fake.at(10, lambda: seen.append(("early too", fake.now)))
    made = fake.model("m1").deployment("d1", timeline=timelines.HEALTHY)
    fake.at(15, made.deactivate)
    assert fake.now == 0
    await asyncio.sleep(100)

    assert made.history() == [
        (0, "BUILDING"),
        (12, "DEPLOYING"),
        (14, "LOADING_MODEL"),
        (15, "DEACTIVATING"),
        (25, "INACTIVE"),
    ]
    assert seen == [("early", 10), ("early too", 10), ("late", 20)]


async def test_an_action_can_plan_another_action(fake: FakeBaseten) -> None:
    seen: list[float] = []
    fake.at(10, lambda: fake.at(12, lambda: seen.append(fake.now)))
    assert fake.now == 0
    await asyncio.sleep(100)

    assert (fake.now, seen) == (100, [12])


async def test_an_action_for_a_past_time_is_refused(fake: FakeBaseten) -> None:
    assert fake.now == 0
    await asyncio.sleep(30)

    with pytest.raises(ValueError, match="it is 30 s already: call the action itself"):
        fake.at(20, print)


async def test_an_action_that_raises_fails_the_request_that_runs_it(fake: FakeBaseten) -> None:
    production = fake.chain("c1").environment("production")
    fake.at(5, production.cancel)
    async with httpx.AsyncClient(transport=fake.transport(), headers=KEY) as client:
        await client.get("http://fake/v1/chains")
        await asyncio.sleep(5)
        with pytest.raises(ValueError, match="Environment production has no in progress promotion"):
            await client.get("http://fake/v1/chains")


async def test_an_action_whose_time_never_came_is_left_over(fake: FakeBaseten) -> None:
    production = fake.chain("c1").environment("production")
    fake.at(60, production.cancel)
    await asyncio.sleep(10)

    with pytest.raises(AssertionError, match=r"<action at 60 s: .*cancel.*>.*let the test go on"):
        fake.assert_no_leftovers()

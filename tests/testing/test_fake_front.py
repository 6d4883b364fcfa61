"""The front of the house: time, plans, leftovers, and how much it can take."""

import asyncio
import subprocess
import sys
import time

import httpx
import pytest

from aiobaseten.testing import FakeBaseten, timelines

KEY = {"Authorization": "Api-Key test-key"}


@pytest.mark.looptime
async def test_time_begins_when_the_fake_is_made_in_a_loop() -> None:
    await asyncio.sleep(50)
    fake = FakeBaseten()
    await asyncio.sleep(7)

    assert fake.now == 7


@pytest.mark.looptime
async def test_time_begins_with_the_first_use_when_the_fake_is_made_outside(
    fake: FakeBaseten,
) -> None:
    await asyncio.sleep(50)
    assert fake.now == 0
    await asyncio.sleep(7)
    assert fake.now == 7


def test_time_goes_on_in_the_next_loop_and_stands_still_between_them() -> None:
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
async def test_time_goes_faster_by_the_speed() -> None:
    fake = FakeBaseten(speed=60)
    made = fake.model("m1").deployment("d1", timeline=timelines.SCALED_TO_ZERO_ON_THE_WAY)
    seen = []
    for wait in (0.2, 0.1, 10):
        await asyncio.sleep(wait)
        seen.append(made.status)

    assert seen == ["DEPLOYING", "SCALED_TO_ZERO", "WAKING_UP"]
    assert fake.now == pytest.approx(618)


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed is a factor above 0"):
        FakeBaseten(speed=speed)


@pytest.mark.looptime
async def test_plans_are_carried_out_in_order_at_exactly_their_times(fake: FakeBaseten) -> None:
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


@pytest.mark.looptime
async def test_a_plan_can_make_another_plan(fake: FakeBaseten) -> None:
    seen: list[float] = []
    fake.at(10, lambda: fake.at(12, lambda: seen.append(fake.now)))
    assert fake.now == 0
    await asyncio.sleep(100)

    assert (fake.now, seen) == (100, [12])


@pytest.mark.looptime
async def test_a_plan_for_the_past_is_refused(fake: FakeBaseten) -> None:
    assert fake.now == 0
    await asyncio.sleep(30)

    with pytest.raises(ValueError, match="it is 30 s already: call the action itself"):
        fake.at(20, print)


@pytest.mark.looptime
async def test_a_plan_that_goes_wrong_fails_the_test_that_made_it(fake: FakeBaseten) -> None:
    production = fake.chain("c1").environment("production")
    fake.at(5, production.cancel)
    async with httpx.AsyncClient(transport=fake.transport(), headers=KEY) as client:
        await client.get("http://fake/v1/chains")
        await asyncio.sleep(5)
        with pytest.raises(ValueError, match="Environment production has no in progress promotion"):
            await client.get("http://fake/v1/chains")


@pytest.mark.looptime
async def test_a_plan_for_a_time_that_never_came_is_left_over(fake: FakeBaseten) -> None:
    production = fake.chain("c1").environment("production")
    fake.at(60, production.cancel)
    await asyncio.sleep(10)

    with pytest.raises(AssertionError, match=r"<action at 60 s: .*cancel.*>.*let the test go on"):
        fake.assert_no_leftovers()


def test_a_fake_of_which_nothing_was_asked_has_nothing_left_over() -> None:
    FakeBaseten().assert_no_leftovers()


@pytest.mark.parametrize("bad", ["", "a/b"])
def test_an_id_that_no_path_can_hold_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="a word without slashes"):
        FakeBaseten().chain(bad)
    with pytest.raises(ValueError, match="a word without slashes"):
        FakeBaseten().model(bad)


def test_asking_again_gives_the_same_chain_and_the_same_model() -> None:
    fake = FakeBaseten()

    assert fake.chain("c1") is fake.chain("c1")
    assert fake.model("m1") is fake.model("m1")


def test_everything_tells_what_it_is_but_no_key() -> None:
    fake = FakeBaseten(api_key="very-secret")
    chain = fake.chain("c1")
    made = chain.deployment("d1", status="BUILDING")
    production = chain.environment("production", current=made)
    production.promote("d1")
    fake.faults.reset(route="GET /v1/chains")

    shown = [
        repr(one) for one in (fake, chain, made, production, production.promotion, fake.faults)
    ]

    assert shown == [
        "<FakeBaseten at 0 s: 1 chains, 0 models>",
        "<FakeChain c1: 2 deployments>",
        "<FakeDeployment d1 of c1: BUILDING>",
        "<FakeEnvironment production of c1: d1>",
        "<FakePromotion of d1-p1: RELEASING 0 %>",
        "<Faults [<reset for GET /v1/chains: 0 hit, 1 left>]>",
    ]


@pytest.mark.looptime
@pytest.mark.parametrize("requests", [1000, pytest.param(10_000, marks=pytest.mark.thorough)])
async def test_thousands_of_requests_to_five_hundred_deployments_take_seconds(
    fake: FakeBaseten, requests: int
) -> None:
    chain = fake.chain("c1")
    for number in range(500):
        chain.deployment(f"d{number}", timeline=timelines.CRASH_LOOP, chainlets=["A", "B", "C"])
        chain.environment(f"e{number}", current=f"d{number}").promote(f"d{number}")
    began = time.process_time()
    async with httpx.AsyncClient(
        transport=fake.transport(), base_url="http://fake/v1/chains/c1", headers=KEY
    ) as client:
        for number in range(requests):
            what = "deployments/d" if number % 2 else "environments/e"
            answer = await client.get(f"/{what}{number % 500}")
            assert answer.status_code == 200
            await asyncio.sleep(0.1)

    took = time.process_time() - began  # whatever else the machine has to do
    print(f"{requests} requests to 500 deployments took {took:.1f} s")  # noqa: T201
    assert len(fake.requests) == requests
    assert took < max(5, requests / 500)


@pytest.mark.looptime
async def test_five_hundred_promotions_at_once_all_end(fake: FakeBaseten) -> None:
    for number in range(500):
        model = fake.model(f"m{number}")
        model.deployment("new", timeline=timelines.SCALED_TO_ZERO_ON_THE_WAY)
        model.environment("production").promote("new")
    assert fake.now == 0
    await asyncio.sleep(631)

    for number in range(500):
        current = fake.model(f"m{number}").environment("production").current
        assert current is not None
        assert current.status == "ACTIVE"


def _python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_without_the_extra_the_import_says_what_to_install() -> None:
    done = _python("import sys; sys.modules['starlette'] = None; import aiobaseten.testing")

    assert done.stderr.splitlines()[-1] == (
        "ImportError: aiobaseten.testing needs Starlette: pip install 'aiobaseten[testing]'"
    )


def test_who_does_not_serve_does_not_pay_for_a_server() -> None:
    done = _python("import sys, aiobaseten.testing; print('uvicorn' in sys.modules)")

    assert (done.returncode, done.stdout) == (0, "False\n")

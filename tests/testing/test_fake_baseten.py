"""FakeBaseten: leftovers, representations, capacity and imports."""

import asyncio
import subprocess
import sys
import time
from datetime import UTC, datetime

import httpx
import pytest

from aiobaseten.testing import FakeBaseten, timelines

KEY = {"Authorization": "Api-Key test-key"}


def test_an_unused_fake_has_no_leftovers() -> None:
    FakeBaseten().assert_no_leftovers()


@pytest.mark.parametrize("bad", ["", "a/b"])
def test_an_invalid_id_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="a word without slashes"):
        FakeBaseten().chain(bad)
    with pytest.raises(ValueError, match="a word without slashes"):
        FakeBaseten().model(bad)


def test_a_second_call_returns_the_same_chain_or_model() -> None:
    fake = FakeBaseten()

    assert fake.chain("c1") is fake.chain("c1")
    assert fake.model("m1") is fake.model("m1")


def test_every_repr_describes_its_object_without_the_key() -> None:
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


def test_a_time_of_day_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="started needs a time zone"):
        FakeBaseten(started=datetime(2030, 1, 1))


def test_time_begins_at_zero_whatever_the_time_of_day() -> None:
    assert FakeBaseten(started=datetime(2026, 1, 1, tzinfo=UTC)).now == 0


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
            response = await client.get(f"/{what}{number % 500}")
            assert response.status_code == 200
            await asyncio.sleep(0.1)

    took = time.process_time() - began  # whatever else the machine has to do
    print(f"{requests} requests to 500 deployments took {took:.1f} s")  # noqa: T201
    assert len(fake.requests) == requests
    assert took < max(5, requests / 500)


@pytest.mark.looptime
async def test_five_hundred_concurrent_promotions_all_end(fake: FakeBaseten) -> None:
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


def test_an_import_without_the_extra_names_the_package_to_install() -> None:
    done = _python("import sys; sys.modules['starlette'] = None; import aiobaseten.testing")

    assert done.stderr.splitlines()[-1] == (
        "ImportError: aiobaseten.testing needs Starlette: pip install 'aiobaseten[testing]'"
    )


def test_uvicorn_is_not_imported_before_serving() -> None:
    done = _python("import sys, aiobaseten.testing; print('uvicorn' in sys.modules)")

    assert (done.returncode, done.stdout) == (0, "False\n")

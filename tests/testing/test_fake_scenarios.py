"""Each scenario ends as its docstring says."""

from __future__ import annotations

import pytest

from aiobaseten import Guard, error_rate, latency
from aiobaseten.errors import BasetenError
from aiobaseten.testing import FakeBaseten, scenarios

ENDS = {
    "healthy": ["v2", "v2"],
    "slow": ["v2", "v2"],
    "failing": ["PromotionFailedError", "PromotionFailedError"],
    "starved": ["PromotionFailedError", "PromotionFailedError"],
    "stuck": ["WaitTimeoutError", "WaitTimeoutError"],
    "worse": ["v2", "v2"],
    "troubled": ["v2", "v2"],
    "empty": ["NotFoundError", "NotFoundError"],
}


@pytest.mark.looptime
@pytest.mark.parametrize("name", scenarios.SCENARIOS)
async def test_each_scenario_ends_as_its_docstring_says(name: str) -> None:
    fake = FakeBaseten()
    scenarios.SCENARIOS[name](fake)
    ends: list[str] = []
    async with fake.client() as baseten:
        for resource in (baseten.chain(scenarios.CHAIN), baseten.model(scenarios.MODEL)):
            try:
                promotion = await resource.environment("production").promote("v2")
                live = await promotion.wait(timeout=300 if name == "stuck" else 2400)
            except BasetenError as error:
                ends.append(type(error).__name__)
            else:
                ends.append(live.id)

    assert ends == ENDS[name]
    fake.assert_no_leftovers()


@pytest.mark.looptime
@pytest.mark.parametrize(("name", "at_most"), [("healthy", 0.0), ("worse", 0.1), ("troubled", 0.0)])
async def test_a_guard_passes_a_good_scenario_without_a_warning(name: str, at_most: float) -> None:
    fake = FakeBaseten()
    scenarios.SCENARIOS[name](fake)
    async with fake.client() as baseten:
        production = baseten.model(scenarios.MODEL).environment("production")
        guard = Guard(error_rate(at_most=at_most), latency("p95", worse_by_at_most=0.2))
        plan = await production.plan("v2", guard=guard)
        promotion = await production.promote("v2", guard=guard)
        live = await promotion.wait(timeout=7200)

    assert not plan.warns_of("few_replicas")
    assert live.id == "v2"


@pytest.mark.looptime
@pytest.mark.parametrize("name", [name for name in scenarios.SCENARIOS if name != "empty"])
async def test_the_latest_deployment_of_each_scenario_is_v2(name: str) -> None:
    fake = FakeBaseten()
    scenarios.SCENARIOS[name](fake)
    async with fake.client() as baseten:
        for resource in (baseten.chain(scenarios.CHAIN), baseten.model(scenarios.MODEL)):
            assert (await resource.identify_deployment("latest")).id == "v2"

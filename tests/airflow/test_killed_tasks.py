"""PromotionTrigger.on_kill: whether the promotion of a killed task is cancelled."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

from aiobaseten.airflow import PromotionTrigger
from aiobaseten.testing import FakeBaseten

from .promoting import add_resource, promote, promote_another, promotion_trigger

pytestmark = pytest.mark.looptime


def set_task_state(
    monkeypatch: pytest.MonkeyPatch, trigger: PromotionTrigger, state: str | None
) -> None:
    """Set the state of the trigger's task in Airflow's database; "gone" means no such task."""

    def states(**asked: Any) -> dict[str, dict[str, str | None]]:
        assert asked == {"dag_id": "d", "map_index": 3, "task_ids": ["t"], "run_ids": ["r"]}
        return {"r": {"t_3": state}} if state != "gone" else {}

    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", staticmethod(states))
    instance: Any = SimpleNamespace(dag_id="d", task_id="t", run_id="r", map_index=3)
    trigger.task_instance = instance


def cancellations(fake: FakeBaseten) -> int:
    return sum(request.path.endswith("/cancel_promotion") for request in fake.requests)


async def test_failing_the_task_cancels_its_promotion(
    fake: FakeBaseten, fake_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_resource(fake)
    trigger = promotion_trigger(await promote(fake), cancel_on_kill=True)
    set_task_state(monkeypatch, trigger, "failed")

    await trigger.on_kill()

    (promotion,) = fake.model("x").environment("production").promotions
    assert promotion.status == "CANCELED"
    assert cancellations(fake) == 1


async def test_cancelling_survives_that_airflow_cancels_it_every_second(
    fake: FakeBaseten, fake_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_resource(fake)
    trigger = promotion_trigger(await promote(fake), cancel_on_kill=True)
    set_task_state(monkeypatch, trigger, "failed")
    fake.faults.delay(5, route="GET")
    # As Airflow calls it. Whether wait_for raises after this differs between versions of Python.
    killing = asyncio.create_task(asyncio.wait_for(trigger.on_kill(), timeout=30))

    for _ in range(4):
        await asyncio.sleep(1)
        killing.cancel()
    await asyncio.gather(killing, return_exceptions=True)
    await asyncio.sleep(10)

    assert cancellations(fake) == 1


@pytest.mark.parametrize(("setting", "longest"), [(None, 30), ("60", 60)])
async def test_cancelling_ends_with_a_timeout_error_before_airflow_gives_up(
    fake: FakeBaseten,
    fake_url: str,
    monkeypatch: pytest.MonkeyPatch,
    setting: str | None,
    longest: float,
) -> None:
    if setting is not None:
        monkeypatch.setenv("AIRFLOW__TRIGGERER__ON_KILL_TIMEOUT", setting)
    add_resource(fake)
    trigger = promotion_trigger(await promote(fake), cancel_on_kill=True)
    set_task_state(monkeypatch, trigger, "failed")
    fake.faults.hang(route="GET", lasting=600)

    with pytest.raises(TimeoutError):
        await trigger.on_kill()

    assert longest - 5 < asyncio.get_running_loop().time() < longest


@pytest.mark.parametrize("state", ["deferred", None, "success", "skipped", "gone"])
async def test_the_promotion_continues_unless_its_task_was_failed(
    fake: FakeBaseten, fake_url: str, monkeypatch: pytest.MonkeyPatch, state: str | None
) -> None:
    """Airflow also calls on_kill in a triggerer that has hung and lost its triggers."""
    add_resource(fake)
    trigger = promotion_trigger(await promote(fake), cancel_on_kill=True)
    set_task_state(monkeypatch, trigger, state)

    await trigger.on_kill()

    assert cancellations(fake) == 0


async def test_the_promotion_continues_without_cancel_on_kill(
    fake: FakeBaseten, fake_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_resource(fake)
    trigger = promotion_trigger(await promote(fake))
    set_task_state(monkeypatch, trigger, "failed")

    await trigger.on_kill()

    assert cancellations(fake) == 0


async def test_another_promotion_is_not_cancelled(
    fake: FakeBaseten, fake_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_resource(fake)
    trigger = promotion_trigger(await promote(fake), cancel_on_kill=True)
    set_task_state(monkeypatch, trigger, "failed")
    await asyncio.sleep(300)
    await promote_another(fake)

    await trigger.on_kill()

    assert cancellations(fake) == 0

"""Triggers: their stored form, the event that they fire, and the cancellation of killed tasks."""

from __future__ import annotations

import asyncio
import json
import re
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk._shared.module_loading import import_string
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from airflow.sdk.serde import deserialize, serialize
from airflow.serialization.serialized_objects import BaseSerialization
from airflow.triggers.base import BaseTrigger

from aiobaseten import Baseten
from aiobaseten.airflow import DeploymentTrigger, PromotionTrigger
from aiobaseten.testing import FakeBaseten, timelines

from .doubles import connect, fired

OPTIONS = {"accept_scaled_to_zero": False, "settling_time": 120.0, "unhealthy_grace": 300.0}


def promotion_trigger(token: str, **given: Any) -> PromotionTrigger:
    arguments: dict[str, Any] = {"deadline": None, "options": OPTIONS, **given}
    return PromotionTrigger(baseten_conn_id="baseten_default", token=token, **arguments)


def moved(trigger: BaseTrigger) -> BaseTrigger:
    """The trigger that another triggerer creates from the database."""
    path, arguments = trigger.serialize()
    for store, restore in (
        (serialize, deserialize),
        (BaseSerialization.serialize, BaseSerialization.deserialize),
    ):
        restored: Any = restore(json.loads(json.dumps(store(arguments))))
        assert restored == arguments
    created: BaseTrigger = import_string(path)(**arguments)
    return created


def add_model(fake: FakeBaseten, timeline: timelines.Steps = timelines.HEALTHY) -> None:
    model = fake.model("m1")
    model.deployment("v1")
    model.deployment("v2", on_promote=timeline)
    model.environment("production", current="v1", traffic_delay=0)


async def promote(fake: FakeBaseten) -> str:
    async with fake.client() as baseten:
        return (await baseten.model("m1").environment("production").promote("v2")).token


async def promote_another(fake: FakeBaseten) -> str:
    fake.model("m1").deployment("v3", on_promote=timelines.HEALTHY)
    async with fake.client() as baseten:
        return (await baseten.model("m1").environment("production").promote("v3")).token


@pytest.mark.parametrize(
    "trigger",
    [
        promotion_trigger("abt1.x", deadline=1.5e9, cancel_on_kill=True),
        DeploymentTrigger(
            baseten_conn_id="c",
            deployment_id="v2",
            chain_id="bot",
            deadline=None,
            options=OPTIONS,
        ),
    ],
)
def test_a_trigger_that_moves_to_another_triggerer_is_equal(trigger: BaseTrigger) -> None:
    another = moved(trigger)

    assert type(another) is type(trigger)
    assert another.serialize() == trigger.serialize()
    assert "test-key" not in str(trigger.serialize())
    assert "test-key" not in repr(trigger)


@pytest.mark.looptime
async def test_a_promotion_trigger_fires_when_the_promotion_is_live(
    fake: FakeBaseten, fake_url: str
) -> None:
    add_model(fake)
    token = await promote(fake)

    outcome = await fired(promotion_trigger(token))

    assert outcome["outcome"] == "done"
    assert outcome["result"]["id"] == "v2"
    assert outcome["result"]["status"] == "ACTIVE"


@pytest.mark.looptime
async def test_another_triggerer_continues_from_the_token(fake: FakeBaseten, fake_url: str) -> None:
    add_model(fake)
    trigger = promotion_trigger(await promote(fake))
    first = asyncio.create_task(fired(trigger))
    await asyncio.sleep(10)
    first.cancel()

    outcome = await fired(moved(trigger))

    assert outcome["result"]["id"] == "v2"
    assert len(fake.model("m1").environment("production").promotions) == 1


@pytest.mark.looptime
async def test_a_wait_that_moves_keeps_its_deadline(fake: FakeBaseten, fake_url: str) -> None:
    """The deadline is a time of day: triggerers may be down for a while."""
    add_model(fake, timelines.STUCK)
    trigger = promotion_trigger(await promote(fake), deadline=1.0)

    outcome = await fired(trigger)

    assert outcome["error"] == "WaitTimeoutError"
    assert outcome["is_final"] is False
    assert any(trigger.token in sentence for sentence in outcome["evidence"])
    assert asyncio.get_running_loop().time() < 5


@pytest.mark.looptime
async def test_the_outcome_of_a_failed_promotion_has_its_evidence(
    fake: FakeBaseten, fake_url: str
) -> None:
    add_model(fake, timelines.BUILD_FAILED)
    trigger = promotion_trigger(await promote(fake))

    outcome = await fired(trigger)

    assert outcome["error"] == "PromotionFailedError"
    assert outcome["is_final"] is True
    assert any(
        sentence.startswith("deployment v2 was BUILDING for") for sentence in outcome["evidence"]
    )


@pytest.mark.looptime
async def test_a_wait_that_moves_survives_an_outage_of_baseten(
    fake: FakeBaseten, fake_url: str
) -> None:
    add_model(fake)
    trigger = promotion_trigger(await promote(fake))
    fake.faults.status(503, lasting=300)

    outcome = await fired(trigger)

    assert outcome["outcome"] == "done"


@pytest.mark.looptime
async def test_status_changes_and_failed_looks_are_in_the_task_log(
    fake: FakeBaseten, fake_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    add_model(fake)
    trigger = promotion_trigger(await promote(fake))
    fake.faults.status(502, after=2)

    await fired(trigger)

    log = capsys.readouterr().out
    assert re.search(r"\[info +\] .*BUILDING.*DEPLOYING", log)
    assert re.search(r"\[warning +\] .*HTTP 502", log)


@pytest.mark.looptime
@pytest.mark.parametrize("kind", ["model", "chain"])
async def test_a_deployment_trigger_waits_until_it_is_active(
    fake: FakeBaseten, fake_url: str, kind: str
) -> None:
    resource = fake.model("x") if kind == "model" else fake.chain("x")
    resource.deployment("d1", timeline=timelines.HEALTHY)
    trigger = DeploymentTrigger(
        baseten_conn_id="baseten_default",
        deployment_id="d1",
        deadline=None,
        options=OPTIONS,
        **{f"{kind}_id": "x"},
    )

    outcome = await fired(moved(trigger))

    assert outcome["result"]["id"] == "d1"


@pytest.mark.looptime
async def test_a_missing_connection_is_a_permanent_failure(
    monkeypatch: pytest.MonkeyPatch, fake: FakeBaseten
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_BASETEN_DEFAULT", raising=False)

    outcome = await fired(promotion_trigger("abt1.x"))

    assert (outcome["error"], outcome["is_final"]) == ("ConfigurationError", True)
    assert "baseten_default" in outcome["message"]


@pytest.mark.looptime
async def test_waits_on_one_connection_share_one_client_and_its_looks(
    fake: FakeBaseten, fake_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_model(fake)
    token = await promote(fake)
    before = len(fake.requests)
    await fired(promotion_trigger(token))
    looks_of_one_wait = len(fake.requests) - before
    token = await promote_another(fake)
    before = len(fake.requests)
    opened, closed = record_clients(monkeypatch)

    outcomes = await asyncio.gather(*(fired(promotion_trigger(token)) for _ in range(50)))

    assert {outcome["outcome"] for outcome in outcomes} == {"done"}
    assert opened == closed
    assert len(opened) == 1
    assert len(fake.requests) - before < 2 * looks_of_one_wait


def record_clients(monkeypatch: pytest.MonkeyPatch) -> tuple[list[Baseten], list[Baseten]]:
    """The clients that are opened and closed from now on."""
    opened: list[Baseten] = []
    closed: list[Baseten] = []
    enter, aclose = Baseten.__aenter__, Baseten.aclose

    async def record_enter(client: Baseten) -> Baseten:
        opened.append(client)
        return await enter(client)

    async def record_close(client: Baseten) -> None:
        closed.append(client)
        await aclose(client)

    monkeypatch.setattr(Baseten, "__aenter__", record_enter)
    monkeypatch.setattr(Baseten, "aclose", record_close)
    return opened, closed


@pytest.mark.looptime
async def test_a_changed_connection_gets_another_client(
    fake: FakeBaseten, fake_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_model(fake)
    token = await promote(fake)
    first = asyncio.create_task(fired(promotion_trigger(token)))
    await asyncio.sleep(1)
    connect(monkeypatch, fake_url, password="wrong-key")

    second = await fired(promotion_trigger(token))

    assert (second["error"], second["is_final"]) == ("AuthenticationError", True)
    assert "wrong-key" not in str(second)
    assert (await first)["outcome"] == "done"


@pytest.mark.looptime
@pytest.mark.parametrize("number", [1, 3])
async def test_a_cancelled_wait_leaves_nothing_running(
    fake: FakeBaseten, fake_url: str, number: int
) -> None:
    add_model(fake, timelines.STUCK)
    token = await promote(fake)
    before = asyncio.all_tasks()
    waits = [asyncio.create_task(fired(promotion_trigger(token))) for _ in range(number)]
    await asyncio.sleep(30)
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
    requests = len(fake.requests)
    await asyncio.sleep(300)

    assert len(fake.requests) == requests
    assert {task for task in asyncio.all_tasks() - before if "uvicorn" not in repr(task)} == set()


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


@pytest.mark.looptime
async def test_failing_the_task_cancels_its_promotion(
    fake: FakeBaseten, fake_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_model(fake)
    trigger = promotion_trigger(await promote(fake), cancel_on_kill=True)
    set_task_state(monkeypatch, trigger, "failed")

    await trigger.on_kill()

    (promotion,) = fake.model("m1").environment("production").promotions
    assert promotion.status == "CANCELED"
    assert cancellations(fake) == 1


@pytest.mark.looptime
async def test_cancelling_survives_that_airflow_cancels_it_every_second(
    fake: FakeBaseten, fake_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_model(fake)
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


@pytest.mark.looptime
async def test_cancelling_that_takes_too_long_raises_timeout_error(
    fake: FakeBaseten, fake_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_model(fake)
    trigger = promotion_trigger(await promote(fake), cancel_on_kill=True)
    set_task_state(monkeypatch, trigger, "failed")
    fake.faults.hang(route="GET")

    with pytest.raises(TimeoutError):
        await trigger.on_kill()

    assert asyncio.get_running_loop().time() < 30


@pytest.mark.looptime
@pytest.mark.parametrize("state", ["deferred", None, "success", "skipped", "gone"])
async def test_the_promotion_continues_unless_its_task_was_failed(
    fake: FakeBaseten, fake_url: str, monkeypatch: pytest.MonkeyPatch, state: str | None
) -> None:
    """Airflow also calls on_kill in a triggerer that has hung and lost its triggers."""
    add_model(fake)
    trigger = promotion_trigger(await promote(fake), cancel_on_kill=True)
    set_task_state(monkeypatch, trigger, state)

    await trigger.on_kill()

    assert cancellations(fake) == 0


@pytest.mark.looptime
async def test_the_promotion_continues_without_cancel_on_kill(
    fake: FakeBaseten, fake_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_model(fake)
    trigger = promotion_trigger(await promote(fake))
    set_task_state(monkeypatch, trigger, "failed")

    await trigger.on_kill()

    assert cancellations(fake) == 0


@pytest.mark.looptime
async def test_another_promotion_is_not_cancelled(
    fake: FakeBaseten, fake_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_model(fake)
    trigger = promotion_trigger(await promote(fake), cancel_on_kill=True)
    set_task_state(monkeypatch, trigger, "failed")
    await asyncio.sleep(300)
    await promote_another(fake)

    await trigger.on_kill()

    assert cancellations(fake) == 0

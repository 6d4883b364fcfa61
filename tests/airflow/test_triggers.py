"""Triggers: how they travel, what they fire, what they leave behind."""

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
from doubles import connect

from aiobaseten import Baseten
from aiobaseten.airflow import DeploymentTrigger, PromotionTrigger
from aiobaseten.testing import FakeBaseten, timelines

OPTIONS = {"accept_scaled_to_zero": False, "settling_time": 120.0, "unhealthy_grace": 300.0}


def promotion_trigger(token: str, **given: Any) -> PromotionTrigger:
    arguments: dict[str, Any] = {"deadline": None, "options": OPTIONS, **given}
    return PromotionTrigger(baseten_conn_id="baseten_default", token=token, **arguments)


def moved(trigger: BaseTrigger) -> BaseTrigger:
    """The trigger, as another triggerer makes it from what the database holds."""
    path, arguments = trigger.serialize()
    for there, back in (
        (serialize, deserialize),
        (BaseSerialization.serialize, BaseSerialization.deserialize),
    ):
        again: Any = back(json.loads(json.dumps(there(arguments))))
        assert again == arguments
    another: BaseTrigger = import_string(path)(**arguments)
    assert another is not trigger
    return another


async def fired(trigger: BaseTrigger) -> Any:
    """What it fires, and that this is JSON and no more."""
    events = [event async for event in trigger.run()]
    (event,) = events
    assert json.loads(json.dumps(event.payload)) == event.payload
    return event.payload


def stage(fake: FakeBaseten, timeline: timelines.Steps = timelines.HEALTHY) -> None:
    model = fake.model("m1")
    model.deployment("v1")
    model.deployment("v2", on_promote=timeline)
    model.environment("production", current="v1", traffic_delay=0)


async def promote(fake: FakeBaseten) -> str:
    async with fake.client() as baseten:
        return (await baseten.model("m1").environment("production").promote("v2")).token


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
def test_a_trigger_that_is_moved_is_the_same(trigger: BaseTrigger) -> None:
    another = moved(trigger)

    assert type(another) is type(trigger)
    assert another.serialize() == trigger.serialize()
    assert "test-key" not in str(trigger.serialize())
    assert "test-key" not in repr(trigger)


@pytest.mark.looptime
async def test_it_fires_when_the_promotion_is_live(fake: FakeBaseten, served: str) -> None:
    stage(fake)
    token = await promote(fake)

    payload = await fired(promotion_trigger(token))

    assert payload["outcome"] == "done"
    assert payload["result"]["id"] == "v2"
    assert payload["result"]["status"] == "ACTIVE"


@pytest.mark.looptime
async def test_another_triggerer_goes_on_from_the_token(fake: FakeBaseten, served: str) -> None:
    stage(fake)
    trigger = promotion_trigger(await promote(fake))
    first = asyncio.create_task(fired(trigger))
    await asyncio.sleep(10)
    first.cancel()

    payload = await fired(moved(trigger))

    assert payload["result"]["id"] == "v2"
    assert len(fake.model("m1").environment("production").promotions) == 1


@pytest.mark.looptime
async def test_a_wait_that_moves_does_not_count_its_time_anew(
    fake: FakeBaseten, served: str
) -> None:
    """The deadline is a time of day: triggerers may be down for a while."""
    stage(fake, timelines.STUCK)
    trigger = promotion_trigger(await promote(fake), deadline=1.0)

    payload = await fired(trigger)

    assert payload["error"] == "WaitTimeoutError"
    assert payload["is_final"] is False
    assert any("the token: abt1." in sentence for sentence in payload["evidence"])
    assert asyncio.get_running_loop().time() < 5


@pytest.mark.looptime
async def test_a_promotion_that_failed_is_told_with_its_evidence(
    fake: FakeBaseten, served: str
) -> None:
    stage(fake, timelines.BUILD_FAILED)
    trigger = promotion_trigger(await promote(fake))

    payload = await fired(trigger)

    assert payload["error"] == "PromotionFailedError"
    assert payload["is_final"] is True
    assert "Traffic stays on what served before" in payload["message"]
    assert any(
        sentence.startswith("deployment v2 was BUILDING") for sentence in payload["evidence"]
    )


@pytest.mark.looptime
async def test_baseten_being_down_when_a_wait_moves_does_not_end_it(
    fake: FakeBaseten, served: str
) -> None:
    stage(fake)
    trigger = promotion_trigger(await promote(fake), deadline=None)
    fake.faults.status(503, lasting=300)

    payload = await fired(trigger)

    assert payload["outcome"] == "done"


@pytest.mark.looptime
async def test_transitions_and_trouble_are_in_the_task_log(
    fake: FakeBaseten, served: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stage(fake)
    trigger = promotion_trigger(await promote(fake))
    fake.faults.status(502, after=2)

    await fired(trigger)

    said = capsys.readouterr().out
    assert re.search(r"\[info +\] .*deployment v2: BUILDING -> DEPLOYING", said)
    assert re.search(r"\[warning +\] .*could not look, trying again", said)


@pytest.mark.looptime
@pytest.mark.parametrize("kind", ["model", "chain"])
async def test_a_deployment_trigger_waits_until_it_is_active(
    fake: FakeBaseten, served: str, kind: str
) -> None:
    owner = fake.model("x") if kind == "model" else fake.chain("x")
    owner.deployment("d1", timeline=timelines.HEALTHY)
    trigger = DeploymentTrigger(
        baseten_conn_id="baseten_default",
        deployment_id="d1",
        deadline=None,
        options=OPTIONS,
        **{f"{kind}_id": "x"},
    )

    payload = await fired(moved(trigger))

    assert payload["result"]["id"] == "d1"


@pytest.mark.looptime
async def test_a_missing_connection_is_final(
    monkeypatch: pytest.MonkeyPatch, fake: FakeBaseten
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_BASETEN_DEFAULT", raising=False)

    payload = await fired(promotion_trigger("abt1.x"))

    assert (payload["error"], payload["is_final"]) == ("ConfigurationError", True)
    assert "there is no connection 'baseten_default'" in payload["message"]


@pytest.mark.looptime
async def test_waits_on_one_connection_share_one_client_and_its_looks(
    fake: FakeBaseten, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage(fake)
    token = await promote(fake)
    opened: list[Baseten] = []
    closed: list[Baseten] = []
    enter, aclose = Baseten.__aenter__, Baseten.aclose

    async def note_enter(client: Baseten) -> Baseten:
        opened.append(client)
        return await enter(client)

    async def note_close(client: Baseten) -> None:
        closed.append(client)
        await aclose(client)

    monkeypatch.setattr(Baseten, "__aenter__", note_enter)
    monkeypatch.setattr(Baseten, "aclose", note_close)
    alone = len(fake.requests)
    await fired(promotion_trigger(token))
    alone = len(fake.requests) - alone
    token = (await again(fake)).token
    opened.clear()
    closed.clear()
    before = len(fake.requests)

    payloads = await asyncio.gather(*(fired(promotion_trigger(token)) for _ in range(50)))

    assert {payload["outcome"] for payload in payloads} == {"done"}
    assert opened == closed
    assert len(opened) == 1
    assert len(fake.requests) - before < 2 * alone


async def again(fake: FakeBaseten) -> Any:
    fake.model("m1").deployment("v3", on_promote=timelines.HEALTHY)
    async with fake.client() as baseten:
        return await baseten.model("m1").environment("production").promote("v3")


@pytest.mark.looptime
async def test_a_connection_that_was_changed_gives_another_client(
    fake: FakeBaseten, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage(fake)
    token = await promote(fake)
    first = asyncio.create_task(fired(promotion_trigger(token)))
    await asyncio.sleep(1)
    connect(monkeypatch, served, password="wrong-key")

    second = await fired(promotion_trigger(token))

    assert (second["error"], second["is_final"]) == ("AuthenticationError", True)
    assert "wrong-key" not in str(second)
    assert (await first)["outcome"] == "done"


@pytest.mark.looptime
@pytest.mark.parametrize("number", [1, 3])
async def test_a_wait_that_is_cancelled_leaves_nothing_behind(
    fake: FakeBaseten, served: str, number: int
) -> None:
    stage(fake, timelines.STUCK)
    token = await promote(fake)
    before = asyncio.all_tasks()
    waits = [asyncio.create_task(fired(promotion_trigger(token))) for _ in range(number)]
    await asyncio.sleep(30)
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
    looked = len(fake.requests)
    await asyncio.sleep(300)

    assert len(fake.requests) == looked
    assert {task for task in asyncio.all_tasks() - before if "uvicorn" not in repr(task)} == set()


def killed_by(
    monkeypatch: pytest.MonkeyPatch, trigger: PromotionTrigger, state: str | None
) -> None:
    """Put the trigger's task into a state, as Airflow's database has it."""

    def states(**asked: Any) -> dict[str, dict[str, str | None]]:
        assert asked == {"dag_id": "d", "map_index": 3, "task_ids": ["t"], "run_ids": ["r"]}
        return {"r": {"t_3": state}} if state != "gone" else {}

    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", staticmethod(states))
    instance: Any = SimpleNamespace(dag_id="d", task_id="t", run_id="r", map_index=3)
    trigger.task_instance = instance


def cancellations(fake: FakeBaseten) -> int:
    return sum(request.path.endswith("/cancel_promotion") for request in fake.requests)


@pytest.mark.looptime
async def test_a_task_that_a_user_failed_has_its_promotion_cancelled(
    fake: FakeBaseten, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage(fake)
    trigger = promotion_trigger(await promote(fake), cancel_on_kill=True)
    killed_by(monkeypatch, trigger, "failed")

    await trigger.on_kill()

    (promotion,) = fake.model("m1").environment("production").promotions
    assert promotion.status == "CANCELED"
    assert cancellations(fake) == 1


@pytest.mark.looptime
async def test_cancelling_is_not_stopped_by_airflow_which_goes_on_cancelling(
    fake: FakeBaseten, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage(fake)
    trigger = promotion_trigger(await promote(fake), cancel_on_kill=True)
    killed_by(monkeypatch, trigger, "failed")
    fake.faults.delay(5, route="GET")
    # As Airflow calls it; what comes of that differs between versions of Python.
    killing = asyncio.create_task(asyncio.wait_for(trigger.on_kill(), timeout=30))

    for _ in range(4):
        await asyncio.sleep(1)
        killing.cancel()
    await asyncio.gather(killing, return_exceptions=True)
    await asyncio.sleep(10)

    assert cancellations(fake) == 1


@pytest.mark.looptime
async def test_cancelling_that_takes_too_long_is_given_up(
    fake: FakeBaseten, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage(fake)
    trigger = promotion_trigger(await promote(fake), cancel_on_kill=True)
    killed_by(monkeypatch, trigger, "failed")
    fake.faults.hang(route="GET")

    with pytest.raises(TimeoutError):
        await trigger.on_kill()

    assert asyncio.get_running_loop().time() < 30


@pytest.mark.looptime
@pytest.mark.parametrize("state", ["deferred", None, "success", "skipped", "gone"])
async def test_a_promotion_goes_on_when_nobody_failed_its_task(
    fake: FakeBaseten, served: str, monkeypatch: pytest.MonkeyPatch, state: str | None
) -> None:
    """A triggerer that stood still and lost its triggers meanwhile calls this, too."""
    stage(fake)
    trigger = promotion_trigger(await promote(fake), cancel_on_kill=True)
    killed_by(monkeypatch, trigger, state)

    await trigger.on_kill()

    assert cancellations(fake) == 0


@pytest.mark.looptime
async def test_a_promotion_goes_on_unless_cancelling_was_asked_for(
    fake: FakeBaseten, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage(fake)
    trigger = promotion_trigger(await promote(fake))
    killed_by(monkeypatch, trigger, "failed")

    await trigger.on_kill()

    assert cancellations(fake) == 0


@pytest.mark.looptime
async def test_somebody_elses_promotion_is_not_cancelled(
    fake: FakeBaseten, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage(fake)
    trigger = promotion_trigger(await promote(fake), cancel_on_kill=True)
    killed_by(monkeypatch, trigger, "failed")
    await asyncio.sleep(300)
    await again(fake)

    await trigger.on_kill()

    assert cancellations(fake) == 0

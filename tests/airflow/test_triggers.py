"""Triggers: how they move to another triggerer, the event that they fire, and their clients."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from airflow.sdk._shared.module_loading import import_string
from airflow.sdk.serde import deserialize, serialize
from airflow.serialization.serialized_objects import BaseSerialization
from airflow.triggers.base import BaseTrigger

from aiobaseten import Baseten
from aiobaseten.airflow import DeploymentTrigger
from aiobaseten.testing import FakeBaseten, timelines

from .doubles import connect, fired
from .promoting import OPTIONS, add_resource, promote, promote_another, promotion_trigger


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


@pytest.mark.parametrize(
    "trigger",
    [
        promotion_trigger("abt2.x", deadline=1.5e9, cancel_on_kill=True),
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
    add_resource(fake)
    token = await promote(fake)

    outcome = await fired(promotion_trigger(token))

    assert outcome["outcome"] == "done"
    assert outcome["result"]["id"] == "v2"
    assert outcome["result"]["status"] == "ACTIVE"


@pytest.mark.looptime
async def test_a_timeout_says_why_the_deployment_is_slow(fake: FakeBaseten, fake_url: str) -> None:
    add_resource(fake, timeline="LOADING_MODEL")
    fake.model("x").deployment("v1").started_before(WEIGHT_DOWNLOAD=180)
    token = await promote(fake)

    deadline = datetime.now(UTC).timestamp() + 120
    outcome = await fired(promotion_trigger(token, deadline=deadline))

    assert outcome["error"] == "WaitTimeoutError"
    assert "downloading weights" in outcome["message"]
    assert "usually 3 min" in outcome["message"]
    assert any(one.startswith("startup phase WEIGHT_DOWNLOAD") for one in outcome["evidence"])


@pytest.mark.looptime
async def test_another_triggerer_continues_from_the_token(fake: FakeBaseten, fake_url: str) -> None:
    add_resource(fake)
    trigger = promotion_trigger(await promote(fake))
    first = asyncio.create_task(fired(trigger))
    await asyncio.sleep(10)
    first.cancel()

    outcome = await fired(moved(trigger))

    assert outcome["result"]["id"] == "v2"
    assert len(fake.model("x").environment("production").promotions) == 1


@pytest.mark.looptime
async def test_a_wait_that_moves_keeps_its_deadline(fake: FakeBaseten, fake_url: str) -> None:
    """The deadline is a time of day: triggerers may be down for a while."""
    add_resource(fake, timeline=timelines.STUCK)
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
    add_resource(fake, timeline=timelines.BUILD_FAILED)
    trigger = promotion_trigger(await promote(fake))

    outcome = await fired(trigger)

    assert outcome["error"] == "PromotionFailedError"
    assert outcome["is_final"] is True
    assert any(
        sentence.startswith("deployment v2 was BUILDING for") for sentence in outcome["evidence"]
    )


@pytest.mark.looptime
async def test_an_outcome_with_surrogates_and_nul_can_be_stored_and_sent(
    fake: FakeBaseten, fake_url: str
) -> None:
    add_resource(fake, timeline=[("a\udcffb\0", 5), "BUILD_FAILED"])
    fake.model("x").deployment("v2").log("c\udcffd\0")
    trigger = promotion_trigger(await promote(fake), options={**OPTIONS, "log_lines": 5})

    outcome = await fired(trigger)

    text = msgspec.msgpack.decode(msgspec.msgpack.encode(outcome))["evidence"]
    assert any("a\ufffdb\ufffd" in sentence for sentence in text)
    assert "log: c\ufffdd\ufffd" in text
    assert "\\u0000" not in json.dumps(outcome)


@pytest.mark.looptime
async def test_a_wait_that_moves_survives_an_outage_of_baseten(
    fake: FakeBaseten, fake_url: str
) -> None:
    add_resource(fake)
    trigger = promotion_trigger(await promote(fake))
    fake.faults.status(503, lasting=300)

    outcome = await fired(trigger)

    assert outcome["outcome"] == "done"


@pytest.mark.looptime
async def test_status_changes_and_failed_looks_are_in_the_task_log(
    fake: FakeBaseten, fake_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    add_resource(fake)
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

    outcome = await fired(promotion_trigger("abt2.x"))

    assert (outcome["error"], outcome["is_final"]) == ("ConfigurationError", True)
    assert "baseten_default" in outcome["message"]


@pytest.mark.looptime
async def test_waits_on_one_connection_share_one_client_and_its_looks(
    fake: FakeBaseten, fake_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_resource(fake)
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
    add_resource(fake)
    token = await promote(fake)
    first = asyncio.create_task(fired(promotion_trigger(token)))
    await asyncio.sleep(1)
    connect(monkeypatch, fake_url, password="wrong-key")

    second = await fired(promotion_trigger(token))

    assert (second["error"], second["is_final"]) == ("PermissionDeniedError", True)
    assert "wrong-key" not in str(second)
    assert (await first)["outcome"] == "done"


@pytest.mark.looptime
@pytest.mark.parametrize("number", [1, 3])
async def test_a_cancelled_wait_leaves_nothing_running(
    fake: FakeBaseten, fake_url: str, number: int
) -> None:
    add_resource(fake, timeline=timelines.STUCK)
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

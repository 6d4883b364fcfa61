"""XComs of a task: pushed before it waits, and kept whatever happens then; and its link."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from airflow.sdk.execution_time.xcom import XCom

from aiobaseten.airflow import BasetenLink, CancelPromotionOperator, DeploymentSensor
from aiobaseten.testing import FakeBaseten, timelines

from .doubles import TaskRun, deferral, result_of
from .promoting import (
    PERMANENT,
    TEMPORARY,
    add_resource,
    cancel_operator,
    die_while_sending,
    promote_operator,
)
from .test_guard import add_rolling, operator

pytestmark = pytest.mark.looptime
PAGES = "https://app.baseten.co"


def link(run: TaskRun, monkeypatch: pytest.MonkeyPatch) -> str:
    """The link of a task, as Airflow's worker asks for it after every run."""
    monkeypatch.setattr(XCom, "get_value", lambda *, ti_key, key: run.pushed.get(key))
    key: Any = run.context()["ti"]
    return BasetenLink().get_link(promote_operator(), ti_key=key)


@pytest.mark.parametrize(
    ("kind", "url"),
    [("model", f"{PAGES}/models/x/logs/v2"), ("chain", f"{PAGES}/chains/x/overview")],
)
async def test_a_promotion_is_described_before_the_wait(
    fake: FakeBaseten, fake_url: str, run: TaskRun, kind: str, url: str
) -> None:
    add_resource(fake, kind)

    trigger: Any = (await deferral(promote_operator(kind), run)).trigger

    assert run.pushed == {
        "deployment_id": "v2",
        "previous_id": "v1",
        "token": trigger.token,
        "url": url,
    }


async def test_a_promotion_is_described_although_its_worker_dies(
    fake: FakeBaseten, fake_url: str, run: TaskRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_resource(fake)

    await die_while_sending(promote_operator(), fake, run)

    assert (run.pushed["deployment_id"], run.pushed["previous_id"]) == ("v2", "v1")
    assert link(run, monkeypatch) == f"{PAGES}/models/x/logs/v2"


async def test_the_next_try_describes_the_same_promotion_although_it_fails(
    fake: FakeBaseten, fake_url: str, run: TaskRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_resource(fake)
    await deferral(promote_operator(), run)
    before = dict(run.pushed)
    run.try_again()
    fake.faults.status(503, lasting=600)

    with pytest.raises(TEMPORARY):
        await promote_operator().aexecute(run.context())

    assert run.pushed == before
    assert link(run, monkeypatch) == before["url"]


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({"deployment_id": "v9"}, f"{PAGES}/models/x/overview"),
        ({"model_id": "y"}, PAGES),
        ({"baseten_conn_id": "nowhere"}, PAGES),
    ],
)
async def test_a_task_that_fails_before_it_sends_links_to_what_it_has_found(
    fake: FakeBaseten,
    fake_url: str,
    run: TaskRun,
    monkeypatch: pytest.MonkeyPatch,
    given: dict[str, Any],
    url: str,
) -> None:
    add_resource(fake)

    with pytest.raises(PERMANENT):
        await promote_operator(**given).aexecute(run.context())

    assert link(run, monkeypatch) == url


async def test_a_cancellation_and_a_sensor_link_as_well(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    add_resource(fake, timeline=timelines.STUCK).promote("v2")
    await deferral(cancel_operator(), run)
    cancelled = dict(run.pushed)
    run.try_again()
    await deferral(DeploymentSensor(task_id="wait", model_id="x", deployment_id="v1"), run)

    assert (cancelled["deployment_id"], cancelled["previous_id"]) == ("v2", "v1")
    assert cancelled["url"] == f"{PAGES}/models/x/logs/v2"
    assert run.pushed == {"url": f"{PAGES}/models/x/logs/v1"}
    assert [type(one) for one in CancelPromotionOperator.operator_extra_links] == [BasetenLink]


async def test_the_report_of_a_guard_is_there_before_the_wait_and_survives_a_retry(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    add_rolling(fake, error_share=0.0)
    task = operator(timeout=700)
    trigger: Any = (await deferral(task, run)).trigger
    assert run.pushed["guard_report"]["steps"] == []

    (event,) = [one async for one in trigger.run()]
    with pytest.raises(TEMPORARY, match="WaitTimeoutError"):
        task.execute_complete(run.context(), event=event.payload)
    first = run.pushed["guard_report"]
    assert first["steps"]

    run.try_again()
    fake.faults.status(503, lasting=120)
    with pytest.raises(TEMPORARY):
        await task.aexecute(run.context())
    assert run.pushed["guard_report"] == first

    await asyncio.sleep(120)
    run.try_again()
    await result_of(operator(), run)

    report = run.pushed["guard_report"]
    assert report["steps"][: len(first["steps"])] == first["steps"]
    assert len(report["steps"]) > len(first["steps"])

    run.try_again()  # Airflow has lost the success
    await result_of(operator(), run)

    steps = run.pushed["guard_report"]["steps"]
    assert steps[: len(report["steps"])] == report["steps"]

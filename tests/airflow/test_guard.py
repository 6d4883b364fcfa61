"""A guarded promotion in Airflow: it is measured in the triggerer, and taken back once."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from airflow.sdk import DAG

from aiobaseten import Verdict
from aiobaseten.airflow import PromoteOperator
from aiobaseten.errors import ConfigurationError
from aiobaseten.guard import GuardedStep
from aiobaseten.testing import Behaviour, FakeBaseten, FakeEnvironment

from .doubles import TaskRun, deferral, fired, result_of
from .promoting import PERMANENT, die_while_sending, posts, promote_operator
from .test_triggers import moved

PAGE = Path(__file__).parents[2] / "docs" / "airflow.md"
GUARD: dict[str, Any] = {
    "checks": [
        {"metric": "error_rate", "at_most": 0.02},
        {"metric": "latency", "quantile": "p95", "at_most": 1.5, "worse_by_at_most": 0.2},
        {"check": "smoke", "function": f"{__name__}.smoke"},
    ],
    "window": 60,
    "lag": 30,
    "warmup": 10,
}
CHECKS_ALONE = {"checks": [GUARD["checks"][2]]}


async def smoke(step: GuardedStep) -> Verdict:
    """A check by its dotted path."""
    return Verdict("pass", reason=f"asked at {step.percent} %\0\udcff")


@pytest.fixture
def fake() -> FakeBaseten:
    return FakeBaseten(behaviour=Behaviour(metrics_lag=25.0))


def add_rolling(fake: FakeBaseten, *, error_share: float, name: str = "x") -> FakeEnvironment:
    """A model whose ``v2`` fails a share of its requests from 25 % of the traffic on."""
    model = fake.model(name)
    model.deployment("v1")
    model.deployment("v2").answers(error_share=error_share, from_percent=25)
    environment = model.environment("production", current="v1", rolling=True)
    environment.receives(requests_per_second=10)
    return environment


def operator(**given: Any) -> PromoteOperator:
    return promote_operator(**{"guard": GUARD, "timeout": 20_000, **given})


def writes(fake: FakeBaseten) -> list[str]:
    return [path.rpartition("/")[2] for path in posts(fake)]


@pytest.mark.looptime
async def test_a_breach_fails_the_task_without_retry_after_the_traffic_is_back(
    fake: FakeBaseten, fake_url: str, run: TaskRun, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = add_rolling(fake, error_share=0.08)
    task = operator()
    event = await fired(moved((await deferral(task, run)).trigger))

    with pytest.raises(PERMANENT, match="GuardBreachedError"):
        task.execute_complete(run.context(), event=event)

    assert environment.current is not None
    assert environment.current.id == "v1"
    assert writes(fake) == ["promote", "cancel_promotion"]
    report = run.pushed["guard_report"]
    assert report["actions"] == ["cancel"]
    rate, latency, smoke = report["steps"][-1]["verdicts"]
    assert (rate["outcome"], rate["bound"]) == ("breach", 0.02)
    assert rate["value"] == pytest.approx(0.08)
    assert (rate["new"]["deployment_id"], rate["old"]["deployment_id"]) == ("v2", "v1")
    assert (latency["outcome"], smoke["reason"]) == ("pass", "asked at 25 %\ufffd\ufffd")
    assert "at 25 % of the traffic, error_rate: breach" in capsys.readouterr().out


@pytest.mark.looptime
async def test_a_good_deployment_goes_live_and_its_report_is_pushed(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    add_rolling(fake, error_share=0.0)

    live = await result_of(operator(), run)

    assert live["id"] == "v2"
    assert writes(fake) == ["promote"]
    steps = run.pushed["guard_report"]["steps"]
    assert [one["percent"] for one in steps if one["outcome"] == "pass"] == [25, 50, 75]


@pytest.mark.looptime
async def test_mapped_tasks_share_a_guard_that_stops_only_the_model_that_is_worse(
    fake: FakeBaseten, fake_url: str
) -> None:
    for name, error_share in (("x", 0.08), ("y", 0.0)):
        add_rolling(fake, name=name, error_share=error_share)
    with DAG("d", schedule=None):
        mapped: Any = PromoteOperator.partial(
            task_id="promote", deployment_id="v2", guard=GUARD, timeout=20_000
        ).expand(model_id=["x", "y"])

    outcomes: list[Any] = await asyncio.gather(
        *(result_of(mapped.unmap({"model_id": name}), TaskRun()) for name in ("x", "y")),
        return_exceptions=True,
    )

    assert isinstance(outcomes[0], PERMANENT)
    assert outcomes[1]["id"] == "v2"
    serving = [fake.model(name).environment("production").current for name in ("x", "y")]
    assert [one.id for one in serving if one] == ["v1", "v2"]


@pytest.mark.looptime
@pytest.mark.parametrize("acted", [False, True])
async def test_another_triggerer_goes_on_and_cancels_only_once(
    fake: FakeBaseten, fake_url: str, run: TaskRun, acted: bool
) -> None:
    environment = add_rolling(fake, error_share=0.08)
    task = operator()
    trigger = (await deferral(task, run)).trigger
    killed = asyncio.create_task(fired(moved(trigger)))
    # Before or after its first measurement, 100 s after the traffic has begun to move.
    await asyncio.sleep(160 if acted else 60)
    assert ("cancel_promotion" in writes(fake)) is acted
    killed.cancel()
    await asyncio.wait({killed})
    assert killed.cancelled()

    event = await fired(moved(trigger))

    with pytest.raises(PERMANENT):
        task.execute_complete(run.context(), event=event)
    assert environment.current is not None
    assert environment.current.id == "v1"
    # The second one may need a pause for a measurement of its own.
    others = [one for one in writes(fake) if one != "pause_promotion"]
    assert others == ["promote", "cancel_promotion"]
    assert run.pushed["guard_report"]


@pytest.mark.looptime
async def test_a_cleared_task_begins_a_report_of_its_own(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    add_rolling(fake, error_share=0.08)
    with pytest.raises(PERMANENT):
        await result_of(operator(), run)
    assert run.pushed["guard_report"]["actions"] == ["cancel"]
    run.clear()
    fake.model("x").deployment("v2").answers(error_share=0.0)

    await result_of(operator(), run)

    assert run.pushed["guard_report"]["actions"] == []
    assert "breach" not in {one["outcome"] for one in run.pushed["guard_report"]["steps"]}


@pytest.mark.looptime
async def test_the_next_try_of_a_worker_that_died_goes_on_under_the_guard(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    add_rolling(fake, error_share=0.08)
    task = operator()
    await die_while_sending(task, fake, run)

    with pytest.raises(PERMANENT, match="GuardBreachedError"):
        await result_of(task, run)

    assert writes(fake) == ["promote", "cancel_promotion"]


@pytest.mark.parametrize(
    "given",
    [
        {"guard": {**GUARD, "windows": 60}},
        {"guard": {**GUARD, "checks": []}},
        {"guard": {"checks": [{"check": "smoke", "function": f"{__name__}.no_such"}]}},
        {"guard": GUARD, "model_id": None, "chain_id": "x"},
        {"guard": {**CHECKS_ALONE, "hold": "pause"}, "model_id": None, "chain_id": "x"},
        {"guard": GUARD, "timeout": 60},
    ],
    ids=[
        "unknown key",
        "no checks",
        "no function",
        "metrics of a chain",
        "pause of a chain",
        "too little time",
    ],
)
def test_a_guard_that_cannot_work_is_refused_when_the_dag_is_parsed(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        operator(**given)
    operator()
    operator(guard=CHECKS_ALONE, model_id=None, chain_id="x")


def test_the_documented_guard_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    evals = ModuleType("evals")
    evals.run_evals = smoke  # type: ignore[attr-defined] # that is what it is for
    monkeypatch.setitem(sys.modules, "evals", evals)
    smoke_path = f"{__name__}.smoke"
    (text,) = re.findall(r"```json\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)

    guard = operator(guard=json.loads(text)).arguments().checked_guard

    assert guard is not None
    assert [*guard.to_dict()["checks"][2].values()] == ["evals", smoke_path, 120.0]


@pytest.mark.looptime
async def test_a_check_that_the_triggerer_cannot_import_is_a_permanent_failure(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    add_rolling(fake, error_share=0.0)
    trigger: Any = (await deferral(operator(), run)).trigger
    trigger.guard = {"checks": [{"check": "smoke", "function": "no_such_module.smoke"}]}

    outcome = await fired(moved(trigger))

    assert (outcome["error"], outcome["is_final"]) == ("ConfigurationError", True)

"""Operators: what they begin, what they leave to a triggerer, and what a next try makes of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferred
from doubles import TaskRun, connect

from aiobaseten.airflow import CancelPromotionOperator, PromoteOperator, PromotionTrigger
from aiobaseten.errors import ConfigurationError
from aiobaseten.testing import FakeBaseten, FakeEnvironment, timelines

pytestmark = pytest.mark.looptime
#: With which another try makes sense.
PASSING = AirflowException
FINAL = AirflowFailException
KINDS = pytest.mark.parametrize("kind", ["model", "chain"])


def operator(kind: str = "model", **given: Any) -> PromoteOperator:
    arguments: dict[str, Any] = {"deployment_id": "v2", f"{kind}_id": "x", **given}
    return PromoteOperator(task_id="promote", **arguments)


def stage(
    fake: FakeBaseten, kind: str = "model", timeline: timelines.Steps = timelines.HEALTHY
) -> FakeEnvironment:
    if kind == "chain":
        chain = fake.chain("x")
        chain.deployment("v1")
        chain.deployment("v2", on_promote=timeline)
        return chain.environment("production", current="v1", traffic_delay=0)
    model = fake.model("x")
    model.deployment("v1")
    model.deployment("v2", on_promote=timeline)
    return model.environment("production", current="v1", traffic_delay=0)


async def deferred(begun: PromoteOperator | CancelPromotionOperator, run: TaskRun) -> TaskDeferred:
    """What comes of `execute`: it goes on in a triggerer."""
    with pytest.raises(TaskDeferred) as caught:
        await begun.aexecute(run.context())
    assert caught.value.method_name == "execute_complete"
    return caught.value


async def finished(begun: PromoteOperator | CancelPromotionOperator, run: TaskRun) -> Any:
    """What the task returns, after its trigger."""
    trigger: Any = (await deferred(begun, run)).trigger
    (event,) = [event async for event in trigger.run()]
    return begun.execute_complete(run.context(), event=event.payload)


def sent(fake: FakeBaseten) -> list[str]:
    return [request.path for request in fake.requests if request.method == "POST"]


async def killed_while_asking(
    fake: FakeBaseten, run: TaskRun, begun: PromoteOperator, *, acts: bool = True
) -> None:
    """A worker dies while it waits for the answer to its request to promote."""
    fake.faults.hang(route="POST", acts=acts)
    worker = asyncio.create_task(begun.aexecute(run.context()))
    await asyncio.sleep(1)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert len(sent(fake)) == 1


@KINDS
async def test_it_promotes_waits_and_returns_the_live_deployment_as_plain_data(
    fake: FakeBaseten, served: str, run: TaskRun, kind: str
) -> None:
    environment = stage(fake, kind)

    live = await finished(operator(kind), run)

    assert environment.current is not None
    assert environment.current.id == live["id"] == "v2"
    assert live["status"] == "ACTIVE"
    assert isinstance(live["created_at"], str)
    assert len(sent(fake)) == 1
    assert run.store.kept == {}


async def test_the_trigger_has_what_the_wait_needs_and_no_key(
    fake: FakeBaseten, served: str, run: TaskRun
) -> None:
    stage(fake)

    trigger = (
        await deferred(
            operator(
                on_paused="raise",
                accept_scaled_to_zero=True,
                settling_time=timedelta(minutes=5),
                unhealthy_grace=60,
                log_lines=5,
                cancel_on_kill=True,
                timeout=timedelta(hours=2),
            ),
            run,
        )
    ).trigger

    assert isinstance(trigger, PromotionTrigger)
    assert trigger.options == {
        "on_paused": "raise",
        "accept_scaled_to_zero": True,
        "settling_time": 300.0,
        "unhealthy_grace": 60.0,
        "log_lines": 5,
    }
    assert trigger.cancel_on_kill is True
    assert trigger.deadline is not None
    assert "test-key" not in str(trigger.serialize())


async def test_what_is_for_models_reaches_baseten(
    fake: FakeBaseten, served: str, run: TaskRun
) -> None:
    stage(fake)

    await deferred(
        operator(
            scale_down_previous_deployment=False,
            preserve_env_instance_type=True,
            environment_settings_update={"region": "eu"},
        ),
        run,
    )

    (request,) = [request for request in fake.requests if request.method == "POST"]
    assert request.json == {
        "deployment_id": "v2",
        "scale_down_previous_deployment": False,
        "preserve_env_instance_type": True,
        "environment_settings_update": {"region": "eu"},
    }


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"model_id": "m", "chain_id": "c"},
        {"chain_id": "c", "cancel_on_kill": True},
        {"chain_id": "c", "preserve_env_instance_type": False},
        {"model_id": "m", "timeout": -1},
        {"model_id": "m", "settling_time": "long"},
        {"model_id": "m", "unhealthy_grace": float("inf")},
        {"model_id": "m", "log_lines": 1001},
        {"model_id": "m", "on_paused": "ignore"},
    ],
)
def test_arguments_that_do_not_fit_together_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        PromoteOperator(task_id="promote", deployment_id="v2", **given)


@KINDS
@pytest.mark.parametrize("later", [0, 300])
async def test_a_try_after_a_lost_worker_adopts_what_that_began(
    fake: FakeBaseten, served: str, run: TaskRun, kind: str, later: float
) -> None:
    environment = stage(fake, kind)
    await killed_while_asking(fake, run, operator(kind))
    await asyncio.sleep(later)

    live = await finished(operator(kind), run)

    assert live["id"] == "v2"
    assert len(environment.promotions) == len(sent(fake)) == 1


@KINDS
async def test_a_try_that_cannot_tell_says_so_and_sends_nothing(
    fake: FakeBaseten, served: str, run: TaskRun, kind: str
) -> None:
    environment = stage(fake, kind)
    await killed_while_asking(fake, run, operator(kind), acts=False)

    with pytest.raises(FINAL, match="does not tell whether it began; it was not sent again"):
        await operator(kind).aexecute(run.context())

    assert len(environment.promotions) == 0
    assert len(sent(fake)) == 1


async def test_clearing_the_task_after_that_promotes(
    fake: FakeBaseten, served: str, run: TaskRun
) -> None:
    """Somebody has looked."""
    stage(fake)
    await killed_while_asking(fake, run, operator(), acts=False)
    with pytest.raises(FINAL):
        await operator().aexecute(run.context())
    run.clear()

    live = await finished(operator(), run)

    assert live["id"] == "v2"
    assert len(sent(fake)) == 2


async def test_a_try_that_could_not_look_leaves_it_to_the_next_one(
    fake: FakeBaseten, served: str, run: TaskRun
) -> None:
    stage(fake)
    await killed_while_asking(fake, run, operator())
    fake.faults.status(503, lasting=120)
    with pytest.raises(PASSING) as caught:
        await operator().aexecute(run.context())
    await asyncio.sleep(120)

    live = await finished(operator(), run)

    assert not isinstance(caught.value, FINAL)
    assert live["id"] == "v2"
    assert len(sent(fake)) == 1


async def test_a_worker_that_dies_after_the_wait_finds_it_done(
    fake: FakeBaseten, served: str, run: TaskRun
) -> None:
    stage(fake)
    trigger: Any = (await deferred(operator(), run)).trigger
    await anext(trigger.run())

    live = await finished(operator(), run)

    assert live["id"] == "v2"
    assert len(sent(fake)) == 1


async def test_a_try_after_time_ran_out_goes_on_with_the_wait(
    fake: FakeBaseten, served: str, run: TaskRun
) -> None:
    stage(fake, timeline=[("BUILDING", 100), "ACTIVE"])
    with pytest.raises(PASSING, match="WaitTimeoutError") as caught:
        await finished(operator(timeout=0), run)
    await asyncio.sleep(200)

    live = await finished(operator(), run)

    assert not isinstance(caught.value, FINAL)
    assert live["id"] == "v2"
    assert len(sent(fake)) == 1


async def test_nothing_is_sent_if_airflow_cannot_keep_word_of_it(
    fake: FakeBaseten, served: str, run: TaskRun
) -> None:
    stage(fake)
    run.store.fails = True

    with pytest.raises(ConnectionError):
        await operator().aexecute(run.context())

    assert sent(fake) == []


async def test_a_task_that_is_cleared_while_it_waits_goes_on_with_the_same_promotion(
    fake: FakeBaseten, served: str, run: TaskRun
) -> None:
    environment = stage(fake)
    await deferred(operator(), run)
    run.clear()

    live = await finished(operator(), run)

    assert live["id"] == "v2"
    assert len(environment.promotions) == 1


async def test_a_task_that_is_cleared_after_its_promotion_was_cancelled_promotes_again(
    fake: FakeBaseten, served: str, run: TaskRun
) -> None:
    environment = stage(fake)
    await deferred(operator(), run)
    environment.cancel()
    run.clear()

    live = await finished(operator(), run)

    assert live["id"] == "v2"
    assert len(environment.promotions) == 2


async def test_a_task_that_is_cleared_after_its_key_was_mended_goes_on_with_the_same_promotion(
    fake: FakeBaseten, served: str, run: TaskRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage(fake)
    await deferred(operator(), run)
    connect(monkeypatch, served, password="revoked")
    with pytest.raises(FINAL, match="AuthenticationError"):
        await operator().aexecute(run.context())
    connect(monkeypatch, served)
    run.clear()

    live = await finished(operator(), run)

    assert live["id"] == "v2"
    assert len(sent(fake)) == 1


@pytest.mark.parametrize("later", [0, 300])
async def test_a_task_that_is_cleared_while_something_else_is_promoted_does_as_it_was_told(
    fake: FakeBaseten, served: str, run: TaskRun, later: float
) -> None:
    environment = stage(fake)
    await deferred(operator(), run)
    environment.cancel()
    fake.model("x").deployment("v3", on_promote=timelines.HEALTHY)
    environment.promote("v3")
    await asyncio.sleep(later)
    run.clear()

    live = await finished(operator(if_in_progress="wait"), run)

    assert live["id"] == "v2"
    assert [one.candidate.id for one in environment.promotions] == ["v2", "v3", "v2"]


async def test_a_task_that_is_cleared_after_it_has_ended_begins_anew(
    fake: FakeBaseten, served: str, run: TaskRun
) -> None:
    environment = stage(fake)
    await finished(operator(), run)
    fake.model("x").deployment("v3")
    environment.promote("v3")
    await asyncio.sleep(300)
    run.clear()

    live = await finished(operator(), run)

    assert live["name"].startswith("v2") or live["id"] == "v2"
    assert len(environment.promotions) == 3


async def test_a_promotion_that_failed_is_final_and_told_with_its_evidence(
    fake: FakeBaseten, served: str, run: TaskRun, capsys: pytest.CaptureFixture[str]
) -> None:
    stage(fake, timeline=timelines.BUILD_FAILED)

    with pytest.raises(FINAL, match="PromotionFailedError: the promotion of deployment v2"):
        await finished(operator(), run)

    assert "deployment v2 was BUILDING for" in capsys.readouterr().out


async def test_the_last_words_of_a_deployment_that_failed_are_in_the_task_log_if_asked_for(
    fake: FakeBaseten, served: str, run: TaskRun, capsys: pytest.CaptureFixture[str]
) -> None:
    stage(fake, timeline=timelines.BUILD_FAILED)
    fake.model("x").deployment("v2").log("no such wheel")

    with pytest.raises(FINAL):
        await finished(operator(log_lines=5), run)

    assert "log: no such wheel" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"model_id": "other"}, "NotFoundError"),
        ({"environment": ""}, "ConfigurationError"),
        ({"baseten_conn_id": "other"}, "ConfigurationError"),
    ],
)
async def test_what_another_try_cannot_mend_is_final(
    fake: FakeBaseten, served: str, run: TaskRun, given: dict[str, Any], error: str
) -> None:
    stage(fake)

    with pytest.raises(FINAL, match=error):
        await operator(**given).aexecute(run.context())

    assert sent(fake) == []


async def test_another_promotion_under_way_may_pass(
    fake: FakeBaseten, served: str, run: TaskRun
) -> None:
    environment = stage(fake)
    fake.model("x").deployment("v3", on_promote=timelines.HEALTHY)
    environment.promote("v3")

    with pytest.raises(PASSING, match="PromotionInProgressError") as caught:
        await operator().aexecute(run.context())

    assert not isinstance(caught.value, FINAL)


@pytest.mark.parametrize(("status", "is_final"), [(401, True), (403, True), (503, False)])
async def test_whether_a_refusal_may_pass(
    fake: FakeBaseten, served: str, run: TaskRun, status: int, is_final: bool
) -> None:
    stage(fake)
    fake.faults.status(status, lasting=600, route="GET")

    with pytest.raises(PASSING) as caught:
        await operator().aexecute(run.context())

    assert isinstance(caught.value, FINAL) is is_final


def cancelling() -> CancelPromotionOperator:
    return CancelPromotionOperator(task_id="cancel", model_id="x")


async def test_cancelling_waits_until_the_traffic_is_back(
    fake: FakeBaseten, served: str, run: TaskRun
) -> None:
    model = fake.model("x")
    model.deployment("v1")
    model.deployment("v2")
    environment = model.environment("production", current="v1", ramp=[(50, 60)], traffic_delay=0)
    environment.promote("v2")
    await asyncio.sleep(30)

    back = await finished(cancelling(), run)

    assert back["current_deployment"]["id"] == "v1"
    assert environment.promotions[0].status == "CANCELED"
    assert run.store.kept == {}


async def test_cancelling_what_is_not_under_way_is_final(
    fake: FakeBaseten, served: str, run: TaskRun
) -> None:
    stage(fake)

    with pytest.raises(FINAL, match="no in progress promotion"):
        await cancelling().aexecute(run.context())


async def test_a_try_after_a_lost_cancellation_cancels_nothing_else(
    fake: FakeBaseten, served: str, run: TaskRun
) -> None:
    environment = stage(fake)
    environment.promote("v2")
    fake.faults.hang(route="POST", acts=True)
    worker = asyncio.create_task(cancelling().aexecute(run.context()))
    await asyncio.sleep(1)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    fake.model("x").deployment("v3", on_promote=timelines.HEALTHY)
    other = environment.promote("v3")

    back = await finished(cancelling(), run)

    assert len(sent(fake)) == 1
    assert back["name"] == "production"
    assert other.status != "CANCELED"


async def test_a_try_after_a_lost_worker_cancels_what_that_did_not(
    fake: FakeBaseten, served: str, run: TaskRun
) -> None:
    environment = stage(fake)
    environment.promote("v2")
    fake.faults.hang(route="POST")
    worker = asyncio.create_task(cancelling().aexecute(run.context()))
    await asyncio.sleep(1)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)

    await finished(cancelling(), run)

    assert environment.promotions[0].status == "CANCELED"


async def test_a_try_after_a_cancellation_only_waits(
    fake: FakeBaseten, served: str, run: TaskRun
) -> None:
    environment = stage(fake)
    environment.promote("v2")
    await deferred(cancelling(), run)

    await finished(cancelling(), run)

    assert len(sent(fake)) == 1

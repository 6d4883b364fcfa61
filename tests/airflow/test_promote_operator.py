"""PromoteOperator: its request, its trigger, its result, and its failures in one try."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from aiobaseten.airflow import PromoteOperator, PromotionTrigger
from aiobaseten.errors import ConfigurationError
from aiobaseten.testing import FakeBaseten, timelines

from .doubles import TaskRun, deferral, fired, result_of
from .promoting import PERMANENT, TEMPORARY, add_resource, posts, promote_operator

pytestmark = pytest.mark.looptime


@pytest.mark.parametrize("kind", ["model", "chain"])
async def test_the_result_is_the_live_deployment_as_plain_data(
    fake: FakeBaseten, fake_url: str, run: TaskRun, kind: str
) -> None:
    environment = add_resource(fake, kind)

    live = await result_of(promote_operator(kind), run)

    assert environment.current is not None
    assert environment.current.id == live["id"] == "v2"
    assert live["status"] == "ACTIVE"
    assert isinstance(live["created_at"], str)
    assert len(posts(fake)) == 1


async def test_the_trigger_carries_a_deadline_and_no_key(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    add_resource(fake)
    operator = promote_operator(cancel_on_kill=True, timeout=timedelta(hours=2))

    trigger = (await deferral(operator, run)).trigger

    assert isinstance(trigger, PromotionTrigger)
    assert trigger.cancel_on_kill is True
    assert trigger.deadline is not None
    assert "test-key" not in str(trigger.serialize())


async def test_settings_of_models_reach_baseten(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    add_resource(fake)
    settings: dict[str, Any] = {
        "scale_down_previous_deployment": False,
        "preserve_env_instance_type": True,
        "environment_settings_update": {"region": "eu"},
        "promotion_settings_override": {"rolling_deploy": False},
    }

    await deferral(promote_operator(**settings), run)

    (request,) = [request for request in fake.requests if request.method == "POST"]
    assert request.json == {"deployment_id": "v2", **settings}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"model_id": "m", "chain_id": "c"},
        {"chain_id": "c", "cancel_on_kill": True},
        {"chain_id": "c", "preserve_env_instance_type": False},
    ],
)
def test_arguments_that_exclude_each_other_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        PromoteOperator(task_id="promote", deployment_id="v2", **given)


@pytest.mark.parametrize("part", ["state store", "XComs"])
async def test_nothing_is_sent_if_airflow_stores_nothing_and_the_next_try_sends(
    fake: FakeBaseten, fake_url: str, run: TaskRun, part: str
) -> None:
    add_resource(fake)
    run.store.is_down = part == "state store"
    run.refuses_xcoms = part == "XComs"
    with pytest.raises(ConnectionError):
        await promote_operator().aexecute(run.context())
    assert posts(fake) == []
    run.store.is_down = run.refuses_xcoms = False

    assert (await result_of(promote_operator(), run))["id"] == "v2"


async def test_a_failed_promotion_is_permanent_and_its_evidence_is_in_the_task_log(
    fake: FakeBaseten, fake_url: str, run: TaskRun, capsys: pytest.CaptureFixture[str]
) -> None:
    add_resource(fake, timeline=timelines.BUILD_FAILED)
    operator = promote_operator()
    event = await fired((await deferral(operator, run)).trigger)

    with pytest.raises(PERMANENT, match="PromotionFailedError"):
        operator.execute_complete(run.context(), event=event)

    log = capsys.readouterr().out
    assert event["evidence"]
    assert [sentence for sentence in event["evidence"] if sentence not in log] == []


async def test_a_cancelled_promotion_names_who_cancelled_it(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    environment = add_resource(fake, timeline=[("DEPLOYING", 600), "ACTIVE"])
    fake.at(60, environment.cancel)

    with pytest.raises(PERMANENT, match=r"cancelled by ops@example\.com through the UI at 20"):
        await result_of(promote_operator(), run)


async def test_log_lines_of_a_failed_deployment_are_in_the_task_log(
    fake: FakeBaseten, fake_url: str, run: TaskRun, capsys: pytest.CaptureFixture[str]
) -> None:
    add_resource(fake, timeline=timelines.BUILD_FAILED)
    fake.model("x").deployment("v2").log("no such wheel")

    with pytest.raises(PERMANENT):
        await result_of(promote_operator(log_lines=5), run)

    assert "log: no such wheel" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"model_id": "other"}, "NotFoundError"),
        ({"environment": "pro/duction"}, "ConfigurationError"),
        ({"baseten_conn_id": "other"}, "ConfigurationError"),
    ],
)
async def test_a_wrong_argument_is_a_permanent_failure(
    fake: FakeBaseten, fake_url: str, run: TaskRun, given: dict[str, Any], error: str
) -> None:
    add_resource(fake)

    with pytest.raises(PERMANENT, match=error):
        await promote_operator(**given).aexecute(run.context())

    assert posts(fake) == []


async def test_another_running_promotion_is_a_temporary_failure(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    environment = add_resource(fake)
    fake.model("x").deployment("v3", on_promote=timelines.HEALTHY)
    environment.promote("v3")

    with pytest.raises(TEMPORARY, match="PromotionInProgressError") as caught:
        await promote_operator().aexecute(run.context())

    assert not isinstance(caught.value, PERMANENT)


@pytest.mark.parametrize(("status", "is_permanent"), [(401, True), (403, True), (503, False)])
async def test_a_refusal_is_permanent_and_a_server_error_is_temporary(
    fake: FakeBaseten, fake_url: str, run: TaskRun, status: int, is_permanent: bool
) -> None:
    add_resource(fake)
    fake.faults.status(status, lasting=600, route="GET")

    with pytest.raises(TEMPORARY) as caught:
        await promote_operator().aexecute(run.context())

    assert isinstance(caught.value, PERMANENT) is is_permanent

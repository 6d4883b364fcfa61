"""Stored forms: tasks that an earlier version deferred continue after an upgrade.

Airflow's database stores triggers, the outcomes that they fire, and saved tokens. This file states
each form literally. If a test fails, an upgrade would break waiting tasks.
"""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk._shared.module_loading import import_string

from aiobaseten.testing import FakeBaseten

from .doubles import TaskRun, fired, result_of
from .promoting import (
    OPTIONS,
    PERMANENT,
    add_resource,
    posts,
    promote,
    promote_operator,
    promotion_trigger,
)

DONE: Any = {"outcome": "done", "result": {"id": "v2"}}
FAILED: Any = {
    "outcome": "failed",
    "error": "PromotionFailedError",
    "message": "it failed",
    "is_final": True,
    "evidence": ["a sentence"],
}


@pytest.mark.looptime
@pytest.mark.parametrize("options", [{}, {**OPTIONS, "log_lines": 0, "on_paused": "wait"}])
async def test_a_stored_promotion_trigger_runs(
    fake: FakeBaseten, fake_url: str, options: dict[str, Any]
) -> None:
    add_resource(fake)
    arguments = {
        "baseten_conn_id": "baseten_default",
        "token": await promote(fake),
        "deadline": None,
        "options": options,
        "cancel_on_kill": True,
    }
    path = "aiobaseten.airflow.triggers.PromotionTrigger"

    trigger = import_string(path)(**arguments)

    assert trigger.serialize() == (path, arguments)
    assert (await fired(trigger))["outcome"] == "done"


@pytest.mark.looptime
@pytest.mark.parametrize("options", [OPTIONS, {**OPTIONS, "log_lines": 0, "wake": True}])
async def test_a_stored_deployment_trigger_runs(
    fake: FakeBaseten, fake_url: str, options: dict[str, Any]
) -> None:
    add_resource(fake)
    arguments = {
        "baseten_conn_id": "baseten_default",
        "deployment_id": "v1",
        "deadline": 4e9,
        "options": options,
        "model_id": "x",
        "chain_id": None,
    }
    path = "aiobaseten.airflow.triggers.DeploymentTrigger"

    trigger = import_string(path)(**arguments)

    assert trigger.serialize() == (path, arguments)
    assert (await fired(trigger))["outcome"] == "done"


TRIGGERS: dict[str, dict[str, Any]] = {
    "PromotionTrigger": {"token": "abt2.x"},
    "DeploymentTrigger": {"deployment_id": "v1", "model_id": "x"},
}


@pytest.mark.parametrize("name", TRIGGERS)
def test_a_trigger_of_another_version_fails_its_own_task_and_not_the_triggerer(name: str) -> None:
    """Airflow's triggerer fails the task after a TypeError, and dies of everything else."""
    trigger = import_string(f"aiobaseten.airflow.{name}")
    (needed, _), *_ = TRIGGERS[name].items()

    for options in ({}, {"options": None}, {"options": "junk"}, {"deadline": "soon"}):
        trigger(**TRIGGERS[name], **options)
    with pytest.raises(TypeError, match="new_argument"):
        trigger(**TRIGGERS[name], new_argument=1)
    with pytest.raises(TypeError, match=needed):
        trigger()


@pytest.mark.looptime
async def test_a_stored_trigger_with_an_invalid_option_fails_the_wait_and_not_the_triggerer(
    fake: FakeBaseten, fake_url: str
) -> None:
    """Airflow's triggerer does not survive a ValueError from a trigger's constructor."""
    add_resource(fake)
    trigger = import_string("aiobaseten.airflow.triggers.DeploymentTrigger")(
        baseten_conn_id="baseten_default",
        deployment_id="v1",
        deadline=None,
        options={"wake": True, "accept_scaled_to_zero": True},
        model_id="x",
        chain_id=None,
    )

    outcome = await fired(trigger)

    assert (outcome["error"], outcome["is_final"]) == ("ConfigurationError", True)


def test_stored_outcomes_complete_a_task(run: TaskRun, capsys: pytest.CaptureFixture[str]) -> None:
    assert promote_operator().execute_complete(run.context(), event=DONE) == {"id": "v2"}
    with pytest.raises(PERMANENT, match="PromotionFailedError: it failed"):
        promote_operator().execute_complete(run.context(), event=FAILED)
    assert "a sentence" in capsys.readouterr().out


@pytest.mark.looptime
async def test_the_outcomes_of_triggers_have_the_stored_form(
    fake: FakeBaseten, fake_url: str
) -> None:
    add_resource(fake)

    done = await fired(promotion_trigger(await promote(fake)))
    failed = await fired(promotion_trigger("not a token"))

    assert (done.keys(), done["outcome"]) == (DONE.keys(), "done")
    assert (failed.keys(), failed["outcome"]) == (FAILED.keys(), "failed")


@pytest.mark.looptime
async def test_a_stored_token_is_continued(fake: FakeBaseten, fake_url: str, run: TaskRun) -> None:
    add_resource(fake)
    token = await promote(fake)
    # "go" is the number of tries that Airflow has granted the task.
    run.store.stored = {"aiobaseten": {"text": token, "go": 2}}

    live = await result_of(promote_operator(), run)

    assert live["id"] == "v2"
    assert len(posts(fake)) == 1


@pytest.mark.looptime
@pytest.mark.parametrize("number_of_posts", [1, 2], ids=["not cleared", "cleared"])
async def test_a_stored_success_is_continued_unless_the_task_was_cleared(
    fake: FakeBaseten, fake_url: str, run: TaskRun, number_of_posts: int
) -> None:
    add_resource(fake)
    token = await promote(fake)
    granted = 2 if number_of_posts == 1 else 1
    run.store.stored = {"aiobaseten": {"text": token, "go": granted, "done": True}}

    await result_of(promote_operator(if_in_progress="wait"), run)

    assert len(posts(fake)) == number_of_posts

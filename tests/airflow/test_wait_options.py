"""Options of waits: each one is checked when the DAG is parsed, and reaches the wait."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from typing import Any, get_type_hints

import attrs
import pytest
from airflow.sdk._shared.module_loading import import_string
from airflow.triggers.base import BaseTrigger

from aiobaseten import (
    Cancellation,
    ChainDeploymentHandle,
    ChainPromotion,
    ModelDeploymentHandle,
    ModelPromotion,
    WaitOptions,
)
from aiobaseten.airflow import CancelPromotionOperator, DeploymentSensor, PromoteOperator
from aiobaseten.options import (
    CancellationOptions,
    DeploymentOptions,
    ModelDeploymentOptions,
    PromotionOptions,
)
from aiobaseten.testing import FakeBaseten

from .doubles import Task, TaskRun, deferral, fired
from .promoting import add_resource

#: For each option, a value that is not the default, its form in a trigger, and an invalid value.
VALUES: dict[str, tuple[Any, Any, Any]] = {
    "timeout": (timedelta(minutes=2), 120.0, -1),
    "settling_time": (timedelta(minutes=5), 300.0, "long"),
    "unhealthy_grace": (60, 60.0, math.inf),
    "accept_scaled_to_zero": (True, True, "false"),
    "wake": (True, True, "false"),
    "on_paused": ("raise", "raise", "ignore"),
    "log_lines": (5, 5, 1001),
}

#: Each task: its class, its resource, and the options that its wait takes.
TASKS: dict[str, tuple[Any, dict[str, str], type[CancellationOptions]]] = {
    "promote a model": (PromoteOperator, {"model_id": "x"}, PromotionOptions),
    "promote a chain": (PromoteOperator, {"chain_id": "x"}, PromotionOptions),
    "cancel": (CancelPromotionOperator, {"model_id": "x"}, CancellationOptions),
    "wait for a model": (DeploymentSensor, {"model_id": "x"}, ModelDeploymentOptions),
    "wait for a chain": (DeploymentSensor, {"chain_id": "x"}, DeploymentOptions),
}
EACH_OPTION_OF_EACH_TASK = pytest.mark.parametrize(
    ("name", "option"),
    [(name, option) for name, (*_, kind) in TASKS.items() for option in get_type_hints(kind)],
)


def task(name: str, **options: Any) -> Task:
    cls, resource, _ = TASKS[name]
    deployment = {} if cls is CancelPromotionOperator else {"deployment_id": "v2"}
    created: Task = cls(task_id="task", **resource, **deployment, **options)
    return created


def prepare(fake: FakeBaseten, name: str) -> None:
    """Add the resource of a task, so that the task succeeds."""
    _, resource, _ = TASKS[name]
    environment = add_resource(fake, "chain" if "chain_id" in resource else "model")
    if name == "cancel":
        environment.promote("v2")


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The options that waits have taken. They must be options that these waits know."""
    options: dict[str, Any] = {}

    def record(cls: Any) -> None:
        events = cls.events

        def recorded(waiting: Any, **given: Any) -> Any:
            options.update(given)
            return events(waiting, **given)

        monkeypatch.setattr(cls, "events", recorded)

    for cls in (
        ModelPromotion,
        ChainPromotion,
        Cancellation,
        ModelDeploymentHandle,
        ChainDeploymentHandle,
    ):
        record(cls)
    return options


def stored_and_loaded(trigger: Any) -> BaseTrigger:
    """The trigger after it went through a database that stores strict JSON."""
    path, arguments = trigger.serialize()
    loaded: BaseTrigger = import_string(path)(**json.loads(json.dumps(arguments, allow_nan=False)))
    return loaded


def test_every_option_has_a_value_in_this_test() -> None:
    assert VALUES.keys() == {field.name for field in attrs.fields(WaitOptions)}


@pytest.mark.looptime
@EACH_OPTION_OF_EACH_TASK
async def test_an_option_reaches_the_wait_and_the_others_keep_their_defaults(
    fake: FakeBaseten,
    fake_url: str,
    run: TaskRun,
    taken: dict[str, Any],
    name: str,
    option: str,
) -> None:
    value, in_seconds, _ = VALUES[option]
    prepare(fake, name)

    trigger = (await deferral(task(name, **{option: value}), run)).trigger
    await fired(stored_and_loaded(trigger))

    timeout = taken.pop("timeout")
    defaults = attrs.asdict(WaitOptions())
    expected = {other: defaults[other] for other in get_type_hints(TASKS[name][2])}
    del expected["timeout"]
    if option == "timeout":
        # The time that is left.
        assert timeout == pytest.approx(in_seconds, abs=10)
    else:
        expected[option] = in_seconds
    assert taken == expected


@EACH_OPTION_OF_EACH_TASK
def test_an_invalid_option_is_refused_when_the_dag_is_parsed(name: str, option: str) -> None:
    _, _, invalid = VALUES[option]

    # A ConfigurationError, except for a sensor's timeout, which Airflow checks.
    with pytest.raises(ValueError, match=option):
        task(name, **{option: invalid})


def test_options_that_exclude_each_other_are_refused_when_the_dag_is_parsed() -> None:
    with pytest.raises(ValueError, match="wake=True and accept_scaled_to_zero=True"):
        task("wait for a model", wake=True, accept_scaled_to_zero=True)


@pytest.mark.looptime
@pytest.mark.parametrize("name", ["promote a model", "promote a chain", "cancel"])
async def test_a_wait_without_limit_has_no_deadline(
    fake: FakeBaseten, fake_url: str, run: TaskRun, taken: dict[str, Any], name: str
) -> None:
    prepare(fake, name)

    trigger = (await deferral(task(name, timeout=None), run)).trigger
    await fired(stored_and_loaded(trigger))

    assert taken["timeout"] is None


@pytest.mark.looptime
@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("timeout", [60, 7200])
async def test_the_execution_timeout_of_a_task_limits_its_wait_as_well(
    fake: FakeBaseten, fake_url: str, run: TaskRun, taken: dict[str, Any], name: str, timeout: float
) -> None:
    """Airflow leaves it to the operator while the task is deferred."""
    prepare(fake, name)
    limited = task(name, timeout=timeout, execution_timeout=timedelta(minutes=2))

    deferred = await deferral(limited, run)
    await fired(stored_and_loaded(deferred.trigger))

    assert taken["timeout"] == pytest.approx(min(timeout, 120), abs=10)
    # Airflow's own limit, without a triggerer: later, so that the wait can say how it ended.
    assert deferred.timeout == timedelta(minutes=3)

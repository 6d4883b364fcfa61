"""Arguments that a DAG computes: rendered by Airflow when the task runs, and checked then."""

from __future__ import annotations

import inspect
from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk import DAG, task

from aiobaseten.airflow import (
    CancelPromotionOperator,
    DeploymentSensor,
    PromoteOperator,
    RollbackOperator,
    ServingSensor,
    UpdateEnvironmentOperator,
)
from aiobaseten.errors import ConfigurationError
from aiobaseten.testing import FakeBaseten

from .doubles import TaskRun, deferral
from .promoting import PERMANENT, add_resource, posts, promote_operator

OPERATORS: list[Any] = [
    CancelPromotionOperator,
    DeploymentSensor,
    PromoteOperator,
    RollbackOperator,
    ServingSensor,
    UpdateEnvironmentOperator,
]
CHECK = {"check": "smoke", "function": "tests.airflow.test_guard.smoke"}


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_argument_of_ours_may_be_a_template(operator: Any) -> None:
    arguments = inspect.signature(operator.__init__).parameters.keys()
    # They say which task this is; Airflow needs them before it renders anything.
    structural = {"self", "kwargs", "deferrable", "mode"}

    assert set(operator.template_fields) == arguments - structural


def rendered(**given: Any) -> PromoteOperator:
    """An operator whose templates were rendered, as Airflow does it in the worker."""
    operator = promote_operator(**given)
    params = {
        "deployment": "123",
        "hours": 2,
        "yes": True,
        "nothing": None,
        "max": 0.02,
        "guard": {"checks": [CHECK], "window": 60},
    }
    operator.render_template_fields({"params": params})
    return operator


@pytest.mark.parametrize(
    ("model_id", "chain_id", "kind"),
    [
        ("{{ params.deployment }}", "{{ params.missing }}", "model"),
        ("{{ params.nothing }}", "{{ params.deployment }}", "chain"),
    ],
)
def test_which_of_two_computed_ids_is_given_is_known_when_the_task_runs(
    model_id: str, chain_id: str, kind: str
) -> None:
    arguments = rendered(model_id=model_id, chain_id=chain_id).arguments()

    assert (arguments.kind, arguments.name) == (kind, "123")


@pytest.mark.parametrize("one", ["{{ params.deployment }}", "{{ params.nothing }}"])
def test_two_computed_ids_of_which_both_or_none_are_given_are_refused(one: str) -> None:
    operator = rendered(model_id=one, chain_id=one)

    with pytest.raises(ConfigurationError, match="either"):
        operator.arguments()


@pytest.mark.parametrize(
    "settings",
    [{"autoscaling_settings": {"max_replica": 2}}, {"chainlet_autoscaling": {"A": {}}}],
)
def test_settings_of_either_kind_may_stand_beside_two_computed_ids(settings: Any) -> None:
    UpdateEnvironmentOperator(task_id="t", model_id="{{ a }}", chain_id="{{ b }}", **settings)


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"deployment_id": "{{ params.deployment }}"}, "deployment_id", "123"),
        ({"environment": "{% if params.yes %}staging{% endif %}"}, "environment", "staging"),
        ({"timeout": "{{ params.hours * 3600 }}"}, "timeout", 7200),
        ({"timeout": "{{ params.nothing }}"}, "timeout", None),
        ({"timeout": timedelta(hours=1)}, "timeout", timedelta(hours=1)),
        ({"accept_scaled_to_zero": "{{ params.yes }}"}, "accept_scaled_to_zero", True),
        ({"cancel_on_kill": "{{ params.yes | tojson }}"}, "cancel_on_kill", True),
        (
            {"environment_settings_update": {"min": "{{ params.hours }}", "name": "7"}},
            "environment_settings_update",
            {"min": 2, "name": "7"},
        ),
    ],
)
def test_a_rendered_argument_has_the_type_that_it_needs(
    given: dict[str, Any], name: str, value: object
) -> None:
    assert getattr(rendered(**given).arguments(), name) == value


@pytest.mark.parametrize(
    "guard",
    [
        "{{ params.guard }}",
        "{{ params.guard | tojson }}",
        {"checks": [CHECK], "window": "{{ 60 }}"},
        {"checks": [{**CHECK, "function": "{{ 'tests.airflow' }}.test_guard.smoke"}], "window": 60},
    ],
)
def test_a_guard_may_be_a_template_or_contain_some(guard: Any) -> None:
    checked = rendered(guard=guard).arguments().checked_guard

    assert checked is not None
    assert (checked.window, checked.own_checks[0].name) == (60, "smoke")


def test_the_bounds_of_a_guard_may_be_templates() -> None:
    guard = {"checks": [{"metric": "error_rate", "at_most": "{{ params.max }}"}]}

    checked = rendered(guard=guard).arguments().checked_guard

    assert checked is not None
    assert checked.metric_checks[0].at_most == 0.02


@pytest.mark.parametrize(
    "given",
    [
        {"deployment_id": ""},
        {"deployment_id": 7},
        {"chain_id": "x"},
        {"environment": " "},
        {"baseten_conn_id": None},
        {"timeout": "7200"},
        {"if_in_progress": "adpot"},
        {"cancel_on_kill": "false"},
        {"scale_down_previous_deployment": "yes"},
        {"environment_settings_update": "{}"},
        {"guard": '{"checks": []}'},
        {"deployment_id": "{{ params.deployment }}", "log_lines": -1},
        {"model_id": "{{ params.model }}", "chain_id": "bot"},
        {"model_id": None, "chain_id": "{{ params.chain }}", "cancel_on_kill": True},
    ],
)
def test_an_argument_that_is_no_template_is_checked_when_the_dag_is_parsed(
    given: dict[str, Any],
) -> None:
    with pytest.raises(ConfigurationError):
        promote_operator(**given)


@pytest.mark.looptime
@pytest.mark.parametrize(
    "given",
    [
        {"timeout": "{{ 'long' }}"},
        {"deployment_id": "{{ '' }}"},
        {"guard": "{{ params.guard | tojson | replace('window', 'windows') }}"},
        {"if_in_progress": "{{ 'adpot' }}"},
    ],
)
async def test_a_computed_argument_that_is_wrong_fails_the_task_before_anything_is_sent(
    fake: FakeBaseten, fake_url: str, run: TaskRun, given: dict[str, Any]
) -> None:
    add_resource(fake)

    with pytest.raises(PERMANENT, match="ConfigurationError"):
        await rendered(**given).aexecute(run.context())

    assert posts(fake) == []


@pytest.mark.looptime
async def test_results_of_other_tasks_are_arguments(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    add_resource(fake)
    with DAG("d", schedule=None) as dag:

        @task
        def decide() -> dict[str, Any]:
            return {}

        operator = promote_operator(guard=decide(), timeout=decide())
        assert dag.task_dict["promote"].upstream_task_ids == {"decide", "decide__1"}

    operator.guard, operator.timeout = {"checks": [CHECK]}, 60  # as Airflow fills them in
    trigger: Any = (await deferral(operator, run)).trigger

    assert trigger.guard["checks"][0]["check"] == "smoke"


def test_mapped_arguments_are_checked_in_the_task() -> None:
    with DAG("d", schedule=None):
        mapped: Any = PromoteOperator.partial(
            task_id="promote", deployment_id="v2", guard={"checks": [CHECK]}
        ).expand(model_id=["a", "b"])

    operator = mapped.unmap({"model_id": "a"})

    assert operator.arguments().model_id == "a"

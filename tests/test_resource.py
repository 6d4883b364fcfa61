"""The operations of chains and models, one table for both, without any I/O."""

from __future__ import annotations

from typing import Any, cast

import pytest

from aiobaseten import _operations
from aiobaseten._operations import CHAIN, MODEL, SIGNALS, promote_chain, promote_model
from aiobaseten._resource import Resource
from aiobaseten._sending import Operation, Sender
from aiobaseten._waiting import Polls
from aiobaseten.errors import ConfigurationError
from aiobaseten.options import LoopClock

LOG: Any = {"limit": 5, "start_epoch_millis": None, "end_epoch_millis": None}


class SetClock(LoopClock):
    """A clock that stands where it is put."""

    at = 0.0

    def now(self) -> float:
        return self.at


class OnlyClock:
    """The part of a sender that a resource needs without I/O."""

    def __init__(self) -> None:
        self.clock = SetClock()


def resource(kind: str = "model", resource_id: str = "m1", sender: OnlyClock | None = None) -> Any:
    operations: Any = MODEL if kind == "model" else CHAIN
    return Resource(
        operations,
        resource_id,
        cast("Sender", sender or OnlyClock()),
        cast("Polls", None),
        {},
    )


@pytest.mark.parametrize(
    ("operation", "line"),
    [
        (MODEL.get_deployment("m1", "d1"), "GET /v1/models/m1/deployments/d1"),
        (MODEL.list_deployments("m1"), "GET /v1/models/m1/deployments"),
        (MODEL.get_environment("m1", "e1"), "GET /v1/models/m1/environments/e1"),
        (MODEL.list_environments("m1"), "GET /v1/models/m1/environments"),
        (MODEL.get_log("m1", "d1", "d1", LOG), "GET /v1/models/m1/deployments/d1/logs"),
        (CHAIN.get_deployment("c1", "d1"), "GET /v1/chains/c1/deployments/d1"),
        (CHAIN.list_deployments("c1"), "GET /v1/chains/c1/deployments"),
        (CHAIN.get_environment("c1", "e1"), "GET /v1/chains/c1/environments/e1"),
        (CHAIN.list_environments("c1"), "GET /v1/chains/c1/environments"),
        (
            CHAIN.get_log("c1", "d1", "x", LOG),
            "GET /v1/chains/c1/deployments/d1/chainlets/x/logs",
        ),
        (_operations.deactivate_chain("c1", "d1"), "POST /v1/chains/c1/deployments/d1/deactivate"),
        (_operations.activate_model("m1", "d1"), "POST /v1/models/m1/deployments/d1/activate"),
        (_operations.deactivate_model("m1", "d1"), "POST /v1/models/m1/deployments/d1/deactivate"),
        (_operations.retry_model("m1", "d1"), "POST /v1/models/m1/deployments/d1/retry"),
        (
            _operations.cancel_model_promotion("m1", "e1"),
            "POST /v1/models/m1/environments/e1/cancel_promotion",
        ),
        (_operations.wake_model("d1"), "POST /deployment/d1/wake"),
        *(
            (signal("m1", "e1"), f"POST /v1/models/m1/environments/e1/{verb}_promotion")
            for signal, verb in zip(
                SIGNALS.values(),
                ("force_cancel", "pause", "resume", "force_roll_forward"),
                strict=True,
            )
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_each_operation_has_the_route_of_its_name(operation: Operation[Any], line: str) -> None:
    assert f"{operation.method} {operation.url}" == line


def test_an_option_of_a_promotion_that_is_none_is_not_sent() -> None:
    of_chain = promote_chain("c1", "e1", "d1", scale_down_previous_deployment=None)
    of_model = promote_model(
        "m1",
        "e1",
        "d1",
        scale_down_previous_deployment=None,
        preserve_env_instance_type=None,
        environment_settings_update=None,
        promotion_settings_override=None,
    )

    assert of_chain.body == of_model.body == {"deployment_id": "d1"}


def test_every_option_of_a_promotion_is_sent_unchanged() -> None:
    of_chain = promote_chain("c1", "e1", "d1", scale_down_previous_deployment=False)
    of_model = promote_model(
        "m1",
        "e1",
        "d1",
        scale_down_previous_deployment=False,
        preserve_env_instance_type=True,
        environment_settings_update={"autoscaling_settings": {"min_replica": 2}},
        promotion_settings_override={"rolling_deploy": True},
    )

    assert of_chain.body == {"deployment_id": "d1", "scale_down_previous_deployment": False}
    assert of_model.body == {
        "deployment_id": "d1",
        "scale_down_previous_deployment": False,
        "preserve_env_instance_type": True,
        "environment_settings_update": {"autoscaling_settings": {"min_replica": 2}},
        "promotion_settings_override": {"rolling_deploy": True},
    }


@pytest.mark.parametrize("deployment_id", ["", "..", "a/b", None, 7])
def test_an_id_that_cannot_be_one_is_refused(deployment_id: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^deployment_id must "):
        promote_chain("c1", "e1", deployment_id, scale_down_previous_deployment=None)
    with pytest.raises(ConfigurationError, match=r"^chain_id must "):
        resource("chain", deployment_id)


def test_resources_are_equal_by_kind_and_id() -> None:
    assert resource("model", "x") == resource("model", "x")
    assert hash(resource("model", "x")) == hash(resource("model", "x"))
    assert resource("model", "x") != resource("model", "y")
    assert resource("model", "x") != resource("chain", "x")


def test_a_retry_is_remembered_for_as_long_as_the_caller_says_and_for_its_deployment() -> None:
    sender = OnlyClock()
    model = resource(sender=sender)
    sender.clock.at = 100.0
    model.note_retry("d1")
    sender.clock.at = 219.0

    assert model.was_retried("d1", within=120)
    assert not model.was_retried("d1", within=119)
    assert not model.was_retried("d2", within=120)

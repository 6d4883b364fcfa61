"""Settings of environments: bounds, and differences between two states."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aiobaseten import settings
from aiobaseten.errors import ConfigurationError
from aiobaseten.settings import (
    AutoscalingSettingsDict,
    ChainletSettingsDict,
    ChainPromotionSettingsDict,
    ModelPromotionSettingsDict,
    RollingDeployConfigDict,
)

DOCUMENT = json.loads((Path(__file__).parents[1] / "openapi" / "baseten.json").read_text("utf-8"))
SCHEMAS = DOCUMENT["components"]["schemas"]
BOUNDS = {
    "min_replica": (0, None),
    "max_replica": (1, None),
    "autoscaling_window": (10, 3600),
    "scale_down_delay": (0, 3600),
    "concurrency_target": (1, None),
    "target_utilization_percentage": (1, 100),
    "target_in_flight_tokens": (0, None),
    "max_scale_down_rate": (1, 50),
}
ROLLING_BOUNDS = {
    "max_surge_percent": (0, 50),
    "max_unavailable_percent": (0, 50),
    "stabilization_time_seconds": (0, 3600),
    "replica_overhead_percent": (0, 500),
}


def autoscaling(**given: Any) -> Any:
    """Checked settings for autoscaling."""
    return settings.model_settings(given, None)["autoscaling_settings"]  # type: ignore[arg-type]


def promotion(**given: Any) -> Any:
    """Checked settings for promotions of a model."""
    return settings.model_settings(None, given)["promotion_settings"]  # type: ignore[arg-type]


def rolling(**given: Any) -> Any:
    """Checked steps of a rolling promotion."""
    return promotion(rolling_deploy_config=given)["rolling_deploy_config"]


# --- which settings there are --------------------------------------------------------------------


def test_the_dictionaries_have_the_settings_of_the_spec() -> None:
    def sent(schema: str) -> set[str]:
        return {*SCHEMAS[schema]["properties"]}

    ramp_up = {"ramp_up_while_promoting", "ramp_up_duration_seconds"}
    roll = {"rolling_deploy", "rolling_deploy_config"}
    assert AutoscalingSettingsDict.__optional_keys__ == sent("UpdateAutoscalingSettingsV1")
    # There is one strategy only.
    assert RollingDeployConfigDict.__optional_keys__ == sent("UpdateRollingDeployConfigV1") - {
        "rolling_deploy_strategy"
    }
    # Baseten refuses the old canary for models, and does not roll chains.
    every = sent("UpdatePromotionSettingsV1")
    assert ModelPromotionSettingsDict.__optional_keys__ == every - ramp_up
    assert ChainPromotionSettingsDict.__optional_keys__ == every - roll
    assert ChainletSettingsDict.__optional_keys__ == sent(
        "ChainletEnvironmentSettingsRequestV1"
    ) - {"chainlet_name"}


def test_every_setting_is_accepted_and_becomes_json() -> None:
    wanted = settings.model_settings(
        {
            "min_replica": 1,
            "max_replica": 4,
            "autoscaling_window": timedelta(minutes=2),
            "scale_down_delay": 300.0,
            "concurrency_target": 8,
            "target_utilization_percentage": 80,
            "target_in_flight_tokens": 40_000,
            "max_scale_down_rate": 20,
        },
        {
            "redeploy_on_promotion": True,
            "promotion_cleanup_strategy": "KEEP",
            "rolling_deploy": True,
            "rolling_deploy_config": {
                "max_surge_percent": 20,
                "max_unavailable_percent": 0,
                "stabilization_time_seconds": timedelta(minutes=7),
                "replica_overhead_percent": 100,
            },
        },
    )

    assert json.loads(json.dumps(wanted)) == {
        "autoscaling_settings": {
            "min_replica": 1,
            "max_replica": 4,
            "autoscaling_window": 120,
            "scale_down_delay": 300,
            "concurrency_target": 8,
            "target_utilization_percentage": 80,
            "target_in_flight_tokens": 40_000,
            "max_scale_down_rate": 20,
        },
        "promotion_settings": {
            "redeploy_on_promotion": True,
            "promotion_cleanup_strategy": "KEEP",
            "rolling_deploy": True,
            "rolling_deploy_config": {
                "max_surge_percent": 20,
                "max_unavailable_percent": 0,
                "stabilization_time_seconds": 420,
                "replica_overhead_percent": 100,
            },
        },
    }


def test_settings_of_chains_are_by_chainlet() -> None:
    wanted = settings.chain_settings(
        {"ramp_up_while_promoting": True, "ramp_up_duration_seconds": 60},
        {"Main": {"autoscaling_settings": {"min_replica": 1}, "instance_type_id": "4x16"}},
    )

    assert wanted["promotion_settings"]["ramp_up_duration_seconds"] == 60
    assert settings.chainlets_as_list(wanted["chainlet_settings"]) == [
        {
            "chainlet_name": "Main",
            "autoscaling_settings": {"min_replica": 1},
            "instance_type_id": "4x16",
        }
    ]


# --- bounds --------------------------------------------------------------------------------------


def test_the_limits_themselves_are_allowed() -> None:
    for checked, bounds in ((autoscaling, BOUNDS), (rolling, ROLLING_BOUNDS)):
        for name, (least, most) in bounds.items():
            for value in (least, 1_000_000 if most is None else most):
                assert checked(**{name: value}) == {name: value}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, least - 1) for name, (least, _) in BOUNDS.items()),
        *((name, most + 1) for name, (_, most) in BOUNDS.items() if most is not None),
        ("min_replica", True),
        ("min_replica", "1"),
        ("min_replica", 1.5),
        ("min_replica", None),
        ("scale_down_delay", 1.5),
        ("scale_down_delay", timedelta(milliseconds=500)),
        ("scale_down_delay", float("nan")),
        ("scale_down_delay", "60"),
    ],
)
def test_a_value_outside_its_bounds_or_type_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=name):
        autoscaling(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, least - 1) for name, (least, _) in ROLLING_BOUNDS.items()),
        *((name, most + 1) for name, (_, most) in ROLLING_BOUNDS.items()),
    ],
)
def test_a_step_outside_its_bounds_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=name):
        rolling(**{name: value})


@pytest.mark.parametrize(
    "given",
    [
        {"redeploy_on_promotion": "false"},
        {"rolling_deploy": 1},
        {"promotion_cleanup_strategy": "DELETE"},
        {"rolling_deploy_config": True},
        {"ramp_up_while_promoting": True},
        {7: True},
    ],
)
def test_invalid_settings_of_promotions_are_refused(given: Mapping[Any, Any]) -> None:
    with pytest.raises(ConfigurationError, match="promotion_settings"):
        settings.model_settings(None, given)  # type: ignore[arg-type]


@pytest.mark.parametrize(("surge", "missing"), [(0, 0), (10, 10)])
def test_exactly_one_of_surge_and_unavailable_is_above_zero(surge: int, missing: int) -> None:
    with pytest.raises(ConfigurationError, match="max_unavailable_percent"):
        rolling(max_surge_percent=surge, max_unavailable_percent=missing)
    assert rolling(max_surge_percent=0) == {"max_surge_percent": 0}


def test_the_least_number_of_replicas_is_not_above_the_largest() -> None:
    with pytest.raises(ConfigurationError, match="min_replica"):
        autoscaling(min_replica=3, max_replica=2)
    assert autoscaling(min_replica=2, max_replica=2)


def test_an_unknown_setting_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(ConfigurationError, match="'min_replica'"):
        autoscaling(min_replicas=1)
    with pytest.raises(ConfigurationError, match="max_scale_down_rate"):
        autoscaling(zebra=1)


@pytest.mark.parametrize("given", [{"Main": 7}, [], {"Main": {"instance_type_id": ""}}, {1: {}}])
def test_invalid_settings_of_chainlets_are_refused(given: Any) -> None:
    with pytest.raises(ConfigurationError, match="chainlet_settings"):
        settings.chain_settings(None, given)


# --- differences ---------------------------------------------------------------------------------


def described(wanted: Mapping[str, Any], environment: Mapping[str, Any]) -> list[str]:
    return [str(one) for one in settings.differences(wanted, environment)]


def test_only_wanted_settings_count() -> None:
    environment = {"autoscaling_settings": {"min_replica": 0, "max_replica": 1}, "name": "staging"}

    assert described({"autoscaling_settings": {"max_replica": 1}}, environment) == []
    assert described({"autoscaling_settings": {"min_replica": 2}}, environment) == [
        "autoscaling_settings.min_replica is 0, wanted 2"
    ]


@pytest.mark.parametrize("config", [None, 7, {}])
def test_a_setting_that_is_not_shown_differs(config: object) -> None:
    environment = {"promotion_settings": {"rolling_deploy_config": config}}
    wanted = {"promotion_settings": {"rolling_deploy_config": {"max_surge_percent": 25}}}

    assert described(wanted, environment) == [
        "promotion_settings.rolling_deploy_config.max_surge_percent is None, wanted 25"
    ]


def test_chainlets_are_compared_by_name() -> None:
    environment = {
        "chainlet_settings": [
            7,
            {
                "chainlet_name": "Main",
                "autoscaling_settings": None,
                "instance_type": {"id": "1x2"},
            },
        ]
    }
    wanted = settings.chain_settings(
        None, {"Main": {"autoscaling_settings": {"min_replica": 1}, "instance_type_id": "1x2"}}
    )

    assert described(wanted, environment) == [
        "chainlet_settings.Main.autoscaling_settings.min_replica is None, wanted 1"
    ]

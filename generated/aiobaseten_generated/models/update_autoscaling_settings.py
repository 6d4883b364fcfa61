from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define

from ..misfits import as_json, keep
from ..types import UNSET, Unset


@_attrs_define
class UpdateAutoscalingSettings:
    """Settings for autoscaling. Only those that are sent change."""

    autoscaling_window: int | None | Unset = UNSET
    """ Seconds of traffic that a decision looks at """

    concurrency_target: int | None | Unset = UNSET
    """ Requests for each replica before another one is added """

    max_replica: int | None | Unset = UNSET
    """ Largest number of replicas """

    max_scale_down_rate: int | None | Unset = UNSET
    """ Percent of the replicas that may be removed in one window """

    min_replica: int | None | Unset = UNSET
    """ Least number of replicas """

    scale_down_delay: int | None | Unset = UNSET
    """ Seconds to wait before a replica is removed """

    target_in_flight_tokens: int | None | Unset = UNSET
    """ Early access; tokens in flight that decisions aim at """

    target_utilization_percentage: int | None | Unset = UNSET
    """ Percent of the concurrency target at which a replica is added """

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            "autoscaling_window": self.autoscaling_window,
            "concurrency_target": self.concurrency_target,
            "max_replica": self.max_replica,
            "max_scale_down_rate": self.max_scale_down_rate,
            "min_replica": self.min_replica,
            "scale_down_delay": self.scale_down_delay,
            "target_in_flight_tokens": self.target_in_flight_tokens,
            "target_utilization_percentage": self.target_utilization_percentage,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        autoscaling_window: Any = src_dict.get("autoscaling_window", UNSET)
        if (
            type(autoscaling_window) is not int
            and autoscaling_window is not None
            and autoscaling_window is not UNSET
        ):
            keep(
                "UpdateAutoscalingSettings.autoscaling_window",
                "an integer or null",
                autoscaling_window,
            )

        concurrency_target: Any = src_dict.get("concurrency_target", UNSET)
        if (
            type(concurrency_target) is not int
            and concurrency_target is not None
            and concurrency_target is not UNSET
        ):
            keep(
                "UpdateAutoscalingSettings.concurrency_target",
                "an integer or null",
                concurrency_target,
            )

        max_replica: Any = src_dict.get("max_replica", UNSET)
        if type(max_replica) is not int and max_replica is not None and max_replica is not UNSET:
            keep("UpdateAutoscalingSettings.max_replica", "an integer or null", max_replica)

        max_scale_down_rate: Any = src_dict.get("max_scale_down_rate", UNSET)
        if (
            type(max_scale_down_rate) is not int
            and max_scale_down_rate is not None
            and max_scale_down_rate is not UNSET
        ):
            keep(
                "UpdateAutoscalingSettings.max_scale_down_rate",
                "an integer or null",
                max_scale_down_rate,
            )

        min_replica: Any = src_dict.get("min_replica", UNSET)
        if type(min_replica) is not int and min_replica is not None and min_replica is not UNSET:
            keep("UpdateAutoscalingSettings.min_replica", "an integer or null", min_replica)

        scale_down_delay: Any = src_dict.get("scale_down_delay", UNSET)
        if (
            type(scale_down_delay) is not int
            and scale_down_delay is not None
            and scale_down_delay is not UNSET
        ):
            keep(
                "UpdateAutoscalingSettings.scale_down_delay", "an integer or null", scale_down_delay
            )

        target_in_flight_tokens: Any = src_dict.get("target_in_flight_tokens", UNSET)
        if (
            type(target_in_flight_tokens) is not int
            and target_in_flight_tokens is not None
            and target_in_flight_tokens is not UNSET
        ):
            keep(
                "UpdateAutoscalingSettings.target_in_flight_tokens",
                "an integer or null",
                target_in_flight_tokens,
            )

        target_utilization_percentage: Any = src_dict.get("target_utilization_percentage", UNSET)
        if (
            type(target_utilization_percentage) is not int
            and target_utilization_percentage is not None
            and target_utilization_percentage is not UNSET
        ):
            keep(
                "UpdateAutoscalingSettings.target_utilization_percentage",
                "an integer or null",
                target_utilization_percentage,
            )

        _model = cls(
            autoscaling_window=autoscaling_window,
            concurrency_target=concurrency_target,
            max_replica=max_replica,
            max_scale_down_rate=max_scale_down_rate,
            min_replica=min_replica,
            scale_down_delay=scale_down_delay,
            target_in_flight_tokens=target_in_flight_tokens,
            target_utilization_percentage=target_utilization_percentage,
        )
        return _model

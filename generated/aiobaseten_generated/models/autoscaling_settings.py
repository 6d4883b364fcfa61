from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..types import UNSET, Unset

_FIELDS = frozenset(
    {
        "autoscaling_window",
        "concurrency_target",
        "max_replica",
        "min_replica",
        "scale_down_delay",
        "target_utilization_percentage",
        "max_scale_down_rate",
        "target_in_flight_tokens",
    }
)


@_attrs_define
class AutoscalingSettings:
    """How the number of replicas follows the traffic."""

    autoscaling_window: int | None
    """ Seconds of traffic on which a decision is based """

    concurrency_target: int
    """ Requests that one replica handles at once """

    max_replica: int
    """ The most replicas """

    min_replica: int
    """ The fewest replicas """

    scale_down_delay: int | None
    """ Seconds before a replica that is not needed is removed """

    target_utilization_percentage: int | None
    """ Share of that number at which replicas are added """

    max_scale_down_rate: int | None | Unset = UNSET
    """ Largest share of the replicas that is removed in one window, in percent """

    target_in_flight_tokens: int | None | Unset = UNSET
    """ Tokens that are under way at once; in early access """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "autoscaling_window": self.autoscaling_window,
            "concurrency_target": self.concurrency_target,
            "max_replica": self.max_replica,
            "min_replica": self.min_replica,
            "scale_down_delay": self.scale_down_delay,
            "target_utilization_percentage": self.target_utilization_percentage,
            "max_scale_down_rate": self.max_scale_down_rate,
            "target_in_flight_tokens": self.target_in_flight_tokens,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        autoscaling_window: Any = src_dict.get("autoscaling_window", UNSET)
        if type(autoscaling_window) is not int and autoscaling_window is not None:
            keep("AutoscalingSettings.autoscaling_window", "an integer or null", autoscaling_window)

        concurrency_target: Any = src_dict.get("concurrency_target", UNSET)
        if type(concurrency_target) is not int:
            keep("AutoscalingSettings.concurrency_target", "an integer", concurrency_target)

        max_replica: Any = src_dict.get("max_replica", UNSET)
        if type(max_replica) is not int:
            keep("AutoscalingSettings.max_replica", "an integer", max_replica)

        min_replica: Any = src_dict.get("min_replica", UNSET)
        if type(min_replica) is not int:
            keep("AutoscalingSettings.min_replica", "an integer", min_replica)

        scale_down_delay: Any = src_dict.get("scale_down_delay", UNSET)
        if type(scale_down_delay) is not int and scale_down_delay is not None:
            keep("AutoscalingSettings.scale_down_delay", "an integer or null", scale_down_delay)

        target_utilization_percentage: Any = src_dict.get("target_utilization_percentage", UNSET)
        if (
            type(target_utilization_percentage) is not int
            and target_utilization_percentage is not None
        ):
            keep(
                "AutoscalingSettings.target_utilization_percentage",
                "an integer or null",
                target_utilization_percentage,
            )

        max_scale_down_rate: Any = src_dict.get("max_scale_down_rate", UNSET)
        if (
            type(max_scale_down_rate) is not int
            and max_scale_down_rate is not None
            and max_scale_down_rate is not UNSET
        ):
            keep(
                "AutoscalingSettings.max_scale_down_rate", "an integer or null", max_scale_down_rate
            )

        target_in_flight_tokens: Any = src_dict.get("target_in_flight_tokens", UNSET)
        if (
            type(target_in_flight_tokens) is not int
            and target_in_flight_tokens is not None
            and target_in_flight_tokens is not UNSET
        ):
            keep(
                "AutoscalingSettings.target_in_flight_tokens",
                "an integer or null",
                target_in_flight_tokens,
            )

        _model = cls(
            autoscaling_window=autoscaling_window,
            concurrency_target=concurrency_target,
            max_replica=max_replica,
            min_replica=min_replica,
            scale_down_delay=scale_down_delay,
            target_utilization_percentage=target_utilization_percentage,
            max_scale_down_rate=max_scale_down_rate,
            target_in_flight_tokens=target_in_flight_tokens,
        )
        if not src_dict.keys() <= _FIELDS:
            _model.additional_properties = {
                key: value for key, value in src_dict.items() if key not in _FIELDS
            }
        return _model

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="AutoscalingSettings")


@_attrs_define
class AutoscalingSettings:
    """Autoscaling settings for a deployment."""

    autoscaling_window: int | None
    """ Timeframe of traffic considered for autoscaling decisions """

    concurrency_target: int
    """ Number of requests per replica before scaling up """

    max_replica: int
    """ Maximum number of replicas """

    min_replica: int
    """ Minimum number of replicas """

    scale_down_delay: int | None
    """ Waiting period before scaling down any active replica """

    target_utilization_percentage: int | None
    """ Target utilization percentage for scaling up/down. """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        autoscaling_window: int | None
        autoscaling_window = self.autoscaling_window

        concurrency_target = self.concurrency_target

        max_replica = self.max_replica

        min_replica = self.min_replica

        scale_down_delay: int | None
        scale_down_delay = self.scale_down_delay

        target_utilization_percentage: int | None
        target_utilization_percentage = self.target_utilization_percentage

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict["autoscaling_window"] = autoscaling_window
        field_dict["concurrency_target"] = concurrency_target
        field_dict["max_replica"] = max_replica
        field_dict["min_replica"] = min_replica
        field_dict["scale_down_delay"] = scale_down_delay
        field_dict["target_utilization_percentage"] = target_utilization_percentage
        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        autoscaling_window = cast("int | None", src_dict["autoscaling_window"])

        concurrency_target = src_dict["concurrency_target"]

        max_replica = src_dict["max_replica"]

        min_replica = src_dict["min_replica"]

        scale_down_delay = cast("int | None", src_dict["scale_down_delay"])

        target_utilization_percentage = cast(
            "int | None", src_dict["target_utilization_percentage"]
        )

        _autoscaling_settings = cls(
            autoscaling_window=autoscaling_window,
            concurrency_target=concurrency_target,
            max_replica=max_replica,
            min_replica=min_replica,
            scale_down_delay=scale_down_delay,
            target_utilization_percentage=target_utilization_percentage,
        )
        if len(src_dict) > 6:
            _autoscaling_settings.additional_properties = {
                key: value
                for key, value in src_dict.items()
                if key
                not in {
                    "autoscaling_window",
                    "concurrency_target",
                    "max_replica",
                    "min_replica",
                    "scale_down_delay",
                    "target_utilization_percentage",
                }
            }

        return _autoscaling_settings

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

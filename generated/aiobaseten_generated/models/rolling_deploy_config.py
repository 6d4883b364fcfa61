from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="RollingDeployConfig")


@_attrs_define
class RollingDeployConfig:
    """The steps of a rolling promotion."""

    max_surge_percent: int | Unset = UNSET
    """ Extra replicas per step; 0 if replicas may be missing instead """

    max_unavailable_percent: int | Unset = UNSET
    """ Replicas that may be missing per step """

    replica_overhead_percent: int | Unset = UNSET
    """ Replicas added beforehand to what is replaced """

    stabilization_time_seconds: int | Unset = UNSET
    """ How long to wait between steps """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        max_surge_percent = self.max_surge_percent

        max_unavailable_percent = self.max_unavailable_percent

        replica_overhead_percent = self.replica_overhead_percent

        stabilization_time_seconds = self.stabilization_time_seconds

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        if max_surge_percent is not UNSET:
            field_dict["max_surge_percent"] = max_surge_percent
        if max_unavailable_percent is not UNSET:
            field_dict["max_unavailable_percent"] = max_unavailable_percent
        if replica_overhead_percent is not UNSET:
            field_dict["replica_overhead_percent"] = replica_overhead_percent
        if stabilization_time_seconds is not UNSET:
            field_dict["stabilization_time_seconds"] = stabilization_time_seconds
        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        max_surge_percent = src_dict.get("max_surge_percent", UNSET)

        max_unavailable_percent = src_dict.get("max_unavailable_percent", UNSET)

        replica_overhead_percent = src_dict.get("replica_overhead_percent", UNSET)

        stabilization_time_seconds = src_dict.get("stabilization_time_seconds", UNSET)

        _rolling_deploy_config = cls(
            max_surge_percent=max_surge_percent,
            max_unavailable_percent=max_unavailable_percent,
            replica_overhead_percent=replica_overhead_percent,
            stabilization_time_seconds=stabilization_time_seconds,
        )
        if len(src_dict) > 0:
            _rolling_deploy_config.additional_properties = {
                key: value
                for key, value in src_dict.items()
                if key
                not in {
                    "max_surge_percent",
                    "max_unavailable_percent",
                    "replica_overhead_percent",
                    "stabilization_time_seconds",
                }
            }

        return _rolling_deploy_config

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

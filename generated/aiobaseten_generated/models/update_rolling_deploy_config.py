from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..models.rolling_deploy_strategy import RollingDeployStrategy
from ..types import UNSET, Unset

_FIELDS = frozenset(
    {
        "max_surge_percent",
        "max_unavailable_percent",
        "replica_overhead_percent",
        "rolling_deploy_strategy",
        "stabilization_time_seconds",
    }
)


@_attrs_define
class UpdateRollingDeployConfig:
    """The steps of a rolling promotion. Only the fields that are sent change."""

    max_surge_percent: int | None | Unset = UNSET
    """ Extra replicas for each step; 0 if replicas may be missing instead """

    max_unavailable_percent: int | None | Unset = UNSET
    """ Replicas that may be missing in each step; 0 if there may be extra ones instead """

    replica_overhead_percent: int | None | Unset = UNSET
    """ Replicas added beforehand to what is replaced """

    rolling_deploy_strategy: None | RollingDeployStrategy | Unset = UNSET
    """ What the percentages count """

    stabilization_time_seconds: int | None | Unset = UNSET
    """ How long to wait after each step """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "max_surge_percent": self.max_surge_percent,
            "max_unavailable_percent": self.max_unavailable_percent,
            "replica_overhead_percent": self.replica_overhead_percent,
            "rolling_deploy_strategy": self.rolling_deploy_strategy,
            "stabilization_time_seconds": self.stabilization_time_seconds,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        max_surge_percent: Any = src_dict.get("max_surge_percent", UNSET)
        if (
            type(max_surge_percent) is not int
            and max_surge_percent is not None
            and max_surge_percent is not UNSET
        ):
            keep(
                "UpdateRollingDeployConfig.max_surge_percent",
                "an integer or null",
                max_surge_percent,
            )

        max_unavailable_percent: Any = src_dict.get("max_unavailable_percent", UNSET)
        if (
            type(max_unavailable_percent) is not int
            and max_unavailable_percent is not None
            and max_unavailable_percent is not UNSET
        ):
            keep(
                "UpdateRollingDeployConfig.max_unavailable_percent",
                "an integer or null",
                max_unavailable_percent,
            )

        replica_overhead_percent: Any = src_dict.get("replica_overhead_percent", UNSET)
        if (
            type(replica_overhead_percent) is not int
            and replica_overhead_percent is not None
            and replica_overhead_percent is not UNSET
        ):
            keep(
                "UpdateRollingDeployConfig.replica_overhead_percent",
                "an integer or null",
                replica_overhead_percent,
            )

        rolling_deploy_strategy: Any = src_dict.get("rolling_deploy_strategy", UNSET)
        if isinstance(rolling_deploy_strategy, str):
            rolling_deploy_strategy = RollingDeployStrategy(rolling_deploy_strategy)
        elif rolling_deploy_strategy is not None and rolling_deploy_strategy is not UNSET:
            keep(
                "UpdateRollingDeployConfig.rolling_deploy_strategy",
                "a string or null",
                rolling_deploy_strategy,
            )

        stabilization_time_seconds: Any = src_dict.get("stabilization_time_seconds", UNSET)
        if (
            type(stabilization_time_seconds) is not int
            and stabilization_time_seconds is not None
            and stabilization_time_seconds is not UNSET
        ):
            keep(
                "UpdateRollingDeployConfig.stabilization_time_seconds",
                "an integer or null",
                stabilization_time_seconds,
            )

        _model = cls(
            max_surge_percent=max_surge_percent,
            max_unavailable_percent=max_unavailable_percent,
            replica_overhead_percent=replica_overhead_percent,
            rolling_deploy_strategy=rolling_deploy_strategy,
            stabilization_time_seconds=stabilization_time_seconds,
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

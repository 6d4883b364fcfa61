from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..types import UNSET

_FIELDS = frozenset(
    {
        "autoscaling_settings",
        "chainlet_name",
        "instance_type",
    }
)


@_attrs_define
class ChainletEnvironmentSettingsV1:
    """An environment's settings for one chainlet."""

    autoscaling_settings: AutoscalingSettings | None

    chainlet_name: str

    instance_type: InstanceType
    """ The machine type of deployments in the environment; free-form except for its names. """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "autoscaling_settings": self.autoscaling_settings,
            "chainlet_name": self.chainlet_name,
            "instance_type": self.instance_type,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        autoscaling_settings: Any = src_dict.get("autoscaling_settings", UNSET)
        if isinstance(autoscaling_settings, dict):
            autoscaling_settings = AutoscalingSettings.from_dict(autoscaling_settings)
        elif autoscaling_settings is not None:
            keep(
                "ChainletEnvironmentSettingsV1.autoscaling_settings",
                "an object or null",
                autoscaling_settings,
            )

        chainlet_name: Any = src_dict.get("chainlet_name", UNSET)
        if not isinstance(chainlet_name, str):
            keep("ChainletEnvironmentSettingsV1.chainlet_name", "a string", chainlet_name)

        instance_type: Any = src_dict.get("instance_type", UNSET)
        if isinstance(instance_type, dict):
            instance_type = InstanceType.from_dict(instance_type)
        else:
            keep("ChainletEnvironmentSettingsV1.instance_type", "an object", instance_type)

        _model = cls(
            autoscaling_settings=autoscaling_settings,
            chainlet_name=chainlet_name,
            instance_type=instance_type,
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


from ..models.autoscaling_settings import AutoscalingSettings
from ..models.instance_type import InstanceType

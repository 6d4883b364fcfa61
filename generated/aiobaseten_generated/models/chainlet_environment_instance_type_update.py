from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..types import UNSET

_FIELDS = frozenset(
    {
        "chainlet_name",
        "instance_type_id",
    }
)


@_attrs_define
class ChainletEnvironmentInstanceTypeUpdate:
    """A change of the instance type of one chainlet."""

    chainlet_name: str
    """ Name of the chainlet """

    instance_type_id: str
    """ Identifier of the instance type """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "chainlet_name": self.chainlet_name,
            "instance_type_id": self.instance_type_id,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        chainlet_name: Any = src_dict.get("chainlet_name", UNSET)
        if not isinstance(chainlet_name, str):
            keep("ChainletEnvironmentInstanceTypeUpdate.chainlet_name", "a string", chainlet_name)

        instance_type_id: Any = src_dict.get("instance_type_id", UNSET)
        if not isinstance(instance_type_id, str):
            keep(
                "ChainletEnvironmentInstanceTypeUpdate.instance_type_id",
                "a string",
                instance_type_id,
            )

        _model = cls(
            chainlet_name=chainlet_name,
            instance_type_id=instance_type_id,
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

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..types import UNSET, Unset

_FIELDS = frozenset(
    {
        "id",
        "name",
    }
)


@_attrs_define
class InstanceType:
    """The machine type of deployments in the environment; free-form except for its names."""

    id: str | Unset = UNSET

    name: str | Unset = UNSET

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "id": self.id,
            "name": self.name,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        id: Any = src_dict.get("id", UNSET)
        if not isinstance(id, str) and id is not UNSET:
            keep("InstanceType.id", "a string", id)

        name: Any = src_dict.get("name", UNSET)
        if not isinstance(name, str) and name is not UNSET:
            keep("InstanceType.name", "a string", name)

        _model = cls(
            id=id,
            name=name,
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

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..types import UNSET

_FIELDS = frozenset(
    {
        "updates",
    }
)


@_attrs_define
class UpdateChainletEnvironmentInstanceTypeRequest:
    """A request to change the instance types of chainlets in an environment."""

    updates: list[ChainletEnvironmentInstanceTypeUpdate]

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "updates": self.updates,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        updates: Any = src_dict.get("updates", UNSET)
        if isinstance(updates, list):
            _updates_items: list[Any] = []
            for _updates_item in updates:
                if isinstance(_updates_item, dict):
                    _updates_item = ChainletEnvironmentInstanceTypeUpdate.from_dict(_updates_item)
                else:
                    keep(
                        "UpdateChainletEnvironmentInstanceTypeRequest.updates[]",
                        "an object",
                        _updates_item,
                    )
                _updates_items.append(_updates_item)
            updates = _updates_items
        else:
            keep("UpdateChainletEnvironmentInstanceTypeRequest.updates", "a list", updates)

        _model = cls(
            updates=updates,
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


from ..models.chainlet_environment_instance_type_update import ChainletEnvironmentInstanceTypeUpdate

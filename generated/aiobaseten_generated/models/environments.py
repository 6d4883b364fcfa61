from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Environments")


@_attrs_define
class Environments:
    """The environments of a model."""

    environments: list[Environment]

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        environments = []
        for environments_item_data in self.environments:
            environments_item = environments_item_data.to_dict()

            environments.append(environments_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict["environments"] = environments
        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        environments_list = src_dict["environments"]
        if not isinstance(environments_list, list):
            raise TypeError("environments must be a list, not " + type(environments_list).__name__)
        environments = []
        for environments_item_data in environments_list:
            environments_item_object = environments_item_data
            if not isinstance(environments_item_object, dict):
                raise TypeError(
                    "Environment must be an object, not " + type(environments_item_object).__name__
                )
            environments_item = Environment.from_dict(environments_item_object)

            environments.append(environments_item)

        _environments = cls(
            environments=environments,
        )
        if len(src_dict) > 1:
            _environments.additional_properties = {
                key: value for key, value in src_dict.items() if key not in {"environments"}
            }

        return _environments

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


from ..models.environment import Environment

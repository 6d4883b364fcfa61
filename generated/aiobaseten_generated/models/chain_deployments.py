from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ChainDeployments")


@_attrs_define
class ChainDeployments:
    """The deployments of a chain."""

    deployments: list[ChainDeployment]

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        deployments = []
        for deployments_item_data in self.deployments:
            deployments_item = deployments_item_data.to_dict()

            deployments.append(deployments_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict["deployments"] = deployments
        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        deployments_list = src_dict["deployments"]
        if not isinstance(deployments_list, list):
            raise TypeError("deployments must be a list, not " + type(deployments_list).__name__)
        deployments = []
        for deployments_item_data in deployments_list:
            deployments_item_object = deployments_item_data
            if not isinstance(deployments_item_object, dict):
                raise TypeError(
                    "ChainDeployment must be an object, not "
                    + type(deployments_item_object).__name__
                )
            deployments_item = ChainDeployment.from_dict(deployments_item_object)

            deployments.append(deployments_item)

        _chain_deployments = cls(
            deployments=deployments,
        )
        if len(src_dict) > 1:
            _chain_deployments.additional_properties = {
                key: value for key, value in src_dict.items() if key not in {"deployments"}
            }

        return _chain_deployments

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


from ..models.chain_deployment import ChainDeployment

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="PromoteToChainEnvironmentRequest")


@_attrs_define
class PromoteToChainEnvironmentRequest:
    """A request to promote a deployment to a environment."""

    deployment_id: str
    """ The id of the chain deployment to promote """

    scale_down_previous_deployment: bool | Unset = UNSET
    """ Whether to scale down the previous deployment after promoting. Baseten's default: true. """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        deployment_id = self.deployment_id

        scale_down_previous_deployment = self.scale_down_previous_deployment

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict["deployment_id"] = deployment_id
        if scale_down_previous_deployment is not UNSET:
            field_dict["scale_down_previous_deployment"] = scale_down_previous_deployment
        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        deployment_id = src_dict["deployment_id"]

        scale_down_previous_deployment = src_dict.get("scale_down_previous_deployment", UNSET)

        _promote_to_chain_environment_request = cls(
            deployment_id=deployment_id,
            scale_down_previous_deployment=scale_down_previous_deployment,
        )
        if len(src_dict) > 1:
            _promote_to_chain_environment_request.additional_properties = {
                key: value
                for key, value in src_dict.items()
                if key not in {"deployment_id", "scale_down_previous_deployment"}
            }

        return _promote_to_chain_environment_request

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
